// SPDX-License-Identifier: GPL-2.0
/* Garbage that runtimes give back by themselves: madvise(2) of their own memory. */
#include "ostler.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* asm-generic/mman-common.h; no header for it that a BPF program can include on every machine */
#define MADV_DONTNEED		4
#define MADV_FREE		8
#define MADV_PAGEOUT		21
#define MADV_DONTNEED_LOCKED	24

#define PAGE_BYTES 4096UL

static __always_inline bool gives_back(int advice)
{
	return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_PAGEOUT ||
	       advice == MADV_DONTNEED_LOCKED;
}

static __always_inline void tell_release(__u64 id, __u64 bytes, int advice)
{
	struct ost_event_release *event;

	event = event_begin(OST_EVENT_RELEASE, sizeof(*event), id);
	if (!event)
		return;
	event->bytes = bytes;
	event->advice = advice;
	event->tgid = bpf_get_current_pid_tgid() >> 32;
	event_end(event, sizeof(*event), false);
}

/* process_madvise(2) comes here too, for somebody else's memory: then nobody gave back his own */
SEC("fexit/do_madvise")
int BPF_PROG(gc_madvise, struct mm_struct *mm, unsigned long start, unsigned long bytes, int advice,
	     int ret)
{
	struct ost_counters *instance;
	__u64 id;

	if (ret || !gives_back(advice) || mm != bpf_get_current_task_btf()->mm)
		return 0;
	instance = counters_of_current(&id);
	if (!instance)
		return 0;
	bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1); /* as madvise rounds it */
	count(&instance->released_calls, 1);
	count(&instance->released_bytes, bytes);
	if (bytes >= release_min_bytes && watches(id, OST_WATCH_RELEASES))
		tell_release(id, bytes, advice);
	return 0;
}
