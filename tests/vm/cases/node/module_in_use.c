// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: kmod/node/registry.c kmod/node/node.c kmod/buffer/buffer.c kmod/plugin/plugin.c */
/* timeout: 400 */
/*
 * What keeps a module loaded: kplug_soft the users of a software device, kplug_pci those of a PCI device, kplug the
 * programs on its hooks.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/module.h"
#include "lib/prog.h"

static struct rig_dev soft = { .soft = true, .name = "busy" };
static struct rig_dev edu;
static const struct rig_dev *wanted; /* the running group's: made before each test */
static const char *module; /* to be unloaded */

static void setup(void)
{
	at = wanted;
	if (at->soft) {
		module = "kplug_soft";
		assert_ok(kplug_soft_create(at->name, 1, 0));
	} else {
		module = "kplug_pci";
		assert_ok(kplug_bind(at->name, false));
	}
	dev = rig_open(at);
}

/* The module has gone, and its devices with it; loaded again, kplug_pci takes the one that is bound to it. */
static void teardown(void)
{
	rig_close();
	module_load();
	if (!at->soft)
		assert_ok(kplug_unbind(at->name));
}

#define ASSERT_BUSY() assert_errno(EAGAIN, module_unload(module))
#define UNTIL_UNLOADED() module_until_unloaded(module)

/* The device alone is no user: it goes with its module. */
static void device_without_users(void)
{
	rig_close();
	UNTIL_UNLOADED();
}

static void open_node(void)
{
	ASSERT_BUSY();
	rig_close();
	UNTIL_UNLOADED();
}

static void kept_buffer(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .keep = true };
	struct kplug_buffer *buf;

	assert_ok(kplug_buffer_alloc(dev, "kept", 4096, &opts, &buf));
	kplug_buffer_free(buf);
	rig_close();
	ASSERT_BUSY();
	dev = rig_open(at);
	assert_ok(kplug_buffer_drop(dev, "kept"));
	rig_close();
	UNTIL_UNLOADED();
}

static void map_fd(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "map", 4096);
	int fd = dup(kplug_buffer_map_fd(buf));

	kplug_buffer_free(buf);
	rig_close();
	ASSERT_BUSY();
	close(fd);
	UNTIL_UNLOADED();
}

static void mapping_of_map(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "map", 4096);
	void *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_buffer_map_fd(buf), 0);

	assert_true(mem != MAP_FAILED);
	kplug_buffer_free(buf);
	rig_close();
	ASSERT_BUSY();
	munmap(mem, 4096);
	UNTIL_UNLOADED();
}

static void mapping_of_node(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "node", 4096);
	struct kplug_buffer_info *infos;
	size_t count;
	void *mem;

	assert_ok(kplug_buffer_list(dev, &infos, &count));
	assert_int_equal(count, 1);
	mem = mmap(NULL, 4096, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BUFFER(infos[0].out_id));
	assert_true(mem != MAP_FAILED);
	free(infos);
	kplug_buffer_free(buf);
	rig_close();
	ASSERT_BUSY();
	munmap(mem, 4096);
	UNTIL_UNLOADED();
}

static void enabled_vector(void)
{
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	ASSERT_BUSY();
	rig_close();
	UNTIL_UNLOADED();
}

static void plugin_with_a_buffer(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "plugin", 4096);

	rig_load(dev, "calls", "plugin");
	kplug_buffer_free(buf);
	rig_close();
	ASSERT_BUSY();
	dev = rig_open(at);
	assert_ok(kplug_plugin_unload(dev));
	rig_close();
	UNTIL_UNLOADED();
}

/* Its program calls none of the module's functions, so the kernel does not count it as a user of theirs. */
static void plugin_without_functions(void)
{
	rig_load(dev, "event_ignored", NULL);
	rig_close();
	ASSERT_BUSY();
	dev = rig_open(at);
	assert_ok(kplug_plugin_unload(dev));
	rig_close();
	UNTIL_UNLOADED();
}

/* All modules that use the core. */
static void unload_others(void)
{
	rig_close();
	module_until_unloaded("kplug_memory");
	module_until_unloaded("kplug_soft");
	module_until_unloaded("kplug_pci");
}

/* Without a device: programs that are attached, or loaded only, use the module of the hooks. */
static void attached_programs(void)
{
	struct prog_links links = { 0 };

	unload_others();
	prog_attach(&links, "event_log", -1);
	assert_errno(EAGAIN, module_unload("kplug"));
	prog_detach(&links);
	module_until_unloaded("kplug");
}

static void loaded_programs(void)
{
	struct bpf_object *obj = prog_open("event_log", NULL);

	unload_others();
	prog_loads(obj);
	assert_errno(EAGAIN, module_unload("kplug"));
	bpf_object__close(obj);
	module_until_unloaded("kplug");
}

#define ON(device, fn) { .name = #device ": " #fn, .run = (fn) }
/* clang-format off */
#define EITHER(device)                                                                                                 \
	ON(device, device_without_users), ON(device, open_node), ON(device, kept_buffer), ON(device, map_fd),          \
	ON(device, mapping_of_map), ON(device, mapping_of_node), ON(device, enabled_vector),                           \
	ON(device, plugin_with_a_buffer), ON(device, plugin_without_functions)
/* clang-format on */

int main(void)
{
	const struct rig_test on_soft[] = { EITHER(soft) };
	const struct rig_test on_edu[] = { EITHER(edu), ON(edu, attached_programs), ON(edu, loaded_programs) };
	int failed;

	if (sscanf(getenv("KPLUG_EDU"), "%31s", edu.name) != 1)
		return 1;
	wanted = &soft;
	failed = RIG_RUN(on_soft, RIG_NONE, .setup = setup, .teardown = teardown);
	wanted = &edu;
	return failed + RIG_RUN(on_edu, RIG_NONE, .setup = setup, .teardown = teardown);
}
