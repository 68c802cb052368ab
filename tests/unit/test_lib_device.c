// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* What needs a device's struct, or an fd of any kind, but no kernel module: argument checks, and waiting on a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/plugin/plugin.h"

/* BAR 0 has 256 bytes, BAR 2 three. */
static struct kplug_device dev = {
	.name = "0000:00:03.0",
	.fd = -1,
	.info = { .out_api_version = KPLUG_API_VERSION,
		  .out_vendor = 0x8086,
		  .out_device = 0x10d3,
		  .out_bar_size = { [0] = 256, [2] = 3 } },
};

static void expect_reg(uint32_t bar, uint64_t offset, uint32_t width, int err, const char *text)
{
	uint64_t value = 0x5a5a;

	assert_int_equal(kp_reg_check(&dev, bar, offset, width), err);
	assert_int_equal(kplug_reg_read(&dev, bar, offset, width, &value), err);
	assert_int_equal(value, 0x5a5a);
	assert_string_equal(kplug_error(), text);
	assert_int_equal(kplug_reg_write(&dev, bar, offset, width, 0), err);
	assert_string_equal(kplug_error(), text);
}

static void test_reg_good(void **state)
{
	(void)state;
	assert_int_equal(kp_reg_check(&dev, 0, 0, 1), 0);
	assert_int_equal(kp_reg_check(&dev, 0, 255, 1), 0);
	assert_int_equal(kp_reg_check(&dev, 0, 254, 2), 0);
	assert_int_equal(kp_reg_check(&dev, 0, 252, 4), 0);
	assert_int_equal(kp_reg_check(&dev, 0, 248, 8), 0);
	assert_int_equal(kp_reg_check(&dev, 2, 2, 1), 0);
}

static void test_reg_no_such_bar(void **state)
{
	(void)state;
	expect_reg(1, 0, 4, -ERANGE, "device 0000:00:03.0: has no memory BAR 1");
}

static void test_reg_bar_number_too_large(void **state)
{
	(void)state;
	expect_reg(6, 0, 4, -ERANGE, "device 0000:00:03.0: has no memory BAR 6");
}

static void test_reg_width_zero(void **state)
{
	(void)state;
	expect_reg(0, 0, 0, -EINVAL, "device 0000:00:03.0: register width 0; it must be 1, 2, 4 or 8 bytes");
}

static void test_reg_width_three(void **state)
{
	(void)state;
	expect_reg(0, 0, 3, -EINVAL, "device 0000:00:03.0: register width 3; it must be 1, 2, 4 or 8 bytes");
}

static void test_reg_misaligned(void **state)
{
	(void)state;
	expect_reg(0, 2, 4, -EINVAL, "device 0000:00:03.0: register offset 0x2 is not a multiple of its width, 4");
}

static void test_reg_at_the_end(void **state)
{
	(void)state;
	expect_reg(0, 256, 4, -ERANGE,
		   "device 0000:00:03.0: register offset 0x100 is outside BAR 0, which has 0x100 bytes");
}

static void test_reg_offset_overflow(void **state)
{
	(void)state;
	expect_reg(0, UINT64_MAX - 7, 8, -ERANGE,
		   "device 0000:00:03.0: register offset 0xfffffffffffffff8 is outside BAR 0, which has 0x100 bytes");
}

static void test_reg_wider_than_bar(void **state)
{
	(void)state;
	expect_reg(2, 0, 4, -ERANGE, "device 0000:00:03.0: register offset 0x0 is outside BAR 2, which has 0x3 bytes");
}

/* The access has exactly the width: its neighbours stay. */
static void test_reg_mapped(void **state)
{
	static const uint64_t writes[] = { 0x11, 0x2222, 0x44444444, 0x8888888888888888 };
	uint64_t words[32];
	struct kplug_device mapped = dev;
	uint32_t width;
	uint64_t value;
	size_t i;

	(void)state;
	mapped.bar[0] = words;
	mapped.info.out_flags = KPLUG_INFO_BAR_MMAP;
	for (i = 0; i < 4; i++) {
		width = 1U << i;
		memset(words, 0xff, sizeof(words));
		assert_int_equal(kplug_reg_write(&mapped, 0, 8, width, writes[i]), 0);
		assert_int_equal(kplug_reg_read(&mapped, 0, 8, width, &value), 0);
		assert_int_equal(value, writes[i]);
		memset((char *)words + 8, 0xff, width);
		for (value = 0; value < 32; value++)
			assert_int_equal(words[value], UINT64_MAX);
	}
}

static void test_buffer_name_of_300_bytes(void **state)
{
	struct kplug_buffer *buf = NULL;
	char name[301];

	(void)state;
	memset(name, 'a', 300);
	name[300] = '\0';
	assert_int_equal(kplug_buffer_alloc(&dev, name, 4096, NULL, &buf), -EINVAL);
	assert_string_equal(kplug_error(),
			    "buffer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: the name has 300 "
			    "bytes; use 1 to 15");
	assert_null(buf);
}

static void test_buffer_without_name(void **state)
{
	struct kplug_buffer *buf = NULL;

	(void)state;
	assert_int_equal(kplug_buffer_open(&dev, "", &buf), -EINVAL);
	assert_string_equal(kplug_error(), "buffer : the name has 0 bytes; use 1 to 15");
	assert_null(buf);
}

static void test_call_too_large(void **state)
{
	static char data[KPLUG_CALL_MAX + 1];
	int64_t result = 5;

	(void)state;
	assert_int_equal(kplug_call(&dev, 3, data, sizeof(data), &result), -E2BIG);
	assert_string_equal(kplug_error(),
			    "call 3 to device 0000:00:03.0: 4097 bytes of data; at most 4096, use a buffer for more");
	assert_int_equal(result, 5);
}

/* Not cut to 32 bits. */
static void test_call_size_overflow(void **state)
{
	(void)state;
	assert_int_equal(kplug_call(&dev, 3, NULL, (size_t)1 << 32, NULL), -E2BIG);
}

static void test_enable_too_large(void **state)
{
	(void)state;
	assert_int_equal(kplug_irq_enable(&dev, 0, NULL, KPLUG_CALL_MAX + 1), -E2BIG);
	assert_string_equal(kplug_error(), "vector 0 of device 0000:00:03.0: 4097 bytes of data; at most 4096");
}

static void test_plugin_for_another_device(void **state)
{
	struct kplug_plugin plugin = { .meta = { .name = "edu", .vendor = 0x1234, .device = KP_ANY_ID } };

	(void)state;
	assert_int_equal(kplug_plugin_load(&plugin, &dev, NULL), -ENXIO);
	assert_string_equal(kplug_error(), "plugin edu: it is for device 1234:any, but 0000:00:03.0 is 8086:10d3; load "
					   "another plugin, or force it");
	assert_false(plugin.consumed);
}

static void test_buffer_for_plugin_without(void **state)
{
	struct kplug_plugin plugin = { .meta = { .name = "count", .vendor = KP_ANY_ID, .device = KP_ANY_ID } };
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = "rx" };

	(void)state;
	assert_int_equal(kplug_plugin_load(&plugin, &dev, &opts), -EINVAL);
	assert_string_equal(
		kplug_error(),
		"plugin count: has neither KPLUG_BUFFER() nor KPLUG_ARENA() to put buffer rx in; name none");
}

static void test_plugin_loaded_twice(void **state)
{
	struct kplug_plugin plugin = { .meta = { .name = "edu" }, .consumed = true };

	(void)state;
	assert_int_equal(kplug_plugin_load(&plugin, &dev, NULL), -EALREADY);
	assert_string_equal(kplug_error(),
			    "plugin edu: this object was used for a load or a check before; open it again");
}

/* A device whose fd is the reading end of a pipe. */
struct pipe_device {
	struct kplug_device dev;
	int writer;
};

static void pipe_open(struct pipe_device *p)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	*p = (struct pipe_device){ .dev = { .name = "pipe", .fd = fds[0] }, .writer = fds[1] };
}

static void pipe_close(struct pipe_device *p)
{
	close(p->dev.fd);
	close(p->writer);
}

static void test_wait_gives_records(void **state)
{
	const struct kplug_record sent[3] = { { .vector = 1, .count = 2 }, { .vector = 3 }, { .vector = 5 } };
	struct kplug_record got[2] = { 0 };
	struct pipe_device p;
	size_t count = 9;

	(void)state;
	pipe_open(&p);
	assert_int_equal(write(p.writer, sent, sizeof(sent)), sizeof(sent));
	assert_int_equal(kplug_irq_wait(&p.dev, -1, got, 2, &count), 0);
	assert_int_equal(count, 2);
	assert_memory_equal(got, sent, sizeof(got));
	assert_int_equal(kplug_irq_wait(&p.dev, 0, got, 2, &count), 0);
	assert_int_equal(count, 1);
	assert_memory_equal(got, sent + 2, sizeof(*got));
	pipe_close(&p);
}

static void expect_timeout(int timeout_ms, const char *text)
{
	struct kplug_record record = { .vector = 9 };
	struct pipe_device p;
	size_t count = 9;

	pipe_open(&p);
	assert_int_equal(kplug_irq_wait(&p.dev, timeout_ms, &record, 1, &count), -ETIMEDOUT);
	assert_string_equal(kplug_error(), text);
	assert_int_equal(record.vector, 9);
	assert_int_equal(count, 9);
	pipe_close(&p);
}

static void test_wait_times_out(void **state)
{
	(void)state;
	expect_timeout(20, "device pipe: no interrupt within 20 ms");
}

static void test_wait_does_not_wait(void **state)
{
	(void)state;
	expect_timeout(0, "device pipe: no interrupt within 0 ms");
}

static void test_wait_without_room(void **state)
{
	struct kplug_record record;
	size_t count;

	(void)state;
	assert_int_equal(kplug_irq_wait(&dev, 0, &record, 0, &count), -EINVAL);
	assert_string_equal(kplug_error(),
			    "device 0000:00:03.0: waiting for interrupts: max is 0; give room for one record or more");
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void test_wait_interrupted(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	/* Again and again, lest the first comes before the wait. */
	struct itimerval timer = { { 0, 10000 }, { 0, 10000 } }, off = { 0 };
	struct kplug_record record;
	struct pipe_device p;
	size_t count;

	(void)state;
	pipe_open(&p);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	assert_int_equal(kplug_irq_wait(&p.dev, 10000, &record, 1, &count), -EINTR);
	setitimer(ITIMER_REAL, &off, NULL);
	assert_string_equal(kplug_error(), "device pipe: waiting for interrupts: interrupted by a signal; retry");
	pipe_close(&p);
}

/* The other end is gone: read() gives nothing, for ever. */
static void test_wait_at_end_of_file(void **state)
{
	struct kplug_record record;
	struct pipe_device p;
	size_t count;

	(void)state;
	pipe_open(&p);
	close(p.writer);
	p.writer = -1;
	assert_int_equal(kplug_irq_wait(&p.dev, 10000, &record, 1, &count), -EIO);
	pipe_close(&p);
}

struct waiter {
	struct kplug_device *dev;
	int err;
	pthread_t thread;
};

static void *wait_for_one(void *arg)
{
	struct waiter *waiter = arg;
	struct kplug_record record;
	size_t count;

	waiter->err = kplug_irq_wait(waiter->dev, 300, &record, 1, &count);
	return NULL;
}

/* One record for four threads: one gets it, and none stays in read(). */
static void test_wait_in_threads(void **state)
{
	const struct kplug_record record = { .vector = 1 };
	struct waiter waiter[4];
	struct pipe_device p;
	int got = 0, timed_out = 0, i;

	(void)state;
	pipe_open(&p);
	for (i = 0; i < 4; i++) {
		waiter[i].dev = &p.dev;
		assert_int_equal(pthread_create(&waiter[i].thread, NULL, wait_for_one, &waiter[i]), 0);
	}
	usleep(50000);
	assert_int_equal(write(p.writer, &record, sizeof(record)), sizeof(record));
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(waiter[i].thread, NULL), 0);
		got += !waiter[i].err;
		timed_out += waiter[i].err == -ETIMEDOUT;
	}
	assert_int_equal(got, 1);
	assert_int_equal(timed_out, 3);
	pipe_close(&p);
}

static void test_null_is_freed(void **state)
{
	(void)state;
	kplug_device_close(NULL);
	kplug_buffer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reg_good),
		cmocka_unit_test(test_reg_no_such_bar),
		cmocka_unit_test(test_reg_bar_number_too_large),
		cmocka_unit_test(test_reg_width_zero),
		cmocka_unit_test(test_reg_width_three),
		cmocka_unit_test(test_reg_misaligned),
		cmocka_unit_test(test_reg_at_the_end),
		cmocka_unit_test(test_reg_offset_overflow),
		cmocka_unit_test(test_reg_wider_than_bar),
		cmocka_unit_test(test_reg_mapped),
		cmocka_unit_test(test_buffer_name_of_300_bytes),
		cmocka_unit_test(test_buffer_without_name),
		cmocka_unit_test(test_call_too_large),
		cmocka_unit_test(test_call_size_overflow),
		cmocka_unit_test(test_enable_too_large),
		cmocka_unit_test(test_plugin_for_another_device),
		cmocka_unit_test(test_buffer_for_plugin_without),
		cmocka_unit_test(test_plugin_loaded_twice),
		cmocka_unit_test(test_wait_gives_records),
		cmocka_unit_test(test_wait_times_out),
		cmocka_unit_test(test_wait_does_not_wait),
		cmocka_unit_test(test_wait_without_room),
		cmocka_unit_test(test_wait_interrupted),
		cmocka_unit_test(test_wait_at_end_of_file),
		cmocka_unit_test(test_wait_in_threads),
		cmocka_unit_test(test_null_is_freed),
	};

	return cmocka_run_group_tests_name("lib device", tests, NULL, NULL);
}
