// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_INFO KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_FREE KPLUG_PLUGIN_LOAD */
/* shows: KPLUG_PLUGIN_UNLOAD KPLUG_PLUGIN_ROLLBACK KPLUG_PLUGIN_INFO KPLUG_CALL KPLUG_IRQ_ENABLE */
/* shows: KPLUG_IRQ_DISABLE KPLUG_IRQ_UNMASK KPLUG_IRQ_TRIGGER KPLUG_REG kmod/node/ioctl.c */
/* timeout: 200 */
/* Root on a node opened read-only: changes nothing, and sees all. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/prog.h"

static int fd; /* and for reading alone */
static struct bpf_object *right; /* a program that may be loaded */

static void setup(void)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/kplug/%s", at->name);
	fd = open(node, O_RDONLY);
	assert_true(fd >= 0);
	right = prog_open("bad_type", "right");
	prog_loads(right);
}

static void teardown(void)
{
	close(fd);
	bpf_object__close(right);
}

/* Each of these would do something on a node open for writing. */
static void changes_nothing(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "ro", 4096);
	struct kplug_buffer_alloc alloc = { .size = sizeof(alloc), .bytes = 4096, .name = "more" };
	struct kplug_buffer_info fd_of = { .size = sizeof(fd_of), .flags = KPLUG_BUFFER_FD, .name = "ro" };
	struct kplug_buffer_name of_name = { .size = sizeof(of_name), .name = "ro" };
	struct kplug_plugin_load load = { .size = sizeof(load), .flags = KPLUG_PLUGIN_REPLACE, .name = "ro" };
	struct kplug_plugin_unload unload = { .size = sizeof(unload) };
	struct kplug_call call = { .size = sizeof(call) };
	struct kplug_irq_enable enable = { .size = sizeof(enable) };
	struct kplug_irq irq = { .size = sizeof(irq) };
	struct kplug_reg reg = { .size = sizeof(reg), .width = 4 };
	const struct {
		unsigned long cmd;
		void *arg;
	} changes[] = {
		{ KPLUG_BUFFER_ALLOC, &alloc },
		{ KPLUG_BUFFER_INFO, &fd_of },
		{ KPLUG_BUFFER_KEEP, &of_name },
		{ KPLUG_BUFFER_FREE, &of_name },
		{ KPLUG_PLUGIN_LOAD, &load },
		{ KPLUG_PLUGIN_UNLOAD, &unload },
		{ KPLUG_PLUGIN_ROLLBACK, &unload },
		{ KPLUG_CALL, &call },
		{ KPLUG_IRQ_ENABLE, &enable },
		{ KPLUG_IRQ_DISABLE, &irq },
		{ KPLUG_IRQ_UNMASK, &irq },
		{ KPLUG_IRQ_TRIGGER, &irq },
		{ KPLUG_REG, &reg },
	};
	int32_t fds[KPLUG_HOOK_COUNT];
	size_t i;

	memset(fds, 0xff, sizeof(fds));
	fds[KPLUG_HOOK_CALL] = prog_fd(right, "right");
	load.prog_fds = (uintptr_t)fds;
	load.prog_count = KPLUG_HOOK_COUNT;
	assert_ok(prog_call_plugin(dev, prog_fd(right, "right")));
	for (i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		if (ioctl(fd, changes[i].cmd, changes[i].arg) != -1 || errno != EACCES)
			fail_msg("command %zu: %s", i, strerror(errno));
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(0)), MAP_FAILED);
	assert_int_equal(errno, EACCES);
	kplug_buffer_free(buf);
}

static void reads_succeed(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "ro", 4096);
	struct kplug_buffer_info of_buffer = { .size = sizeof(of_buffer), .name = "ro" };
	uint32_t ids[KPLUG_HOOK_COUNT] = { 0 };
	struct kplug_plugin_info of_plugin = {
		.size = sizeof(of_plugin),
		.prog_ids = (uintptr_t)ids,
		.prog_count = KPLUG_HOOK_COUNT,
	};
	struct kplug_info info = { .size = sizeof(info) };

	assert_ok(prog_call_plugin(dev, prog_fd(right, "right")));
	assert_ok(ioctl(fd, KPLUG_INFO, &info));
	assert_string_equal(info.out_name, kplug_device_name(dev));
	assert_ok(ioctl(fd, KPLUG_BUFFER_INFO, &of_buffer));
	assert_int_equal(of_buffer.out_map_id, kplug_buffer_map_id(buf));
	assert_int_equal(of_buffer.out_fd, -1);
	assert_ok(ioctl(fd, KPLUG_PLUGIN_INFO, &of_plugin));
	assert_int_not_equal(ids[KPLUG_HOOK_CALL], 0);
	kplug_buffer_free(buf);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(changes_nothing),
		TEST(reads_succeed),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
