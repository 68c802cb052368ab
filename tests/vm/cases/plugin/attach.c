// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_UNLOAD KPLUG_PLUGIN_INFO kmod/plugin/plugin.c */
/* timeout: 400 */
/* What KPLUG_PLUGIN_LOAD takes and refuses: the programs, by their types and hooks, and the rest of the request. */
#include <linux/bpf.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/prog.h"

static struct bpf_object *right; /* a good program for hook `call` */

static void setup(void)
{
	right = prog_open("bad_type", "right");
	prog_loads(right);
}

static void teardown(void)
{
	bpf_object__close(right);
}

#define FDS (KPLUG_HOOK_COUNT + 2) /* room for hooks that no kernel has */
static int32_t fds[FDS];

/* Good as it is, with its programs in fds. */
static struct kplug_plugin_load request(void)
{
	struct kplug_plugin_load req = { .size = sizeof(req), .name = "right", .version = "1.0" };

	memset(fds, 0xff, sizeof(fds));
	fds[KPLUG_HOOK_CALL] = prog_fd(right, "right");
	req.prog_fds = (uintptr_t)fds;
	req.prog_count = KPLUG_HOOK_COUNT;
	return req;
}

static int load(struct kplug_plugin_load *req)
{
	return ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_LOAD, req) ? -errno : 0;
}

static void right_program(void)
{
	struct kplug_plugin_load req = request();

	assert_ok(load(&req));
	assert_ok(kplug_plugin_unload(dev));
}

/* --- programs of another kind ---------------------------------------------------------------------------------- */

static void refused(const char *program, int err)
{
	struct bpf_object *obj = prog_open("bad_type", program);

	prog_loads(obj);
	assert_errno(err, prog_call_plugin(dev, prog_fd(obj, program)));
	bpf_object__close(obj);
}

#define PROGRAMS(X)                                                                                                    \
	X(other_hook, EPROTOTYPE)                                                                                      \
	X(other_tracepoint, EPROTOTYPE)                                                                                \
	X(fentry, EPROTOTYPE)                                                                                          \
	X(fexit, EPROTOTYPE)                                                                                           \
	X(iterator, EPROTOTYPE)                                                                                        \
	X(kprobe, EINVAL)                                                                                              \
	X(raw_tp, EINVAL)                                                                                              \
	X(raw_tp_w, EINVAL)                                                                                            \
	X(tracepoint, EINVAL)                                                                                          \
	X(perf_event_prog, EINVAL)                                                                                     \
	X(lsm, EINVAL)                                                                                                 \
	X(syscall_prog, EINVAL)                                                                                        \
	X(xdp_prog, EINVAL)                                                                                            \
	X(socket_prog, EINVAL)
#define DEFINE(program, err)                                                                                           \
	static void program(void)                                                                                      \
	{                                                                                                              \
		refused(#program, err);                                                                                \
	}
PROGRAMS(DEFINE)

static void sleepable(void)
{
	struct bpf_object *obj = prog_open("bad_type", "right");
	int err;

	assert_ok(bpf_program__set_flags(prog_find(obj, "right"), BPF_F_SLEEPABLE));
	err = prog_load(obj);
	if (err)
		assert_int_equal(err, -EINVAL);
	else
		assert_errno(EPROTOTYPE, prog_call_plugin(dev, prog_fd(obj, "right")));
	bpf_object__close(obj);
}

static void struct_ops(void)
{
	struct bpf_object *obj = prog_open("bad_struct_ops", NULL);

	prog_loads(obj);
	assert_errno(EINVAL, prog_call_plugin(dev, prog_fd(obj, "struct_op")));
	bpf_object__close(obj);
}

static struct bpf_object *open_freplace(const char *program)
{
	struct bpf_object *obj = prog_open("bad_type", program);

	assert_ok(bpf_program__set_attach_target(prog_find(obj, program), prog_fd(right, "right"), "right"));
	return obj;
}

static void freplace(void)
{
	struct bpf_object *obj = open_freplace("replaces_right");

	prog_loads(obj);
	assert_errno(EINVAL, prog_call_plugin(dev, prog_fd(obj, "replaces_right")));
	bpf_object__close(obj);
}

/* What it replaces may trust its event; it does not even see one, so a plugin's functions are out of its reach. */
static void freplace_has_no_event(void)
{
	struct bpf_object *obj = open_freplace("replaces_and_calls");

	assert_errno(EACCES, prog_load(obj));
	assert_non_null(strstr(prog_log, "func 'right' doesn't have 1-th argument"));
	bpf_object__close(obj);
}

/* The plugin that runs goes on: its types are promised to its callers. */
static void breaks_types(const char *program, const char *reason)
{
	struct bpf_object *obj = open_freplace(program);
	struct kplug_plugin_info before, after;

	assert_ok(prog_call_plugin(dev, prog_fd(right, "right")));
	assert_ok(kplug_plugin_info(dev, &before));
	assert_errno(EINVAL, prog_load(obj));
	if (!strstr(prog_log, reason))
		fail_msg("'%s' is not in: %s", reason, prog_log);
	assert_ok(kplug_plugin_info(dev, &after));
	assert_memory_equal(&before, &after, sizeof(after));
	bpf_object__close(obj);
}

static void freplace_with_more_arguments(void)
{
	breaks_types("replaces_with_more", "replaces_with_more() has 2 args while right() has 1 args");
}

static void freplace_with_other_arguments(void)
{
	breaks_types("replaces_with_a_number", "arg0 in replaces_with_a_number() is INT while right() has PTR");
}

/* --- what is no program ---------------------------------------------------------------------------------------- */

static void map_fd(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "nomap", 4096);

	assert_errno(EINVAL, prog_call_plugin(dev, kplug_buffer_map_fd(buf)));
	kplug_buffer_free(buf);
}

static void closed_fd(void)
{
	int fd = dup(0);

	close(fd);
	assert_errno(EBADF, prog_call_plugin(dev, fd));
}

static void negative_fd(void)
{
	assert_errno(EBADF, prog_call_plugin(dev, -2));
}

/* The good program is released again: its id must end with the object. */
static void one_of_two_is_bad(void)
{
	struct kplug_plugin_load req = request();
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	assert_ok(bpf_prog_get_info_by_fd(fds[KPLUG_HOOK_CALL], &info, &len));
	fds[KPLUG_HOOK_EVENT] = fds[KPLUG_HOOK_CALL];
	assert_errno(EPROTOTYPE, load(&req));
	bpf_object__close(right);
	right = NULL;
	prog_until_gone(info.id);
}

/* A newer program's hooks: fine while it serves none of them. */
static void hooks_of_another_kernel(void)
{
	struct kplug_plugin_load req = request();

	req.prog_count = FDS;
	fds[FDS - 1] = fds[KPLUG_HOOK_CALL];
	assert_errno(EOPNOTSUPP, load(&req));
	fds[FDS - 1] = -1;
	assert_ok(load(&req));
	assert_ok(kplug_plugin_unload(dev));
	req.prog_count = KPLUG_HOOK_CALL + 1; /* an older one's */
	assert_ok(load(&req));
	assert_ok(kplug_plugin_unload(dev));
	req.prog_count = KPLUG_HOOK_CALL; /* none is left */
	assert_errno(EINVAL, load(&req));
	req.prog_count = KPLUG_PROG_MAX + 1;
	assert_errno(E2BIG, load(&req));
	req.prog_count = KPLUG_HOOK_COUNT;
	req.prog_fds = 4096;
	assert_errno(EFAULT, load(&req));
}

/* The kernel fills what the caller has room for, and zeroes what it knows no hook for. */
static void ids_of_another_kernel(void)
{
	struct kplug_plugin_load req = request();
	uint32_t ids[FDS + 1], i;
	struct kplug_plugin_info info = { .size = sizeof(info), .prog_ids = (uintptr_t)ids, .prog_count = FDS };

	assert_ok(load(&req));
	memset(ids, 0xff, sizeof(ids));
	assert_ok(ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_INFO, &info));
	for (i = 0; i < FDS; i++)
		assert_int_equal(!!ids[i], i == KPLUG_HOOK_CALL);
	assert_int_equal(ids[FDS], UINT32_MAX);
	memset(ids, 0xff, sizeof(ids));
	info.prog_count = KPLUG_HOOK_CALL + 1;
	assert_ok(ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_INFO, &info));
	assert_int_not_equal(ids[KPLUG_HOOK_CALL], 0);
	assert_int_equal(ids[KPLUG_HOOK_CALL + 1], UINT32_MAX);
	info.prog_ids = 4096;
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_INFO, &info), -1);
	assert_int_equal(errno, EFAULT);
	info.prog_count = KPLUG_PROG_MAX + 1;
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_INFO, &info), -1);
	assert_int_equal(errno, E2BIG);
	assert_ok(kplug_plugin_unload(dev));
}

static void no_program(void)
{
	assert_errno(EINVAL, prog_call_plugin(dev, -1));
}

/* --- the rest of the request ----------------------------------------------------------------------------------- */

static void unknown_flag(void)
{
	struct kplug_plugin_load req = request();

	req.flags = 2;
	assert_errno(EINVAL, load(&req));
}

static void empty_name(void)
{
	struct kplug_plugin_load req = request();

	req.name[0] = '\0';
	assert_errno(EINVAL, load(&req));
}

static void name_without_end(void)
{
	struct kplug_plugin_load req = request();

	memset(req.name, 'n', sizeof(req.name));
	assert_errno(EINVAL, load(&req));
}

static void version_without_end(void)
{
	struct kplug_plugin_load req = request();

	memset(req.version, '1', sizeof(req.version));
	assert_errno(EINVAL, load(&req));
}

static void second_plugin(void)
{
	struct kplug_plugin_load req = request();

	assert_ok(load(&req));
	assert_errno(EBUSY, load(&req));
	req.flags = KPLUG_PLUGIN_REPLACE;
	assert_ok(load(&req));
	assert_ok(kplug_plugin_unload(dev));
}

static void unload_of_none(void)
{
	assert_errno(ENOENT, kplug_plugin_unload(dev));
}

static void info_of_none(void)
{
	struct kplug_plugin_info info;

	assert_errno(ENOENT, kplug_plugin_info(dev, &info));
}

static uint64_t boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void info_of_one(void)
{
	struct kplug_plugin_load req = request();
	struct bpf_prog_info prog = { 0 };
	uint32_t ids[KPLUG_HOOK_COUNT + 1];
	struct kplug_plugin_info info;
	uint64_t before = boottime();
	__u32 len = sizeof(prog);
	int hook;

	assert_ok(bpf_prog_get_info_by_fd(fds[KPLUG_HOOK_CALL], &prog, &len));
	assert_ok(load(&req));
	assert_ok(kplug_plugin_info(dev, &info));
	assert_ok(kplug_plugin_prog_ids(dev, ids, KPLUG_HOOK_COUNT + 1));
	assert_int_equal(ids[KPLUG_HOOK_COUNT], 0);
	assert_string_equal(info.out_name, "right");
	assert_string_equal(info.out_version, "1.0");
	assert_int_equal(info.out_uid, 0);
	assert_int_equal(info.out_misses, 0);
	assert_true(info.out_load_time >= before && info.out_load_time <= boottime());
	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		assert_int_equal(ids[hook], hook == KPLUG_HOOK_CALL ? prog.id : 0);
	assert_ok(kplug_plugin_unload(dev));
}

#define LIST(program, err) TEST(program),

int main(void)
{
	const struct rig_test tests[] = {
		PROGRAMS(LIST) TEST(right_program),
		TEST(sleepable),
		TEST(struct_ops),
		TEST(freplace),
		TEST(freplace_has_no_event),
		TEST(freplace_with_more_arguments),
		TEST(freplace_with_other_arguments),
		TEST(map_fd),
		TEST(closed_fd),
		TEST(negative_fd),
		TEST(one_of_two_is_bad),
		TEST(no_program),
		TEST(hooks_of_another_kernel),
		TEST(ids_of_another_kernel),
		TEST(unknown_flag),
		TEST(empty_name),
		TEST(name_without_end),
		TEST(version_without_end),
		TEST(second_plugin),
		TEST(unload_of_none),
		TEST(info_of_none),
		TEST(info_of_one),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
