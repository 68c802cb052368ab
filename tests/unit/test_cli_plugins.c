// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* shows: cli:call cli:plugin-info cli:plugin-list cli:plugin-load cli:plugin-rollback cli:plugin-show */
/* shows: cli:plugin-swap cli:plugin-unload cli:reg-read cli:reg-write */
/* The commands on a device that is played: plugins, calls and registers. */
#include "fake_machine.h"

static void plugins(void **state)
{
	cJSON *json, *first;

	(void)state;
	assert_done(run_cli("plugin", "list"), "DEVICE  PLUGIN  VERSION  SWAPS  MISSES  HOOKS\n"
					       "soft0   edu     1.0      3      5       call,interrupt\n");
	json = parse_output(run_cli("plugin", "list", "--json"));
	first = cJSON_GetArrayItem(json, 0);
	assert_text(first, "device", "soft0");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(first, "hooks")), 2);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(first, "prog_ids"), "call")->valueint, 12);
	cJSON_Delete(json);
	assert_non_null(strstr(run_cli("plugin", "show", "soft0")->out, "pinned      no\n"));
	assert_non_null(strstr(run_cli("plugin", "show", "soft0")->out, "misses      5\n"));
	assert_non_null(strstr(run_cli("plugin", "show", "soft0")->out, "swaps       3\nlast error  -22 (EINVAL)\n"));
	assert_non_null(strstr(run_cli("plugin", "show", "soft0")->out, "previous    edu 0.9\n"));
	json = parse_output(run_cli("plugin", "show", "soft0", "--json"));
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "pinned")));
	assert_text(cJSON_GetObjectItem(json, "previous"), "version", "0.9");
	assert_int_equal(cJSON_GetObjectItem(json, "last_error")->valueint, -EINVAL);
	cJSON_Delete(json);
	assert_done(run_cli("plugin", "rollback", "soft0"), "");
	fake.has_previous = false;
	assert_error(run_cli("plugin", "rollback", "soft0"), 1, "device soft0: there is no version to roll back to");
	assert_non_null(strstr(run_cli("plugin", "show", "soft0")->out, "previous    none\n"));
	assert_error(run_cli("plugin", "swap", "soft0", "/nosuch"), 1, "/nosuch: ");
	assert_error(run_cli("plugin", "load", "soft0", "/nosuch"), 1, "/nosuch: ");
	assert_error(run_cli("plugin", "info", "/nosuch"), 1, "/nosuch: ");
	assert_error(run_cli("plugin", "info", "/"), 1, "/: ");
	assert_done(run_cli("plugin", "unload", "soft0"), "");
	assert_error(run_cli("plugin", "unload", "soft0"), 1, "soft0");
	assert_error(run_cli("plugin", "show", "soft0"), 1, "soft0");
	assert_done(run_cli("plugin", "list", "--json"), "[]\n");
}

static void calls(void **state)
{
	const struct result *r;
	cJSON *json;

	(void)state;
	fake.answer = 42;
	assert_done(run_cli("call", "soft0", "0xffffffff", "--data", "00fe", "--size", "4"),
		    "result 42\ndata 01ff0101\n");
	assert_true(fake.call.message == UINT32_MAX);
	assert_int_equal(fake.call.data_size, 4);
	assert_done(run_cli("call", "soft0", "1"), "result 42\n");
	assert_int_equal(fake.call.data_size, 0);
	assert_int_equal(fake.call.data, 0);
	fake.answer = INT64_MAX;
	r = run_cli("call", "soft0", "1", "--size", "2", "--json");
	assert_non_null(strstr(r->out, "9223372036854775807"));
	json = parse_output(r);
	assert_text(json, "data", "0101");
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "error")));
	cJSON_Delete(json);
	fake.answer = -EINVAL;
	r = run_cli("call", "soft0", "7");
	assert_int_equal(r->code, 1);
	assert_string_equal(r->out, "result -22\n");
	assert_non_null(strstr(r->err, "kplug: soft0: the plugin answered message 7 with -22 (EINVAL)"));
	r = run_cli("call", "soft0", "7", "--json");
	assert_int_equal(r->code, 1);
	assert_non_null(strstr(r->out, "\"EINVAL\""));
	fake.answer = INT64_MIN;
	assert_non_null(strstr(run_cli("call", "soft0", "7")->err, "-9223372036854775808 (not an errno)"));
	fake.call_errno = ENOMSG;
	assert_error(run_cli("call", "soft0", "7"), 1, "call 7 to device soft0");
}

static void module_of_another_version(void **state)
{
	struct kplug_device *opened = NULL;

	(void)state;
	fake.api_version = KPLUG_API_VERSION + 1;
	assert_int_equal(kplug_device_open("soft0", NULL, &opened), -EPROTO);
	assert_error(run_cli("info", "soft0"), 1,
		     "device soft0: the module kplug has API version 3, this library 2; install matching versions");
	fake.api_version = 1;
	assert_int_equal(kplug_device_open("soft0", NULL, &opened), -EINVAL);
	assert_error(run_cli("info", "soft0"), 1,
		     "device soft0: the module kplug is older than this library; install matching versions");
}

static void call_with_a_file(void **state)
{
	char path[128];

	(void)state;
	put("\x01\x02\x03", "data");
	snprintf(path, sizeof(path), "%s/data", fake.root);
	assert_done(run_cli("call", "soft0", "1", "--data-file", path), "result 0\ndata 020304\n");
}

static void registers(void **state)
{
	(void)state;
	assert_done(run_cli("reg", "read", "soft0", "0", "0x10"), "0x010000ed\n");
	assert_int_equal(fake.reg.width, 4);
	assert_int_equal(fake.reg.offset, 16);
	assert_int_equal(fake.reg.flags, 0);
	assert_done(run_cli("reg", "read", "soft0", "0", "8", "--width", "64"), "0x00000000010000ed\n");
	assert_int_equal(fake.reg.width, 8);
	assert_done(run_cli("reg", "write", "soft0", "0", "8", "0xffffffffffffffff", "--width", "64"), "");
	assert_int_equal(fake.reg.flags, KPLUG_REG_WRITE);
	assert_true(fake.reg.value == UINT64_MAX);
	assert_error(run_cli("reg", "read", "soft0", "1", "0"), 1, "soft0");
	assert_error(run_cli("reg", "read", "soft0", "0", "4096"), 1, "soft0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(plugins),	     FAKE_TEST(calls),	   FAKE_TEST(module_of_another_version),
		FAKE_TEST(call_with_a_file), FAKE_TEST(registers),
	};

	return FAKE_RUN("cli plugins", tests);
}
