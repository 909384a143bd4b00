// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve.h"
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HEADER_MAX 8192

/* Answers kept, as many services do: small and long-lived, they lie among what is freed. */
#define CACHED 64

static struct {
	uint64_t seed;
	char *reply;
} cache[CACHED];

uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

uint64_t random_seed(uint64_t seed)
{
	/* splitmix64: neighbouring seeds end up far apart */
	seed += 0x9e3779b97f4a7c15ull;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ull;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebull;
	return (seed ^ seed >> 31) | 1;
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	if (!hash)
		hash = 0xcbf29ce484222325ull;
	while (n--)
		hash = (hash ^ *p++) * 0x100000001b3ull;
	return hash;
}

static void answer(int fd, const char *status, const char *text)
{
	char response[1024];
	int n = snprintf(response, sizeof(response),
			 "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
			 status, strlen(text) + 1, text);

	if (n > 0 && n < (int)sizeof(response))
		send(fd, response, n, MSG_NOSIGNAL);
}

static void run(int fd, uint64_t seed)
{
	size_t slot = seed % CACHED;
	char reply[256] = "";

	/* the function runs at every request: what is kept is for the record */
	function_run(seed, reply, sizeof(reply));
	free(cache[slot].reply);
	cache[slot].seed = seed;
	cache[slot].reply = strdup(reply);
	answer(fd, "200 OK", reply);
}

static void handle(int fd)
{
	struct timeval patience = {.tv_sec = 5};
	char head[HEADER_MAX + 1];
	size_t used = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (;;) {
		ssize_t n = recv(fd, head + used, HEADER_MAX - used, 0);

		if (n <= 0)
			return;
		used += n;
		head[used] = '\0';
		if (strstr(head, "\r\n\r\n"))
			break;
		if (used == HEADER_MAX)
			return;
	}
	if (!strncmp(head, "GET /ready ", 11)) {
		answer(fd, "200 OK", "ready");
	} else if (!strncmp(head, "GET /?n=", 8) && head[8] >= '0' && head[8] <= '9') {
		run(fd, strtoull(head + 8, NULL, 10));
	} else {
		answer(fd, "400 Bad Request", "wanted: GET /?n=SEED");
	}
}

int main(void)
{
	const char *port = getenv("PORT");
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port ? atoi(port) : 8080),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 16))
		err(1, "listening on 127.0.0.1:%s", port ? port : "8080");
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		/* on purpose strict: no signal was asked for, so none may show here */
		if (fd < 0)
			err(1, "accept");
		handle(fd);
		close(fd);
	}
}
