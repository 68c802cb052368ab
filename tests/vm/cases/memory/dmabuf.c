// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: KPLUG_BUFFER_EXPORT KPLUG_BUFFER_ALLOC kind:imported kind:contiguous kind:paged */
/* shows: kmod/memory/dmabuf_export.c kmod/memory/dmabuf_import.c */
/* Buffers exported as dma-bufs and imported by another device: two devices share memory, released in either order. */
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/pins.h"

#define BYTES (4 * PAGE)

static struct kplug_device *other; /* the exporter's device, and edu's second */
static struct kplug_buffer *buf, *theirs;
static uint8_t *mem, *same;
static int fd;

static void setup(void)
{
	assert_int_equal(pins_open_large(&other), 0);
	buf = kind_buffer(dev, "shared", BYTES);
	mem = kplug_buffer_ptr(buf);
	assert_ok(kplug_buffer_export(dev, "shared", &fd));
}

/* Releases one end; the tests release them in different orders. */
static void let_go(struct kplug_buffer **which)
{
	kplug_buffer_free(*which);
	*which = NULL;
}

static void close_fd(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static void teardown(void)
{
	let_go(&theirs);
	let_go(&buf);
	close_fd();
	assert_int_equal(kind_count(other), 0);
	assert_int_equal(pins_close_large(other), 0);
}

static void import(void)
{
	assert_ok(kplug_buffer_import(other, "theirs", fd, NULL, &theirs));
	same = kplug_buffer_ptr(theirs);
}

/* A byte goes through the memory of the other device. */
static void other_device_copies(size_t from, size_t to)
{
	kind_dma_in(other, kplug_buffer_dma_addr(theirs) + from, 0, 1);
	kind_dma_out(other, 0, kplug_buffer_dma_addr(theirs) + to, 1);
}

static void two_devices_one_memory(void)
{
	struct kplug_buffer_info *infos;
	size_t count;

	mem[1] = 0x5a;
	import();
	assert_int_equal(kplug_buffer_size(theirs), BYTES);
	assert_int_equal(kplug_buffer_kind(theirs), KPLUG_BUFFER_IMPORTED);
	assert_int_equal(same[1], 0x5a);
	other_device_copies(1, BYTES - 1);
	assert_int_equal(mem[BYTES - 1], 0x5a);
	kind_dma_in(dev, kplug_buffer_dma_addr(buf) + BYTES - 1, 0, 1);
	kind_dma_out(dev, 0, kplug_buffer_dma_addr(buf) + PAGE, 1);
	assert_int_equal(same[PAGE], 0x5a);
	assert_ok(kplug_buffer_list(other, &infos, &count));
	assert_int_equal(count, 1);
	assert_int_equal(infos[0].out_kind, KPLUG_BUFFER_IMPORTED);
	assert_int_equal(infos[0].out_bytes, BYTES);
	free(infos);
}

/* The plugin of the other device counts into it. */
static void plugin_of_the_importer(void)
{
	volatile uint64_t *counts = (void *)mem;
	struct kplug_record record;
	size_t count;

	import();
	rig_load(other, "count", "theirs");
	assert_ok(kplug_irq_enable(other, 0, NULL, 0));
	rig_raise(other, 1);
	assert_ok(kplug_irq_wait(other, 10000, &record, 1, &count));
	assert_int_equal(counts[0], 1);
	assert_ok(kplug_irq_disable(other, 0));
	assert_ok(kplug_plugin_unload(other));
}

static void device_away(void)
{
	rig_close();
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
}

static void device_back(void)
{
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
	dev = rig_open(at);
}

static void exporter_goes_first(void)
{
	mem[1] = 0x5a;
	import();
	close_fd();
	let_go(&buf);
	device_away();
	other_device_copies(1, PAGE);
	assert_int_equal(same[PAGE], 0x5a);
	let_go(&theirs);
	device_back();
}

static void device_goes_before_the_import(void)
{
	mem[1] = 0x5a;
	device_away();
	import();
	other_device_copies(1, PAGE);
	assert_int_equal(mem[PAGE], 0x5a);
	device_back();
}

static void importer_goes_first(void)
{
	import();
	kplug_device_close(other);
	other = NULL;
	assert_int_equal(pins_close_large(NULL), 0);
	same[2] = 0x5b;
	assert_int_equal(mem[2], 0x5b);
	close_fd();
	let_go(&buf);
	assert_int_equal(kind_count(dev), 0);
	let_go(&theirs);
	assert_int_equal(kind_count(dev), 0);
	assert_int_equal(pins_open_large(&other), 0);
}

static void mapped_by_its_fd(void)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	uint8_t *ptr;

	assert_int_equal(lseek(fd, 0, SEEK_END), BYTES);
	assert_ptr_equal(mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, PAGE), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync), 0);
	ptr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	mem[PAGE] = 1;
	assert_int_equal(ptr[0], 1);
	close_fd();
	let_go(&buf);
	assert_int_equal(kind_count(dev), 0);
	assert_int_equal(ptr[0], 1);
	ptr[1] = 2;
	munmap(ptr, PAGE);
}

static void read_only_through_the_node(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *part = NULL;
	struct kplug_info info;
	struct kplug_device *own;

	import();
	assert_ok(kplug_device_info(other, &info));
	assert_ok(kplug_device_open(info.out_name, &opts, &own));
	assert_ok(kplug_buffer_open_part(own, "theirs", PAGE, PAGE, &part));
	mem[PAGE] = 7;
	assert_int_equal(*(uint8_t *)kplug_buffer_ptr(part), 7);
	assert_fails(EACCES, mprotect(kplug_buffer_ptr(part), PAGE, PROT_READ | PROT_WRITE));
	let_go(&theirs);
	assert_int_equal(kind_count(other), 0);
	mem[PAGE] = 8;
	assert_int_equal(*(uint8_t *)kplug_buffer_ptr(part), 8);
	kplug_buffer_free(part);
	kplug_device_close(own);
}

/* The smaller buffer ends before the dma-buf does, and so do its mappings. */
static void part_of_a_dmabuf(void)
{
	struct kplug_buffer_alloc req = {
		.size = sizeof(req), .bytes = PAGE, .kind = KPLUG_BUFFER_IMPORTED, .name = "part", .memory_fd = fd
	};
	uint8_t *ptr;

	assert_int_equal(ioctl(kplug_device_fd(other), KPLUG_BUFFER_ALLOC, &req), 0);
	assert_ptr_equal(mmap(NULL, BYTES, PROT_READ, MAP_SHARED, req.out_fd, 0), MAP_FAILED);
	ptr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, req.out_fd, 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	ptr[3] = 9;
	assert_int_equal(mem[3], 9);
	assert_int_equal(rig_buffer_undo(kplug_device_fd(other), &req), 0);
	munmap(ptr, PAGE);
}

/* Memory above what the first device reaches is an error there, never a bounce. */
static void out_of_reach(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 64 };
	struct kplug_alloc_opts low = { .sz = sizeof(low), .dma_bits = 28 };
	struct kplug_buffer *high[64] = { NULL }, *import_of_it = NULL;
	char name[16];
	int i, high_fd;

	for (i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "high%d", i);
		assert_ok(kplug_buffer_alloc(other, name, 4UL << 20, &opts, &high[i]));
		if (rig_machine("iommu") || kplug_buffer_dma_addr(high[i]) >= 1UL << 28)
			break;
	}
	assert_in_range(i, 0, 63);
	assert_ok(kplug_buffer_export(other, name, &high_fd));
	if (rig_machine("iommu"))
		assert_ok(kplug_buffer_import(dev, "low", high_fd, &low, &import_of_it));
	else
		assert_errno(EIO, kplug_buffer_import(dev, "low", high_fd, &low, &import_of_it));
	kplug_buffer_free(import_of_it);
	close(high_fd);
	for (i = 0; i < 64; i++)
		kplug_buffer_free(high[i]);
}

static int raw_import(int from, size_t bytes, uint64_t addr)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req),
					  .bytes = bytes,
					  .kind = KPLUG_BUFFER_IMPORTED,
					  .name = "raw",
					  .memory_fd = from,
					  .arena_addr = addr };

	return ioctl(kplug_device_fd(other), KPLUG_BUFFER_ALLOC, &req) ? -errno : req.out_fd;
}

static void bad_imports(void)
{
	struct kplug_alloc_opts paged = { .sz = sizeof(paged), .kind = KPLUG_BUFFER_PAGED };
	struct kplug_alloc_opts unknown = { .sz = 1 };
	struct kplug_alloc_opts imported = { .sz = sizeof(imported), .kind = KPLUG_BUFFER_IMPORTED };
	int memfd = memfd_create("x", MFD_CLOEXEC);
	struct kplug_buffer *none = NULL;

	assert_int_equal(ftruncate(memfd, PAGE), 0);
	assert_int_equal(raw_import(-1, PAGE, 0), -EBADF);
	assert_int_equal(raw_import(1000, PAGE, 0), -EBADF);
	assert_int_equal(raw_import(kplug_device_fd(dev), PAGE, 0), -EINVAL);
	assert_int_equal(raw_import(kplug_buffer_map_fd(buf), PAGE, 0), -EINVAL);
	assert_int_equal(raw_import(fd, BYTES + 1, 0), -EMSGSIZE);
	assert_int_equal(raw_import(fd, KPLUG_BUFFER_MAX, 0), -EMSGSIZE);
	assert_int_equal(raw_import(fd, 0, 0), -EINVAL);
	assert_int_equal(raw_import(fd, BYTES, (uintptr_t)mem), -EINVAL);
	assert_errno(EINVAL, kplug_buffer_import(other, "x", -1, NULL, &none));
	assert_non_null(strstr(kplug_error(), "not a dma-buf"));
	assert_errno(EINVAL, kplug_buffer_import(other, "x", kplug_buffer_map_fd(buf), NULL, &none));
	assert_errno(EINVAL, kplug_buffer_import(other, "x", memfd, NULL, &none));
	assert_non_null(strstr(kplug_error(), "not a dma-buf"));
	assert_int_equal(lseek(memfd, 0, SEEK_CUR), 0);
	close(memfd);
	assert_errno(EINVAL, kplug_buffer_alloc(other, "x", PAGE, &imported, &none));
	assert_errno(EINVAL, kplug_buffer_import(other, "x", fd, &paged, &none));
	assert_errno(EINVAL, kplug_buffer_import(other, "x", fd, &unknown, &none));
	assert_errno(EINVAL, kplug_buffer_import(other, "a-b", fd, NULL, &none));
	import();
	assert_errno(EEXIST, kplug_buffer_import(other, "theirs", fd, NULL, &none));
	assert_errno(EBUSY, kplug_buffer_import(other, "again", fd, NULL, &none));
	assert_non_null(strstr(kplug_error(), "is a buffer of the device already"));
	assert_int_equal(raw_import(fd, PAGE, 0), -EBUSY); /* nor a part of it */
	assert_null(none);
}

/* Without the right to write. */
static int exports_as_nobody(void *arg)
{
	struct kplug_device *own = NULL;
	int none = -1;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!setresuid(4243, 4243, 4243));
	NEED(kplug_buffer_export(own, "secret", &none) == -EACCES);
	NEED(none == -1);
	return 0;
}

static void bad_exports(void)
{
	struct kplug_buffer_rights rights = { .mode = 0644, .uid = KPLUG_SELF, .gid = KPLUG_SELF };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 28, .rights = &rights };
	struct kplug_open_opts read_only = { .sz = sizeof(read_only), .read_only = true };
	struct kplug_buffer *secret;
	struct kplug_device *own;
	int none = -1;

	assert_errno(ENOENT, kplug_buffer_export(dev, "nothing", &none));
	assert_errno(EINVAL, kplug_buffer_export(dev, "0123456789abcdef", &none));
	assert_errno(EINVAL, kplug_buffer_export(dev, "", &none));
	import();
	assert_errno(EOPNOTSUPP, kplug_buffer_export(other, "theirs", &none));
	assert_ok(kplug_device_open(at->name, &read_only, &own));
	assert_errno(EACCES, kplug_buffer_export(own, "shared", &none));
	kplug_device_close(own);
	assert_ok(kplug_buffer_alloc(dev, "secret", PAGE, &opts, &secret));
	assert_int_equal(kind_child(exports_as_nobody, NULL), 0);
	assert_int_equal(none, -1);
	kplug_buffer_free(secret);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(two_devices_one_memory),
		TEST(plugin_of_the_importer),
		TEST(exporter_goes_first),
		TEST(device_goes_before_the_import),
		TEST(importer_goes_first),
		TEST(mapped_by_its_fd),
		TEST(read_only_through_the_node),
		TEST(part_of_a_dmabuf),
		TEST(out_of_reach),
		TEST(bad_imports),
		TEST(bad_exports),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
