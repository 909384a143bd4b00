// SPDX-License-Identifier: GPL-2.0-or-later
#include "error.h"

#include <stdio.h>

int ost_error_vset(struct ost_error *err, int code, const char *fmt, va_list args)
{
	if (!err)
		return code;
	err->code = code;
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	return code;
}

int ost_error_set(struct ost_error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	ost_error_vset(err, code, fmt, args);
	va_end(args);
	return code;
}
