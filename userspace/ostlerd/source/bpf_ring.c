// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf_internal.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The ring is read here and not through libbpf's reader: that one tells the kernel after each
 * record how far it is, which is most of what reading a record costs. Layout and protocol: struct
 * bpf_ringbuf and bpf_ringbuf_reserve() in kernel/bpf/ringbuf.c, and BPF_RINGBUF_* in
 * <linux/bpf.h>.
 */

/* Records after which the kernel is told that their room is free again. */
#define RELEASE_EVERY 64

int ost_bpf_ring_open(struct ost_bpf_ring *ring, int fd, size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	void *map;

	*ring = (struct ost_bpf_ring){ .fd = fd, .bytes = bytes, .page = page };
	map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->consumer = map;
	map = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, fd, page);
	if (map == MAP_FAILED) {
		int error = -errno;

		ost_bpf_ring_close(ring);
		return error;
	}
	ring->producer = map;
	ring->data = (const uint8_t *)map + page;
	return 0;
}

void ost_bpf_ring_close(struct ost_bpf_ring *ring)
{
	if (ring->producer)
		munmap((void *)ring->producer, ring->page + 2 * ring->bytes);
	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	ring->producer = NULL;
	ring->consumer = NULL;
}

/* Least bytes of each type; 0 for types that aren't known. */
static const uint32_t least[] = {
	[OST_EVENT_TRAP] = sizeof(struct ost_event_trap),
	[OST_EVENT_STALL] = sizeof(struct ost_event_stall),
	[OST_EVENT_OOM] = sizeof(struct ost_event_oom),
	[OST_EVENT_RELEASE] = sizeof(struct ost_event_release),
};

static bool is_whole(const struct ost_event *event, uint32_t length)
{
	if (length < sizeof(*event) || event->size > length)
		return false;
	if (event->type >= sizeof(least) / sizeof(least[0]) || !least[event->type])
		return false;
	return event->size >= least[event->type];
}

static size_t record_room(uint32_t length)
{
	return (length + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;
}

size_t ost_bpf_drain(struct ost_bpf *bpf, size_t max, ost_bpf_event_fn fn, void *context)
{
	struct ost_bpf_ring *ring = &bpf->ring;
	unsigned long at = *ring->consumer, filled = at;
	size_t taken = 0;

	while (!max || taken < max) {
		const uint8_t *record = ring->data + (at & (ring->bytes - 1));
		uint32_t length;

		/* the producers' cache line; not to be fetched for each record */
		if (at == filled) {
			filled = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
			if (at == filled)
				break;
		}
		length = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
		if (length & BPF_RINGBUF_BUSY_BIT)
			break; /* its producer wakes us, or the timer comes */
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			const struct ost_event *event = (const void *)(record + BPF_RINGBUF_HDR_SZ);

			if (is_whole(event, length))
				fn(context, event);
			else
				ring->skipped++;
		}
		at += record_room(length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT));
		if (++taken % RELEASE_EVERY == 0)
			__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	}
	__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	return taken;
}

int ost_bpf_ring_fd(const struct ost_bpf *bpf)
{
	return bpf->ring.fd;
}
