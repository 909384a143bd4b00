// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/json.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

static void describe_collection(const json_t *notice, char *text, size_t size)
{
	char before[24], after[24], pause[24];

	if (strcmp(ost_field_text(notice, "collection.status"), "done") != 0)
		snprintf(text, size, "%s%s%s", ost_field_text(notice, "collection.text"),
			 *ost_field_text(notice, "collection.detail") ? ": " : "",
			 ost_field_text(notice, "collection.detail"));
	else
		snprintf(text, size, "%s to %s by %s, pause %s",
			 ost_print_bytes(before, sizeof(before),
					 ost_field_u64(notice, "collection.before_bytes")),
			 ost_print_bytes(after, sizeof(after),
					 ost_field_u64(notice, "collection.after_bytes")),
			 ost_field_text(notice, "collection.door"),
			 ost_print_ms(pause, sizeof(pause),
				      ost_field_real(notice, "collection.pause_us") / 1000));
}

/* What a line says besides its time and its kind. */
static void describe(const json_t *notice, const char *change, char *text, size_t size)
{
	*text = '\0';
	if (ost_field(notice, "park"))
		snprintf(text, size, "%s[%llu] event %s%s%s: %s",
			 ost_field_text(notice, "park.comm"),
			 (unsigned long long)ost_field_u64(notice, "park.pid"),
			 ost_field_text(notice, "park.event"),
			 *ost_field_text(notice, "end") ? " ended by " : "",
			 ost_field_text(notice, "end"), ost_field_text(notice, "park.why"));
	else if (ost_field(notice, "trap"))
		snprintf(text, size, "%s: %s", ost_field_text(notice, "trap.comm"),
			 ost_field_text(notice, "trap.why"));
	else if (ost_field(notice, "collection"))
		describe_collection(notice, text, size);
	else if (!strcmp(change, "lost"))
		snprintf(text, size, "%llu notices, because this reader was too slow",
			 (unsigned long long)ost_field_u64(notice, "lost"));
	else if (!strcmp(change, "pressure"))
		snprintf(text, size, "memory is short on this host");
}

static void print_notice(const json_t *notice)
{
	uint64_t ms = ost_field_u64(notice, "time_unix_ms");
	const char *change = ost_field_text(notice, "change"), *where;
	char when[32], text[800], clean[1024];
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	/* a sign of life is for programs */
	if (!strcmp(change, "alive"))
		return;
	localtime_r(&seconds, &local);
	strftime(when, sizeof(when), "%H:%M:%S", &local);
	where = ost_field_text(notice, "instance.path");
	if (!*where)
		where = ost_field_text(notice, "park.path");
	if (!*where)
		where = ost_field_text(notice, "trap.function");
	describe(notice, change, text, sizeof(text));
	printf("%s.%03u  ", when, (unsigned int)(ms % 1000));
	ost_print_clean(change, clean, sizeof(clean));
	printf("%-9s  ", clean);
	ost_print_clean(where, clean, sizeof(clean));
	printf("%s%s", clean, *clean && *text ? "  " : "");
	ost_print_clean(text, clean, sizeof(clean));
	printf("%s\n", clean);
}

static bool on_line(void *context, const char *text)
{
	const struct ost_ctl *ctl = context;
	json_t *notice;

	if (ctl->json) {
		puts(text);
	} else if (!ost_json_parse(text, strlen(text), &notice, NULL)) {
		print_notice(notice);
		json_decref(notice);
	}
	/* whoever reads a pipe wants each line now, and when it is closed there is nobody left to
	 * tell */
	return fflush(stdout) == 0;
}

int ost_verb_watch(struct ost_ctl *ctl, int argc, char **argv)
{
	struct ost_error err = {0};
	struct ost_reply reply;
	json_t *answer = NULL;
	int ret = ost_client_stream(&ctl->client, "/v1/watch", on_line, ctl, &reply, &err);

	if (ret) {
		ret = ost_ctl_fail(ret == -ECONNREFUSED ? OST_CTL_UNREACHABLE : OST_CTL_FAILED,
				   "%s", err.text);
	} else if (reply.status != 200) {
		ost_json_parse(reply.text ? reply.text : "", reply.len, &answer, NULL);
		ret = ost_ctl_fail(OST_CTL_FAILED, "%s", ost_field_text(answer, "error.text"));
		json_decref(answer);
	} else if (!ferror(stdout)) {
		ret = ost_ctl_fail(OST_CTL_UNREACHABLE, "the daemon has ended the stream");
	}
	free(reply.text);
	return ret;
}
