// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/maps.h"
#include "lib/procstat.h"
#include "ostlerd/source/hsperf.h"
#include "ostlerd/source/program.h"

/* PIDFD_SIGNAL_THREAD of Linux 6.9, which the headers of older systems don't have. */
#define SIGNAL_THREAD 1u

/*
 * Mappings that are looked at. The kernel's own limit is 65530 unless an administrator raised it.
 */
#define MAPS_MAX 70000

/* Value of "Seccomp" in /proc/PID/status. */
#define SECCOMP_STRICT 1

/*
 * Filters that a container runtime installs around what it starts, and which let through what
 * programs commonly do: one.
 */
#define CONTAINER_FILTERS 1

/* Room for /proc/PID/status: about 1.5 KiB, more with many supplementary groups and namespaces. */
#define STATUS_ROOM 16384

static int read_stat(int procfd, struct ost_procstat *ps)
{
	char text[1024];
	ssize_t n = ost_file_read(procfd, "stat", text, sizeof(text));

	if (n < 0)
		return n;
	/* nothing at all: it ended between open and read */
	return n ? ost_procstat_parse(text, ps) : -ESRCH;
}

static int read_status_at(int dirfd, const char *path, struct ost_procstat *ps)
{
	char text[STATUS_ROOM];
	ssize_t n = ost_file_read(dirfd, path, text, sizeof(text));

	if (n < 0)
		return n;
	return n ? ost_procstat_parse_status(text, ps) : -ESRCH;
}

static int read_status(int procfd, struct ost_procstat *ps)
{
	return read_status_at(procfd, "status", ps);
}

static bool has_ended(char state)
{
	return state == 'Z' || state == 'X' || state == 'x';
}

static int take_status(struct ost_process *p)
{
	struct ost_procstat ps;
	int r = read_stat(p->procfd, &ps);

	if (!r && has_ended(ps.state))
		r = -ESRCH;
	if (!r)
		r = read_status(p->procfd, &ps);
	if (r)
		return r;
	p->starttime = ps.starttime;
	p->nspid = ps.nspid;
	p->euid = ps.euid;
	p->egid = ps.egid;
	p->sigcgt = ps.sigcgt;
	p->sigblk = ps.sigblk;
	p->seccomp_filters = ps.seccomp == SECCOMP_STRICT ? UINT32_MAX : ps.seccomp_filters;
	return 0;
}

/* What the mapped objects tell. */
struct found {
	enum ost_runtime runtime;
	enum ost_allocator allocator;
	bool agent;
	bool libc;
};

static int visit_map(const struct ost_map *map, void *arg)
{
	static const char agent[] = OST_AGENT_OBJECT;
	struct found *f = arg;
	enum ost_allocator allocator;
	enum ost_runtime runtime;
	const char *name;
	size_t len;

	name = ost_map_object(map, &len);
	if (!name)
		return 0;
	runtime = ost_runtime_of_object(name, len);
	if (runtime != OST_RUNTIME_UNKNOWN && ost_runtime_outranks(runtime, f->runtime))
		f->runtime = runtime;
	allocator = ost_allocator_of_object(name, len);
	if (allocator == OST_ALLOCATOR_GLIBC || allocator == OST_ALLOCATOR_MUSL)
		f->libc = true;
	/* an allocator of its own serves malloc() in place of the C library's */
	if (allocator != OST_ALLOCATOR_UNKNOWN &&
	    (f->allocator == OST_ALLOCATOR_UNKNOWN || f->allocator == OST_ALLOCATOR_GLIBC ||
	     f->allocator == OST_ALLOCATOR_MUSL))
		f->allocator = allocator;
	if (len == sizeof(agent) - 1 && !memcmp(name, agent, len))
		f->agent = true;
	return 0;
}

static int read_maps(const struct ost_process *p, struct found *f)
{
	_ost_close_ int fd = openat(p->procfd, "maps", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = ost_maps_read(fd, MAPS_MAX, visit_map, f);
	/*
	 * beyond the limit there is only heap: libraries are mapped early, and what is found is
	 * found
	 */
	return r == -E2BIG ? 0 : r;
}

static bool same_file(int a_dir, const char *a_path, int b_dir, const char *b_path)
{
	struct stat a, b;

	return !fstatat(a_dir, a_path, &a, 0) && !fstatat(b_dir, b_path, &b, 0) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Compared with init, not with the daemon: its unit gives that mounts and filters of its own. */
static bool is_contained(int procfd)
{
	return !same_file(AT_FDCWD, "/proc/1/ns/mnt", procfd, "ns/mnt") ||
	       !same_file(AT_FDCWD, "/proc/1/root", procfd, "root");
}

/* More filters than every process has from init, and the container runtime's, are its own. */
static bool is_sandboxed(const struct ost_process *p)
{
	struct ost_procstat init = { 0 };

	if (!p->seccomp_filters)
		return false;
	read_status_at(AT_FDCWD, "/proc/1/status", &init);
	return p->seccomp_filters >
	       (uint64_t)init.seccomp_filters + (p->contained ? CONTAINER_FILTERS : 0);
}

static void recognise_program(struct ost_process *p, struct found *f)
{
	_ost_close_ int fd = openat(p->procfd, "exe", O_RDONLY | O_CLOEXEC);
	struct ost_program program = { 0 };

	if (fd >= 0)
		ost_program_examine(fd, &program);
	if (program.runtime != OST_RUNTIME_UNKNOWN &&
	    ost_runtime_outranks(program.runtime, f->runtime))
		f->runtime = program.runtime;
	if (program.allocator != OST_ALLOCATOR_UNKNOWN &&
	    (f->allocator == OST_ALLOCATOR_UNKNOWN || f->libc))
		f->allocator = program.allocator;
	p->static_exe = program.is_static && !f->libc;
	if (p->static_exe && f->allocator == OST_ALLOCATOR_UNKNOWN)
		f->allocator = OST_ALLOCATOR_STATIC;
}

static int recognise(struct ost_process *p)
{
	struct found f = { 0 };
	struct ost_hsperf perf = { 0 };
	int r = read_maps(p, &f);

	if (r)
		return r;
	recognise_program(p, &f);
	p->runtime = f.runtime == OST_RUNTIME_UNKNOWN ? OST_RUNTIME_NATIVE : f.runtime;
	p->allocator = f.allocator;
	p->agent_loaded = f.agent;
	p->contained = is_contained(p->procfd);
	p->sandboxed = is_sandboxed(p);
	if (p->runtime == OST_RUNTIME_JVM)
		ost_hsperf_read(p, &perf, NULL);
	p->jvm_attach = perf.attach;
	p->jvm_gc = perf.gc;
	return 0;
}

static void take_comm(struct ost_process *p)
{
	ssize_t n = ost_file_read(p->procfd, "comm", p->comm, sizeof(p->comm));

	p->comm[n > 0 ? strcspn(p->comm, "\n") : 0] = '\0';
	/* it may hold anything and ends up in log lines */
	for (char *c = p->comm; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static int open_descriptors(pid_t pid, struct ost_process *p)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	p->procfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->procfd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/*
	 * When the directory can still be read after this, the pid has been this process's all
	 * the time, so the pidfd is too.
	 */
	p->pidfd = syscall(SYS_pidfd_open, pid, 0);
	return p->pidfd < 0 ? -errno : 0;
}

int ost_process_open(pid_t pid, struct ost_process *process, struct ost_error *err)
{
	struct ost_process p = OST_PROCESS_NONE;
	int r;

	p.pid = pid;
	r = pid > 0 ? open_descriptors(pid, &p) : -EINVAL;
	if (!r)
		r = take_status(&p);
	if (!r)
		r = recognise(&p);
	if (r) {
		ost_process_close(&p);
		*process = p;
		return ost_error_set(err, r, r == -ESRCH ? "pid %d: it has ended%.0s" :
				     "pid %d: its /proc directory can't be read: %s",
				     pid, strerror(-r));
	}
	take_comm(&p);
	*process = p;
	return 0;
}

void ost_process_close(struct ost_process *process)
{
	if (process->pidfd >= 0)
		close(process->pidfd);
	if (process->procfd >= 0)
		close(process->procfd);
	process->pidfd = -1;
	process->procfd = -1;
}

int ost_process_refresh(struct ost_process *process, struct ost_error *err)
{
	int r = take_status(process);

	if (!r)
		r = recognise(process);
	if (r)
		return ost_error_set(err, r, "pid %d can't be looked at again: %s", process->pid,
				     strerror(-r));
	return 0;
}

char ost_process_state(const struct ost_process *process)
{
	struct ost_procstat ps;

	if (process->procfd < 0 || read_stat(process->procfd, &ps) || has_ended(ps.state) ||
	    ps.starttime != process->starttime)
		return 0;
	return ps.state;
}

bool ost_process_alive(const struct ost_process *process)
{
	return ost_process_state(process);
}

bool ost_process_catches(const struct ost_process *process, int signal)
{
	struct ost_procstat ps;

	return !read_status(process->procfd, &ps) && ps.sigcgt >> (signal - 1) & 1;
}

static int pidfd_signal(const struct ost_process *process, int signal, unsigned int flags)
{
	return syscall(SYS_pidfd_send_signal, process->pidfd, signal, NULL, flags) ? -errno : 0;
}

int ost_process_signal(const struct ost_process *process, int signal)
{
	return pidfd_signal(process, signal, 0);
}

int ost_process_signal_leader(const struct ost_process *process, int signal)
{
	int r = pidfd_signal(process, signal, SIGNAL_THREAD);

	if (r != -EINVAL)
		return r;
	if (!ost_process_alive(process))
		return -ESRCH;
	return syscall(SYS_tgkill, process->pid, process->pid, signal) ? -errno : 0;
}

int ost_process_cgroup(const struct ost_process *process, char *path, size_t size)
{
	static const char unified[] = "0::";
	char text[8192];
	char *line = text, *end;
	ssize_t n = ost_file_read(process->procfd, "cgroup", text, sizeof(text));

	if (n < 0)
		return n;
	while (line && strncmp(line, unified, sizeof(unified) - 1)) {
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	if (!line)
		return -ENOENT;
	line += sizeof(unified) - 1;
	end = strchr(line, '\n');
	if (!end || (size_t)(end - line) >= size)
		return -ENAMETOOLONG;
	memcpy(path, line, end - line);
	path[end - line] = '\0';
	return 0;
}

int ost_process_anon(const struct ost_process *process, uint64_t *bytes)
{
	struct ost_procstat ps;
	int r = read_status(process->procfd, &ps);

	if (!r)
		*bytes = ps.rss_anon;
	return r;
}

/* Resolve a path inside the root of the process. A descriptor, or negative errno. */
static int open_inside(const struct ost_process *process, const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_ost_close_ int root = openat(process->procfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root < 0)
		return -errno;
	fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

int ost_process_opendir(const struct ost_process *process, const char *path)
{
	return open_inside(process, path, O_DIRECTORY);
}

bool ost_process_sees(const struct ost_process *process, const char *path)
{
	_ost_close_ int fd = open_inside(process, path, 0);
	struct stat ours, theirs;

	return fd >= 0 && !fstat(fd, &theirs) && !stat(path, &ours) &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}
