// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: lib/plugin/load.c lib/plugin/buffer.c */
/* Which of a device's buffers a plugin gets: the one that is named, or the only one. */
#include <stdio.h>

#include "lib/rig.h"

static struct kplug_buffer *one, *two;

static void teardown(void)
{
	kplug_buffer_free(one);
	kplug_buffer_free(two);
	one = two = NULL;
}

static int put(const char *buffer, bool swap)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = buffer };
	struct kplug_plugin *plugin = NULL;
	int err;

	assert_ok(kplug_plugin_open(rig_object("calls"), &plugin));
	err = swap ? kplug_plugin_swap(plugin, dev, &opts) : kplug_plugin_load(plugin, dev, &opts);
	kplug_plugin_close(plugin);
	return err;
}

/* bpf/calls.bpf.c counts such calls in its buffer's first number. */
static void assert_used(struct kplug_buffer *buf)
{
	const uint64_t *calls = kplug_buffer_ptr(buf);
	uint64_t before = *calls;

	assert_ok(kplug_call(dev, 1, NULL, 0, NULL));
	assert_int_equal(*calls, before + 1);
}

static void no_buffer(void)
{
	char text[160];

	assert_errno(ENOENT, put(NULL, false));
	snprintf(text, sizeof(text), "but device %s has none; allocate one first", kplug_device_name(dev));
	assert_non_null(strstr(kplug_error(), text));
}

static void the_only_one(void)
{
	one = rig_buffer(dev, "one", 0x10000);
	assert_ok(put(NULL, false));
	assert_used(one);
}

static void several(void)
{
	one = rig_buffer(dev, "one", 0x10000);
	two = rig_buffer(dev, "two", 0x10000);
	assert_errno(ENOENT, put(NULL, false));
	assert_non_null(strstr(kplug_error(), "has 2 buffers; name the one to use"));
	assert_ok(put("two", false));
	assert_used(two);
	/* A swap keeps the buffer, unless another is named. */
	assert_ok(put(NULL, true));
	assert_used(two);
	assert_ok(put("one", true));
	assert_used(one);
}

static void too_small(void)
{
	one = rig_buffer(dev, "one", 16);
	assert_errno(EMSGSIZE, put(NULL, false));
	assert_non_null(strstr(kplug_error(), "buffer one has 16; allocate a larger one"));
}

static void no_such(void)
{
	one = rig_buffer(dev, "one", 0x10000);
	assert_errno(ENOENT, put("other", false));
	assert_non_null(strstr(kplug_error(), "other"));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(no_buffer), TEST(the_only_one), TEST(several), TEST(too_small), TEST(no_such),
	};

	return RIG_RUN(tests, RIG_BOTH, .teardown = teardown);
}
