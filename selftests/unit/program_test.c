// SPDX-License-Identifier: GPL-2.0-or-later
/* The closure of programs in folder trees made here; this test's own, against what was loaded. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf_tree.h"
#include "isa/program/ldcache.h"
#include "isa/program/program.h"
#include "isa/program/program_root.h"
#include "lib/error.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static struct ost_program *open_with(const char *path, struct ost_program_options options)
{
	struct ost_error err = { 0 };
	struct ost_program *program;

	options.root = root;
	assert_int_equal(ost_program_open(&program, path, &options, &err), 0);
	return program;
}

static struct ost_program *open_in_root(const char *path)
{
	return open_with(path, (struct ost_program_options){ 0 });
}

/* Where in the root a member is; "" when there is none of that number. */
static const char *member_path(const struct ost_program *program, size_t i)
{
	return i < program->count ? program->members[i].object->path + strlen(program->root) : "";
}

static const char *why_missing(const struct ost_program *program, const char *name)
{
	for (size_t i = 0; i < program->missing_count; i++)
		if (!strcmp(program->missing[i].name, name))
			return program->missing[i].why;
	return "";
}

static void goes_breadth_first(void **state)
{
	struct ost_program *program;

	put(LOADER, (struct image_spec){ .soname = "ld-linux-x86-64.so.2" });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "c.so" } });
	put("/lib/b.so", (struct image_spec){ .needed = { "d.so", "a.so" } });
	put("/lib/c.so", (struct image_spec){ .needed = { "ld-linux-x86-64.so.2", "b.so" } });
	put("/lib/d.so", (struct image_spec){ .needed = { "d.so", "c.so" } });
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 5);
	assert_string_equal(member_path(program, 0), "/bin/a");
	assert_string_equal(member_path(program, 1), LOADER);
	assert_int_equal(program->members[1].how, OST_HOW_INTERPRETER);
	assert_string_equal(member_path(program, 2), "/lib/b.so");
	assert_string_equal(member_path(program, 3), "/lib/c.so");
	assert_string_equal(member_path(program, 4), "/lib/d.so");
	assert_int_equal(program->members[4].parent, 2);
	assert_int_equal(program->members[4].how, OST_HOW_NEEDED);
	/* the one that isn't there is named, with who asks and where it was looked for */
	assert_int_equal(program->missing_count, 1);
	assert_string_equal(program->missing[0].name, "a.so");
	assert_non_null(strstr(program->missing[0].wanted_by, "/lib/b.so"));
	assert_non_null(strstr(program->missing[0].why, "/usr/lib"));
	assert_non_null(strstr(program->missing[0].why, "ld.so.cache"));
	ost_program_close(program);
	program = open_with("/bin/a", (struct ost_program_options){ .alone = true });
	assert_int_equal(program->count, 1);
	ost_program_close(program);
}

static void follows_search_paths(void **state)
{
	struct ost_program *program;

	put(LOADER, (struct image_spec){ 0 });
	/* DT_RPATH reaches down the chain; DT_RUNPATH only to the object's own, silencing DT_RPATH */
	put("/app/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "c.so", "h.so" },
					       .rpath = "$ORIGIN/../lib:/none:${ORIGIN}/../$LIB" });
	put("/app/lib/b.so", (struct image_spec){ .needed = { "d.so", "e.so" } });
	put("/app/lib64/c.so", (struct image_spec){ .needed = { "e.so", "f.so" },
						     .rpath = "/wrong", .runpath = "$ORIGIN/more" });
	put("/app/lib/d.so", (struct image_spec){ 0 });
	put("/app/lib64/more/e.so", (struct image_spec){ 0 });
	put("/wrong/f.so", (struct image_spec){ 0 });
	put("/app/lib/f.so", (struct image_spec){ 0 });
	put("/app/lib/glibc-hwcaps/x86-64-v3/h.so", (struct image_spec){ 0 });
	program = open_in_root("/app/bin/a");
	assert_string_equal(member_path(program, 2), "/app/bin/../lib/b.so");
	assert_string_equal(member_path(program, 3), "/app/bin/../lib64/c.so");
	/* is there only for processors of a level */
	assert_string_equal(member_path(program, 4), "/app/bin/../lib/glibc-hwcaps/x86-64-v3/h.so");
	assert_int_equal(program->members[4].level, 3);
	assert_string_equal(member_path(program, 5), "/app/bin/../lib/d.so");
	assert_string_equal(member_path(program, 6), "/app/bin/../lib64/more/e.so");
	assert_int_equal(program->count, 7);
	assert_int_equal(program->missing_count, 2);
	assert_string_not_equal(why_missing(program, "e.so"), "");
	assert_string_not_equal(why_missing(program, "f.so"), "");
	assert_null(strstr(why_missing(program, "f.so"), "/wrong"));
	ost_program_close(program);
}

static void prefers_what_every_host_can_run(void **state)
{
	struct ost_program *program;

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so" } });
	put("/lib/b.so", (struct image_spec){ 0 });
	put("/lib/glibc-hwcaps/x86-64-v3/b.so", (struct image_spec){ 0 });
	program = open_in_root("bin/a");
	assert_string_equal(member_path(program, 2), "/lib/b.so");
	assert_int_equal(program->members[2].level, 0);
	ost_program_close(program);
	/* also when it stands in a folder that is looked into later; else what most hosts can run */
	put("/bin/b", (struct image_spec){ .interp = LOADER, .needed = { "c.so", "d.so" },
					   .runpath = "/first:/then" });
	put("/first/glibc-hwcaps/x86-64-v3/c.so", (struct image_spec){ 0 });
	put("/then/c.so", (struct image_spec){ 0 });
	put("/first/glibc-hwcaps/x86-64-v4/d.so", (struct image_spec){ 0 });
	put("/then/glibc-hwcaps/x86-64-v2/d.so", (struct image_spec){ 0 });
	program = open_in_root("bin/b");
	assert_string_equal(member_path(program, 2), "/then/c.so");
	assert_int_equal(program->members[2].level, 0);
	assert_string_equal(member_path(program, 3), "/then/glibc-hwcaps/x86-64-v2/d.so");
	assert_int_equal(program->members[3].level, 2);
	ost_program_close(program);
}

/* After RPATH and before RUNPATH; what is preloaded stands before all that is needed. */
static void takes_what_the_environment_says(void **state)
{
	const struct ost_program_options options = {
		.root = root, .library_path = "relative;/env:/none", .preload = "p.so /none.so:/pre/q.so",
	};
	struct ost_program *program;

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "r.so", "u.so" },
					   .rpath = "/rpath" });
	put("/rpath/r.so", (struct image_spec){ .needed = { "u.so" }, .runpath = "/runpath" });
	put("/env/r.so", (struct image_spec){ 0 });
	put("/env/u.so", (struct image_spec){ 0 });
	put("/runpath/u.so", (struct image_spec){ 0 });
	put("/env/p.so", (struct image_spec){ 0 });
	put("/pre/q.so", (struct image_spec){ 0 });
	assert_int_equal(ost_program_open(&program, "/bin/a", &options, NULL), 0);
	assert_int_equal(program->count, 6);
	assert_string_equal(member_path(program, 2), "/env/p.so");
	assert_string_equal(member_path(program, 3), "/pre/q.so");
	assert_string_equal(member_path(program, 4), "/rpath/r.so");
	assert_string_equal(member_path(program, 5), "/env/u.so");
	assert_int_equal(program->missing_count, 0);
	ost_program_close(program);
}

static void leaves_out_default_folders(void **state)
{
	struct ost_program *program;

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so" },
					   .flags_1 = DF_1_NODEFLIB });
	put("/lib/b.so", (struct image_spec){ 0 });
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 2);
	assert_int_equal(program->missing_count, 1);
	ost_program_close(program);
}

static void stays_in_its_root(void **state)
{
	struct ost_root inside;
	struct ost_program *program;
	struct ost_error err;
	char real[PATH_MAX];
	int fd;

	put(LOADER, (struct image_spec){ 0 });
	put("/opt/real/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "../../../../b.so" },
						.rpath = "$ORIGIN" });
	put("/opt/real/b.so", (struct image_spec){ 0 });
	/* absolute links mean the root, and ".." doesn't climb out of it */
	put_link("/bin/a", "../../../../../../opt/link/a");
	put_link("/opt/link", "/opt/real");
	put_link("/loop", "loop");
	put_link("/outside", "/../../../../etc/passwd");
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 3);
	assert_string_equal(member_path(program, 2), "/opt/real/b.so");
	assert_non_null(strstr(why_missing(program, "../../../../b.so"), "relative"));
	ost_program_close(program);
	assert_int_equal(ost_program_open(&program, "/loop",
					  &(struct ost_program_options){ .root = root }, &err), -ELOOP);
	assert_int_equal(ost_program_open(&program, "/outside",
					  &(struct ost_program_options){ .root = root }, &err), -ENOENT);
	assert_int_equal(ost_program_open(&program, "/bin/a",
					  &(struct ost_program_options){ .root = "/does/not/exist" }, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/does/not/exist"));
	/* the same without openat2 */
	assert_int_equal(ost_root_open(&inside, root), 0);
	fd = ost_root_walk(&inside, "/bin/../bin/./a");
	assert_true(fd >= 0);
	assert_int_equal(ost_root_real(&inside, fd, real), 0);
	assert_string_equal(real, "/opt/real/a");
	close(fd);
	assert_int_equal(ost_root_walk(&inside, "/loop"), -ELOOP);
	assert_int_equal(ost_root_walk(&inside, "/outside"), -ENOENT);
	assert_int_equal(ost_root_walk(&inside, "../../../../../../etc/passwd"), -ENOENT);
	assert_int_equal(ost_root_walk(&inside, "/bin/none/a"), -ENOENT);
	assert_int_equal(ost_root_walk(&inside, "/opt/real/a/x"), -ENOTDIR);
	ost_root_close(&inside);
}

/* A tenant may put a pipe anywhere: who opened one to read would wait for ever. */
static void opens_regular_files_only(void **state)
{
	struct ost_program *program;
	char path[PATH_MAX];

	put("/bin/a", (struct image_spec){ .needed = { "b.so" } });
	put("/etc/x", (struct image_spec){ 0 });
	put("/lib/x", (struct image_spec){ 0 });
	alarm(60);
	snprintf(path, sizeof(path), "%s/etc/ld.so.cache", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/lib/b.so", root);
	assert_int_equal(mkfifo(path, 0600), 0);
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 1);
	assert_non_null(strstr(why_missing(program, "b.so"), "no regular file"));
	alarm(0);
	ost_program_close(program);
}

static void one_file_is_one_member(void **state)
{
	struct ost_program *program;
	char from[PATH_MAX], to[PATH_MAX];

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "c.so", "d.so", "lib.so" } });
	put("/lib/b.so", (struct image_spec){ .soname = "lib.so" });
	put_link("/lib/c.so", "b.so");
	snprintf(from, sizeof(from), "%s/lib/b.so", root);
	snprintf(to, sizeof(to), "%s/lib/d.so", root);
	assert_int_equal(link(from, to), 0);
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 3);
	assert_int_equal(program->missing_count, 0);
	ost_program_close(program);
}

static void passes_over_other_machines(void **state)
{
	struct ost_program *program;
	struct image im;

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "c.so" },
					   .rpath = "/other" });
	image_make(&im, &(struct image_spec){ .id = 1 });
	im.eh.e_ident[EI_CLASS] = ELFCLASS32;
	im.eh.e_machine = EM_386;
	put_bytes("/other/b.so", &im, sizeof(im));
	put("/lib/b.so", (struct image_spec){ 0 });
	put_bytes("/other/c.so", "not a library", 13);
	put("/lib/c.so", (struct image_spec){ 0 });
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 3);
	assert_string_equal(member_path(program, 2), "/lib/b.so");
	assert_non_null(strstr(why_missing(program, "c.so"), "not an ELF file"));
	ost_program_close(program);
	/* the loader itself may be gone, or for another machine */
	put_bytes(LOADER, &im, sizeof(im));
	program = open_in_root("/bin/a");
	assert_non_null(strstr(why_missing(program, LOADER), "32-bit"));
	ost_program_close(program);
}

static void finds_as_musl_does(void **state)
{
	static const char loader[] = "/opt/musl/lib/ld-musl-x86_64.so.1";
	struct ost_program *program;

	put(loader, (struct image_spec){ .soname = "libc.musl-x86_64.so.1" });
	put("/bin/a", (struct image_spec){ .interp = loader, .runpath = "/own",
					   .needed = { "libc.musl-x86_64.so.1", "b.so", "libm.so" } });
	put("/own/b.so", (struct image_spec){ .needed = { "c.so", "d.so" } });
	/* here DT_RUNPATH reaches down the chain, too */
	put("/own/c.so", (struct image_spec){ 0 });
	put("/lib/d.so", (struct image_spec){ 0 });
	put("/elsewhere/d.so", (struct image_spec){ 0 });
	put_bytes("/opt/musl/etc/ld-musl-x86_64.path", "/elsewhere\n/lib", 15);
	program = open_in_root("/bin/a");
	assert_int_equal(program->missing_count, 0);
	assert_int_equal(program->count, 5);
	assert_string_equal(member_path(program, 3), "/own/c.so");
	assert_string_equal(member_path(program, 4), "/elsewhere/d.so");
	ost_program_close(program);
}

static void takes_what_is_dlopened(void **state)
{
	const char *const told[] = { "/plugins/p.so", "gone.so", NULL };
	struct ost_program *program;

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so" }, .text = "s.so.2" });
	put("/lib/b.so", (struct image_spec){ .text = "/no/such.so" });
	put("/lib/s.so.2", (struct image_spec){ 0 });
	put("/plugins/p.so", (struct image_spec){ .needed = { "q.so", "b.so" }, .runpath = "$ORIGIN" });
	put("/plugins/q.so", (struct image_spec){ 0 });
	program = open_in_root("/bin/a");
	assert_int_equal(program->count, 3);
	ost_program_close(program);
	program = open_with("/bin/a", (struct ost_program_options){ .dlopened = told,
								     .follow_dlopen = true });
	assert_int_equal(program->count, 6);
	assert_string_equal(member_path(program, 3), "/plugins/p.so");
	assert_int_equal(program->members[3].how, OST_HOW_DLOPEN);
	assert_int_equal(program->members[3].group, 3);
	assert_int_equal(program->members[4].how, OST_HOW_NEEDED);
	assert_int_equal(program->members[4].group, 3);
	assert_string_equal(member_path(program, 5), "/lib/s.so.2");
	assert_int_equal(program->members[5].group, 5);
	/* a string that leads nowhere is no missing library; one that the caller told is */
	assert_int_equal(program->missing_count, 1);
	assert_string_equal(program->missing[0].name, "gone.so");
	assert_true(program->missing[0].dlopen);
	ost_program_close(program);
}

static size_t look_up(const struct ost_program *program, size_t from, const char *name)
{
	struct ost_definition found;

	return ost_program_lookup(program, from, name, &found) ? SIZE_MAX : found.member;
}

static void looks_symbols_up(void **state)
{
	const char *const told[] = { "/plugins/p.so", "/plugins/q.so", NULL };
	struct ost_definition found;
	struct ost_program *program;

	put(LOADER, (struct image_spec){ .function = "loader" });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "c.so" },
					   .function = "main" });
	put("/lib/b.so", (struct image_spec){ .function = "beta" });
	put("/lib/c.so", (struct image_spec){ .function = "gamma" });
	put("/plugins/p.so", (struct image_spec){ .function = "start" });
	put("/plugins/q.so", (struct image_spec){ .function = "start" });
	program = open_with("/bin/a", (struct ost_program_options){ .dlopened = told });
	assert_int_equal(look_up(program, 0, "beta"), SIZE_MAX);
	assert_int_equal(ost_program_load(program, NULL), 0);
	assert_int_equal(ost_program_load(program, NULL), 0);
	assert_int_equal(look_up(program, 3, "main"), 0);
	assert_int_equal(look_up(program, 0, "beta"), 2);
	assert_int_equal(look_up(program, 0, "gamma"), 3);
	assert_int_equal(look_up(program, 0, "loader"), 1);
	/* all have it: the program is first */
	assert_int_equal(look_up(program, 2, "variable"), 0);
	/* what was dlopened finds its own */
	assert_int_equal(look_up(program, 4, "start"), 4);
	assert_int_equal(look_up(program, 5, "start"), 5);
	assert_int_equal(look_up(program, 0, "start"), 4);
	assert_int_equal(look_up(program, 0, "nobody"), SIZE_MAX);
	assert_int_equal(look_up(program, 0, ""), SIZE_MAX);
	/* the default version, not the older one of the same name */
	assert_int_equal(ost_program_lookup(program, 0, "beta", &found), 0);
	assert_int_equal(found.symbol->address, IMAGE_AT(code));
	assert_int_equal(ost_program_lookup(program, 0, "thread", &found), 0);
	assert_int_equal(found.symbol->type, STT_TLS);
	ost_program_close(program);
}

static void key_follows_contents(void **state)
{
	struct ost_program *program;
	char before[65], after[65];

	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "c.so" } });
	put("/lib/b.so", (struct image_spec){ 0 });
	program = open_in_root("/bin/a");
	ost_program_key(program, before, sizeof(before));
	ost_program_close(program);
	program = open_in_root("/bin/a");
	ost_program_key(program, after, sizeof(after));
	ost_program_close(program);
	assert_string_equal(before, after);
	assert_int_equal(strlen(before), 64);
	put("/lib/b.so", (struct image_spec){ 0 });
	program = open_in_root("/bin/a");
	ost_program_key(program, after, sizeof(after));
	ost_program_close(program);
	assert_string_not_equal(before, after);
	put("/lib/c.so", (struct image_spec){ 0 });
	program = open_in_root("/bin/a");
	ost_program_key(program, before, sizeof(before));
	ost_program_close(program);
	assert_string_not_equal(before, after);
}

/* A chain of libraries that is longer than any program's ends, and says so. */
static void a_closure_has_an_end(void **state)
{
	char path[64], name[64], next[64];
	struct ost_program *program;

	put(LOADER, (struct image_spec){ 0 });
	for (unsigned int i = 0; i < OST_PROGRAM_OBJECTS_MAX + 20; i++) {
		struct image_spec spec = { .interp = LOADER };
		struct image im;

		snprintf(path, sizeof(path), "/lib/n%u.so", i);
		snprintf(name, sizeof(name), "n%u.so", i);
		snprintf(next, sizeof(next), "n%u.so", i + 1);
		spec.soname = name;
		spec.needed[0] = next;
		spec.id = 1;
		image_make(&im, &spec);
		put_bytes(path, &im, sizeof(im));
	}
	program = open_in_root("/lib/n0.so");
	assert_int_equal(program->count, OST_PROGRAM_OBJECTS_MAX);
	assert_int_equal(program->missing_count, 1);
	assert_non_null(strstr(program->missing[0].why, "1024"));
	ost_program_close(program);
}

struct loaded {
	const struct ost_program *program;
	size_t found, count;
};

static int check_loaded(struct dl_phdr_info *info, size_t size, void *context)
{
	struct loaded *loaded = context;
	char real[PATH_MAX], other[PATH_MAX];

	if (!info->dlpi_name[0] || !realpath(info->dlpi_name, real))
		return 0;
	loaded->count++;
	for (size_t i = 0; i < loaded->program->count; i++)
		if (realpath(loaded->program->members[i].object->path, other) && !strcmp(real, other)) {
			loaded->found++;
			return 0;
		}
	/* a sanitizer's run time, or what the environment preloads */
	return 0;
}

static void knows_its_own_closure(void **state)
{
	struct loaded loaded = { 0 };
	struct ost_error err = { 0 };
	struct ost_definition found;
	struct ost_program *program;
	Dl_info info;

	assert_int_equal(ost_program_open(&program, "/proc/self/exe", NULL, &err), 0);
	assert_int_equal(program->missing_count, 0);
	assert_int_equal(ost_program_load(program, &err), 0);
	loaded.program = program;
	dl_iterate_phdr(check_loaded, &loaded);
	assert_true(loaded.count >= 3);
	if (!getenv("LD_PRELOAD") && !getenv("LD_LIBRARY_PATH")) {
		assert_int_equal(loaded.found, loaded.count);
		assert_int_equal(program->count, loaded.count + 1);
	}
	assert_int_equal(ost_program_lookup(program, 0, "qsort", &found), 0);
	assert_true(dladdr((void *)dlsym(RTLD_DEFAULT, "qsort"), &info));
	assert_int_equal((uint64_t)(uintptr_t)info.dli_saddr - (uint64_t)(uintptr_t)info.dli_fbase,
			 found.symbol->address);
	ost_program_close(program);
}

/** struct cache - an ld.so.cache with four entries, in falling order as ldconfig writes them */
struct cache {
	char magic[20];
	uint32_t entries, string_bytes;
	uint8_t flags, padding[3];
	uint32_t extensions, unused[3];
	struct {
		int32_t flags;
		uint32_t key, value, osversion;
		uint64_t hwcap;
	} entry[5];
	uint32_t extension[2], section[4], hwcap[2];
	char text[256];
};

static void make_cache(struct cache *c)
{
	static const char text[] =
		"libb.so.10\0/x/libb.so.10\0libb.so.9\0/x/libb.so.9\0/v3/libb.so.9\0/32/libb.so.9\0"
		"liba.so\0/v2/liba.so\0x86-64-v2\0x86-64-v3";
	const struct { const char *key, *value; int flags; uint64_t hwcap; } rows[] = {
		{ "libb.so.10", "/x/libb.so.10", 0x303, 0 },
		{ "libb.so.9", "/v3/libb.so.9", 0x303, 1ull << 62 | 1 },
		{ "libb.so.9", "/x/libb.so.9", 0x303, 0 },
		{ "libb.so.9", "/32/libb.so.9", 0x3, 0 },
		{ "liba.so", "/v2/liba.so", 0x303, 1ull << 62 },
	};

	memset(c, 0, sizeof(*c));
	memcpy(c->magic, "glibc-ld.so.cache1.1", 20);
	memcpy(c->text, text, sizeof(text));
	c->entries = 5;
	c->string_bytes = sizeof(c->text);
	c->flags = 2;
	c->extensions = offsetof(struct cache, extension);
	c->extension[0] = 0xeaa42174;
	c->extension[1] = 1;
	c->section[0] = 1;
	c->section[2] = offsetof(struct cache, hwcap);
	c->section[3] = sizeof(c->hwcap);
#define TEXT(name) (offsetof(struct cache, text) + \
		    (uint32_t)((char *)memmem(c->text, sizeof(c->text), name, strlen(name) + 1) - c->text))
	c->hwcap[0] = TEXT("x86-64-v2");
	c->hwcap[1] = TEXT("x86-64-v3");
	for (unsigned int i = 0; i < 5; i++) {
		c->entry[i].flags = rows[i].flags;
		c->entry[i].key = TEXT(rows[i].key);
		c->entry[i].value = TEXT(rows[i].value);
		c->entry[i].hwcap = rows[i].hwcap;
	}
}

static void reads_the_cache(void **state)
{
	struct ost_ldcache cache;
	struct ost_program *program;
	uint8_t both[sizeof(struct cache) + 32] = "ld.so-1.7.0";
	unsigned int level;
	struct cache c;

	make_cache(&c);
	assert_int_equal(ost_ldcache_open(&cache, &c, sizeof(c)), 0);
	assert_string_equal(ost_ldcache_find(&cache, "libb.so.9", &level), "/x/libb.so.9");
	assert_int_equal(level, 0);
	assert_string_equal(ost_ldcache_find(&cache, "libb.so.10", NULL), "/x/libb.so.10");
	assert_string_equal(ost_ldcache_find(&cache, "liba.so", &level), "/v2/liba.so");
	assert_int_equal(level, 2);
	assert_null(ost_ldcache_find(&cache, "libb.so.8", NULL));
	assert_null(ost_ldcache_find(&cache, "", NULL));
	/* behind the older form, with one entry of that */
	both[12] = 1;
	memcpy(both + 32, &c, sizeof(c));
	assert_int_equal(ost_ldcache_open(&cache, both, sizeof(both)), 0);
	assert_string_equal(ost_ldcache_find(&cache, "libb.so.9", &level), "/x/libb.so.9");
	/* and in a root */
	put(LOADER, (struct image_spec){ 0 });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "libb.so.9", "liba.so" } });
	put("/x/libb.so.9", (struct image_spec){ 0 });
	put("/lib/libb.so.9", (struct image_spec){ 0 });
	put("/v2/liba.so", (struct image_spec){ 0 });
	put_bytes("/etc/ld.so.cache", both, sizeof(both));
	program = open_in_root("/bin/a");
	assert_string_equal(member_path(program, 2), "/x/libb.so.9");
	assert_string_equal(member_path(program, 3), "/v2/liba.so");
	assert_int_equal(program->members[3].level, 2);
	ost_program_close(program);
}

static void survives_broken_caches(void **state)
{
	static const char *const names[] = { "libb.so.9", "libb.so.10", "liba.so", "zzz", "" };
	static const uint32_t numbers[] = { 0, 1, 0x7fffffff, 0x80000000, UINT32_MAX, 300 };
	struct ost_ldcache cache;
	struct cache c;
	size_t opened = 0;

	make_cache(&c);
	for (size_t at = 0; at < sizeof(c); at++)
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			size_t size = i ? sizeof(c) : at;
			uint8_t *copy = malloc(size ? size : 1);

			memcpy(copy, &c, size);
			if (i && at + 4 <= size)
				memcpy(copy + at, &numbers[i], 4);
			if (!ost_ldcache_open(&cache, copy, size)) {
				opened++;
				for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
					const char *path = ost_ldcache_find(&cache, names[k], NULL);

					assert_true(!path || strlen(path) < size);
				}
			}
			free(copy);
		}
	assert_true(opened > sizeof(c));
}

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, drop_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(goes_breadth_first),
		IN_ROOT(follows_search_paths),
		IN_ROOT(prefers_what_every_host_can_run),
		IN_ROOT(takes_what_the_environment_says),
		IN_ROOT(leaves_out_default_folders),
		IN_ROOT(stays_in_its_root),
		IN_ROOT(opens_regular_files_only),
		IN_ROOT(one_file_is_one_member),
		IN_ROOT(passes_over_other_machines),
		IN_ROOT(finds_as_musl_does),
		IN_ROOT(takes_what_is_dlopened),
		IN_ROOT(looks_symbols_up),
		IN_ROOT(key_follows_contents),
		IN_ROOT(a_closure_has_an_end),
		cmocka_unit_test(knows_its_own_closure),
		IN_ROOT(reads_the_cache),
		cmocka_unit_test(survives_broken_caches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
