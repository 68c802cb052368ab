// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi intx iommu */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_FREE KPLUG_BUFFER_INFO KPLUG_BUFFER_EXPORT KPLUG_BUFFER_ACCESS */
/* shows: KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_UNLOAD KPLUG_PLUGIN_ROLLBACK KPLUG_CALL KPLUG_IRQ_ENABLE */
/* shows: KPLUG_IRQ_DISABLE KPLUG_DMA_LOCK KPLUG_DMA_UNLOCK KPLUG_SOFT_CREATE KPLUG_SOFT_DELETE kind:auto */
/* shows: kind:contiguous kind:paged kind:wc kind:imported kmod/core/main.c kmod/node/registry.c */
/* shows: kmod/node/node.c kmod/node/ioctl.c kmod/soft/soft.c kmod/pci/pci.c kmod/dma/dma.c */
/* shows: kmod/buffer/buffer.c kmod/buffer/contiguous.c kmod/buffer/paged.c kmod/buffer/map.c */
/* shows: kmod/buffer/mmap.c kmod/buffer/memory.c kmod/memory/main.c */
/* shows: kmod/memory/migrate.c kmod/memory/wc.c kmod/memory/dmabuf_export.c kmod/memory/dmabuf_import.c */
/* shows: kmod/memory/umem.c kmod/plugin/plugin.c kmod/irq/irq.c kmod/irq/reader.c */
/* kernel: debug */
/* timeout: 300 */
/* kmsg: ^(Failed to add kobject for irq|kobject: .*(failed for|can not set name)|sysfs: cannot create) */
/* kmsg: ^kplug .*: (probe with driver kplug failed with error|can't derive routing|PCI INT A: no GSI|BAR [0-9]: can't reserve) */
/* kmsg: ^(ioremap memtype_reserve failed|kmemleak: Cannot allocate a scan area) */
/*
 * Each way through the module, with the first allocation or the first call of a function failing, then the second, and
 * so on until none is left to fail. After each failure the next try succeeds; what leaks is found by the watchers
 * (rig/debug/watch.sh), what is half-made makes the next try or the unloading of the module fail. Arenas are in
 * cases/memory/arena_fault_injection.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/prog.h"

#define MIB (1UL << 20)
#define MANY 1000 /* more sites than a path can have */
#define ENOUGH 16 /* calls of a function that is called again elsewhere when it fails */

/* What all paths but those of modules and devices work on. */
static struct bpf_object *obj;
static int prog_fds[KPLUG_HOOK_COUNT] = { -1, -1, -1, -1, -1, -1, -1, -1 };
static void *memory;
static char edu[KPLUG_NAME_LEN];

/* Undoes what a path has done. That may fail, too, but not a second time. */
static int undone(int (*undo)(void))
{
	int err = undo();

	if (err)
		assert_ok(undo());
	return err;
}

static int delete_soft(void)
{
	return kplug_soft_delete("faulty");
}

static int path_soft(void)
{
	int err = kplug_soft_create("faulty", 2, 0);

	return err ? err : undone(delete_soft);
}

static int unbind(void)
{
	return kplug_unbind(edu);
}

static int path_pci(void)
{
	int err = kplug_bind(edu, false);

	if (!err)
		return undone(unbind);
	assert_true(rig_line_is_off(edu)); /* as the path's first run, which did not fail, has left it */
	return err;
}

static int path_open(void)
{
	struct kplug_device *again;
	int err = kplug_device_open("sound", NULL, &again);

	if (!err)
		kplug_device_close(again);
	return err;
}

static int free_it(void)
{
	return rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "faulty");
}

static int alloc(uint64_t bytes, enum kplug_buffer_kind kind)
{
	struct kplug_buffer_alloc arg = { .size = sizeof(arg), .bytes = bytes, .kind = kind, .name = "faulty" };
	int err;

	err = ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &arg) ? -errno : 0;
	if (err)
		return err;
	close(arg.out_fd);
	return undone(free_it);
}

static int path_alloc(void)
{
	return alloc(64 << 10, KPLUG_BUFFER_AUTO);
}

/* More than the buddy allocator has in one piece. */
static int path_alloc_large(void)
{
	return alloc(8 * MIB, KPLUG_BUFFER_AUTO);
}

static int path_alloc_wc(void)
{
	return alloc(64 << 10, KPLUG_BUFFER_WC);
}

/* Of the buffer that is there all the time: by the map and by the node. */
static int path_map(void)
{
	struct kplug_buffer_info arg = { .size = sizeof(arg), .flags = KPLUG_BUFFER_FD, .name = "sound" };
	void *p;
	int err;

	if (ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &arg))
		return -errno;
	p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, arg.out_fd, 0);
	err = p == MAP_FAILED ? -errno : 0;
	close(arg.out_fd);
	if (err)
		return err;
	munmap(p, MIB);
	p = mmap(NULL, MIB, PROT_READ, MAP_SHARED, kplug_device_fd(dev), (off_t)KPLUG_MMAP_BUFFER(arg.out_id));
	if (p == MAP_FAILED)
		return -errno;
	munmap(p, MIB);
	return 0;
}

static int access_to(uint32_t map_id, uint32_t end)
{
	struct kplug_buffer_access arg = {
		.size = sizeof(arg), .flags = KPLUG_ACCESS_READ | end, .map_id = map_id, .bytes = MIB
	};

	return ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ACCESS, &arg) ? -errno : 0;
}

static struct kplug_device *exporter;
static struct kplug_buffer *exported;

/* Another device's buffer. */
static int path_dmabuf(void)
{
	struct kplug_buffer_export out = { .size = sizeof(out), .name = "exported" };
	struct kplug_buffer_alloc in = {
		.size = sizeof(in), .bytes = MIB, .kind = KPLUG_BUFFER_IMPORTED, .name = "faulty"
	};
	void *p;
	int err;

	if (ioctl(kplug_device_fd(exporter), KPLUG_BUFFER_EXPORT, &out))
		return -errno;
	in.memory_fd = out.out_fd;
	err = ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &in) ? -errno : 0;
	close(out.out_fd);
	if (err)
		return err;
	p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, in.out_fd, 0);
	err = p == MAP_FAILED ? -errno : 0;
	if (!err)
		munmap(p, MIB);
	err = err ?: access_to(in.out_map_id, 0) ?: access_to(in.out_map_id, KPLUG_ACCESS_END);
	return rig_buffer_undo(kplug_device_fd(dev), &in) ?: err;
}

static int roll_back(void)
{
	struct kplug_plugin_unload arg = { .size = sizeof(arg) };

	return ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_ROLLBACK, &arg) ? -errno : 0;
}

static int unload(void)
{
	struct kplug_plugin_unload arg = { .size = sizeof(arg) };

	return ioctl(kplug_device_fd(dev), KPLUG_PLUGIN_UNLOAD, &arg) ? -errno : 0;
}

static int path_plugin(void)
{
	int err = prog_plugin(dev, prog_fds, 0), end;

	if (err)
		return err;
	err = prog_plugin(dev, prog_fds, KPLUG_PLUGIN_REPLACE);
	err = err ? err : roll_back();
	end = undone(unload);
	return err ? err : end;
}

static int path_call(void)
{
	char data[2000] = { 0 };
	int64_t result;
	int err = kplug_call(dev, 1, data, sizeof(data), &result);

	return err == -ENOMSG ? 0 : err; /* no plugin answers, which is fine here */
}

static int disable(void)
{
	return kplug_irq_disable(dev, 1);
}

static int path_irq(void)
{
	int fd = eventfd(0, EFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = kplug_irq_enable_eventfd(dev, 1, "argument", 8, fd);
	if (!err)
		err = undone(disable);
	close(fd);
	return err;
}

/* A vector's first enable requests its line, which is kept until the device goes. */
static int path_first_irq(void)
{
	struct kplug_device *own;
	int err = kplug_soft_create("faulty", 1, 0), end;

	if (err)
		return err;
	err = kplug_device_open("faulty", NULL, &own);
	if (!err) {
		err = kplug_irq_enable(own, 0, NULL, 0);
		kplug_device_close(own);
	}
	end = undone(delete_soft);
	return err ? err : end;
}

static int path_lock(void)
{
	struct kplug_dma_lock lock = { .size = sizeof(lock), .addr = (uintptr_t)memory, .bytes = MIB };
	struct kplug_dma_unlock unlock = { .size = sizeof(unlock) };
	int err;

	if (ioctl(kplug_device_fd(dev), KPLUG_DMA_LOCK, &lock))
		return -errno;
	unlock.id = lock.out_id;
	if (!ioctl(kplug_device_fd(dev), KPLUG_DMA_UNLOCK, &unlock))
		return 0;
	err = -errno;
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_DMA_UNLOCK, &unlock), 0);
	return err;
}

static const struct path {
	const char *name;
	int (*run)(void);
} paths[] = {
	{ "software device", path_soft },
	{ "PCI device", path_pci },
	{ "open", path_open },
	{ "buffer", path_alloc },
	{ "large buffer", path_alloc_large },
	{ "write-combining buffer", path_alloc_wc },
	{ "map", path_map },
	{ "dma-buf", path_dmabuf },
	{ "plugin", path_plugin },
	{ "call", path_call },
	{ "interrupt", path_irq },
	{ "first interrupt", path_first_irq },
	{ "lock", path_lock },
};
#define PATHS (sizeof(paths) / sizeof(paths[0]))

/* What the module calls and may fail. Tolerated: there is another way, or the device does without. */
static const struct function {
	const char *name;
	long value;
	bool tolerated;
} functions[] = {
	{ "pci_enable_device", -EIO, false },
	{ "pci_request_regions", -EBUSY, false },
	{ "pci_iomap", 0, false },
	{ "pci_alloc_irq_vectors", -ENOSPC, true },
	{ "__percpu_init_rwsem", -ENOMEM, false },
	{ "ida_alloc_range", -ENOSPC, false },
	{ "dev_set_name", -ENOMEM, false },
	{ "cdev_device_add", -EIO, false },
	{ "request_threaded_irq", -EBUSY, false },
	{ "eventfd_ctx_fdget", -EINVAL, false },
	{ "prepare_creds", 0, false },
	{ "kern_sys_bpf", -ENOMEM, false },
	{ "bpf_map_get", -EBADF, false },
	{ "bpf_prog_get_type_dev", -EBADF, false },
	{ "alloc_contig_range_noprof", -EBUSY, true },
	{ "set_memory_wc", -ENOMEM, false },
	{ "sg_alloc_table_from_pages_segment", -ENOMEM, false },
	{ "dma_map_sgtable", -EIO, false },
	{ "dma_map_page_attrs", -1, false }, /* DMA_MAPPING_ERROR */
	{ "vm_map_pages", -EFAULT, false },
	{ "vm_insert_pages", -EFAULT, false },
	{ "pin_user_pages_fast", -EFAULT, false },
	{ "dma_buf_export", -ENOMEM, false },
	{ "dma_buf_fd", -EMFILE, false },
	{ "dma_buf_get", -EBADF, false },
	{ "dma_buf_vmap_unlocked", -ENOMEM, false },
	{ "dma_buf_attach", -ENOMEM, false },
	{ "dma_buf_map_attachment_unlocked", -ENOMEM, false },
	{ "dma_buf_mmap", -EINVAL, false },
	{ "dma_buf_begin_cpu_access", -EIO, false },
	{ "dma_buf_end_cpu_access", -EIO, false },
	{ "__xa_alloc", -ENOMEM, false },
	{ "iommu_map", -ENOMEM, true },
	{ "irq_create_mapping_affinity", 0, false },
	{ "irq_domain_create_simple", 0, false },
	{ "platform_device_register_full", -ENOMEM, false },
	{ "kasprintf", 0, true },
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static unsigned int sites, refused;

static void the_next_try_succeeds(const struct path *p, const char *what, unsigned int n)
{
	int err = p->run();

	if (err)
		fail_msg("%s, after failure %u of %s: %s (%s)", p->name, n, what, strerror(-err), kplug_error());
}

static void allocations_of(const struct path *p)
{
	unsigned int n;
	bool hit;
	int err;

	the_next_try_succeeds(p, "nothing", 0);
	for (n = 1; n < MANY; n++) {
		fault_alloc(n);
		err = p->run();
		hit = fault_alloc_end();
		if (!hit) {
			assert_ok(err);
			break;
		}
		refused += !!err;
		the_next_try_succeeds(p, "an allocation", n);
	}
	assert_true(n < MANY);
	print_message("# %s: %u allocations\n", p->name, n - 1);
	sites += n - 1;
}

static void allocations(void)
{
	sites = refused = 0;
	for (size_t i = 0; i < PATHS; i++) {
		/* The kernel warns when it removes a file in /proc/irq that it could not make (unregister_irq_proc()). */
		if (paths[i].run != path_first_irq)
			allocations_of(&paths[i]);
	}
	print_message("# %u allocations failed, of which %u by an error\n", sites, refused);
	assert_true(sites > 100 && refused > 50);
}

/* Returns how many calls of the function the path makes. */
static unsigned int calls_of(const struct path *p, const struct function *f)
{
	unsigned int n;
	int err;

	for (n = 1; n < MANY; n++) {
		if (f->tolerated && n > ENOUGH) {
			print_message("# of %s in %s no more than %d are failed\n", f->name, p->name, ENOUGH);
			break;
		}
		assert_ok(fault_call(f->name, n, f->value));
		err = p->run();
		if (!fault_call_end(n)) {
			assert_ok(err);
			break;
		}
		if (!err && !f->tolerated)
			fail_msg("%s: succeeds though call %u of %s failed", p->name, n, f->name);
		refused += !!err;
		the_next_try_succeeds(p, f->name, n);
	}
	assert_true(n < MANY);
	return n - 1;
}

static void calls(void)
{
	unsigned int of_function, n, used = 0;

	sites = refused = 0;
	for (size_t f = 0; f < FUNCTIONS; f++) {
		if (fault_call(functions[f].name, 0, 0)) {
			print_message("# this kernel has no %s\n", functions[f].name);
			continue;
		}
		of_function = 0;
		for (size_t i = 0; i < PATHS; i++) {
			n = calls_of(&paths[i], &functions[f]);
			if (n)
				print_message("# %s in %s: %u\n", functions[f].name, paths[i].name, n);
			of_function += n;
		}
		used += !!of_function;
		sites += of_function;
	}
	print_message("# %u calls failed, of %u functions, of which %u by an error\n", sites, used, refused);
	assert_true(used > 20);
}

static void begin(void)
{
	struct kplug_buffer_alloc arg = { .size = sizeof(arg), .bytes = MIB, .name = "sound" };
	const char *addresses = getenv("KPLUG_EDU");

	fault_init();
	assert_non_null(addresses);
	assert_int_equal(sscanf(addresses, "%31s", edu), 1);
	assert_ok(kplug_soft_create("sound", 2, 64));
	assert_ok(kplug_device_open("sound", NULL, &dev));
	assert_ok(kplug_soft_create("exporter", 1, 64));
	assert_ok(kplug_device_open("exporter", NULL, &exporter));
	exported = rig_buffer(exporter, "exported", MIB);
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &arg), 0);
	obj = prog_open("swap_1", NULL);
	prog_use_buffer(obj, arg.out_fd);
	close(arg.out_fd);
	prog_loads(obj);
	prog_fds[KPLUG_HOOK_CALL] = prog_fd(obj, "call");
	prog_fds[KPLUG_HOOK_INTERRUPT] = prog_fd(obj, "interrupt");
	memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
}

static void end_all(void)
{
	munmap(memory, MIB);
	bpf_object__close(obj);
	rig_close();
	kplug_buffer_free(exported);
	kplug_device_close(exporter);
	fault_exit();
	assert_ok(kplug_soft_delete("sound"));
	assert_ok(kplug_soft_delete("exporter"));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(allocations),
		TEST(calls),
	};

	return RIG_RUN(tests, RIG_NONE, .begin = begin, .end = end_all);
}
