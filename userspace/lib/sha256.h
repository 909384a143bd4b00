/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_SHA256_H
#define OST_LIB_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256 as FIPS 180-4 defines it, for names of contents; nothing here is a secret. */

#define OST_SHA256_SIZE 32	/* bytes of a digest */
#define OST_SHA256_TEXT 65	/* of its hexadecimal form, with NUL */

struct ost_sha256 {
	uint32_t state[8];
	uint64_t length;	/* bytes so far */
	uint8_t block[64];
	bool plain;		/* without the processor's own rounds; a test may set it */
};

void ost_sha256_init(struct ost_sha256 *sha);
void ost_sha256_add(struct ost_sha256 *sha, const void *bytes, size_t size);

/** ost_sha256_end() - the digest; @sha is used up */
void ost_sha256_end(struct ost_sha256 *sha, uint8_t digest[OST_SHA256_SIZE]);

/** ost_sha256_end_text() - the digest in hexadecimal, lower case */
void ost_sha256_end_text(struct ost_sha256 *sha, char text[OST_SHA256_TEXT]);

#endif
