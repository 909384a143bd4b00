// SPDX-License-Identifier: GPL-2.0
/* Demand: what comes in for an instance's IP sockets. Counts, and lets everything pass. */
#include "ostler.bpf.h"

#include <bpf/bpf_endian.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

char LICENSE[] SEC("license") = "GPL";

#define PASS 1

/* bytes 12 of a TCP header: its length in words of 4, in the upper half */
#define TCP_DOFF_AT 12
#define UDP_HEADER 8

static __always_inline bool ip_header(struct __sk_buff *skb, __u32 *length, __u8 *protocol)
{
	struct ipv6hdr ip6;
	struct iphdr ip;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return false;
		*length = ip.ihl * 4;
		*protocol = ip.protocol;
		return true;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (bpf_skb_load_bytes(skb, 0, &ip6, sizeof(ip6)))
			return false;
		*length = sizeof(ip6);
		*protocol = ip6.nexthdr;
		return true;
	}
	return false;
}

/* Whether it is a message: a TCP segment that carries nothing only acknowledges what the instance
 * sent. */
static __always_inline bool is_message(struct __sk_buff *skb, __u32 *payload)
{
	__u32 header;
	__u8 protocol, doff = 0;

	*payload = skb->len;
	if (!ip_header(skb, &header, &protocol))
		return true;
	if (protocol == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, header + TCP_DOFF_AT, &doff, sizeof(doff)))
			return false;
		header += (doff >> 4) * 4;
	} else if (protocol == IPPROTO_UDP) {
		header += UDP_HEADER;
	}
	*payload = skb->len > header ? skb->len - header : 0;
	return *payload || protocol != IPPROTO_TCP;
}

/* as counters_of_current(), for the socket that the packet has reached */
static __always_inline struct ost_counters *counters_of_skb(struct __sk_buff *skb)
{
	struct ost_counters *found = counters_of(bpf_skb_cgroup_id(skb));

	if (found)
		return found;
	for (int level = 1; level < DEPTH_MAX; level++) {
		__u64 id = bpf_skb_ancestor_cgroup_id(skb, level);
		struct ost_counters *inner;

		if (!id)
			break;
		inner = counters_of(id);
		if (inner)
			found = inner;
	}
	return found;
}

SEC("cgroup_skb/ingress")
int demand_ingress(struct __sk_buff *skb)
{
	struct ost_counters *instance;
	__u32 payload;

	if (!is_message(skb, &payload))
		return PASS;
	instance = counters_of_skb(skb);
	if (!instance)
		return PASS;
	count(&instance->ingress_messages, 1);
	count(&instance->ingress_bytes, payload);
	instance->last_ingress_ns = bpf_ktime_get_ns();
	return PASS;
}
