// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: hook:event kmod/pci/recovery.c kmod/node/registry.c kmod/irq/reader.c */
/* kmsg: nosuspend nosuspend: PM: */
/* kmsg: PM: Some devices failed to suspend */
/*
 * The machine's suspend and resume reach the plugin and the readers. The kernel suspends the last device first, so edu is
 * added again behind one that refuses: nothing else is suspended.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/event_log.h"

static struct rig_dev edu;

/* The debug kernel cannot. */
static bool can_suspend(void)
{
	return !access("/sys/power/state", F_OK);
}

static void need_suspend(void)
{
	if (!can_suspend())
		skip();
}

static void add_again(void)
{
	char path[256];
	int fd;

	assert_int_equal(sscanf(getenv("KPLUG_EDU"), "%31s", edu.name), 1);
	if (!can_suspend())
		return;
	snprintf(path, sizeof(path), "%s/../debug/nosuspend.ko", getenv("KPLUG_KMOD"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(syscall(SYS_finit_module, fd, "", 0) ? -errno : 0);
	close(fd);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", edu.name);
	assert_ok(rig_write(path, "1"));
	assert_ok(rig_write("/sys/bus/pci/rescan", "1"));
	assert_ok(rig_write("/sys/power/pm_async", "0")); /* one after the other */
}

static void let_others_suspend(void)
{
	if (!can_suspend())
		return;
	assert_ok(rig_write("/sys/power/pm_async", "1"));
	assert_ok(syscall(SYS_delete_module, "nosuspend", O_NONBLOCK) ? -errno : 0);
}

static void setup(void)
{
	at = &edu;
	assert_ok(kplug_bind(edu.name, false));
	dev = rig_open(at);
}

static void teardown(void)
{
	rig_close();
	assert_ok(kplug_unbind(edu.name));
}

static void suspend_and_resume(void)
{
	assert_errno(EBUSY, rig_write("/sys/power/state", "freeze"));
}

/* One record, which stands for both: no program runs in between. */
static void read_both(struct kplug_device *who)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_wait(who, 0, &record, 1, &count));
	assert_int_equal(record.type, KPLUG_RECORD_EVENT);
	assert_int_equal(record.vector, KPLUG_EVENT_RESUME);
	assert_int_equal(record.count, 2);
	assert_errno(ETIMEDOUT, kplug_irq_wait(who, 0, &record, 1, &count));
}

static void without_a_plugin(void)
{
	need_suspend();
	suspend_and_resume();
	read_both(dev);
}

static void the_plugin_is_told_first(void)
{
	struct prog_links links = { 0 };
	const struct watch *watch;
	struct kplug_buffer *buf;

	need_suspend();
	buf = rig_buffer(dev, "calls", 4096);
	rig_load(dev, "calls", "calls"); /* forwards events */
	prog_attach(&links, "event_log", -1);
	watch = prog_globals(links.obj);
	suspend_and_resume();
	assert_int_equal(watch->count, 2);
	assert_int_equal(watch->seen[0].hook, KPLUG_HOOK_EVENT);
	assert_int_equal(watch->seen[0].message, KPLUG_EVENT_SUSPEND);
	assert_int_equal(watch->seen[0].flags, KPLUG_FORWARD);
	assert_int_equal(watch->seen[1].hook, KPLUG_HOOK_EVENT);
	assert_int_equal(watch->seen[1].message, KPLUG_EVENT_RESUME);
	read_both(dev);
	prog_detach(&links);
	kplug_buffer_free(buf);
}

/* A plugin may keep them to itself. */
static void kept_from_readers(void)
{
	struct kplug_record record;
	size_t count;

	need_suspend();
	rig_load(dev, "event_not_forwarded", NULL);
	suspend_and_resume();
	assert_errno(ETIMEDOUT, kplug_irq_wait(dev, 0, &record, 1, &count));
}

/* What was forwarded before a file was opened is not its business. */
static void a_new_file_reads_what_comes_after(void)
{
	struct kplug_device *late;
	struct kplug_record record;
	size_t count;

	need_suspend();
	suspend_and_resume();
	late = rig_open(at);
	assert_errno(ETIMEDOUT, kplug_irq_wait(late, 0, &record, 1, &count));
	read_both(dev);
	suspend_and_resume();
	read_both(late);
	read_both(dev);
	kplug_device_close(late);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(without_a_plugin),
		TEST(the_plugin_is_told_first),
		TEST(kept_from_readers),
		TEST(a_new_file_reads_what_comes_after),
	};

	return RIG_RUN(tests, RIG_NONE, .begin = add_again, .setup = setup, .teardown = teardown,
		       .end = let_others_suspend);
}
