// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "ostlerd/core/loop.h"

/* Hypervisors without hardware help name themselves in CPUID leaf 0x40000000. */
static bool cpu_is_emulated(void)
{
	unsigned int eax = 1, ebx, ecx = 0, edx;
	char vendor[13] = "";

	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	if (!(ecx & (1u << 31)))
		return false;
	eax = 0x40000000;
	ecx = 0;
	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	memcpy(vendor, &ebx, 4);
	memcpy(vendor + 4, &ecx, 4);
	memcpy(vendor + 8, &edx, 4);
	return !strcmp(vendor, "TCGTCGTCGTCG");
}

void ost_host_init(struct ost_host *host)
{
	struct utsname name;

	memset(host, 0, sizeof(*host));
	host->started_ns = ost_now_ns();
	if (uname(&name) == 0) {
		snprintf(host->name, sizeof(host->name), "%.63s", name.nodename);
		snprintf(host->kernel, sizeof(host->kernel), "%.63s", name.release);
	}
	host->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	host->emulated = cpu_is_emulated();
	ost_host_sample(host);
}

/* First line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks. */
static void sample_cpu(struct ost_host *host)
{
	unsigned long long t[8] = { 0 }, all = 0, busy;
	char text[512];

	if (ost_file_read(AT_FDCWD, "/proc/stat", text, sizeof(text)) <= 0)
		return;
	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
		   &t[4], &t[5], &t[6], &t[7]) < 4)
		return;
	for (int i = 0; i < 8; i++)
		all += t[i];
	busy = all - t[3] - t[4];
	if (host->cpu_all_ticks && all > host->cpu_all_ticks)
		host->busy = (double)(busy - host->cpu_busy_ticks) / (all - host->cpu_all_ticks);
	host->cpu_all_ticks = all;
	host->cpu_busy_ticks = busy;
}

void ost_host_sample(struct ost_host *host)
{
	char text[512];
	uint64_t kib;

	sample_cpu(host);
	if (ost_file_read(AT_FDCWD, "/proc/meminfo", text, sizeof(text)) <= 0)
		return;
	if (!ost_text_field(text, "MemTotal", &kib))
		host->memory_total = kib * 1024;
	if (!ost_text_field(text, "MemAvailable", &kib))
		host->memory_available = kib * 1024;
}

void ost_host_degrade(struct ost_host *host, const char *part, const char *fmt, ...)
{
	struct ost_degraded *row = NULL;
	char text[sizeof(row->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (unsigned int i = 0; i < host->degraded_count; i++)
		if (!strcmp(host->degraded[i].part, part))
			row = &host->degraded[i];
	if (row && !strcmp(row->text, text))
		return;
	ost_warn("%s: %s", part, text);
	if (!row) {
		if (host->degraded_count == OST_DEGRADED_MAX)
			return;
		row = &host->degraded[host->degraded_count++];
		snprintf(row->part, sizeof(row->part), "%s", part);
	}
	memcpy(row->text, text, sizeof(row->text));
}

void ost_host_mend(struct ost_host *host, const char *part)
{
	for (unsigned int i = 0; i < host->degraded_count; i++)
		if (!strcmp(host->degraded[i].part, part)) {
			ost_info("%s: works again", part);
			host->degraded[i] = host->degraded[--host->degraded_count];
			return;
		}
}
