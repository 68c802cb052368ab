// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_UNLOAD KPLUG_PLUGIN_ROLLBACK KPLUG_REG KPLUG_SOFT_CREATE */
/* shows: KPLUG_SOFT_DELETE kmod/node/ioctl.c kmod/node/registry.c kmod/pci/bar.c kmod/soft/soft.c */
/* timeout: 200 */
/* What a user with access to the node may do, root in a user namespace, and root with some capabilities only. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/state.h"

#define USER 4243
#define SOFT_NODE "/dev/kplug_soft"

static char node[64];
static struct bpf_object *right; /* programs that root may load */

static void setup(void)
{
	snprintf(node, sizeof(node), "/dev/kplug/%s", at->name);
	right = prog_open("bad_type", "right");
	prog_loads(right);
}

static void teardown(void)
{
	assert_ok(chmod(node, 0600));
	assert_ok(chmod(SOFT_NODE, 0600));
	bpf_object__close(right);
}

/* --- in a child: 0, or the line that failed --------------------------------------------------------------------- */

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return __LINE__;                                                                               \
	} while (0)
#define CHECK_ERRNO(expected, call) CHECK((call) == -1 && errno == (expected))

/* Runs fn in a child that has become what `become` makes of it. */
static void run_as(int (*become)(void), int (*fn)(void))
{
	static int *line;
	int status;
	pid_t pid;

	if (!line)
		line = mmap(NULL, sizeof(*line), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(line != MAP_FAILED);
	*line = -1;
	pid = fork();
	if (!pid) {
		*line = become() ?: fn();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (*line)
		fail_msg("line %d failed in the child (%s)", *line, kplug_error());
}

static int user(void)
{
	CHECK(!setgroups(0, NULL) && !setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	return 0;
}

static int root_of_a_namespace(void)
{
	CHECK(!unshare(CLONE_NEWUSER));
	return 0;
}

static int missing; /* capability */
static int root_by_half(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	CHECK(!syscall(SYS_capget, &header, data));
	data[CAP_TO_INDEX(missing)].effective &= ~CAP_TO_MASK(missing);
	CHECK(!syscall(SYS_capset, &header, data));
	return 0;
}

/* --- what each may do ------------------------------------------------------------------------------------------- */

/* All is good but the right: device and programs are root's own. */
static int may_not_load(void)
{
	CHECK(prog_call_plugin(dev, prog_fd(right, "right")) == -EPERM);
	return 0;
}

static int may_not_unload(void)
{
	struct kplug_plugin_unload req = { .size = sizeof(req) };

	CHECK_ERRNO(EPERM, ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_UNLOAD, &req));
	CHECK_ERRNO(EPERM, ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_ROLLBACK, &req));
	/* A plugin that hangs the machine could go on. */
	CHECK(kplug_irq_resume(dev, 0) == -EPERM);
	return 0;
}

/* With root's plugin state_1, by the library, which says what is missing. */
static int may_not_swap(void)
{
	static const char needed[] =
		"needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN outside any user namespace; run it as root";
	struct kplug_plugin *plugin;

	CHECK(!kplug_plugin_open(rig_object("state_2"), &plugin));
	CHECK(kplug_plugin_swap(plugin, dev, NULL) == -EPERM);
	CHECK(strstr(kplug_error(), needed));
	kplug_plugin_close(plugin);
	CHECK(kplug_plugin_rollback(dev) == -EPERM);
	CHECK(strstr(kplug_error(), needed));
	return 0;
}

static int may_not_touch_registers(void)
{
	struct kplug_reg req = { .size = sizeof(req), .width = 4 };

	CHECK_ERRNO(EPERM, ioctl(kplug_device_fd(dev), KPLUG_REG, &req));
	req.flags = KPLUG_REG_WRITE;
	CHECK_ERRNO(EPERM, ioctl(kplug_device_fd(dev), KPLUG_REG, &req));
	return 0;
}

static int may_not_map_registers(void)
{
	void *bar = mmap(NULL, 4096, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));

	CHECK(bar == MAP_FAILED && errno == EPERM);
	return 0;
}

static int may_not_open(void)
{
	CHECK_ERRNO(EACCES, open(node, O_RDONLY));
	CHECK_ERRNO(EACCES, open(SOFT_NODE, O_RDWR));
	return 0;
}

static int may_not_make_devices(void)
{
	struct kplug_soft req = { .size = sizeof(req), .vectors = 1, .name = "users" };
	int fd = open(SOFT_NODE, O_RDWR);

	CHECK(fd >= 0);
	CHECK_ERRNO(EPERM, ioctl(fd, KPLUG_SOFT_CREATE, &req));
	strcpy(req.name, "t0");
	CHECK_ERRNO(EPERM, ioctl(fd, KPLUG_SOFT_DELETE, &req));
	return 0;
}

/* With root's plugin swap_1. */
static int may_use(void)
{
	struct kplug_record record;
	struct kplug_device *mine;
	struct kplug_buffer *buf;
	int64_t result;
	size_t count;

	CHECK(!kplug_device_open(at->name, NULL, &mine));
	CHECK(!kplug_buffer_alloc(mine, "mine", 8192, NULL, &buf));
	memset(kplug_buffer_ptr(buf), 0x5a, kplug_buffer_size(buf));
	CHECK(!kplug_call(mine, 0, NULL, 0, &result) && result == 1);
	CHECK(!kplug_irq_enable(mine, 0, NULL, 0));
	CHECK(!kplug_irq_trigger(mine, 0));
	CHECK(!kplug_irq_wait(mine, 10000, &record, 1, &count) && record.notify == 1);
	CHECK(!kplug_irq_disable(mine, 0));
	kplug_buffer_free(buf);
	kplug_device_close(mine);
	return 0;
}

/* Each user of a namespace has a limit of its own. */
static int may_not_lock(void)
{
	struct kplug_lock *lock;
	static char mem[4096];

	CHECK(kplug_dma_lock(dev, mem, sizeof(mem), NULL, &lock) == -EPERM);
	CHECK(strstr(kplug_error(), "not in a user namespace"));
	return 0;
}

/* Refused before anything is allocated or charged: the limit would be a new user's. */
static int may_not_allocate(void)
{
	struct kplug_buffer *buf;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){}));
	CHECK(kplug_buffer_alloc(dev, "in_namespace", 4096, NULL, &buf) == -EPERM);
	CHECK(strstr(kplug_error(), "user namespace"));
	return 0;
}

/* --- the tests --------------------------------------------------------------------------------------------------- */

static void nodes_are_roots(void)
{
	struct stat st;

	assert_ok(stat(node, &st));
	assert_int_equal(st.st_mode, S_IFCHR | 0600);
	assert_int_equal(st.st_uid, 0);
	assert_ok(stat(SOFT_NODE, &st));
	assert_int_equal(st.st_mode, S_IFCHR | 0600);
	run_as(user, may_not_open);
}

static void user_of_the_node(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "roots", 4096);

	rig_load(dev, "swap_1", "roots");
	assert_ok(chmod(node, 0666));
	run_as(user, may_use);
	kplug_buffer_free(buf);
}

static void load(void)
{
	run_as(user, may_not_load);
	run_as(root_of_a_namespace, may_not_load);
	run_as(root_of_a_namespace, may_not_lock);
	run_as(root_of_a_namespace, may_not_allocate);
	assert_errno(ENOENT, kplug_plugin_unload(dev));
}

static void load_without_one_capability(void)
{
	static const int needed[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN };
	size_t i;

	for (i = 0; i < 3; i++) {
		missing = needed[i];
		run_as(root_by_half, may_not_load);
	}
	assert_ok(prog_call_plugin(dev, prog_fd(right, "right")));
}

static void unload(void)
{
	assert_ok(prog_call_plugin(dev, prog_fd(right, "right")));
	run_as(user, may_not_unload);
	run_as(root_of_a_namespace, may_not_unload);
	missing = CAP_BPF;
	run_as(root_by_half, may_not_unload);
	assert_ok(kplug_plugin_unload(dev));
}

static void swap(void)
{
	static const int needed[] = { CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN };
	struct kplug_plugin_info info;
	int64_t version;
	size_t i;

	rig_load(dev, "state_1", NULL);
	run_as(user, may_not_swap);
	run_as(root_of_a_namespace, may_not_swap);
	for (i = 0; i < 3; i++) {
		missing = needed[i];
		run_as(root_by_half, may_not_swap);
	}
	assert_ok(kplug_call(dev, STATE_VERSION, NULL, 0, &version));
	assert_int_equal(version, 1);
	assert_ok(kplug_plugin_info(dev, &info));
	assert_int_equal(info.out_swaps, 0);
}

static void registers(void)
{
	missing = CAP_SYS_RAWIO;
	run_as(user, may_not_touch_registers);
	run_as(root_of_a_namespace, may_not_touch_registers);
	run_as(root_by_half, may_not_touch_registers);
	run_as(user, may_not_map_registers);
	run_as(root_of_a_namespace, may_not_map_registers);
	run_as(root_by_half, may_not_map_registers);
}

static void soft_devices(void)
{
	assert_ok(chmod(SOFT_NODE, 0666));
	run_as(user, may_not_make_devices);
	run_as(root_of_a_namespace, may_not_make_devices);
	missing = CAP_SYS_ADMIN;
	run_as(root_by_half, may_not_make_devices);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(nodes_are_roots),
		TEST(user_of_the_node),
		TEST(load),
		TEST(load_without_one_capability),
		TEST(unload),
		TEST(swap),
		TEST(registers),
		TEST(soft_devices),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
