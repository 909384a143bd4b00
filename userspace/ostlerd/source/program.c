// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/program.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/elfsym.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Verdicts that are remembered; a host runs far fewer different programs. */
#define CACHE_SLOTS 256

struct verdict {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	struct timespec ctime;
	struct ost_program program;
	int result;
	bool used;
};

static struct verdict cache[CACHE_SLOTS];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

/* Functions that a runtime exports for its extensions, hosts first (see ost_runtime_outranks()). */
static const struct {
	const char *symbol;
	enum ost_runtime runtime;
} runtime_symbols[] = {
	{ "JNI_GetCreatedJavaVMs", OST_RUNTIME_JVM },
	{ "DotNetRuntimeInfo", OST_RUNTIME_DOTNET },
	{ "mono_gc_collect", OST_RUNTIME_MONO },
	{ "_ZN2v87Isolate13TryGetCurrentEv", OST_RUNTIME_NODE },
	{ "_ZN2v87Isolate10GetCurrentEv", OST_RUNTIME_NODE },
	{ "rb_gc_start", OST_RUNTIME_RUBY },
	{ "zend_gc_collect_cycles", OST_RUNTIME_PHP },
	{ "Py_IsInitialized", OST_RUNTIME_PYTHON },
	{ "lua_newstate", OST_RUNTIME_LUA },
};

static const struct {
	const char *symbol;
	enum ost_allocator allocator;
} allocator_symbols[] = {
	{ "mallctl", OST_ALLOCATOR_JEMALLOC },
	{ "MallocExtension_ReleaseFreeMemory", OST_ALLOCATOR_TCMALLOC },
	{ "mi_collect", OST_ALLOCATOR_MIMALLOC },
};

static int examine_elf(const struct ost_elf *elf, struct ost_program *program)
{
	int r;

	program->is_static = !elf->interpreter && !elf->needed;
	for (size_t i = 0; i < COUNT(runtime_symbols); i++) {
		r = ost_elf_exports(elf, runtime_symbols[i].symbol);
		if (r < 0)
			return r;
		if (r) {
			program->runtime = runtime_symbols[i].runtime;
			break;
		}
	}
	for (size_t i = 0; i < COUNT(allocator_symbols); i++) {
		r = ost_elf_exports(elf, allocator_symbols[i].symbol);
		if (r < 0)
			return r;
		if (r) {
			program->allocator = allocator_symbols[i].allocator;
			break;
		}
	}
	if (program->runtime != OST_RUNTIME_UNKNOWN)
		return 0;
	r = ost_elf_is_go(elf);
	if (r > 0)
		program->runtime = OST_RUNTIME_GO;
	return r < 0 ? r : 0;
}

static bool is_about(const struct verdict *v, const struct stat *st)
{
	return v->used && v->dev == st->st_dev && v->ino == st->st_ino && v->size == st->st_size &&
	       v->mtime.tv_sec == st->st_mtim.tv_sec && v->mtime.tv_nsec == st->st_mtim.tv_nsec &&
	       v->ctime.tv_sec == st->st_ctim.tv_sec && v->ctime.tv_nsec == st->st_ctim.tv_nsec;
}

static struct verdict *slot_of(const struct stat *st)
{
	uint64_t h = (uint64_t)st->st_ino * 0x9e3779b97f4a7c15ull + st->st_dev;

	return &cache[(h >> 32) % CACHE_SLOTS];
}

static bool cache_get(const struct stat *st, struct ost_program *program, int *result)
{
	const struct verdict *v = slot_of(st);
	bool hit;

	pthread_mutex_lock(&cache_lock);
	hit = is_about(v, st);
	if (hit) {
		*program = v->program;
		*result = v->result;
	}
	pthread_mutex_unlock(&cache_lock);
	return hit;
}

static void cache_put(const struct stat *st, const struct ost_program *program, int result)
{
	pthread_mutex_lock(&cache_lock);
	*slot_of(st) = (struct verdict){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
		.program = *program,
		.result = result,
		.used = true,
	};
	pthread_mutex_unlock(&cache_lock);
}

int ost_program_examine(int fd, struct ost_program *program)
{
	struct ost_elf elf;
	struct stat st;
	int r;

	*program = (struct ost_program){ 0 };
	if (fstat(fd, &st))
		return -errno;
	if (cache_get(&st, program, &r))
		return r;
	r = ost_elf_open(&elf, fd);
	if (!r)
		r = examine_elf(&elf, program);
	if (r)
		*program = (struct ost_program){ 0 };
	/* a file that could not be read may be readable the next time; a broken one stays broken */
	if (!r || r == -ENOEXEC || r == -ENOTSUP || r == -EBADMSG)
		cache_put(&st, program, r);
	return r;
}
