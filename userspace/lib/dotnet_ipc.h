/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_DOTNET_IPC_H
#define OST_LIB_DOTNET_IPC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Messages of the .NET runtime's diagnostics IPC: "DOTNET_IPC_V1\0", u16 size of the whole
 * message, u8 command set, u8 command, u16 zero, then the payload. Little-endian. Replies are of
 * set 0xff: command 0x00 is success, 0xff an error with an HRESULT as payload.
 */

#define OST_DOTNET_HEADER 20

/**
 * A reply larger than this is refused, bytes; those that are asked for here have at most 4 of
 * payload.
 */
#define OST_DOTNET_REPLY_MAX 1024

/**
 * ost_dotnet_startup_hook() - write the request to load an assembly and run its
 * StartupHook.Initialize()
 * @dll: absolute path as the process sees it, printable ASCII
 *
 * Command set 0x04 (Process), command 0x07 (ApplyStartupHook), .NET 8 and later. The path is sent
 * as a u32 count of UTF-16 units, the closing NUL among them, and the units.
 *
 * Return: length of the message, -E2BIG when it does not fit, -EINVAL for a path that is not
 * absolute or not printable ASCII.
 */
ssize_t ost_dotnet_startup_hook(uint8_t *buf, size_t size, const char *dll);

/**
 * ost_dotnet_reply_size() - length of the message whose header this is
 * @header: OST_DOTNET_HEADER bytes
 *
 * Return: the length of header and payload, -EBADMSG when it is no reply.
 */
ssize_t ost_dotnet_reply_size(const uint8_t *header);

/**
 * ost_dotnet_reply() - take a reply apart
 * @hresult: gets 0 on success, else the runtime's error code
 *
 * Return: 0, -EBADMSG when it is no reply or shorter than its kind must be.
 */
int ost_dotnet_reply(const uint8_t *message, size_t len, uint32_t *hresult);

#endif
