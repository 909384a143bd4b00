// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs: whatever the file says, questions about it end and stay within it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elfsym.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const symbols[] = { "Py_IsInitialized", "alpha", "" };
	struct ost_elf elf;
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	if (!ost_elf_open_memory(&elf, copy, size)) {
		for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
			if (ost_elf_exports(&elf, symbols[i]) > 1)
				abort();
		if (ost_elf_is_go(&elf) > 1)
			abort();
	}
	free(copy);
	return 0;
}
