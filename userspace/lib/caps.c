// SPDX-License-Identifier: GPL-2.0-or-later
#include "caps.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

int ost_caps_have(cap_value_t cap)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t now = cap_get_proc();

	if (!now)
		return 0;
	cap_get_flag(now, cap, CAP_EFFECTIVE, &value);
	cap_free(now);
	return value == CAP_SET;
}

static int is_kept(const cap_value_t *caps, size_t count, cap_value_t cap)
{
	for (size_t i = 0; i < count; i++)
		if (caps[i] == cap)
			return 1;
	return 0;
}

/* Out of the bounding set first: that takes CAP_SETPCAP, which may not be among those kept. */
static void narrow_bounding_set(const cap_value_t *caps, size_t count)
{
	for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++)
		if (!is_kept(caps, count, cap))
			cap_drop_bound(cap);
	cap_reset_ambient();
}

int ost_caps_keep(const cap_value_t *caps, size_t count, struct ost_error *err)
{
	cap_t now = cap_get_proc(), kept = cap_init();
	int ret = -ENOMEM;

	if (!now || !kept)
		goto out;
	narrow_bounding_set(caps, count);
	for (size_t i = 0; i < count; i++) {
		cap_flag_value_t have = CAP_CLEAR;

		cap_get_flag(now, caps[i], CAP_PERMITTED, &have);
		if (have != CAP_SET)
			continue;
		cap_set_flag(kept, CAP_PERMITTED, 1, &caps[i], CAP_SET);
		cap_set_flag(kept, CAP_EFFECTIVE, 1, &caps[i], CAP_SET);
	}
	ret = 0;
	if (cap_set_proc(kept) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = -errno;
out:
	if (now)
		cap_free(now);
	if (kept)
		cap_free(kept);
	if (ret)
		return ost_error_set(err, ret, "can't give up capabilities: %s", strerror(-ret));
	return 0;
}
