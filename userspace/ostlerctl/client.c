// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerctl/client.h"

#include <curl/curl.h>
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

int ost_client_open(struct ost_client *client, const char *socket)
{
	client->socket = socket;
	client->curl = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();
	return client->curl ? 0 : -ENOMEM;
}

void ost_client_close(struct ost_client *client)
{
	curl_easy_cleanup(client->curl);
	curl_global_cleanup();
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

	curl_easy_getinfo(intake->curl, CURLINFO_RESPONSE_CODE, &status);
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
				     client->socket, curl_easy_strerror(code));
	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &system);
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
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, intake->wait_s);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, intake);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &intake->reply->status);
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
	curl_easy_reset(client->curl);
	curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
	if (body) {
		headers = curl_slist_append(NULL, "Content-Type: application/json");
		curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	}
	ret = perform(client, path, &intake, err);
	curl_slist_free_all(headers);
	return ret;
}

int ost_client_stream(struct ost_client *client, const char *path,
		      bool (*line)(void *context, const char *text), void *context,
		      struct ost_reply *reply, struct ost_error *err)
{
	struct intake intake = {.reply = reply, .line = line, .context = context};

	memset(reply, 0, sizeof(*reply));
	curl_easy_reset(client->curl);
	return perform(client, path, &intake, err);
}
