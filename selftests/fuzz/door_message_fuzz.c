// SPDX-License-Identifier: GPL-2.0-or-later
/* What runtimes answer: HotSpot's attach replies and .NET's diagnostics messages. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dotnet_ipc.h"
#include "lib/jvm_attach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ost_jvm_attach_reply reply;
	uint8_t *copy = malloc(size ? size : 1);
	uint32_t hresult;
	int code;

	memcpy(copy, data, size);
	if (!ost_jvm_attach_parse((char *)copy, size, &reply)) {
		if (reply.text + reply.len != (char *)copy + size)
			abort();
		ost_jvm_attach_load_code(&reply, &code);
	}
	if (!ost_dotnet_reply(copy, size, &hresult) && ost_dotnet_reply_size(copy) != (ssize_t)size)
		abort();
	free(copy);
	return 0;
}
