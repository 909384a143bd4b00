// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The processor itself as judge: each encoding is run on this machine, in a child of its own. What
 * the decoder finds missing must raise SIGILL at its first byte; what it finds present must not.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/decode.h"
#include "isa/host.h"
#include "unit/isa_encodings.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CODE_SIZE 4096
#define DATA_SIZE (1u << 20)

/* exit status of a child */
enum { RAN = 40, ILLEGAL, NO_MEMORY };

static uint8_t *code;

/* Any signal ends the child; only SIGILL at the first byte is the instruction's own refusal. */
static void on_signal(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;

	if (signal == SIGILL && at->uc_mcontext.gregs[REG_RIP] == (greg_t)(uintptr_t)code)
		_exit(ILLEGAL);
	_exit(RAN);
}

static void catch_signals(void)
{
	static const int signals[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE, SIGSYS };
	static uint8_t stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &action, NULL);
	/* an instruction that waits is ended from outside */
	signal(SIGALRM, SIG_DFL);
	alarm(5);
}

/* Never returns: int3 or a fault follows. All pointers go to the middle of fresh memory. */
static void run(const uint8_t *bytes, size_t len)
{
	uint8_t *data;

	data = mmap(NULL, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	code = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED || data == MAP_FAILED)
		_exit(NO_MEMORY);
	memset(code, 0xcc, CODE_SIZE);
	memcpy(code, bytes, len);
	if (mprotect(code, CODE_SIZE, PROT_READ | PROT_EXEC))
		_exit(NO_MEMORY);
	catch_signals();
	__asm__ volatile("mov %0, %%rsp\n\t"
			 "mov %%rsp, %%rax\n\t"
			 "mov %%rsp, %%rcx\n\t"
			 "mov %%rsp, %%rdx\n\t"
			 "mov %%rsp, %%rbx\n\t"
			 "mov %%rsp, %%rsi\n\t"
			 "mov %%rsp, %%rdi\n\t"
			 "jmp *%1"
			 :
			 : "r"(data + DATA_SIZE / 2), "r"(code)
			 : "rax", "rcx", "rdx", "rbx", "rsi", "rdi", "memory");
	__builtin_unreachable();
}

static int run_in_child(const uint8_t *bytes, size_t len)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		run(bytes, len);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : RAN;
}

struct tally {
	struct ost_host_features host;
	unsigned int refused;	/* missing, and the processor says so */
	unsigned int hidden;	/* missing, and the processor runs it all the same */
	unsigned int ran;	/* present, and runs */
};

static void judge(const struct encoding *row, struct tally *tally)
{
	uint8_t bytes[OST_INSN_BYTES_MAX];
	size_t len = strlen(row->hex) / 2;
	struct ost_trap_decode decode;
	int status;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(sscanf(row->hex + 2 * i, "%2hhx", &bytes[i]), 1);
	ost_isa_decode_on(bytes, len, &tally->host, &decode);
	if (decode.trap_class == OST_TRAP_PRIVILEGED)
		return;
	status = run_in_child(bytes, len);
	if (status == NO_MEMORY)
		skip();
	if (decode.trap_class == OST_TRAP_PRESENT) {
		if (status == ILLEGAL)
			fail_msg("%s: '%s' is said to be present, and traps", row->hex,
				 decode.text);
		tally->ran++;
	} else if (status == ILLEGAL) {
		tally->refused++;
	} else {
		print_message("%s: '%s' runs, although CPUID has no %s\n", row->hex, decode.text,
			      ost_feature_name(decode.missing_youngest));
		tally->hidden++;
	}
}

static void the_processor_agrees(void **unused)
{
	static const struct {
		const struct encoding *rows;
		size_t count;
	} tables[] = {
		{ older_encodings, COUNT(older_encodings) },
		{ young_encodings, COUNT(young_encodings) },
		{ apx_encodings, COUNT(apx_encodings) },
	};
	struct tally tally = { 0 };

	assert_int_equal(ost_host_features_read(&tally.host), 0);
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t].count; i++)
			judge(&tables[t].rows[i], &tally);
	print_message("%u refused as said, %u run as said, %u run although hidden\n", tally.refused,
		      tally.ran, tally.hidden);
	/* a hypervisor may hide some of what the silicon has, yet hardly more than it tells of */
	assert_true(tally.hidden * 5 <= tally.refused + tally.ran);
	assert_true(tally.ran > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_processor_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
