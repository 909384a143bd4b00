// SPDX-License-Identifier: GPL-2.0-or-later
/* What was looked at to find a closure, so that it can be told later whether it is the same still. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "isa/program/closure.h"
#include "program_state.h"

int ost_look_at(const struct ost_root *root, const char *path, struct ost_look *look)
{
	struct statx st;
	int ret = ost_root_stat(root, path, &st);

	look->what = OST_LOOK_OTHER;
	if (ret == -ENOENT || ret == -ENOTDIR)
		look->what = OST_LOOK_NOTHING;
	else if (!ret && S_ISDIR(st.stx_mode))
		look->what = OST_LOOK_FOLDER;
	else if (!ret && S_ISREG(st.stx_mode))
		look->what = OST_LOOK_FILE;
	if (look->what == OST_LOOK_FILE) {
		look->facts[0] = makedev(st.stx_dev_major, st.stx_dev_minor);
		look->facts[1] = st.stx_ino;
		look->facts[2] = st.stx_size;
		look->facts[3] = st.stx_mtime.tv_sec;
		look->facts[4] = st.stx_mtime.tv_nsec;
		look->facts[5] = st.stx_ctime.tv_sec;
		look->facts[6] = st.stx_ctime.tv_nsec;
	}
	return look->what == OST_LOOK_OTHER ? -ENODATA : 0;
}

/* Room for one more; NULL when there are too many, and then it can't be told later. */
static struct ost_look *add_look(struct ost_program_state *state)
{
	struct ost_look *grown;
	size_t room;

	if (state->looks_lost || state->look_count == OST_CLOSURE_LOOKS_MAX)
		goto lost;
	if (state->look_count == state->look_room) {
		room = state->look_room ? 2 * state->look_room : 64;
		grown = reallocarray(state->looks, room, sizeof(*grown));
		if (!grown)
			goto lost;
		state->looks = grown;
		state->look_room = room;
	}
	return &state->looks[state->look_count];
lost:
	state->looks_lost = true;
	return NULL;
}

/*
 * A file's times are asked before it is read: a change meanwhile makes others. Of what isn't there,
 * the first folder on the way that isn't there either says the same, and for all names below it.
 */
static void note(struct ost_program_state *state, const char *path)
{
	struct ost_look *look = add_look(state);
	char part[OST_ROOT_PATH_MAX];

	if (!look)
		return;
	*look = (struct ost_look){0};
	if (strlen(path) >= sizeof(part) || ost_look_at(&state->root, path, look)) {
		state->looks_lost = true;
		return;
	}
	strcpy(part, path);
	for (const char *slash = path; look->what == OST_LOOK_NOTHING && slash;) {
		struct ost_look above = {0};

		slash = strchr(slash + 1, '/');
		if (!slash)
			break;
		part[slash - path] = '\0';
		if (!ost_look_at(&state->root, part, &above) && above.what == OST_LOOK_NOTHING)
			break;
		part[slash - path] = '/';
	}
	for (size_t i = state->look_count; look->what == OST_LOOK_NOTHING && i-- > 0;)
		if (!strcmp(state->looks[i].path, part))
			return;
	look->path = strdup(part);
	if (look->path)
		state->look_count++;
	else
		state->looks_lost = true;
}

int ost_program_file(const struct ost_program *program, const char *path)
{
	struct ost_program_state *state = program->state;

	if (state->note_looks)
		note(state, path);
	return ost_root_file(&state->root, path);
}

void ost_program_drop_looks(struct ost_program_state *state)
{
	for (size_t i = 0; i < state->look_count; i++)
		free(state->looks[i].path);
	free(state->looks);
	state->looks = NULL;
	state->look_count = 0;
}
