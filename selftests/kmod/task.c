// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks that meet an undefined instruction: none that a processor has, so that they trap on any.
 *
 *	task INSTRUCTION [OPTION...]
 *
 * INSTRUCTION	vex evex xop 0f38 sysenter ud0 ud1 ud2 trap edge, or none
 * catch	print SIGILL with its si_code and its distance from the instruction, and go on behind it
 * threads=N	N threads run the instruction while the first counts `tick`s
 * usr1=print|jump|fork|exec	what the handler of SIGUSR1 does: print; leave the instruction for another one; fork;
 *		execute this program anew with `vex`
 * usr2		SIGUSR2 to the process makes the first thread put NOPs where the instruction was (only with threads)
 * times=N	run the instruction N times (default 1)
 * traced	be traced by a parent, which prints the signal it sees
 *
 * Prints `past` after each time, `done` at the end. Exit status 0.
 *
 *	task seize PID		PTRACE_SEIZE, INTERRUPT, print the stop and where, DETACH
 *	task seize-go PID	the same, but let it run a moment under trace before DETACH
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static const struct {
	const char *name;
	uint8_t bytes[8], length;
} instructions[] = {
	{ "vex", { 0xc5, 0xf8, 0xa6, 0xc0 }, 4 },		/* VEX.128.0F A6 */
	{ "evex", { 0x62, 0xf1, 0x7c, 0x48, 0xa6, 0xc0 }, 6 },	/* EVEX.512.0F A6 */
	{ "xop", { 0x8f, 0xe8, 0x78, 0x00, 0xc0 }, 5 },		/* XOP.128.8 00 */
	{ "0f38", { 0x0f, 0x38, 0xc0, 0xc0 }, 4 },
	{ "sysenter", { 0x0f, 0x34 }, 2 },
	{ "ud0", { 0x0f, 0xff, 0xc0 }, 3 },
	{ "ud1", { 0x0f, 0xb9, 0xc0 }, 3 },
	{ "ud2", { 0x0f, 0x0b }, 2 },
	{ "edge", { 0xc5, 0xf8, 0xa6, 0xc0 }, 4 },
	{ "none", { 0x90 }, 1 },
};

static uint8_t *code;
static unsigned int code_length;
static int use_trap, times = 1, thread_count, in_text;
static const char *on_usr1 = "print";
static char *self;
static sigjmp_buf elsewhere;
static volatile sig_atomic_t patch, finished;

/*
 * vpaddd %ymm0,%ymm0,%ymm0 in the program's own text, for probes that go by file and offset: the kernel
 * sets none on instructions that its decoder doesn't know
 */
__asm__(".text\n"
	".globl task_insn_text\n"
	".type task_insn_text, @function\n"
	"task_insn_text:\n"
	"	.byte 0xc5, 0xfd, 0xfe, 0xc0\n"
	"	ret\n");
extern void task_insn_text(void);

static void say(const char *format, ...)
{
	char line[160];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (write(1, line, len) != len)
		_exit(9);
}

/* The instruction and a RET, at the end of the last readable page for "edge" */
static void make_code(const char *name)
{
	size_t i, page = getpagesize();

	for (i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		if (!strcmp(name, instructions[i].name))
			break;
	}
	if (i == sizeof(instructions) / sizeof(instructions[0])) {
		fprintf(stderr, "task: no instruction '%s'\n", name);
		exit(2);
	}
	code = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED || munmap(code + page, page)) {
		perror("task: mmap");
		exit(2);
	}
	code_length = instructions[i].length;
	if (!strcmp(name, "edge"))
		code += page - code_length - 1;
	memcpy(code, instructions[i].bytes, code_length);
	code[code_length] = 0xc3;
	if (mprotect((void *)((uintptr_t)code & -page), page, PROT_READ | PROT_WRITE | PROT_EXEC)) {
		perror("task: mprotect");
		exit(2);
	}
}

static void run_code(void)
{
	if (use_trap)
		__builtin_trap();
	else if (in_text)
		task_insn_text();
	else
		((void (*)(void))code)();
}

static void on_ill(int sig, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	say("sigill code=%d offset=%ld\n", info->si_code,
	    (long)((uint8_t *)info->si_addr - (in_text ? (uint8_t *)task_insn_text : code)));
	state->uc_mcontext.gregs[REG_RIP] += code_length;
}

static void usr1(int sig)
{
	say("usr1\n");
	if (!strcmp(on_usr1, "jump"))
		siglongjmp(elsewhere, 1);
	if (!strcmp(on_usr1, "fork") && !fork())
		say("child pid=%d\n", getpid());
	if (!strcmp(on_usr1, "exec"))
		execl(self, self, "vex", NULL);
}

static void usr2(int sig)
{
	patch = 1;
}

static void *run_times(void *unused)
{
	volatile int i;

	for (i = 0; i < times; i++) {
		if (sigsetjmp(elsewhere, 1)) {
			/* another place, another instruction */
			static const uint8_t other[] = { 0xc5, 0xf8, 0xa7, 0xc0, 0xc3 };

			say("jumped\n");
			memcpy(code + 64, other, sizeof(other));
			code += 64;
			on_usr1 = "print";
		}
		run_code();
		say("past\n");
	}
	finished = 1;
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread;
	int i, ticks = 0;

	for (i = 0; i < thread_count; i++) {
		if (pthread_create(&thread, NULL, run_times, NULL)) {
			perror("task: pthread_create");
			exit(2);
		}
	}
	while (!finished) {
		if (patch) {
			memset(code, 0x90, code_length);
			say("patched\n");
			patch = 0;
		}
		usleep(20000);
		if (!(ticks++ % 5))
			say("tick\n");
	}
}

/* ---- tracing ---- */

static int be_traced(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		return 0;
	}
	while (waitpid(child, &status, 0) == child) {
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			say("traced end=%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
			break;
		}
		say("traced stop=%d\n", WSTOPSIG(status));
		ptrace(PTRACE_CONT, child, NULL, (void *)(long)WSTOPSIG(status));
	}
	_exit(0);
}

static int seize(pid_t pid, int go)
{
	struct user_regs_struct regs;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) ||
	    waitpid(pid, &status, __WALL) != pid) {
		perror("task: seize");
		return 1;
	}
	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	say("stopped=%d signal=%d event=%d ip=0x%llx\n", WIFSTOPPED(status), WSTOPSIG(status),
	    status >> 16, regs.rip);
	if (go) {
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		usleep(300000);
		/* nothing but our own interruption must have stopped it meanwhile */
		say("stopped_by_itself=%d\n", waitpid(pid, &status, __WALL | WNOHANG) == pid);
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		waitpid(pid, &status, __WALL);
	}
	if (ptrace(PTRACE_DETACH, pid, NULL, NULL)) {
		perror("task: detach");
		return 1;
	}
	return 0;
}

static void read_option(const char *option)
{
	struct sigaction ill = { .sa_sigaction = on_ill, .sa_flags = SA_SIGINFO };

	if (!strcmp(option, "catch"))
		sigaction(SIGILL, &ill, NULL);
	else if (!strcmp(option, "text"))
		in_text = 1;
	else if (!strcmp(option, "usr2"))
		signal(SIGUSR2, usr2);
	else if (!strcmp(option, "traced"))
		be_traced();
	else if (!strncmp(option, "usr1=", 5))
		on_usr1 = option + 5, signal(SIGUSR1, usr1);
	else if (!strncmp(option, "times=", 6))
		times = atoi(option + 6);
	else if (!strncmp(option, "threads=", 8))
		thread_count = atoi(option + 8);
	else {
		fprintf(stderr, "task: no option '%s'\n", option);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int i;

	self = argv[0];
	if (argc < 2) {
		fprintf(stderr, "usage: task INSTRUCTION [OPTION...]\n");
		return 2;
	}
	if (argc == 3 && !strncmp(argv[1], "seize", 5))
		return seize(atoi(argv[2]), !strcmp(argv[1], "seize-go"));
	use_trap = !strcmp(argv[1], "trap");
	make_code(use_trap ? "ud2" : argv[1]);
	for (i = 2; i < argc; i++)
		read_option(argv[i]);
	if (thread_count)
		run_threads();
	else
		run_times(NULL);
	say("done\n");
	return 0;
}
