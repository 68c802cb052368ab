// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: hook:call hook:open hook:interrupt KPLUG_CALL kmod/plugin/hook.c kmod/plugin/kfuncs.c */
/* timeout: 400 */
/* Programs attached to the hooks by plain libbpf, alone and beside a plugin. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/prog.h"
#include "bpf/event_log.h"
#include "bpf/irq_extra.h"

/* Messages of bpf/calls.bpf.c, and its buffer's first member: the calls that it counted */
enum { COUNT = 1, DOUBLE, REFUSE, SILENT, READ = 7, WRITE, ADDRESS };

static struct kplug_buffer *buf;
static uint64_t *calls;
static struct prog_links links;

static void setup(void)
{
	buf = rig_buffer(dev, "links", 4096);
	calls = kplug_buffer_ptr(buf);
}

static void teardown(void)
{
	prog_detach(&links);
	kplug_buffer_free(buf);
}

static struct watch *attach_watch(void)
{
	prog_attach(&links, "event_log", -1);
	return prog_globals(links.obj);
}

static int64_t call(struct kplug_device *to, uint32_t message)
{
	int64_t result = 0;

	assert_ok(kplug_call(to, message, NULL, 0, &result));
	return result;
}

/* The object of a plugin, attached by plain libbpf. */
static void serves_without_a_plugin(void)
{
	uint8_t data[4] = { 1, 2, 3, 4 };
	int64_t result;

	prog_attach(&links, "calls", kplug_buffer_map_fd(buf));
	assert_int_equal(call(dev, COUNT), 0);
	assert_int_equal(call(dev, COUNT), 1);
	assert_int_equal(*calls, 2);
	assert_int_equal(call(dev, REFUSE), -EACCES);
	assert_ok(kplug_call(dev, DOUBLE, data, sizeof(data), &result));
	assert_int_equal(result, 4);
	assert_memory_equal(data, ((uint8_t[]){ 2, 4, 6, 8 }), 4);
	assert_errno(ENOMSG, kplug_call(dev, SILENT, NULL, 0, NULL));
}

static int64_t access_register(uint32_t message, uint64_t value)
{
	uint64_t arg[4] = { EDU_BAR, EDU_LIVENESS, 4, value };
	int64_t result;

	assert_ok(kplug_call(dev, message, arg, sizeof(arg), &result));
	return result;
}

/* A plugin's loader was asked for its rights, and in a locked-down kernel for the device; who attaches by libbpf was not. */
static void programs_the_device_by_no_link(void)
{
	prog_attach(&links, "calls", kplug_buffer_map_fd(buf));
	assert_int_equal(access_register(READ, 0), -1);
	assert_int_equal(access_register(WRITE, 0x12345678), -EPERM);
	assert_int_equal(call(dev, ADDRESS), 0);
	prog_detach(&links);
	rig_load(dev, "calls", "links");
	assert_int_equal(access_register(WRITE, 0x12345678), 0);
	assert_int_equal(access_register(READ, 0), (uint32_t)~0x12345678);
	assert_int_equal(call(dev, ADDRESS), kplug_buffer_dma_addr(buf));
}

static void detached_programs_do_not_answer(void)
{
	prog_attach(&links, "calls", kplug_buffer_map_fd(buf));
	assert_int_equal(call(dev, COUNT), 0);
	prog_detach(&links);
	assert_errno(ENOMSG, kplug_call(dev, COUNT, NULL, 0, NULL));
	assert_int_equal(*calls, 1);
}

static void sees_the_plugins_answer(void)
{
	struct watch *watch = attach_watch();

	rig_load(dev, "calls", "links");
	assert_int_equal(call(dev, REFUSE), -EACCES);
	assert_int_equal(watch->count, 1);
	assert_int_equal(watch->seen[0].hook, KPLUG_HOOK_CALL);
	assert_int_equal(watch->seen[0].message, REFUSE);
	assert_int_equal(watch->seen[0].result, -EACCES);
	assert_int_equal(watch->seen[0].error, -EBUSY);
}

/* Attached before the plugin comes: the order of attaching is not the order of running. */
static void answers_until_a_plugin_comes(void)
{
	struct watch *watch = attach_watch();

	assert_int_equal(call(dev, COUNT), WATCH_RESULT);
	rig_load(dev, "calls", "links");
	assert_int_equal(call(dev, COUNT), 0);
	assert_ok(kplug_plugin_unload(dev));
	assert_int_equal(call(dev, COUNT), WATCH_RESULT);
	assert_int_equal(watch->count, 3);
	assert_int_equal(watch->seen[0].error, 0);
	assert_int_equal(watch->seen[1].error, -EBUSY);
	assert_int_equal(watch->seen[2].error, 0);
}

/* A plugin that gives no answer, and one that does not serve the hook, have had their say all the same. */
static void cannot_answer_for_a_plugin_that_does_not(void)
{
	struct watch *watch = attach_watch();

	rig_load(dev, "calls", "links");
	assert_errno(ENOMSG, kplug_call(dev, SILENT, NULL, 0, NULL));
	assert_int_equal(watch->seen[0].error, -EBUSY);
}

static void cannot_answer_for_a_plugin_without_the_hook(void)
{
	struct watch *watch = attach_watch();

	rig_load(dev, "event_ignored", NULL);
	assert_errno(ENOMSG, kplug_call(dev, COUNT, NULL, 0, NULL));
	assert_int_equal(watch->seen[0].error, -EBUSY);
}

static bool ran(void *extra)
{
	return ((struct irq_extra *)extra)->runs;
}

/* One interrupt, which the attached program sees; what its kfuncs return is `err`. */
static void raise_and_try(struct irq_extra *extra, int err)
{
	extra->runs = 0;
	assert_ok(kplug_irq_trigger(dev, 0));
	rig_until(ran, extra);
	assert_int_equal(extra->attach, err);
	assert_int_equal(extra->wake, err);
}

/* Nor can it attach bytes to the interrupt, nor wake the readers that the plugin lets sleep. */
static void cannot_add_to_a_plugins_interrupt(void)
{
	struct kplug_record record;
	struct irq_extra *extra;
	size_t count;

	prog_attach(&links, "irq_extra", -1);
	extra = prog_globals(links.obj);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	raise_and_try(extra, 0);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(record.data_size, sizeof(uint64_t));

	rig_load(dev, "claim_only", NULL);
	raise_and_try(extra, -EBUSY);
	assert_errno(ETIMEDOUT, kplug_irq_wait(dev, 100, &record, 1, &count));
	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "count", "links");
	raise_and_try(extra, -EBUSY);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(record.count, 2);
	assert_int_equal(record.data_size, 0);
	assert_ok(kplug_irq_disable(dev, 0));
}

static uint32_t number(const struct kplug_device *of)
{
	struct stat st;

	assert_ok(fstat(kplug_device_fd(of), &st));
	return minor(st.st_rdev);
}

/* A plugin sees its own device, a program that is attached sees all. */
static void two_devices(void)
{
	struct watch *watch = attach_watch();
	struct kplug_device *other;

	rig_load(dev, "calls", "links");
	assert_ok(kplug_soft_create("other", 1, 0));
	assert_ok(kplug_device_open("other", NULL, &other));
	assert_int_equal(call(other, COUNT), WATCH_RESULT);
	assert_int_equal(call(dev, COUNT), 0);
	assert_int_equal(*calls, 1);
	assert_int_equal(watch->count, 3);
	assert_int_equal(watch->seen[0].hook, KPLUG_HOOK_OPEN);
	assert_int_equal(watch->seen[1].device, number(other));
	assert_int_equal(watch->seen[2].device, number(dev));
	kplug_device_close(other);
	assert_ok(kplug_soft_delete("other"));
}

/* Each device's plugin counts in its own buffer, though the programs come from one file. */
static void two_plugins(void)
{
	struct kplug_device *other;
	struct kplug_buffer *others;

	rig_load(dev, "calls", "links");
	assert_ok(kplug_soft_create("other", 1, 0));
	assert_ok(kplug_device_open("other", NULL, &other));
	others = rig_buffer(other, "links", 4096);
	rig_load(other, "calls", "links");
	assert_int_equal(call(other, COUNT), 0);
	assert_int_equal(call(other, COUNT), 1);
	assert_int_equal(call(dev, COUNT), 0);
	assert_int_equal(*calls, 1);
	assert_int_equal(*(uint64_t *)kplug_buffer_ptr(others), 2);
	kplug_buffer_free(others);
	kplug_device_close(other);
	assert_ok(kplug_soft_delete("other"));
}

/* A program of the hooks runs on them only: BPF_PROG_TEST_RUN would bring an event of its own. */
static void test_run(void)
{
	static uint64_t event[64] = { [1] = COUNT };
	uint64_t context[12] = { (uintptr_t)event };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = context, .ctx_size_in = sizeof(context));

	prog_attach(&links, "calls", kplug_buffer_map_fd(buf));
	assert_errno(EFAULT, bpf_prog_test_run_opts(prog_fd(links.obj, "call"), &opts)); /* the kernel's word for it */
	assert_int_equal(*calls, 0);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(serves_without_a_plugin),
		TEST(programs_the_device_by_no_link),
		TEST(detached_programs_do_not_answer),
		TEST(sees_the_plugins_answer),
		TEST(answers_until_a_plugin_comes),
		TEST(cannot_answer_for_a_plugin_that_does_not),
		TEST(cannot_answer_for_a_plugin_without_the_hook),
		TEST(cannot_add_to_a_plugins_interrupt),
		TEST(two_devices),
		TEST(two_plugins),
		TEST(test_run),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
