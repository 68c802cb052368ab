// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_IRQ_ENABLE KPLUG_IRQ_INFO KPLUG_SOFT_CREATE kmod/irq/irq.c kmod/irq/reader.c kmod/soft/soft.c */
/* Devices with more vectors than a word has bits. */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/prog.h"

#define NAME "vectors"

static void open_of(unsigned int vectors)
{
	const struct rig_dev d = { .soft = true, .name = NAME };
	struct kplug_info info;

	assert_ok(kplug_soft_create(NAME, vectors, 0));
	dev = rig_open(&d);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_vectors, vectors);
}

static void teardown(void)
{
	kplug_soft_delete(NAME); /* what a failed test has left */
}

static struct kplug_irq_info look(uint32_t vector)
{
	struct kplug_irq_info info;

	assert_ok(kplug_irq_info(dev, vector, &info));
	return info;
}

static struct kplug_record read_one(void)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(count, 1);
	return record;
}

static void one_of_seventy(void)
{
	int eventfd_64 = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct kplug_record record;
	uint64_t wakeups = 0;
	struct kplug_info info;

	open_of(70);
	assert_errno(ERANGE, kplug_irq_enable(dev, 70, NULL, 0));
	assert_errno(ERANGE, kplug_irq_trigger(dev, 70));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_enable_eventfd(dev, 64, NULL, 0, eventfd_64));
	assert_errno(EALREADY, kplug_irq_enable(dev, 64, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, 64));
	record = read_one();
	assert_int_equal(record.type, KPLUG_RECORD_IRQ);
	assert_int_equal(record.vector, 64);
	assert_int_equal(record.count, 1);
	assert_int_equal(record.reserved[0] | record.reserved[1], 0);
	assert_int_equal(read(eventfd_64, &wakeups, sizeof(wakeups)), sizeof(wakeups));
	assert_int_equal(wakeups, 1);
	assert_int_equal(look(64).out_interrupts, 1);
	assert_int_equal(look(64).out_users, 1);
	assert_int_equal(look(32).out_users, 0);
	assert_int_equal(look(0).out_interrupts, 0);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_interrupts, 1);
	assert_ok(kplug_irq_disable(dev, 64));
	assert_errno(EALREADY, kplug_irq_disable(dev, 64));
	assert_int_equal(look(64).out_users, 0);
	rig_close();
	close(eventfd_64);
	assert_ok(kplug_soft_delete(NAME));
}

/* Each has one record, whatever the size of a read. */
static void all_of_seventy(void)
{
	uint8_t came[70] = { 0 };
	uint32_t i;

	open_of(70);
	for (i = 0; i < 70; i++)
		assert_ok(kplug_irq_enable(dev, i, NULL, 0));
	for (i = 0; i < 70; i++)
		assert_ok(kplug_irq_trigger(dev, i));
	for (i = 0; i < 70; i++)
		came[read_one().vector]++;
	for (i = 0; i < 70; i++)
		assert_int_equal(came[i], 1);
	rig_close(); /* disables them */
	assert_ok(kplug_soft_delete(NAME));
}

/* A busy vector does not starve one behind it, nor one before it. */
static void in_turn(void)
{
	const uint32_t vectors[] = { 5, 64, 69 };
	uint32_t i, before = 0;

	open_of(70);
	for (i = 0; i < 3; i++)
		assert_ok(kplug_irq_enable(dev, vectors[i], NULL, 0));
	for (i = 0; i < 3; i++)
		assert_ok(kplug_irq_trigger(dev, vectors[i]));
	for (i = 0; i < 30; i++) {
		uint32_t vector = read_one().vector;

		assert_int_not_equal(vector, before);
		assert_ok(kplug_irq_trigger(dev, vector)); /* it is ready again at once */
		before = vector;
	}
	for (i = 0; i < 3; i++)
		assert_true(look(vectors[i]).out_interrupts >= 10);
	rig_close();
	assert_ok(kplug_soft_delete(NAME));
}

static void plugin_sees_the_vector(void)
{
	struct kplug_buffer *buf;
	const uint64_t *counts;

	open_of(70);
	buf = rig_buffer(dev, "counts", 4096);
	counts = kplug_buffer_ptr(buf);
	rig_load(dev, "count", "counts");
	assert_ok(kplug_irq_enable(dev, 69, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, 69));
	assert_int_equal(read_one().vector, 69);
	assert_int_equal(counts[69], 1);
	assert_int_equal(counts[5], 0); /* 69 modulo 64 */
	kplug_buffer_free(buf);
	rig_close();
	assert_ok(kplug_soft_delete(NAME));
}

static void as_many_as_there_can_be(void)
{
	assert_errno(EINVAL, kplug_soft_create(NAME, KPLUG_VECTOR_MAX + 1, 0));
	open_of(KPLUG_VECTOR_MAX);
	assert_ok(kplug_irq_enable(dev, KPLUG_VECTOR_MAX - 1, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, KPLUG_VECTOR_MAX - 1));
	assert_int_equal(read_one().vector, KPLUG_VECTOR_MAX - 1);
	rig_close();
	assert_ok(kplug_soft_delete(NAME));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(one_of_seventy),	      TEST(all_of_seventy),	     TEST(in_turn),
		TEST(plugin_sees_the_vector), TEST(as_many_as_there_can_be),
	};

	return RIG_RUN(tests, RIG_SOFT, .closed = true, .teardown = teardown);
}
