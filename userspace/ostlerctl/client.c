// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerctl/client.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Largest answer that is taken, bytes: a host of the most instances tells about 30 MiB. */
#define ANSWER_MAX (256ul * 1024 * 1024)

/* Longest line of a stream, bytes. */
#define LINE_MAX_BYTES (1024 * 1024)

/* How long an answer may take, in seconds: to a question, and to a change, which the daemon itself
 * bounds. */
#define ANSWER_S 30L
#define CHANGE_S 7300L

/* What is being received. */
struct intake {
	struct ost_reply *reply;
	bool (*line)(void *context, const char *text);
	void *context;
	CURL *curl;
	long wait_s; /* 0: for ever */
	bool stopped;
	bool too_large;
};

/*
 * libcurl is loaded by the verbs that ask the daemon: it brings some 25 libraries along, and
 * loading them takes longer than a whole scan from the cache.
 */
#define CURL_LIBRARY "libcurl.so.4"
#define CURL_FUNCTIONS(X) \
	X(global_init) X(global_cleanup) X(easy_init) X(easy_cleanup) X(easy_reset) \
	X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_strerror) X(slist_append) \
	X(slist_free_all)

static struct {
#define DECLARE(name) __typeof__(&(curl_##name)) name;
	CURL_FUNCTIONS(DECLARE)
#undef DECLARE
} lib;

static bool load(void)
{
	void *handle = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return false;
#define FIND(name) \
	*(void **)&lib.name = dlsym(handle, "curl_" #name); \
	if (!lib.name) \
		return false;
	CURL_FUNCTIONS(FIND)
#undef FIND
	return true;
}

int ost_client_open(struct ost_client *client, const char *socket)
{
	client->socket = socket;
	if (!load())
		return -ELIBACC;
	client->curl = lib.global_init(CURL_GLOBAL_DEFAULT) ? NULL : lib.easy_init();
	return client->curl ? 0 : -ENOMEM;
}

void ost_client_close(struct ost_client *client)
{
	lib.easy_cleanup(client->curl);
	lib.global_cleanup();
}

static bool append(struct intake *intake, const char *data, size_t len, size_t max)
{
	struct ost_reply *reply = intake->reply;
	char *grown;

	if (reply->len + len > max) {
		intake->too_large = true;
		return false;
	}
	grown = realloc(reply->text, reply->len + len + 1);
	if (!grown)
		return false;
	memcpy(grown + reply->len, data, len);
	reply->text = grown;
	reply->len += len;
	reply->text[reply->len] = '\0';
	return true;
}

/* Hand out the whole lines; what is left moves to the front. */
static bool hand_out(struct intake *intake)
{
	struct ost_reply *reply = intake->reply;
	char *at = reply->text, *end;

	while ((end = memchr(at, '\n', reply->len - (at - reply->text)))) {
		*end = '\0';
		if (*at && !intake->line(intake->context, at)) {
			intake->stopped = true;
			return false;
		}
		at = end + 1;
	}
	reply->len -= at - reply->text;
	memmove(reply->text, at, reply->len + 1);
	return true;
}

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
	struct intake *intake = arg;
	size_t len = size * count;
	long status = 0;

	lib.easy_getinfo(intake->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!intake->line || status != 200)
		return append(intake, data, len, ANSWER_MAX) ? len : 0;
	return append(intake, data, len, LINE_MAX_BYTES) && hand_out(intake) ? len : 0;
}

static int failed(struct ost_client *client, CURLcode code, const struct intake *intake,
		  struct ost_error *err)
{
	long system = 0;

	if (intake->too_large)
		return ost_error_set(err, -EPROTO,
				     "the answer of %s is too large to be one of ostlerd",
				     client->socket);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return ost_error_set(err, -ETIMEDOUT, "no answer came from %s in time",
				     client->socket);
	if (code != CURLE_COULDNT_CONNECT)
		return ost_error_set(err, -EPROTO,
				     "no HTTP answer came from %s: %s; did ostlerd end?",
				     client->socket, lib.easy_strerror(code));
	lib.easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &system);
	return ost_error_set(
		err, -ECONNREFUSED,
		"no daemon answers at %s%s%s; is ostlerd running, and is that its [api] "
		"socket? --socket names another",
		client->socket, system ? ": " : "", system ? strerror((int)system) : "");
}

static int perform(struct ost_client *client, const char *path, struct intake *intake,
		   struct ost_error *err)
{
	CURL *curl = client->curl;
	CURLcode code;
	char url[2048];

	snprintf(url, sizeof(url), "http://ostler%s", path);
	intake->curl = curl;
	lib.easy_setopt(curl, CURLOPT_URL, url);
	lib.easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	lib.easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	lib.easy_setopt(curl, CURLOPT_PROXY, "");
	lib.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	lib.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	lib.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	lib.easy_setopt(curl, CURLOPT_TIMEOUT, intake->wait_s);
	lib.easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	lib.easy_setopt(curl, CURLOPT_WRITEDATA, intake);
	code = lib.easy_perform(curl);
	lib.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &intake->reply->status);
	/* a stream has no end of its own, so however it ends it was one */
	if (code == CURLE_OK || intake->stopped ||
	    (intake->line && intake->reply->status == 200 && !intake->too_large))
		return 0;
	return failed(client, code, intake, err);
}

int ost_client_call(struct ost_client *client, const char *method, const char *path,
		    const char *body, struct ost_reply *reply, struct ost_error *err)
{
	struct intake intake = {
		.reply = reply,
		.wait_s = strcmp(method, "GET") ? CHANGE_S : ANSWER_S,
	};
	struct curl_slist *headers = NULL;
	int ret;

	memset(reply, 0, sizeof(*reply));
	lib.easy_reset(client->curl);
	lib.easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
	if (body) {
		headers = lib.slist_append(NULL, "Content-Type: application/json");
		lib.easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
		lib.easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	}
	ret = perform(client, path, &intake, err);
	lib.slist_free_all(headers);
	return ret;
}

int ost_client_stream(struct ost_client *client, const char *path,
		      bool (*line)(void *context, const char *text), void *context,
		      struct ost_reply *reply, struct ost_error *err)
{
	struct intake intake = {.reply = reply, .line = line, .context = context};

	memset(reply, 0, sizeof(*reply));
	lib.easy_reset(client->curl);
	return perform(client, path, &intake, err);
}
