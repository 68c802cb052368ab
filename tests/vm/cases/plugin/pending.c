// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* also: iommu rt */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: KPLUG_CALL hook:call hook:interrupt kmod/call/pending.c kmod/plugin/kfuncs.c kmod/plugin/plugin.c */
/* shows: kmod/node/ioctl.c */
/* timeout: 200 */
/* Calls that a plugin leaves pending: who completes them, and what ends those that nobody does. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/rig.h"
#include "bpf/edu.h"
#include "bpf/pending.h"

#define MANY 16
#define TABLE 1024 /* as many can be pending */

struct caller {
	pthread_t thread;
	uint32_t timeout_ms;
	struct pending_data data;
	int64_t result;
	int err;
};

static void setup(void)
{
	rig_load(dev, "pending", NULL);
}

static void *call(void *arg)
{
	struct caller *c = arg;

	c->err = kplug_call_timeout(dev, WAIT, &c->data, sizeof(c->data), c->timeout_ms, &c->result);
	return NULL;
}

/* The plugin's answer to a message about a slot. */
static int64_t say(uint32_t message, uint32_t slot)
{
	struct pending_data data = { .slot = slot };
	int64_t result = 0;

	assert_ok(kplug_call(dev, message, &data, sizeof(data), &result));
	return result;
}

static bool is_kept(void *arg)
{
	return say(IS_KEPT, *(uint32_t *)arg);
}

static void start(struct caller *c, uint32_t slot, uint32_t timeout_ms)
{
	pthread_attr_t attr;

	*c = (struct caller){ .data.slot = slot, .timeout_ms = timeout_ms, .err = 1 };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 4 * PTHREAD_STACK_MIN);
	assert_int_equal(pthread_create(&c->thread, &attr, call, c), 0);
	pthread_attr_destroy(&attr);
}

static void start_pending(struct caller *c, uint32_t slot)
{
	start(c, slot, 0);
	rig_until(is_kept, &slot);
}

static void join(struct caller *c, int err)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	assert_int_equal(c->err, err);
	if (err)
		return;
	assert_int_equal(c->result, RESULT(c->data.slot));
	assert_int_equal(c->data.reply, REPLY);
}

static void an_interrupt_completes_it(void)
{
	struct kplug_record record;
	struct caller c;
	size_t count;
	uint64_t tag = 1;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	start_pending(&c, 0);
	assert_ok(kplug_irq_trigger(dev, 0));
	join(&c, 0);
	assert_ok(kplug_irq_wait(dev, 5000, &record, 1, &count));
	assert_int_equal(record.data_size, sizeof(tag));
	memcpy(&tag, record.data, sizeof(tag));
	assert_int_equal(tag, 0); /* no call could be left pending there */
	assert_ok(kplug_irq_disable(dev, 0));
}

static void each_caller_gets_its_own(void)
{
	struct caller c[MANY];
	uint32_t i;

	for (i = 0; i < MANY; i++)
		start_pending(&c[i], i);
	for (i = MANY; i--;) {
		assert_int_equal(say(COMPLETE, i), 0);
		join(&c[i], 0); /* and the others sleep on */
	}
}

static void the_same_hook_completes_it(void)
{
	struct pending_data data = { .slot = 3 };
	int64_t result = 0;

	assert_ok(kplug_call(dev, AT_ONCE, &data, sizeof(data), &result));
	assert_int_equal(result, RESULT(3));
	assert_int_equal(data.reply, REPLY);
	assert_int_equal(say(TWICE, 0), 0);
}

static void an_answer_ends_it(void)
{
	struct caller c;

	assert_int_equal(say(ANSWER, 1), 9);
	assert_int_equal(say(COMPLETE, 1), -ENOENT);
	start_pending(&c, 2); /* in the same place of the table */
	assert_int_equal(say(COMPLETE, 1), -ENOENT);
	assert_int_equal(say(COMPLETE, 2), 0);
	join(&c, 0);
	assert_int_equal(say(COMPLETE, 2), -ENOENT);
}

static void other_tags_complete_nothing(void)
{
	struct caller c;

	start_pending(&c, 1);
	assert_int_equal(say(COMPLETE_OTHER, 1), 4 * -ENOENT);
	assert_int_equal(say(REPLY_OUTSIDE, 1), 2 * -ERANGE);
	assert_int_equal(say(COMPLETE, 1), 0);
	join(&c, 0);
}

static void the_caller_has_a_time_limit(void)
{
	struct caller c, next;

	start(&c, 1, 50);
	join(&c, -ETIMEDOUT);
	assert_int_equal(c.data.reply, 0);
	start_pending(&next, 2);
	assert_int_equal(say(COMPLETE, 1), -ENOENT); /* nor does it complete the next */
	assert_int_equal(say(COMPLETE, 2), 0);
	join(&next, 0);
	start(&c, 3, 60000);
	rig_until(is_kept, &c.data.slot);
	assert_int_equal(say(COMPLETE, 3), 0);
	join(&c, 0);
}

static void nothing(int signal)
{
	(void)signal;
}

static void a_signal_ends_it(void)
{
	const struct sigaction action = { .sa_handler = nothing };
	struct caller c;

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	start_pending(&c, 1);
	pthread_kill(c.thread, SIGUSR1);
	join(&c, -EINTR);
	assert_int_equal(say(COMPLETE, 1), -ENOENT);
}

static void a_killed_caller_is_forgotten(void)
{
	struct pending_data data = { .slot = 1 };
	uint32_t slot = 1;
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		kplug_call(dev, WAIT, &data, sizeof(data), NULL);
		_exit(0);
	}
	assert_true(pid > 0);
	rig_until(is_kept, &slot);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(say(COMPLETE, 1), -ENOENT);
}

/* The table is full, then not. An unload ends all that are pending. */
static void no_more_than_the_table_has(void)
{
	struct pending_data data = { .slot = TABLE };
	static struct caller c[TABLE];
	int64_t result = 0;
	uint32_t i;

	for (i = 0; i < TABLE; i++)
		start(&c[i], i, 0);
	for (i = 0; i < TABLE; i++)
		rig_until(is_kept, &i);
	assert_ok(kplug_call(dev, WAIT, &data, sizeof(data), &result));
	assert_int_equal(result, -EBUSY);
	assert_int_equal(say(COMPLETE, 7), 0);
	join(&c[7], 0);
	start_pending(&c[7], TABLE + 1);
	assert_ok(kplug_plugin_unload(dev));
	for (i = 0; i < TABLE; i++)
		join(&c[i], -ECANCELED);
}

static void a_swap_ends_none(void)
{
	struct kplug_plugin *plugin;
	struct caller c[2];

	start_pending(&c[0], 0);
	assert_ok(kplug_plugin_open(rig_object("pending"), &plugin));
	assert_ok(kplug_plugin_swap(plugin, dev, NULL));
	kplug_plugin_close(plugin);
	start_pending(&c[1], 1);
	assert_int_equal(say(COMPLETE, 0), 0); /* by the tag that it got with the state */
	join(&c[0], 0);
	assert_ok(kplug_plugin_rollback(dev));
	assert_int_equal(say(COMPLETE, 1), 0);
	join(&c[1], 0);
}

static void removal_ends_all(void)
{
	struct caller c[2];

	start_pending(&c[0], 0);
	start_pending(&c[1], 1);
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
	join(&c[0], -ENODEV);
	join(&c[1], -ENODEV);
	rig_close();
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
}

/* One system call for a copy by the device's DMA engine. */
static void edu_copies_while_the_caller_waits(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "edu", EDU_BUFFER_BYTES);
	struct edu_buffer *edu = kplug_buffer_ptr(buf);
	struct edu_copy copy = { .dst = 4096, .bytes = EDU_COPY_MAX };
	int64_t result = 1;
	int i;

	rig_load(dev, "edu", "edu");
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (i = 0; i < 3; i++) {
		memset(edu->data, 0x40 + i, EDU_COPY_MAX);
		assert_ok(kplug_call(dev, EDU_CALL_COPY_WAIT, &copy, sizeof(copy), &result));
		assert_int_equal(result, 0);
		assert_memory_equal(edu->data, edu->data + 4096, EDU_COPY_MAX);
		assert_int_equal(edu->copies, i + 1);
	}
	copy.bytes = EDU_COPY_MAX + 1;
	assert_ok(kplug_call(dev, EDU_CALL_COPY_WAIT, &copy, sizeof(copy), &result));
	assert_int_equal(result, -ERANGE);
	assert_ok(kplug_irq_disable(dev, 0));
	kplug_buffer_free(buf);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(an_interrupt_completes_it),
		TEST(each_caller_gets_its_own),
		TEST(the_same_hook_completes_it),
		TEST(an_answer_ends_it),
		TEST(other_tags_complete_nothing),
		TEST(the_caller_has_a_time_limit),
		TEST(a_signal_ends_it),
		TEST(a_killed_caller_is_forgotten),
		TEST(no_more_than_the_table_has),
		TEST(a_swap_ends_none),
		TEST(removal_ends_all),
		BARE(edu_copies_while_the_caller_waits),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup);
}
