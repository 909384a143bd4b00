// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of the doors: HotSpot's attach protocol and .NET's diagnostics IPC. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/dotnet_ipc.h"
#include "lib/jvm_attach.h"

static void writes_attach_requests(void **state)
{
	const char *const args[OST_JVM_ATTACH_ARGS] = { "GC.run" };
	static const char wanted[] = "1\0jcmd\0GC.run\0\0";
	char long_arg[1100], buf[4096];
	const char *const too_long[OST_JVM_ATTACH_ARGS] = { long_arg };

	assert_int_equal(ost_jvm_attach_request(buf, sizeof(buf), "jcmd", args), sizeof(wanted));
	assert_memory_equal(buf, wanted, sizeof(wanted));
	for (size_t size = 0; size < sizeof(wanted); size++)
		assert_int_equal(ost_jvm_attach_request(buf, size, "jcmd", args), -E2BIG);
	assert_int_equal(ost_jvm_attach_request(buf, sizeof(wanted), "jcmd", args), sizeof(wanted));
	memset(long_arg, 'a', sizeof(long_arg) - 1);
	long_arg[1025] = '\0';
	assert_int_equal(ost_jvm_attach_request(buf, sizeof(buf), "load", too_long), -E2BIG);
	assert_int_equal(ost_jvm_attach_request(buf, sizeof(buf), "seventeen_letters", args),
			 -E2BIG);
}

static struct ost_jvm_attach_reply reply;

static int parse(const char *text)
{
	return ost_jvm_attach_parse(text, strlen(text), &reply);
}

static void takes_attach_replies(void **state)
{
	assert_int_equal(parse("0\nCommand executed successfully\n"), 0);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.len, 30);
	assert_int_equal(parse("-1"), 0);
	assert_int_equal(reply.code, -1);
	assert_int_equal(reply.len, 0);
	assert_int_equal(parse("101\n"), 0);
	assert_int_equal(reply.code, 101);
	assert_int_equal(parse(""), -EBADMSG);
	assert_int_equal(parse("-"), -EBADMSG);
	assert_int_equal(parse("ok\n"), -EBADMSG);
	assert_int_equal(parse("1x\n"), -EBADMSG);
	assert_int_equal(parse("99999999999999999999\n"), -EBADMSG);
}

static void takes_what_a_library_returned(void **state)
{
	int code = 99;

	assert_int_equal(parse("0\nreturn code: 0\n"), 0);
	assert_int_equal(ost_jvm_attach_load_code(&reply, &code), 0);
	assert_int_equal(code, 0);
	assert_int_equal(parse("0\nreturn code: -1"), 0);
	assert_int_equal(ost_jvm_attach_load_code(&reply, &code), 0);
	assert_int_equal(code, -1);
	assert_int_equal(parse("0\n7\n"), 0);
	assert_int_equal(ost_jvm_attach_load_code(&reply, &code), 0);
	assert_int_equal(code, 7);
	assert_int_equal(parse("0\n/a.so was not loaded.\n"), 0);
	assert_int_equal(ost_jvm_attach_load_code(&reply, &code), -ENOENT);
	assert_int_equal(parse("0\n"), 0);
	assert_int_equal(ost_jvm_attach_load_code(&reply, &code), -ENOENT);
}

static void writes_dotnet_requests(void **state)
{
	static const unsigned char wanted[] = {
		'D', 'O', 'T', 'N', 'E', 'T', '_', 'I', 'P', 'C', '_', 'V', '1', 0,
		30, 0, 4, 7, 0, 0, 3, 0, 0, 0, '/', 0, 'a', 0, 0, 0,
	};
	uint8_t buf[64];

	assert_int_equal(ost_dotnet_startup_hook(buf, sizeof(buf), "/a"), sizeof(wanted));
	assert_memory_equal(buf, wanted, sizeof(wanted));
	assert_int_equal(ost_dotnet_startup_hook(buf, sizeof(wanted) - 1, "/a"), -E2BIG);
	assert_int_equal(ost_dotnet_startup_hook(buf, sizeof(buf), "a"), -EINVAL);
	assert_int_equal(ost_dotnet_startup_hook(buf, sizeof(buf), ""), -EINVAL);
	assert_int_equal(ost_dotnet_startup_hook(buf, sizeof(buf), "/\xc3\xa4"), -EINVAL);
}

static void takes_dotnet_replies(void **state)
{
	uint8_t ok[24] = "DOTNET_IPC_V1";
	uint32_t hresult = 1;

	ok[14] = 20;
	ok[16] = 0xff;
	assert_int_equal(ost_dotnet_reply_size(ok), 20);
	assert_int_equal(ost_dotnet_reply(ok, 20, &hresult), 0);
	assert_int_equal(hresult, 0);
	assert_int_equal(ost_dotnet_reply(ok, 19, &hresult), -EBADMSG);
	assert_int_equal(ost_dotnet_reply(ok, 24, &hresult), -EBADMSG);
	ok[17] = 0xff;
	assert_int_equal(ost_dotnet_reply(ok, 20, &hresult), -EBADMSG);
	ok[14] = 24;
	memcpy(ok + 20, "\x84\x13\x13\x80", 4);
	assert_int_equal(ost_dotnet_reply(ok, 24, &hresult), 0);
	assert_int_equal(hresult, 0x80131384);
	ok[17] = 3;
	assert_int_equal(ost_dotnet_reply(ok, 24, &hresult), -EBADMSG);
	ok[15] = 0xff;
	assert_int_equal(ost_dotnet_reply_size(ok), -EBADMSG);
	ok[15] = 0;
	ok[14] = 19;
	assert_int_equal(ost_dotnet_reply_size(ok), -EBADMSG);
	ok[14] = 20;
	ok[16] = 1;
	assert_int_equal(ost_dotnet_reply_size(ok), -EBADMSG);
	ok[16] = 0xff;
	ok[0] = 'd';
	assert_int_equal(ost_dotnet_reply_size(ok), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_attach_requests),
		cmocka_unit_test(takes_attach_replies),
		cmocka_unit_test(takes_what_a_library_returned),
		cmocka_unit_test(writes_dotnet_requests),
		cmocka_unit_test(takes_dotnet_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
