// SPDX-License-Identifier: GPL-2.0
/* Fills the probes' ring with trap records, for ringbench; run by BPF_PROG_TEST_RUN. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/ostler_event.h>

char LICENSE[] SEC("license") = "GPL";

/* the loader puts the probes' own ring in its place */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

/* ids of the instances are 1 to this */
const volatile __u32 instances = 1000;
/* different opcode byte strings, a power of two */
const volatile __u32 kinds = 16;

/* wake the reader as the probes' telemetry does: whenever another so many bytes wait; 0 never does */
__u64 wake_bytes;
/* time between two records: so many readings of the clock, 20 to 30 ns each; at most GAP_MAX */
__u64 gap;
#define GAP_MAX 1024
/* attempts of one run */
__u64 attempts;
__u64 seed = 1;
__u64 written;
__u64 dropped;

static __u64 wake_flag(void)
{
	const __u64 room = (sizeof(struct ost_event_trap) + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
	__u64 after, before;

	if (!wake_bytes)
		return BPF_RB_NO_WAKEUP;
	after = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	before = after - room;
	return (after ^ before) & ~(wake_bytes - 1) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static long put(__u32 i, void *context)
{
	__u32 pauses = gap;
	struct ost_event_trap *trap;
	__u64 random = seed;

	for (__u32 pause = 0; pause < pauses && pause < GAP_MAX; pause++)
		bpf_ktime_get_ns();
	trap = bpf_ringbuf_reserve(&ring, sizeof(*trap), 0);
	if (!trap) {
		dropped++;
		/* without a reader at work it stays full */
		return !wake_bytes;
	}
	/* xorshift64 */
	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	seed = random;
	__builtin_memset(trap, 0, sizeof(*trap));
	trap->head.type = OST_EVENT_TRAP;
	trap->head.size = sizeof(*trap);
	trap->head.time_ns = bpf_ktime_get_ns();
	trap->head.instance_id = 1 + (random >> 32) % instances;
	trap->event = i;
	trap->ip = 0x400000 + i;
	trap->pid = trap->tgid = 1000;
	trap->si_code = 2;
	trap->insn_len = OST_EVENT_INSN_MAX;
	/* vpaddd ymm with a register and displacement that differ: each is a kind of its own */
	trap->insn[0] = 0xc5;
	trap->insn[1] = 0xfd;
	trap->insn[2] = 0xfe;
	trap->insn[3] = 0x80;
	trap->insn[4] = random & (kinds - 1);
	trap->insn[5] = (random & (kinds - 1)) >> 8;
	trap->comm[0] = 'f';
	bpf_ringbuf_submit(trap, wake_flag());
	written++;
	return 0;
}

SEC("syscall")
int fill(void *context)
{
	bpf_loop(attempts, put, NULL, 0);
	return 0;
}
