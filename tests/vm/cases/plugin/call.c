// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* also: intx */
/* quick: KPLUG_SCALE=0.2 */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: KPLUG_CALL KPLUG_PLUGIN_INFO KPLUG_PLUGIN_UNLOAD hook:call kmod/plugin/hook.c kmod/plugin/kfuncs.c */
/* shows: kmod/node/ioctl.c kmod/buffer/list.c */
/* Calls: bytes in and back, results, refusals, and 1,000,000 of them (times $KPLUG_SCALE) from 8 threads. */
#include <pthread.h>
#include <stdio.h>

#include "lib/rig.h"

enum { COUNT = 1, DOUBLE, REFUSE, SILENT, LAST_BYTE, BAD_FLAG, READ, WRITE, ADDRESS, LAST_ADDRESS, STACK_ADDRESS };

static struct kplug_buffer *buf, *second; /* the second: of some tests */

static void setup(void)
{
	buf = rig_buffer(dev, "calls", 4096);
	rig_load(dev, "calls", "calls");
}

static void teardown(void)
{
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
	kplug_buffer_free(second);
	second = NULL;
}

static void bytes_come_back(void)
{
	uint8_t data[4] = { 1, 2, 3, 100 };
	int64_t result;

	assert_ok(kplug_call(dev, DOUBLE, data, sizeof(data), &result));
	assert_int_equal(result, 4);
	assert_memory_equal(data, ((uint8_t[]){ 2, 4, 6, 200 }), 4);
}

static void too_few_bytes(void)
{
	uint8_t data[3] = { 1, 2, 3 };
	int64_t result;

	assert_ok(kplug_call(dev, DOUBLE, data, sizeof(data), &result));
	assert_int_equal(result, -EMSGSIZE);
	assert_int_equal(data[0], 1);
}

static void as_many_bytes_as_fit(void)
{
	uint8_t data[KPLUG_CALL_MAX + 1] = {};
	int64_t result;

	data[KPLUG_CALL_MAX - 1] = 77;
	assert_ok(kplug_call(dev, LAST_BYTE, data, KPLUG_CALL_MAX, &result));
	assert_int_equal(result, 77);
	assert_ok(kplug_call(dev, LAST_BYTE, data, KPLUG_CALL_MAX - 1, &result));
	assert_int_equal(result, -EMSGSIZE);
	assert_errno(E2BIG, kplug_call(dev, LAST_BYTE, data, KPLUG_CALL_MAX + 1, &result));
}

static void refusal_is_a_result(void)
{
	int64_t result = 0;

	assert_ok(kplug_call(dev, REFUSE, NULL, 0, &result));
	assert_int_equal(result, -EACCES);
}

static void silence_is_no_answer(void)
{
	int64_t result = 42;

	assert_errno(ENOMSG, kplug_call(dev, SILENT, NULL, 0, &result));
	assert_int_equal(result, 42);
}

static void unknown_answer_flag(void)
{
	int64_t result;

	assert_ok(kplug_call(dev, BAD_FLAG, NULL, 0, &result));
	assert_int_equal(result, -EINVAL);
}

static void bad_pointer(void)
{
	assert_errno(EFAULT, kplug_call(dev, DOUBLE, (void *)8, 4, NULL));
}

static int64_t reg(uint32_t message, uint64_t bar, uint64_t offset, uint64_t width, uint64_t value)
{
	uint64_t arg[4] = { bar, offset, width, value };
	int64_t result;

	assert_ok(kplug_call(dev, message, arg, sizeof(arg), &result));
	return result;
}

static void plugin_reaches_registers(void)
{
	assert_int_equal(reg(READ, 0, EDU_ID, 4, 0), 0x010000ed);
	assert_int_equal(reg(WRITE, 0, EDU_LIVENESS, 4, 0x12345678), 0);
	assert_int_equal(reg(READ, 0, EDU_LIVENESS, 4, 0), (uint32_t)~0x12345678);
	assert_int_equal(reg(WRITE, 0, EDU_DMA_SRC, 8, 0x1122334455), 0);
	assert_int_equal(reg(READ, 0, EDU_DMA_SRC, 8, 0), 0x1122334455);
}

static void plugin_is_kept_in_the_bar(void)
{
	assert_int_equal(reg(WRITE, 0, 1 << 20, 4, 1), -ERANGE);
	assert_int_equal(reg(WRITE, 0, (1 << 20) - 4, 8, 1), -EINVAL);
	assert_int_equal(reg(WRITE, 0, UINT64_MAX - 7, 8, 1), -ERANGE);
	assert_int_equal(reg(WRITE, 1, 0, 4, 1), -ERANGE);
	assert_int_equal(reg(WRITE, 6, 0, 4, 1), -ERANGE);
	assert_int_equal(reg(WRITE, UINT32_MAX, 0, 4, 1), -ERANGE);
	assert_int_equal(reg(WRITE, 0, 2, 4, 1), -EINVAL);
	assert_int_equal(reg(WRITE, 0, 0, 3, 1), -EINVAL);
	assert_int_equal(reg(WRITE, 0, 0, 0, 1), -EINVAL);
	assert_int_equal(reg(READ, 0, 1 << 20, 4, 0), -1);
	assert_int_equal(reg(READ, 6, 0, 4, 0), -1);
}

static uint64_t address(uint32_t message)
{
	int64_t result;

	assert_ok(kplug_call(dev, message, NULL, 0, &result));
	return result;
}

/* Of its own buffer, be that the first of the device's two or the second. */
static void plugin_knows_the_device_address(void)
{
	second = rig_buffer(dev, "second", 4096);
	assert_int_equal(address(ADDRESS), kplug_buffer_dma_addr(buf));
	assert_int_equal(address(LAST_ADDRESS), kplug_buffer_dma_addr(buf) + 40);
	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "calls", "second");
	assert_int_equal(address(ADDRESS), kplug_buffer_dma_addr(second));
	assert_int_equal(address(LAST_ADDRESS), kplug_buffer_dma_addr(second) + 40);
}

static void other_memory_has_no_device_address(void)
{
	second = rig_buffer(dev, "second", 4096);
	assert_int_equal(address(STACK_ADDRESS), 0);
}

#define THREADS 8

static int calls = 125000; /* of each thread */

static void *caller(void *arg)
{
	uint8_t *seen = arg;
	int64_t result;
	int i;

	for (i = 0; i < calls; i++)
		if (kplug_call(dev, COUNT, NULL, 0, &result) || result < 0 || result >= THREADS * calls ||
		    __atomic_exchange_n(&seen[result], 1, __ATOMIC_RELAXED))
			return (void *)1;
	return NULL;
}

/* Each call gives the count before it: all numbers once, none twice. */
static void each_call_arrives_once(void)
{
	uint8_t *seen = calloc(THREADS, calls);
	struct kplug_plugin_info info;
	pthread_t thread[THREADS];
	void *failed = NULL;
	int i;

	assert_non_null(seen);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, caller, seen), 0);
	for (i = 0; i < THREADS; i++) {
		void *ret;

		pthread_join(thread[i], &ret);
		failed = ret ?: failed;
	}
	assert_null(failed);
	assert_int_equal(*(uint64_t *)kplug_buffer_ptr(buf), THREADS * calls);
	assert_ok(kplug_plugin_info(dev, &info));
	assert_int_equal(info.out_misses, 0);
	free(seen);
}

static void no_plugin(void)
{
	struct kplug_device *alone = rig_open(at);

	assert_errno(ENOMSG, kplug_call(alone, COUNT, NULL, 0, NULL));
	assert_errno(ENOENT, kplug_plugin_unload(alone));
	kplug_device_close(alone);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(bytes_come_back),
		TEST(too_few_bytes),
		TEST(as_many_bytes_as_fit),
		TEST(refusal_is_a_result),
		TEST(silence_is_no_answer),
		TEST(unknown_answer_flag),
		TEST(bad_pointer),
		TEST(plugin_reaches_registers),
		TEST(plugin_is_kept_in_the_bar),
		TEST(plugin_knows_the_device_address),
		TEST(other_memory_has_no_device_address),
		TEST(each_call_arrives_once),
		BARE(no_plugin),
	};
	const char *scale = getenv("KPLUG_SCALE");

	if (scale && atof(scale) > 0)
		calls = (int)(calls * atof(scale));

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
