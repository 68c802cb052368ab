// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi rt */
/* shows: hook:open hook:close hook:int_enable hook:int_disable hook:interrupt hook:deferred hook:event */
/* shows: KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE kmod/plugin/hook.c kmod/node/node.c kmod/node/registry.c */
/* shows: kmod/irq/irq.c */
/* timeout: 400 */
/* Which hook fires when, in which order, and what its answer does. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/event_log.h"

/* The buffer of bpf/calls.bpf.c */
struct counters {
	uint64_t calls, enables, disables, opens, closes, events;
};

static struct kplug_buffer *buf;
static const struct counters *seen;

static void setup_bare(void)
{
	buf = rig_buffer(dev, "hooks", 0x10000);
	seen = kplug_buffer_ptr(buf);
}

static void setup(void)
{
	setup_bare();
	rig_load(dev, "calls", "hooks");
}

static void teardown(void)
{
	kplug_buffer_free(buf);
}

static void open_and_close(void)
{
	struct kplug_device *second = rig_open(at);

	assert_int_equal(seen->opens, 1);
	assert_int_equal(seen->closes, 0);
	kplug_device_close(second);
	assert_int_equal(seen->closes, 1);
}

/* 0, or kplug_device_open()'s errno */
static int open_as(uid_t uid)
{
	struct kplug_device *opened;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresuid(uid, uid, uid))
			_exit(255);
		_exit(-kplug_device_open(at->name, NULL, &opened));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What was refused is not closed, and is no open file. */
static void open_refused(void)
{
	struct kplug_info info;
	char path[64];

	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	assert_ok(chmod(path, 0666));
	assert_int_equal(open_as(4242), EPERM);
	assert_int_equal(seen->opens, 1);
	assert_int_equal(seen->closes, 0);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_opens, 1);
	assert_int_equal(open_as(4243), 0);
	assert_int_equal(seen->closes, 1);
	assert_ok(chmod(path, 0600));
}

static void enable_and_disable(void)
{
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(seen->enables, 1);
	assert_int_equal(seen->disables, 0);
	assert_ok(kplug_irq_disable(dev, 0));
	assert_int_equal(seen->disables, 1);
}

static void enable_refused(void)
{
	uint8_t no = 0xff, yes = 0;

	assert_errno(EBUSY, kplug_irq_enable(dev, 0, &no, 1));
	assert_errno(EALREADY, kplug_irq_disable(dev, 0));
	assert_int_equal(seen->enables, 1);
	assert_int_equal(seen->disables, 0);
	assert_ok(kplug_irq_enable(dev, 0, &yes, 1));
	assert_ok(kplug_irq_disable(dev, 0));
}

/* The hook fires for each file; the vector stays enabled while one of them has it. */
static void enable_by_two_files(void)
{
	struct kplug_device *second = rig_open(at);
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, 0));
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_ok(kplug_irq_wait(second, 10000, &record, 1, &count));
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_irq_trigger(dev, 0));
	assert_ok(kplug_irq_wait(second, 10000, &record, 1, &count));
	assert_int_equal(record.count, 1);
	assert_errno(ETIMEDOUT, kplug_irq_wait(dev, 0, &record, 1, &count));
	kplug_device_close(second);
}

static void two_files_fire_twice(void)
{
	struct kplug_device *second = rig_open(at);

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	assert_int_equal(seen->enables, 2);
	assert_ok(kplug_irq_disable(dev, 0));
	assert_int_equal(seen->disables, 1);
	kplug_device_close(second);
	assert_int_equal(seen->disables, 2);
}

static void assert_hooks(const struct watch *watch, const uint32_t *hooks, size_t count)
{
	size_t i;

	for (i = 0; i < watch->count && i < count; i++)
		assert_int_equal(watch->seen[i].hook, hooks[i]);
	assert_int_equal(watch->count, count);
}
#define ASSERT_HOOKS(watch, ...)                                                                                       \
	assert_hooks(watch, (uint32_t[]){ __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void close_disables(void)
{
	struct prog_links links = { 0 };
	struct kplug_device *second;
	struct watch *watch;

	prog_attach(&links, "event_log", -1);
	watch = prog_globals(links.obj);
	second = rig_open(at);
	assert_ok(kplug_irq_enable(second, 0, NULL, 0));
	kplug_device_close(second);
	ASSERT_HOOKS(watch, KPLUG_HOOK_OPEN, KPLUG_HOOK_INT_ENABLE, KPLUG_HOOK_INT_DISABLE, KPLUG_HOOK_CLOSE);
	prog_detach(&links);
}

/* The interrupt hook, then the deferred one, then the reader's wake-up. */
static void interrupt_then_deferred(void)
{
	struct prog_links links = { 0 };
	struct kplug_record record;
	struct watch *watch;
	size_t count;

	rig_load(dev, "edu", "hooks");
	prog_attach(&links, "event_log", -1);
	watch = prog_globals(links.obj);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	ASSERT_HOOKS(watch, KPLUG_HOOK_INT_ENABLE, KPLUG_HOOK_INTERRUPT, KPLUG_HOOK_DEFERRED);
	assert_int_equal(watch->seen[1].flags, KPLUG_MINE | KPLUG_DEFER);
	assert_int_equal(watch->seen[2].count, 1);
	assert_ok(kplug_irq_disable(dev, 0));
	prog_detach(&links);
}

/* The removal is the last event of a plugin: files that are still open close without one. */
static void removal(void)
{
	struct kplug_device *gone;
	struct kplug_buffer *left;
	struct kplug_record record;
	const struct counters *s;
	size_t count;

	assert_ok(kplug_soft_create("gone", 1, 0));
	assert_ok(kplug_device_open("gone", NULL, &gone));
	left = rig_buffer(gone, "left", 4096);
	s = kplug_buffer_ptr(left);
	rig_load(gone, "calls", "left");
	assert_ok(kplug_soft_delete("gone"));
	assert_int_equal(s->events, 1);
	assert_ok(kplug_irq_wait(gone, 0, &record, 1, &count));
	assert_int_equal(record.type, KPLUG_RECORD_EVENT);
	assert_int_equal(record.vector, KPLUG_EVENT_REMOVE);
	kplug_device_close(gone);
	assert_int_equal(s->closes, 0);
	kplug_buffer_free(left);
}

/* A plugin that answers without KPLUG_FORWARD keeps the event to itself: readers see the end only. */
static void removal_kept_from_readers(void)
{
	struct kplug_device *gone;
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_soft_create("gone", 1, 0));
	assert_ok(kplug_device_open("gone", NULL, &gone));
	rig_load(gone, "event_not_forwarded", NULL);
	assert_ok(kplug_soft_delete("gone"));
	assert_errno(ENODEV, kplug_irq_wait(gone, 0, &record, 1, &count));
	kplug_device_close(gone);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(open_and_close),	    TEST(open_refused), TEST(enable_and_disable),	 TEST(enable_refused),
		TEST(two_files_fire_twice), TEST(removal),	TEST(removal_kept_from_readers),
	};
	const struct rig_test without_plugin[] = {
		TEST(enable_by_two_files),
		TEST(close_disables),
		TEST(interrupt_then_deferred),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown) +
	       RIG_RUN(without_plugin, RIG_BOTH, .setup = setup_bare, .teardown = teardown);
}
