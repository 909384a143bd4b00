// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Archives are unpacked into a folder that must not stay behind, whatever ends the scan: a child
 * does the work below a folder of its own, and this process waits, and removes that folder.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isa/program/archive.h"
#include "isa/program/bundle.h"
#include "lib/error.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/scan.h"

static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

static volatile sig_atomic_t ended_by, group;

static void end_child(int number)
{
	ended_by = number;
	if (group > 0)
		kill(-(pid_t)group, SIGKILL);
}

static void catch_signals(struct sigaction *before)
{
	struct sigaction action = {.sa_handler = end_child, .sa_flags = SA_RESTART};

	ended_by = 0;
	group = 0;
	for (size_t i = 0; i < ENDINGS; i++)
		sigaction(endings[i], &action, &before[i]);
}

static void release_signals(const struct sigaction *before)
{
	for (size_t i = 0; i < ENDINGS; i++)
		sigaction(endings[i], &before[i], NULL);
}

static void scan_unpacked(struct ost_scan *scan, const char *folder, const char *shown_as)
{
	if (ost_bundle_is(folder))
		ost_scan_bundle(scan, folder, shown_as);
	else
		ost_scan_folder(scan, folder, ost_scan_is_root(folder) ? folder : NULL, shown_as);
}

/* In the child: unpack and scan. Its exit status is the scan's. */
static int unpack_and_scan(struct ost_scan *scan, const char *file, const char *shown_as)
{
	char folder[OST_ARCHIVE_FOLDER_LEN];
	struct ost_archive_stats stats;
	struct ost_error err = {0};

	if (ost_archive_unpack(file, NULL, folder, &stats, &err)) {
		ost_scan_complain(scan, shown_as, "%s", err.text);
		return OST_SCAN_UNREADABLE;
	}
	if (*stats.remark) {
		ost_ctl_fail(0, "%s: %s", shown_as, stats.remark);
		scan->incomplete = true;
	}
	scan_unpacked(scan, folder, shown_as);
	if (fflush(stdout))
		ost_ctl_fail(0, "can't write to standard output: %s", strerror(errno));
	if (scan->lacks)
		return OST_SCAN_LACKS;
	if (scan->unreadable)
		return OST_SCAN_UNREADABLE;
	return scan->incomplete ? OST_SCAN_INCOMPLETE : OST_SCAN_DONE;
}

static void take_status(struct ost_scan *scan, const char *shown_as, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	scan->lacks |= code == OST_SCAN_LACKS;
	scan->incomplete |= code == OST_SCAN_INCOMPLETE;
	scan->unreadable |= code == OST_SCAN_UNREADABLE;
	if (code >= 0 && code <= OST_SCAN_INCOMPLETE)
		return;
	scan->unreadable = true;
	if (WIFSIGNALED(status) && !ended_by)
		ost_scan_complain(scan, shown_as, "the analysis died by signal %d (%s)",
				  WTERMSIG(status), strsignal(WTERMSIG(status)));
}

/* The child, in a group of its own: what unpacks is its child in turn, and has to end with it. */
static pid_t start(struct ost_scan *scan, const char *file, const char *shown_as,
		   const char *folder, const struct sigaction *before)
{
	pid_t child, parent = getpid();
	sigset_t blocked, mask;

	/* a signal before the group is known would not reach the child */
	sigemptyset(&blocked);
	for (size_t i = 0; i < ENDINGS; i++)
		sigaddset(&blocked, endings[i]);
	sigprocmask(SIG_BLOCK, &blocked, &mask);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		release_signals(before);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ost_scan_forget(scan);
		if (getppid() != parent || setenv("TMPDIR", folder, 1))
			_exit(OST_SCAN_UNREADABLE);
		_exit(unpack_and_scan(scan, file, shown_as));
	}
	if (child > 0) {
		setpgid(child, child);
		group = child;
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return child;
}

static void scan_below(struct ost_scan *scan, const char *file, const char *shown_as,
		       const char *folder)
{
	struct sigaction before[ENDINGS];
	int status = 0;
	pid_t child;

	fflush(stdout);
	catch_signals(before);
	child = start(scan, file, shown_as, folder, before);
	if (child < 0 || waitpid(child, &status, 0) != child) {
		ost_scan_complain(scan, shown_as, "can't start a process: %s", strerror(errno));
		scan->unreadable = true;
	} else {
		take_status(scan, shown_as, status);
		scan->answers++;
	}
	ost_archive_remove(folder);
	release_signals(before);
	if (ended_by)
		raise(ended_by);
}

void ost_scan_archive(struct ost_scan *scan, const char *file, const char *shown_as)
{
	const char *where = getenv("TMPDIR");
	char folder[OST_ARCHIVE_FOLDER_LEN];
	int len;

	scan->several = true;
	/* of the form that ost_archive_remove() takes; another such folder is put below it */
	len = snprintf(folder, sizeof(folder), "%s/ostler-scan.XXXXXX",
		       where && *where == '/' ? where : "/tmp");
	if (len > (int)sizeof(folder) - 64)
		errno = ENAMETOOLONG;
	else if (mkdtemp(folder)) {
		scan_below(scan, file, shown_as, folder);
		return;
	}
	ost_scan_complain(scan, shown_as, "can't make a folder to unpack it in, %s: %s", folder,
			  strerror(errno));
	scan->unreadable = true;
}
