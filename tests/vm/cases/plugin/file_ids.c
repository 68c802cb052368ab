// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: hook:open hook:close hook:call hook:int_enable hook:int_disable kmod/node/node.c */
/* Events carry the id of the open file that calls. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/event_log.h"

static struct prog_links links;
static const struct watch *watch;

static void setup(void)
{
	prog_attach(&links, "event_log", -1);
	watch = prog_globals(links.obj);
}

static void teardown(void)
{
	prog_detach(&links);
}

/* The file of event i, which must be of this hook. */
static uint64_t file_of(unsigned int i, uint32_t hook)
{
	assert_true(i < watch->count && i < WATCH_MAX);
	assert_int_equal(watch->seen[i].hook, hook);
	return watch->seen[i].file;
}

static void each_open_has_its_own(void)
{
	struct kplug_device *a = rig_open(at), *b = rig_open(at);
	uint64_t id_a, id_b, id_c;

	assert_ok(kplug_call(a, 1, NULL, 0, NULL));
	assert_ok(kplug_call(b, 1, NULL, 0, NULL));
	assert_ok(kplug_irq_enable(b, 0, NULL, 0));
	assert_ok(kplug_irq_disable(b, 0));
	kplug_device_close(a);
	kplug_device_close(b);
	kplug_device_close(rig_open(at));

	id_a = file_of(0, KPLUG_HOOK_OPEN);
	id_b = file_of(1, KPLUG_HOOK_OPEN);
	assert_int_not_equal(id_a, 0);
	assert_int_not_equal(id_b, 0);
	assert_int_not_equal(id_a, id_b);
	assert_int_equal(file_of(2, KPLUG_HOOK_CALL), id_a);
	assert_int_equal(file_of(3, KPLUG_HOOK_CALL), id_b);
	assert_int_equal(file_of(4, KPLUG_HOOK_INT_ENABLE), id_b);
	assert_int_equal(file_of(5, KPLUG_HOOK_INT_DISABLE), id_b);
	assert_int_equal(file_of(6, KPLUG_HOOK_CLOSE), id_a);
	assert_int_equal(file_of(7, KPLUG_HOOK_CLOSE), id_b);
	id_c = file_of(8, KPLUG_HOOK_OPEN); /* an id is not used again */
	assert_true(id_c != id_a && id_c != id_b);
	assert_int_equal(file_of(9, KPLUG_HOOK_CLOSE), id_c);
}

/* The last close disables what the file has enabled. */
static void last_close_disables_by_id(void)
{
	struct kplug_irq_enable enable = { .size = sizeof(enable) };
	uint64_t id;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(ioctl(fd, KPLUG_IRQ_ENABLE, &enable));
	close(fd);
	id = file_of(0, KPLUG_HOOK_OPEN);
	assert_int_equal(file_of(1, KPLUG_HOOK_INT_ENABLE), id);
	assert_int_equal(file_of(2, KPLUG_HOOK_INT_DISABLE), id);
	assert_int_equal(file_of(3, KPLUG_HOOK_CLOSE), id);
}

/* No file is behind an interrupt. */
static void interrupts_have_none(void)
{
	struct kplug_record record;
	size_t count;

	dev = rig_open(at);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(file_of(2, KPLUG_HOOK_INTERRUPT), 0);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(each_open_has_its_own),
		TEST(last_close_disables_by_id),
		TEST(interrupts_have_none),
	};

	return RIG_RUN(tests, RIG_BOTH, .closed = true, .setup = setup, .teardown = teardown);
}
