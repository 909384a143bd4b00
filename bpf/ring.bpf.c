// SPDX-License-Identifier: GPL-2.0
/* The maps, and what the loader sets: defined once, for all the probes. */
#include "ostler.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 stall_min_ns = 10 * 1000 * 1000;
const volatile __u64 release_min_bytes = 1 << 20;
const volatile __u64 wake_bytes = 16 << 10;

struct instances_map instances SEC(".maps");
struct counters_map counters SEC(".maps");
struct drops_map drops SEC(".maps");
struct ring_map ring SEC(".maps");
struct tasks_map tasks SEC(".maps");
