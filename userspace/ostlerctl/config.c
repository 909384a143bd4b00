// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

static void print_value(const char *name, const json_t *value)
{
	char clean[1024];

	ost_print_clean(json_string_value(value) ? json_string_value(value) : "", clean,
			sizeof(clean));
	printf("%s = %s\n", name, clean);
}

int ost_verb_config(struct ost_ctl *ctl, int argc, char **argv)
{
	const char *section, *name;
	json_t *answer, *keys, *value;
	bool first = true;
	int ret = ost_ctl_get(ctl, "/v1/config", &answer);

	if (ret || !answer)
		return ret;
	/* as an ini file, so that it can be kept as one */
	json_object_foreach(answer, section, keys)
	{
		printf("%s%s[%s]%s\n", first ? "" : "\n", ost_print_on(OST_BOLD), section,
		       ost_print_off());
		first = false;
		json_object_foreach(keys, name, value)
		{
			const json_t *one;
			size_t i;

			if (!json_is_array(value))
				print_value(name, value);
			json_array_foreach(value, i, one) print_value(name, one);
		}
	}
	json_decref(answer);
	return OST_CTL_OK;
}
