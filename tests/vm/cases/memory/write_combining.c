// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* also: iommu */
/* shows: KPLUG_BUFFER_ALLOC kind:wc kmod/memory/wc.c kmod/buffer/map.c kmod/memory/dmabuf_export.c */
/* Write-combining buffers: all mappings are so, the kernel's too; the device sees what is written; and it ends. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/prog.h"

#define BYTES ((64U << 10) + PAGE)
#define FLAG_ARCH (1ULL << 38) /* of /proc/kpageflags: PG_arch_1, by which arch/x86/mm/pat marks such memory */
#define PROT_CACHE (3UL << 3) /* PWT and PCD of a page table's entry */
#define PROT_WC (1UL << 3) /* Intel SDM volume 3, 12.12.3, and the kernel's PAT: entry 1 is write-combining */

static struct kplug_buffer *buf;
static char name[KPLUG_NAME_LEN];

/* How many pages of the machine the kernel knows as write-combining. */
static size_t marked(void)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	static uint64_t flags[8192];
	size_t count = 0;
	ssize_t n, i;

	assert_true(fd >= 0);
	while ((n = read(fd, flags, sizeof(flags))) > 0)
		for (i = 0; i < n / 8; i++)
			count += !!(flags[i] & FLAG_ARCH);
	close(fd);
	return count;
}

static bool none_marked(void *unused)
{
	(void)unused;
	return !marked();
}

static int make(enum kplug_buffer_kind which)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = which, .dma_bits = 28 };

	return kplug_buffer_alloc(dev, "stream", BYTES, &opts, &buf);
}

static void setup(void)
{
	strcpy(name, at->name);
	assert_ok(make(KPLUG_BUFFER_WC));
}

static void teardown(void)
{
	kplug_buffer_free(buf);
	rig_until(none_marked, NULL); /* its memory goes a little later than its name */
}

/* How the mapping that begins at ptr is cached. */
static unsigned long caching_of(const void *ptr)
{
	struct bpf_object *obj = prog_open("page_protection", NULL);
	struct {
		int tgid;
		uint64_t start, prot;
	} *globals;
	struct bpf_link *link;
	unsigned long prot;
	char byte;
	int fd;

	prog_loads(obj);
	globals = prog_globals(obj);
	globals->tgid = getpid();
	globals->start = (uintptr_t)ptr;
	link = bpf_program__attach_iter(prog_find(obj, "look"), NULL);
	assert_non_null(link);
	fd = bpf_iter_create(bpf_link__fd(link));
	assert_true(fd >= 0);
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	prot = globals->prot;
	assert_int_not_equal(prot, 0);
	bpf_link__destroy(link);
	bpf_object__close(obj);
	return prot & PROT_CACHE;
}

static void every_mapping(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *part;
	struct kplug_device *own;
	struct kplug_holder *found;
	size_t count;
	void *ptr;
	int fd;

	assert_int_equal(kplug_buffer_kind(buf), KPLUG_BUFFER_WC);
	assert_true(kind_all(kplug_buffer_ptr(buf), 0, BYTES));
	assert_int_equal(marked(), BYTES / PAGE);
	assert_ok(kplug_buffer_holders(dev, "stream", &found, &count));
	assert_int_equal(count, 1);
	assert_int_equal(found[0].how, KPLUG_HOLD_FD); /* its mapping's pages are hidden */
	free(found);
	assert_int_equal(caching_of(kplug_buffer_ptr(buf)), PROT_WC);
	assert_ok(kplug_device_open(name, &opts, &own));
	assert_ok(kplug_buffer_open_part(own, "stream", PAGE, PAGE, &part));
	assert_int_equal(caching_of(kplug_buffer_ptr(part)), PROT_WC);
	kplug_buffer_free(part);
	kplug_device_close(own);
	assert_ok(kplug_buffer_export(dev, "stream", &fd));
	ptr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	assert_int_equal(caching_of(ptr), PROT_WC);
	munmap(ptr, PAGE);
	/* As a buffer of another kind, bpf() would copy it. */
	assert_errno(EOPNOTSUPP, kplug_buffer_import(dev, "copied", fd, NULL, &part));
	close(fd);
	kplug_buffer_free(buf);
	buf = NULL;
	rig_until(none_marked, NULL);
}

static void no_other_kind(void)
{
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 0);
	rig_until(none_marked, NULL);
	assert_ok(make(KPLUG_BUFFER_CONTIGUOUS));
	assert_int_equal(marked(), 0);
	assert_int_equal(caching_of(kplug_buffer_ptr(buf)), 0);
}

static void device_and_plugin(void)
{
	volatile uint64_t *counts = kplug_buffer_ptr(buf);
	uint64_t addr = kplug_buffer_dma_addr(buf);
	struct kplug_record record;
	size_t count;

	counts[BYTES / 8 - 1] = 0x1122334455667788;
	kind_dma_in(dev, addr + BYTES - 8, 0, 8);
	kind_dma_out(dev, 0, addr + PAGE, 8);
	assert_int_equal(counts[PAGE / 8], 0x1122334455667788);
	rig_load(dev, "count", "stream");
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	rig_raise(dev, 1);
	assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
	assert_int_equal(counts[0], 1);
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_plugin_unload(dev));
}

static void again_and_again(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		kplug_buffer_free(buf);
		assert_int_equal(kind_count(dev), 0);
		assert_ok(make(i % 2 ? KPLUG_BUFFER_WC : KPLUG_BUFFER_CONTIGUOUS));
		memset(kplug_buffer_ptr(buf), i, BYTES);
		assert_true(kind_all(kplug_buffer_ptr(buf), i, BYTES));
	}
}

/* What the kernel would map again, or copy for seconds. */
static void not_pinned_nor_copied(void)
{
	uint8_t *copy = malloc(BYTES);
	uint32_t key = 0;
	struct iovec from = { kplug_buffer_ptr(buf), 1 }, to = { copy, 1 };
	int pair[2];

	assert_non_null(copy);
	assert_int_equal(bpf_map_lookup_elem(kplug_buffer_map_fd(buf), &key, copy), -EOPNOTSUPP);
	assert_int_equal(pipe(pair), 0);
	assert_fails(EFAULT, vmsplice(pair[1], &from, 1, 0));
	assert_int_equal(process_vm_readv(getpid(), &to, 1, &from, 1, 0), -1);
	close(pair[0]);
	close(pair[1]);
	memset(copy, 0x77, BYTES);
	assert_int_equal(bpf_map_update_elem(kplug_buffer_map_fd(buf), &key, copy, 0), 0);
	assert_true(kind_all(kplug_buffer_ptr(buf), 0x77, BYTES));
	free(copy);
}

static int raw(uint32_t which, int memory_fd, uint64_t arena_addr)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req),
					  .bytes = PAGE,
					  .kind = which,
					  .name = "raw",
					  .memory_fd = memory_fd,
					  .arena_addr = arena_addr };

	if (ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req))
		return -errno;
	return rig_buffer_undo(kplug_device_fd(dev), &req);
}

static void bad_input(void)
{
	assert_int_equal(raw(KPLUG_BUFFER_WC, 0, 0), 0);
	assert_int_equal(raw(KPLUG_BUFFER_WC, kplug_buffer_map_fd(buf), 0), -EINVAL);
	assert_int_equal(raw(KPLUG_BUFFER_WC, 0, PAGE), -EINVAL);
	assert_int_equal(raw(KPLUG_BUFFER_WC + 1, 0, 0), -EINVAL);
}

int main(void)
{
	static const struct rig_test tests[] = { TEST(every_mapping),	      TEST(no_other_kind),
						 TEST(device_and_plugin),     TEST(again_and_again),
						 TEST(not_pinned_nor_copied), TEST(bad_input) };

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
