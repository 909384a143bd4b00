// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/door.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/dotnet_ipc.h"
#include "lib/file.h"
#include "ostlerd/action/deadline.h"
#include "ostlerd/source/identity.h"

/*
 * The .NET runtime listens on <TMPDIR>/dotnet-diagnostic-<pid>-<start time>-socket and, from
 * version 8 on, can be told to run the Initialize() of an assembly's StartupHook: one that calls
 * GC.Collect() is the collection. The assembly must lie where the process can read it.
 */

/* Entries of the process's temporary folder that are looked at; it may have put millions there. */
#define ENTRIES_MAX 4096

/* Environment that is searched for TMPDIR, bytes. */
#define ENVIRON_MAX (128 * 1024)

/* Room for the request: a path of 255 bytes takes 534. */
#define REQUEST_ROOM 1024

static bool fits(const struct ost_process *process, const struct ost_door_config *config,
		 char *why_not, size_t size)
{
	if (process->runtime != OST_RUNTIME_DOTNET)
		snprintf(why_not, size, "pid %d: %s, not .NET", process->pid,
			 ost_runtime_name(process->runtime));
	else if (!config->dotnet_hook || !*config->dotnet_hook)
		snprintf(why_not, size, "pid %d: .NET needs the startup hook assembly, which the "
			 "configuration does not name ([collect] dotnet_hook)", process->pid);
	else
		return true;
	return false;
}

/* The process's own idea of where temporary files go. */
static void temporary_folder(const struct ost_process *process, char *path, size_t size)
{
	static const char key[] = "TMPDIR=";
	_ost_free_ char *env = malloc(ENVIRON_MAX);
	ssize_t n = env ? ost_file_read(process->procfd, "environ", env, ENVIRON_MAX) : 0;

	snprintf(path, size, "/tmp");
	for (ssize_t at = 0; at < n; at += strlen(env + at) + 1) {
		const char *value = env + at + sizeof(key) - 1;

		if (strncmp(env + at, key, sizeof(key) - 1))
			continue;
		if (value[0] == '/' && strlen(value) < size)
			strcpy(path, value);
		return;
	}
}

static bool is_diagnostic_socket(const char *name, pid_t nspid)
{
	static const char tail[] = "-socket";
	size_t len = strlen(name), n = sizeof(tail) - 1;
	char head[48];

	snprintf(head, sizeof(head), "dotnet-diagnostic-%d-", nspid);
	return !strncmp(name, head, strlen(head)) && len > strlen(head) + n &&
	       !strcmp(name + len - n, tail);
}

static int open_socket_file(int dir_fd, const char *name, uid_t euid)
{
	int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -ENOENT;
	if (!fstat(fd, &st) && S_ISSOCK(st.st_mode) && st.st_uid == euid)
		return fd;
	close(fd);
	return -ENOENT;
}

/* A connection to that very process through one socket file, or negative errno. */
static int dial(int dir_fd, const char *name, const struct ost_process *process,
		uint64_t deadline_ns)
{
	_ost_close_ int path_fd = open_socket_file(dir_fd, name, process->euid);
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd;

	if (path_fd < 0)
		return path_fd;
	fd = ost_deadline_connect(SOCK_STREAM, path_fd, process->pidfd, deadline_ns);
	if (fd < 0)
		return fd;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) && cred.pid == process->pid)
		return fd;
	close(fd);
	return -ENOENT;
}

/* Called with the process's identity. Sockets of runtimes that are dead are passed over. */
static int search(int tmp_fd, const struct ost_process *process, uint64_t deadline_ns)
{
	const struct dirent *entry;
	char name[64];
	DIR *dir;
	int fd;

	snprintf(name, sizeof(name), "dotnet-diagnostic-%d-%llu-socket", process->nspid,
		 (unsigned long long)process->starttime);
	fd = dial(tmp_fd, name, process, deadline_ns);
	if (fd != -ENOENT && fd != -ECONNREFUSED)
		return fd;
	fd = openat(tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -EACCES;
	}
	fd = -ENOENT;
	for (int i = 0; i < ENTRIES_MAX && (entry = readdir(dir)); i++) {
		if (!is_diagnostic_socket(entry->d_name, process->nspid))
			continue;
		fd = dial(dirfd(dir), entry->d_name, process, deadline_ns);
		if (fd != -ENOENT && fd != -ECONNREFUSED)
			break;
	}
	closedir(dir);
	return fd;
}

static int connect_to(const struct ost_process *process, uint64_t deadline_ns,
		      struct ost_error *err)
{
	_ost_close_ int tmp_fd = -1;
	struct ost_identity identity;
	char path[256];
	int fd, r;

	temporary_folder(process, path, sizeof(path));
	tmp_fd = ost_process_opendir(process, path);
	if (tmp_fd < 0)
		return ost_error_set(err, tmp_fd, "pid %d: its temporary folder can't be opened: "
				     "%s", process->pid, strerror(-tmp_fd));
	r = ost_identity_take(&identity, process->euid, process->egid, err);
	if (r)
		return r;
	fd = search(tmp_fd, process, deadline_ns);
	ost_identity_drop(&identity);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return ost_error_set(err, -EPERM, "pid %d: no dotnet-diagnostic-%d-*-socket of its "
				     "in its temporary folder (DOTNET_EnableDiagnostics=0?)",
				     process->pid, process->nspid);
	if (fd < 0)
		ost_error_set(err, fd, "pid %d: its diagnostics socket can't be connected to: %s",
			      process->pid, strerror(-fd));
	return fd;
}

static int receive_reply(int fd, const struct ost_process *process, uint64_t deadline_ns,
			 uint32_t *hresult)
{
	uint8_t reply[OST_DOTNET_REPLY_MAX];
	ssize_t len;
	int r;

	r = ost_deadline_recv_all(fd, reply, OST_DOTNET_HEADER, process->pidfd, deadline_ns);
	if (r)
		return r;
	len = ost_dotnet_reply_size(reply);
	if (len < 0)
		return len;
	r = ost_deadline_recv_all(fd, reply + OST_DOTNET_HEADER, len - OST_DOTNET_HEADER,
				  process->pidfd, deadline_ns);
	return r ? r : ost_dotnet_reply(reply, len, hresult);
}

static int collect(const struct ost_process *process, const struct ost_door_request *req,
		   struct ost_door_result *res, struct ost_error *err)
{
	_ost_close_ int fd = -1;
	uint8_t request[REQUEST_ROOM];
	uint64_t begun = ost_deadline_now(), asked;
	uint32_t hresult = 0;
	ssize_t len;
	int r;

	res->runtime = OST_RUNTIME_DOTNET;
	len = ost_dotnet_startup_hook(request, sizeof(request), req->config->dotnet_hook);
	if (len < 0)
		return ost_error_set(err, len, "[collect] dotnet_hook must be an absolute path of "
				     "at most 255 printable ASCII characters");
	fd = connect_to(process, req->deadline_ns, err);
	if (fd < 0)
		return fd;
	asked = ost_deadline_now();
	res->wait_us = (asked - begun) / 1000;
	r = ost_deadline_send(fd, request, len, process->pidfd, req->deadline_ns);
	if (!r)
		r = receive_reply(fd, process, req->deadline_ns, &hresult);
	res->collect_us = (ost_deadline_now() - asked) / 1000;
	if (r)
		return ost_error_set(err, r, "pid %d: the .NET runtime's answer: %s", process->pid,
				     r == -ETIMEDOUT ? "none by the deadline" : strerror(-r));
	if (hresult)
		return ost_error_set(err, -EOPNOTSUPP, "pid %d: the .NET runtime refused the "
				     "startup hook with HRESULT 0x%08x (needs .NET 8; the assembly "
				     "must be readable in the process's file system)",
				     process->pid, hresult);
	return 0;
}

const struct ost_door_ops ost_door_dotnet = {
	.name = "dotnet",
	.fits = fits,
	.collect = collect,
};
