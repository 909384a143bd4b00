// SPDX-License-Identifier: GPL-2.0-or-later
#include "dotnet_ipc.h"

#include <errno.h>
#include <string.h>

#define SET_PROCESS 0x04
#define APPLY_STARTUP_HOOK 0x07
#define SET_SERVER 0xff
#define SERVER_OK 0x00
#define SERVER_ERROR 0xff

static const char magic[14] = "DOTNET_IPC_V1";

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value;
	at[1] = value >> 8;
}

ssize_t ost_dotnet_startup_hook(uint8_t *buf, size_t size, const char *dll)
{
	size_t units = strlen(dll) + 1;
	size_t len = OST_DOTNET_HEADER + 4 + units * 2;

	if (len > size || len > UINT16_MAX)
		return -E2BIG;
	if (dll[0] != '/')
		return -EINVAL;
	for (size_t i = 0; i + 1 < units; i++)
		if (dll[i] < 0x20 || dll[i] > 0x7e)
			return -EINVAL;
	memcpy(buf, magic, sizeof(magic));
	put16(buf + 14, len);
	buf[16] = SET_PROCESS;
	buf[17] = APPLY_STARTUP_HOOK;
	put16(buf + 18, 0);
	put16(buf + 20, units);
	put16(buf + 22, units >> 16);
	for (size_t i = 0; i < units; i++)
		put16(buf + 24 + i * 2, (uint8_t)dll[i]);
	return len;
}

ssize_t ost_dotnet_reply_size(const uint8_t *header)
{
	size_t len = header[14] | header[15] << 8;

	if (memcmp(header, magic, sizeof(magic)) || header[16] != SET_SERVER ||
	    len < OST_DOTNET_HEADER || len > OST_DOTNET_REPLY_MAX)
		return -EBADMSG;
	return len;
}

int ost_dotnet_reply(const uint8_t *message, size_t len, uint32_t *hresult)
{
	const uint8_t *p = message + OST_DOTNET_HEADER;

	if (len < OST_DOTNET_HEADER || ost_dotnet_reply_size(message) != (ssize_t)len)
		return -EBADMSG;
	*hresult = 0;
	if (message[17] == SERVER_OK)
		return 0;
	if (message[17] != SERVER_ERROR || len < OST_DOTNET_HEADER + 4)
		return -EBADMSG;
	*hresult = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
	return *hresult ? 0 : -EBADMSG;
}
