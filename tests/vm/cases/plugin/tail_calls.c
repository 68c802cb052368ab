// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: hook:call kmod/plugin/kfuncs.c */
/* timeout: 200 */
/* Tail calls of a plugin's program: only to programs of hooks, which have the same event and the same rights. */
#include "lib/prog.h"

static struct bpf_object *obj;

static void setup(void)
{
	obj = prog_open("tail_calls", NULL);
	prog_loads(obj);
}

static void teardown(void)
{
	bpf_object__close(obj);
}

/* Puts a program where hook `call`'s jumps to: 0 or -errno. */
static int set_target(const char *program)
{
	int fd = prog_fd(obj, program), jump = bpf_object__find_map_fd_by_name(obj, "jump");
	uint32_t key = 0;

	assert_true(jump >= 0);
	return bpf_map_update_elem(jump, &key, &fd, BPF_ANY);
}

static void no_target(void)
{
	int64_t result = 0;

	assert_ok(prog_call_plugin(dev, prog_fd(obj, "call")));
	assert_ok(kplug_call(dev, 0, NULL, 0, &result));
	assert_int_equal(result, -1);
}

/* It runs with the event of the call, and of that alone. */
static void to_another_hook(void)
{
	int64_t result = 0;
	uint8_t byte = 0;

	assert_ok(set_target("interrupt"));
	assert_ok(prog_call_plugin(dev, prog_fd(obj, "call")));
	assert_ok(kplug_call(dev, 0, NULL, 0, &result));
	assert_int_equal(result, KPLUG_HOOK_CALL * 10);
	assert_ok(kplug_call(dev, 0, &byte, 1, &result));
	assert_int_equal(result, KPLUG_HOOK_CALL * 10 + 1);
}

/* A call that goes round ends by the kernel's limit. */
static void to_itself(void)
{
	int64_t result = 0;

	assert_ok(set_target("call"));
	assert_ok(prog_call_plugin(dev, prog_fd(obj, "call")));
	assert_ok(kplug_call(dev, 0, NULL, 0, &result));
	assert_int_equal(result, -1);
}

static void to_another_tracepoint(void)
{
	assert_errno(EINVAL, set_target("other_tracepoint"));
}

static void to_fentry(void)
{
	assert_errno(EINVAL, set_target("fentry"));
}

static void to_raw_tp(void)
{
	assert_errno(EINVAL, set_target("raw_tp"));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(no_target), TEST(to_another_hook), TEST(to_itself), TEST(to_another_tracepoint),
		TEST(to_fentry), TEST(to_raw_tp),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
