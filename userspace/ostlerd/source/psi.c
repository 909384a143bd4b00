// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/psi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH "/proc/pressure/memory"

int ost_psi_open(unsigned int stall_us, unsigned int window_us, struct ost_error *err)
{
	int fd = open(PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	char line[64];
	int len, ret;

	if (fd < 0)
		return ost_error_set(err, -errno,
				     "memory pressure can't be watched: %s: %s; boot with psi=1 "
				     "(CONFIG_PSI). Collections then follow idle time and estimates alone",
				     PATH, strerror(errno));
	len = snprintf(line, sizeof(line), "some %u %u", stall_us, window_us);
	/* the kernel wants the terminating NUL as well */
	if (write(fd, line, len + 1) == len + 1)
		return fd;
	ret = ost_error_set(err, -errno, "%s refuses the trigger '%s': %s", PATH, line,
			    strerror(errno));
	close(fd);
	return ret;
}
