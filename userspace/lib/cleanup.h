/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_CLEANUP_H
#define OST_LIB_CLEANUP_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Scope-bound resources: `_ost_close_ int fd = -1;`, `_ost_free_ char *line = NULL;`. */

static inline void ost_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void ost_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ost_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

/** ost_container_of() - the struct that embeds what @ptr points to as @member */
#define ost_container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

#define _ost_close_ __attribute__((cleanup(ost_cleanup_close)))
#define _ost_free_ __attribute__((cleanup(ost_cleanup_free)))
#define _ost_fclose_ __attribute__((cleanup(ost_cleanup_fclose)))

#endif
