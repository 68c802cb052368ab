// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* timeout: 400 */
/*
 * Who keeps the modules from being unloaded: kplug_soft by users of a software device, kplug by those of a PCI device.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/module.h"
#include "lib/prog.h"

static struct rig_dev soft = { .soft = true, .name = "busy" };
static struct rig_dev edu;
static const struct rig_dev *rig;
static const char *module; /* to be unloaded */
static struct kplug_device *dev;

/* kplug can go only where kplug_soft, which uses it, has gone. */
static int setup(void **state)
{
	rig = *state;
	if (rig->soft) {
		module = "kplug_soft";
		assert_ok(kplug_soft_create(rig->name, 1, 0));
	} else {
		module = "kplug";
		module_until_unloaded("kplug_soft");
		assert_ok(kplug_bind(rig->name, false));
	}
	dev = rig_open(rig);
	return 0;
}

/* The module has gone, and its devices with it; kplug takes the one that is meant for it when it comes again. */
static int teardown(void **state)
{
	(void)state;
	module_load();
	if (!rig->soft)
		assert_ok(kplug_unbind(rig->name));
	return 0;
}

static void close_device(void)
{
	kplug_device_close(dev);
	dev = NULL;
}

#define ASSERT_BUSY() assert_errno(EAGAIN, module_unload(module))
#define UNTIL_UNLOADED() module_until_unloaded(module)

/* The device alone is no user: it goes with its module. */
static void nobody(void **state)
{
	(void)state;
	close_device();
	UNTIL_UNLOADED();
}

static void open_node(void **state)
{
	(void)state;
	ASSERT_BUSY();
	close_device();
	UNTIL_UNLOADED();
}

static void kept_buffer(void **state)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .keep = true };
	struct kplug_buffer *buf;

	(void)state;
	assert_ok(kplug_buffer_alloc(dev, "kept", 4096, &opts, &buf));
	kplug_buffer_free(buf);
	close_device();
	ASSERT_BUSY();
	dev = rig_open(rig);
	assert_ok(kplug_buffer_drop(dev, "kept"));
	close_device();
	UNTIL_UNLOADED();
}

static void map_fd(void **state)
{
	struct kplug_buffer *buf = rig_buffer(dev, "map", 4096);
	int fd = dup(kplug_buffer_map_fd(buf));

	(void)state;
	kplug_buffer_free(buf);
	close_device();
	ASSERT_BUSY();
	close(fd);
	UNTIL_UNLOADED();
}

static void mapping_of_map(void **state)
{
	struct kplug_buffer *buf = rig_buffer(dev, "map", 4096);
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_buffer_map_fd(buf), 0);

	(void)state;
	assert_true(mem != MAP_FAILED);
	kplug_buffer_free(buf);
	close_device();
	ASSERT_BUSY();
	munmap(mem, 4096);
	UNTIL_UNLOADED();
}

static void mapping_of_node(void **state)
{
	struct kplug_buffer *buf = rig_buffer(dev, "node", 4096);
	struct kplug_buffer_info *infos;
	size_t count;
	void *mem;

	(void)state;
	assert_ok(kplug_buffer_list(dev, &infos, &count));
	assert_int_equal(count, 1);
	mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BUFFER(infos[0].out_id));
	assert_true(mem != MAP_FAILED);
	free(infos);
	kplug_buffer_free(buf);
	close_device();
	ASSERT_BUSY();
	munmap(mem, 4096);
	UNTIL_UNLOADED();
}

static void enabled_vector(void **state)
{
	(void)state;
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	ASSERT_BUSY();
	close_device();
	UNTIL_UNLOADED();
}

static void plugin_with_a_buffer(void **state)
{
	struct kplug_buffer *buf = rig_buffer(dev, "plugin", 4096);

	(void)state;
	rig_load(dev, "calls", "plugin");
	kplug_buffer_free(buf);
	close_device();
	ASSERT_BUSY();
	dev = rig_open(rig);
	assert_ok(kplug_plugin_unload(dev));
	close_device();
	UNTIL_UNLOADED();
}

/* Its program calls none of the module's functions, so the kernel does not count it as a user of theirs. */
static void plugin_without_functions(void **state)
{
	(void)state;
	rig_load(dev, "event_ignored", NULL);
	close_device();
	ASSERT_BUSY();
	dev = rig_open(rig);
	assert_ok(kplug_plugin_unload(dev));
	close_device();
	UNTIL_UNLOADED();
}

/* Without a device: programs that are attached, or loaded only, use the module of the hooks. */
static void attached_programs(void **state)
{
	struct prog_links links = { 0 };

	(void)state;
	close_device();
	prog_attach(&links, "event_log", -1);
	assert_errno(EAGAIN, module_unload("kplug"));
	prog_detach(&links);
	UNTIL_UNLOADED();
}

static void loaded_programs(void **state)
{
	struct bpf_object *obj = prog_open("event_log", NULL);

	(void)state;
	close_device();
	prog_loads(obj);
	assert_errno(EAGAIN, module_unload("kplug"));
	bpf_object__close(obj);
	UNTIL_UNLOADED();
}

/* clang-format off */
#define TEST(fn, dev) { #dev ": " #fn, fn, setup, teardown, &(dev) }
/* clang-format on */
#define BOTH(fn) TEST(fn, soft), TEST(fn, edu)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(nobody),
		BOTH(open_node),
		BOTH(kept_buffer),
		BOTH(map_fd),
		BOTH(mapping_of_map),
		BOTH(mapping_of_node),
		BOTH(enabled_vector),
		BOTH(plugin_with_a_buffer),
		BOTH(plugin_without_functions),
		TEST(attached_programs, edu),
		TEST(loaded_programs, edu),
	};

	if (sscanf(getenv("KPLUG_EDU"), "%31s", edu.name) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
