// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Options structs of other versions, and error texts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "lib/plugin/plugin.h"

struct opts {
	size_t sz;
	uint32_t number;
	bool flag;
};

/* As a later version of the library has it. */
struct long_opts {
	struct opts known;
	uint64_t later;
};

static void test_null_is_defaults(void **state)
{
	struct opts known = { 1, 2, true };

	(void)state;
	assert_int_equal(kp_opts(&known, sizeof(known), NULL, "opts"), 0);
	assert_int_equal(known.number, 0);
	assert_false(known.flag);
}

static void test_exact(void **state)
{
	struct opts opts = { sizeof(opts), 7, true }, known;

	(void)state;
	assert_int_equal(kp_opts(&known, sizeof(known), &opts, "opts"), 0);
	assert_int_equal(known.number, 7);
	assert_true(known.flag);
}

/* A member that the caller does not know is 0, whatever lies behind its struct. */
static void test_short(void **state)
{
	struct opts opts = { offsetof(struct opts, number), 7, true }, known;

	(void)state;
	assert_int_equal(kp_opts(&known, sizeof(known), &opts, "opts"), 0);
	assert_int_equal(known.number, 0);
	assert_false(known.flag);
}

static void test_long_and_zero(void **state)
{
	struct long_opts opts = { { sizeof(opts), 7, true }, 0 };
	struct opts known;

	(void)state;
	assert_int_equal(kp_opts(&known, sizeof(known), &opts, "opts"), 0);
	assert_int_equal(known.number, 7);
}

static void test_long_and_set(void **state)
{
	struct long_opts opts = { { sizeof(opts), 7, true }, 1ULL << 56 };
	struct opts known;

	(void)state;
	assert_int_equal(kp_opts(&known, sizeof(known), &opts, "opts"), -EINVAL);
	assert_string_equal(kplug_error(),
			    "struct opts: byte 23 is set, but this library knows only 16 bytes; update the library");
}

static void test_no_size(void **state)
{
	struct opts opts = { 0, 7, true }, known;

	(void)state;
	assert_int_equal(kp_opts(&known, sizeof(known), &opts, "opts"), -EINVAL);
	assert_string_equal(kplug_error(), "struct opts: sz is 0; set it to the struct's size");
}

/* Each function that takes options looks at them before anything else. */
static void test_every_function_checks(void **state)
{
	struct kplug_open_opts open_opts = { .sz = 0 };
	struct kplug_alloc_opts alloc_opts = { .sz = 0 };
	struct kplug_load_opts load_opts = { .sz = 0 };
	struct kplug_plugin plugin = { .consumed = true };
	struct kplug_device dev = { .name = "x", .fd = -1 }, *opened = NULL;
	struct kplug_buffer *buf = NULL;

	(void)state;
	assert_int_equal(kplug_device_open("x", &open_opts, &opened), -EINVAL);
	assert_string_equal(kplug_error(), "struct kplug_open_opts: sz is 0; set it to the struct's size");
	assert_int_equal(kplug_buffer_alloc(&dev, "x", 1, &alloc_opts, &buf), -EINVAL);
	assert_string_equal(kplug_error(), "struct kplug_alloc_opts: sz is 0; set it to the struct's size");
	assert_int_equal(kplug_plugin_load(&plugin, &dev, &load_opts), -EINVAL);
	assert_string_equal(kplug_error(), "struct kplug_load_opts: sz is 0; set it to the struct's size");
	assert_null(opened);
	assert_null(buf);
}

static const struct kp_reason reasons[] = {
	{ ENOENT, "there is none; make one" },
	{ ENODEV, "an own reason" },
	{ 0, NULL },
};

static void test_own_reason(void **state)
{
	(void)state;
	assert_int_equal(kp_fail(-ENOENT, reasons, "thing %d", 7), -ENOENT);
	assert_string_equal(kplug_error(), "thing 7: there is none; make one");
}

static void test_own_reason_before_common(void **state)
{
	(void)state;
	assert_int_equal(kp_fail(-ENODEV, reasons, "thing"), -ENODEV);
	assert_string_equal(kplug_error(), "thing: an own reason");
}

static void test_common_reason(void **state)
{
	(void)state;
	assert_int_equal(kp_fail(-EPERM, reasons, "thing"), -EPERM);
	assert_string_equal(kplug_error(), "thing: a capability is missing; run it as root");
}

static void test_system_reason(void **state)
{
	(void)state;
	assert_int_equal(kp_fail(-EFBIG, NULL, "thing"), -EFBIG);
	assert_string_equal(kplug_error(), "thing: File too large");
}

static void test_text_of_itself(void **state)
{
	(void)state;
	kp_err(-EIO, "inner");
	kp_err(-EIO, "outer: %s", kplug_error());
	assert_string_equal(kplug_error(), "outer: inner");
}

static void test_long_text_is_cut(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	kp_fail(-ENOENT, reasons, "%s", text);
	assert_int_equal(strlen(kplug_error()), 2047);
}

static void *other_thread(void *arg)
{
	(void)arg;
	if (strcmp(kplug_error(), ""))
		return "the other thread's text";
	kp_err(-EIO, "mine");
	return NULL;
}

static void test_text_is_the_threads(void **state)
{
	pthread_t thread;
	void *result;

	(void)state;
	kp_err(-EIO, "this one's");
	assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_null(result);
	assert_string_equal(kplug_error(), "this one's");
}

static void take_message(enum kplug_log_level level, const char *text, void *arg)
{
	assert_int_equal(level, KPLUG_LOG_INFO);
	assert_string_equal(text, "seven is 7");
	++*(int *)arg;
}

static void test_log(void **state)
{
	int messages = 0;

	(void)state;
	kp_log(KPLUG_LOG_WARN, "dropped");
	kplug_set_log(take_message, &messages);
	kp_log(KPLUG_LOG_INFO, "seven is %d", 7);
	kplug_set_log(NULL, NULL);
	kp_log(KPLUG_LOG_WARN, "dropped");
	assert_int_equal(messages, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_null_is_defaults),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_long_and_zero),
		cmocka_unit_test(test_long_and_set),
		cmocka_unit_test(test_no_size),
		cmocka_unit_test(test_every_function_checks),
		cmocka_unit_test(test_own_reason),
		cmocka_unit_test(test_own_reason_before_common),
		cmocka_unit_test(test_common_reason),
		cmocka_unit_test(test_system_reason),
		cmocka_unit_test(test_text_of_itself),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_text_is_the_threads),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests_name("lib options and errors", tests, NULL, NULL);
}
