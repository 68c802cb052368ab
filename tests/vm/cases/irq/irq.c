// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi intx iommu rt */
/* shows: KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE KPLUG_IRQ_UNMASK KPLUG_IRQ_TRIGGER hook:interrupt kmod/irq/irq.c */
/* shows: kmod/irq/reader.c kmod/node/node.c kmod/pci/pci.c kmod/soft/soft.c bpf/edu.bpf.c bpf/count.bpf.c */
/* Interrupts to programs: with edu.bpf.c, with no plugin, several readers, bad input. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/rig.h"

#include "bpf/edu.h"

static struct kplug_buffer *buf;

static void setup(void)
{
	buf = rig_buffer(dev, "edu", EDU_BUFFER_BYTES);
	rig_load(dev, "edu", "edu");
}

static void teardown(void)
{
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
}

static bool is_intx(void)
{
	struct kplug_info info = {};

	assert_ok(kplug_device_info(dev, &info));
	return info.out_irq_mode == KPLUG_IRQ_INTX;
}

/* Waits for one record of vector 0. */
static struct kplug_record wait_one(struct kplug_device *who)
{
	struct kplug_record record = {};
	size_t count = 0;

	assert_ok(kplug_irq_wait(who, 10000, &record, 1, &count));
	assert_int_equal(count, 1);
	assert_int_equal(record.type, KPLUG_RECORD_IRQ);
	assert_int_equal(record.vector, 0);
	return record;
}

static void nothing_to_read(struct kplug_device *who)
{
	struct kplug_record record;
	size_t count = 7;

	assert_errno(ETIMEDOUT, kplug_irq_wait(who, 0, &record, 1, &count));
	assert_int_equal(count, 7);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void plugin_counts_each_interrupt(void)
{
	const struct edu_buffer *shared = kplug_buffer_ptr(buf);
	struct kplug_irq_info vector;
	struct kplug_info info = {};
	uint64_t i, start = now();
	struct kplug_record r;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	nothing_to_read(dev);
	for (i = 1; i <= 100; i++) {
		rig_raise(dev, 1);
		r = wait_one(dev);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.notify, 1);

		assert_true(r.time >= start && r.time <= now());
	}
	assert_int_equal(shared->interrupts, 100);
	assert_int_equal(shared->deferred, 100);
	assert_ok(kplug_device_info(dev, &info));
	assert_ok(kplug_irq_info(dev, 0, &vector));
	assert_int_equal(vector.out_interrupts, r.sequence);
	assert_true(info.out_interrupts >= r.sequence);
	assert_int_equal(info.out_unhandled, 0);
	assert_ok(kplug_irq_disable(dev, 0));
}

static void copy(uint32_t src, uint32_t dst, uint32_t bytes, int64_t expected)
{
	struct edu_copy arg = { .src = src, .dst = dst, .bytes = bytes };
	int64_t result = 1;

	assert_ok(kplug_call(dev, EDU_CALL_COPY, &arg, sizeof(arg), &result));
	assert_int_equal(result, expected);
}

/* The main job: bytes through the device and back, one wake-up, nothing copied between kernel and program. */
static void bytes_through_the_device(void)
{
	struct edu_buffer *shared = kplug_buffer_ptr(buf);
	uint32_t dst = sizeof(shared->data) - EDU_COPY_MAX;
	int64_t result;
	uint32_t i;

	assert_ok(kplug_call(dev, EDU_CALL_VERSION, NULL, 0, &result));
	assert_int_equal(result, EDU_VERSION);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (i = 0; i < EDU_COPY_MAX; i++)
		shared->data[i] = i * 7 + i / 256;
	copy(0, dst, EDU_COPY_MAX, 0);
	assert_int_equal(wait_one(dev).notify, 1);
	assert_memory_equal(shared->data, shared->data + dst, EDU_COPY_MAX);
	assert_int_equal(shared->interrupts, 2);
	assert_int_equal(shared->copies, 1);
	assert_true(shared->completed && shared->completed <= now());
	nothing_to_read(dev);
	assert_ok(kplug_irq_disable(dev, 0));
}

static void plugin_refuses_what_is_outside(void)
{
	const struct edu_buffer *shared = kplug_buffer_ptr(buf);
	uint32_t end = sizeof(shared->data);
	int64_t result;

	copy(end, 0, 1, -ERANGE);
	copy(0, end - 15, 16, -ERANGE);
	copy(UINT32_MAX, 0, 16, -ERANGE);
	copy(0, 0, 0, -ERANGE);
	copy(0, 0, EDU_COPY_MAX + 1, -ERANGE);
	assert_ok(kplug_call(dev, EDU_CALL_COPY, NULL, 0, &result));
	assert_int_equal(result, -EINVAL);
	assert_ok(kplug_call(dev, 99, NULL, 0, &result));
	assert_int_equal(result, -ENOSYS);
	assert_int_equal(shared->interrupts, 0);
}

/* Without a plugin an MSI is counted and wakes; an INTx line is masked first, so it does not fire again. */
static void no_plugin(void)
{
	struct kplug_record r;
	uint64_t i;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (i = 0; i < 10; i++) {
		rig_raise(dev, 1);
		r = wait_one(dev);
		assert_int_equal(r.count, 1);
		nothing_to_read(dev);
		assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
		assert_ok(kplug_irq_unmask(dev, 0));
	}
	nothing_to_read(dev);
	assert_ok(kplug_irq_disable(dev, 0));
}

/* Unmasked without an acknowledge, the line is still up: it comes again, once, and is masked again. */
static void unacknowledged_line_comes_again(void)
{
	if (!is_intx())
		skip();
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	wait_one(dev);
	assert_ok(kplug_irq_unmask(dev, 0));
	assert_int_equal(wait_one(dev).count, 1);
	nothing_to_read(dev);
	assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 1));
	assert_ok(kplug_irq_disable(dev, 0));
}

static void each_reader_sees_each_interrupt(void)
{
	struct kplug_device *second = rig_open(at);
	struct pollfd p = { .events = POLLIN };
	struct kplug_record r;
	int i;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	p.fd = kplug_device_fd(second);
	assert_int_equal(poll(&p, 1, 0), 0);
	for (i = 0; i < 5; i++) {
		rig_raise(dev, 1);
		wait_one(dev);
	}
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(p.revents, POLLIN);
	r = wait_one(second);
	assert_int_equal(r.count, 5);
	assert_int_equal(r.notify, 5);
	assert_int_equal(poll(&p, 1, 0), 0);

	/* One reader's end is not the other's. */
	kplug_device_close(second);
	rig_raise(dev, 1);
	assert_int_equal(wait_one(dev).count, 1);
	assert_ok(kplug_irq_disable(dev, 0));
}

static void a_disabled_vector_is_silent(void)
{
	struct edu_buffer *shared = kplug_buffer_ptr(buf);
	struct kplug_record r;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_disable(dev, 0));
	rig_raise(dev, 2);
	usleep(50000);
	nothing_to_read(dev);
	assert_int_equal(shared->interrupts, 0);
	assert_ok(kplug_reg_write(dev, 0, EDU_IRQ_ACK, 4, 2));
	/* A message that came meanwhile may be kept, as real hardware's mask keeps it; nothing else comes. */
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	r = wait_one(dev);
	assert_int_equal(r.count, 1);
	assert_ok(kplug_irq_disable(dev, 0));
}

static void *waiter(void *arg)
{
	struct kplug_record r;
	size_t count;

	return kplug_irq_wait(arg, 10000, &r, 1, &count) == 0 ? NULL : (void *)1;
}

static void a_sleeping_reader_is_woken(void)
{
	pthread_t thread;
	void *failed;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(pthread_create(&thread, NULL, waiter, dev), 0);
	usleep(100000);
	rig_raise(dev, 1);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_ok(kplug_irq_disable(dev, 0));
}

/* A plugin that defers and serves no deferred hook: the reader is woken, as nothing says otherwise. */
static void deferred_without_the_hook(void)
{
	rig_load(dev, "defer_without_hook", NULL);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	assert_int_equal(wait_one(dev).notify, 1);
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_plugin_unload(dev));
}

/* The record is of the interrupt that comes while the deferred hook of the one before runs. */
static void deferred_hook_is_interrupted(void)
{
	struct kplug_device *again;
	struct kplug_record r;

	if (!at->soft)
		skip(); /* another's plugin cannot raise its vector alone */
	assert_ok(kplug_soft_create("again", 1, 0));
	assert_ok(kplug_device_open("again", NULL, &again));
	rig_load(again, "defer_again", NULL);
	assert_ok(kplug_irq_enable(again, 0, NULL, 0));
	assert_ok(kplug_irq_trigger(again, 0));
	r = wait_one(again);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.sequence, 2);
	assert_int_equal(r.deferred, 0); /* it knows of the first only */
	assert_int_equal(r.data_size, 1);
	assert_int_equal(r.data[0], 2);
	kplug_device_close(again);
	assert_ok(kplug_soft_delete("again"));
}

/* count.bpf.c: every vector of the device counted in the buffer and reported to the reader. */
static void count_plugin(void)
{
	const uint64_t *counts;
	struct kplug_buffer *mine;
	uint32_t vector;

	if (!at->soft)
		skip(); /* the others have one vector, which it does not acknowledge */
	mine = rig_buffer(dev, "count", 4096);
	counts = kplug_buffer_ptr(mine);
	rig_load(dev, "count", "count");
	for (vector = 0; vector < 32; vector++) {
		struct kplug_record r;
		size_t count;

		assert_ok(kplug_irq_enable(dev, vector, NULL, 0));
		assert_ok(kplug_reg_write(dev, 0, SOFT_RAISE_VECTOR, 4, vector));
		assert_ok(kplug_irq_wait(dev, 10000, &r, 1, &count));
		assert_int_equal(r.vector, vector);
		assert_int_equal(counts[vector], 1);
	}
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(mine);
}

static void bad_vectors(void)
{
	struct kplug_info info = {};

	assert_ok(kplug_device_info(dev, &info));
	assert_errno(ERANGE, kplug_irq_enable(dev, info.out_vectors, NULL, 0));
	assert_errno(ERANGE, kplug_irq_enable(dev, UINT32_MAX, NULL, 0));
	assert_errno(ERANGE, kplug_irq_disable(dev, info.out_vectors));
	assert_errno(ERANGE, kplug_irq_unmask(dev, info.out_vectors));
	assert_errno(ERANGE, kplug_irq_trigger(dev, info.out_vectors));
}

static void enabled_twice(void)
{
	assert_errno(EALREADY, kplug_irq_disable(dev, 0));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_errno(EALREADY, kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_disable(dev, 0));
}

static void bad_argument_bytes(void)
{
	static uint8_t data[KPLUG_CALL_MAX + 1];

	assert_errno(E2BIG, kplug_irq_enable(dev, 0, data, sizeof(data)));
	assert_errno(EFAULT, kplug_irq_enable(dev, 0, (void *)8, 8));
	assert_ok(kplug_irq_enable(dev, 0, data, KPLUG_CALL_MAX));
	assert_ok(kplug_irq_disable(dev, 0));
}

static void short_reads(void)
{
	struct kplug_record *nowhere = (void *)((uintptr_t)sbrk(0) + (1 << 30));
	int fd = kplug_device_fd(dev);

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	wait_one(dev);
	rig_raise(dev, 1);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 10000), 1);
	assert_int_equal(read(fd, nowhere, sizeof(*nowhere) - 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(read(fd, nowhere, sizeof(*nowhere)), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(wait_one(dev).count, 1); /* not lost by the failures */
	assert_ok(kplug_irq_disable(dev, 0));
}

static void triggered(void)
{
	assert_int_equal(at->soft ? 0 : is_intx() ? -EOPNOTSUPP : -EAGAIN, kplug_irq_trigger(dev, 0));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	if (!is_intx()) {
		struct kplug_record r;
		size_t count;

		/* One that was raised while disabled may come with it. */
		assert_ok(kplug_irq_trigger(dev, 0));
		assert_ok(kplug_irq_wait(dev, 10000, &r, 1, &count));
	}
	assert_ok(kplug_irq_disable(dev, 0));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(plugin_counts_each_interrupt),
		TEST(bytes_through_the_device),
		TEST(plugin_refuses_what_is_outside),
		BARE(no_plugin),
		BARE(unacknowledged_line_comes_again),
		TEST(each_reader_sees_each_interrupt),
		TEST(a_disabled_vector_is_silent),
		TEST(a_sleeping_reader_is_woken),
		BARE(deferred_without_the_hook),
		BARE(deferred_hook_is_interrupted),
		BARE(count_plugin),
		BARE(bad_vectors),
		BARE(enabled_twice),
		BARE(bad_argument_bytes),
		TEST(short_reads),
		BARE(triggered),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
