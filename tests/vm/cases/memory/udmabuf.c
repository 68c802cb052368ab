// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: KPLUG_BUFFER_ACCESS KPLUG_BUFFER_EXPORT kind:imported kind:arena kmod/memory/dmabuf_import.c */
/* shows: kmod/memory/dmabuf_export.c */
/* dma-bufs of another driver, udmabuf (a memfd's pages), as buffers; and an arena as one. */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/pins.h"
#include "lib/prog.h"

#define PAGES 4U
#define HUGE (2U << 20)

static uint8_t *mem; /* the memfd's pages, in their order */
static int memfd;

static void setup(void)
{
	memfd = memfd_create("pages", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	assert_true(memfd >= 0);
	assert_int_equal(ftruncate(memfd, PAGES * PAGE), 0);
	assert_int_equal(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	mem = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memfd, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
}

static void teardown(void)
{
	munmap(mem, PAGES * PAGE);
	close(memfd);
}

/* A dma-buf of the memfd's pages in this order. */
static int dmabuf_of(const uint32_t *order, uint32_t count)
{
	struct {
		uint32_t flags, count; /* as struct udmabuf_create_list */
		struct udmabuf_create_item item[PAGES];
	} arg = { .flags = UDMABUF_FLAGS_CLOEXEC, .count = count };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;
	uint32_t i;

	assert_true(node >= 0);
	for (i = 0; i < count; i++) {
		arg.item[i].memfd = (uint32_t)memfd;
		arg.item[i].offset = order[i] * PAGE;
		arg.item[i].size = PAGE;
	}
	fd = ioctl(node, UDMABUF_CREATE_LIST, &arg);
	assert_true(fd >= 0);
	close(node);
	return fd;
}

static int import(int fd, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };

	return kplug_buffer_import(dev, "pages", fd, &opts, ret_buf);
}

/* Out of reach without an IOMMU. The exporter must not even try, since the kernel would warn. */
static void above_the_mask(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 24 };
	static const uint32_t first = 0;
	struct kplug_buffer *buf = NULL;
	int fd = dmabuf_of(&first, 1);

	if (rig_machine("iommu"))
		assert_ok(kplug_buffer_import(dev, "pages", fd, &opts, &buf));
	else
		assert_errno(EIO, kplug_buffer_import(dev, "pages", fd, &opts, &buf));
	kplug_buffer_free(buf);
	close(fd);
}

static void one_page(void)
{
	static const uint32_t second = 1;
	struct kplug_buffer *buf = NULL;
	int fd = dmabuf_of(&second, 1);
	uint8_t *ptr;

	assert_ok(import(fd, &buf));
	close(fd);
	ptr = kplug_buffer_ptr(buf);
	ptr[0] = 0x5a;
	assert_int_equal(mem[PAGE], 0x5a);
	kind_dma_in(dev, kplug_buffer_dma_addr(buf), 0, 1);
	kind_dma_out(dev, 0, kplug_buffer_dma_addr(buf) + PAGE - 1, 1);
	assert_int_equal(mem[2 * PAGE - 1], 0x5a);
	kplug_buffer_free(buf);
}

/* It would have two device addresses, or two rights. */
static void one_page_twice(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	struct kplug_buffer *buf = NULL, *again = NULL;
	static const uint32_t second = 1;
	int fd = dmabuf_of(&second, 1), other = dmabuf_of(&second, 1);

	assert_ok(import(fd, &buf));
	assert_errno(EBUSY, kplug_buffer_import(dev, "again", fd, &opts, &again));
	/* Another dma-buf of that page has another kernel address, and behind an IOMMU another device address. */
	if (rig_machine("iommu"))
		assert_ok(kplug_buffer_import(dev, "again", other, &opts, &again));
	else
		assert_errno(EBUSY, kplug_buffer_import(dev, "again", other, &opts, &again));
	kplug_buffer_free(again);
	close(other);
	kplug_buffer_free(buf);
	assert_ok(kplug_buffer_import(dev, "again", fd, &opts, &again));
	kplug_buffer_free(again);
	close(fd);
}

/* In one of the two orders at least they are not adjacent. */
static void scattered_pages(void)
{
	static const uint32_t orders[][PAGES] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 } };
	unsigned int refused = 0, i;

	for (i = 0; i < 2; i++) {
		struct kplug_buffer *buf = NULL;
		int fd = dmabuf_of(orders[i], PAGES), err = import(fd, &buf);

		close(fd);
		if (err == -EIO) {
			refused++;
			continue;
		}
		assert_ok(err);
		mem[orders[i][3] * PAGE] = (uint8_t)(0x60 + i);
		kind_dma_in(dev, kplug_buffer_dma_addr(buf) + 3 * PAGE, 0, 1);
		kind_dma_out(dev, 0, kplug_buffer_dma_addr(buf), 1);
		assert_int_equal(mem[orders[i][0] * PAGE], 0x60 + i);
		kplug_buffer_free(buf);
	}
	if (rig_machine("iommu"))
		assert_int_equal(refused, 0);
	else
		assert_in_range(refused, 1, 2);
}

/* The exporter sees both calls, and none that is refused. */
static void cpu_access(void)
{
	static const uint32_t first = 0;
	const volatile struct {
		uint64_t begun, ended;
	} *heard;
	struct kplug_buffer *buf = NULL, *own = NULL;
	int fd = dmabuf_of(&first, 1);
	struct prog_links links = { 0 };

	prog_attach(&links, "udmabuf_access", -1);
	heard = prog_globals(links.obj);
	assert_ok(import(fd, &buf));
	close(fd);
	assert_ok(kplug_buffer_begin_access(dev, buf, 0, PAGE, KPLUG_ACCESS_READ | KPLUG_ACCESS_WRITE));
	assert_ok(kplug_buffer_begin_access(dev, buf, 1, 1, KPLUG_ACCESS_READ));
	assert_int_equal(heard->begun, 2);
	assert_int_equal(heard->ended, 0);
	assert_ok(kplug_buffer_end_access(dev, buf, 0, PAGE, KPLUG_ACCESS_WRITE));
	assert_errno(ERANGE, kplug_buffer_end_access(dev, buf, 0, PAGE + 1, KPLUG_ACCESS_WRITE));
	assert_errno(EINVAL, kplug_buffer_end_access(dev, buf, 0, PAGE, 0));
	assert_ok(kplug_buffer_alloc(dev, "own", PAGE, NULL, &own));
	assert_ok(kplug_buffer_begin_access(dev, own, 0, PAGE, KPLUG_ACCESS_READ));
	assert_int_equal(heard->begun, 2);
	assert_int_equal(heard->ended, 1);
	prog_detach(&links);
	kplug_buffer_free(own);
	kplug_buffer_free(buf);
}

/* udmabuf hides its pages: the mappings are not listed, but the fd is. */
static void holders(void)
{
	static const uint32_t first = 0;
	struct kplug_holder *found = NULL;
	struct kplug_buffer *buf = NULL;
	int fd = dmabuf_of(&first, 1);
	size_t count = 0;

	assert_ok(import(fd, &buf));
	close(fd);
	assert_ok(kplug_buffer_holders(dev, "pages", &found, &count));
	assert_int_equal(count, 1);
	assert_int_equal(found[0].pid, getpid());
	assert_int_equal(found[0].how, KPLUG_HOLD_FD);
	free(found);
	kplug_buffer_free(buf);
}

/* The mapping is udmabuf's; it outlives the buffer. */
static void mapping_outlives_the_buffer(void)
{
	static const uint32_t first = 0;
	struct kplug_buffer *buf = NULL;
	int fd = dmabuf_of(&first, 1);
	uint8_t *ptr;

	assert_ok(import(fd, &buf));
	close(fd);
	ptr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_buffer_map_fd(buf), 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 0);
	ptr[5] = 5;
	assert_int_equal(mem[5], 5);
	munmap(ptr, PAGE);
}

static void write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
}

/* KiB of a page of the mapping that begins at ptr, by /proc/self/smaps. */
static unsigned long page_kib(const void *ptr)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, kib = 0;
	bool here = false;
	char line[256];

	assert_non_null(f);
	while (!kib && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%*x ", &start) == 1)
			here = start == (uintptr_t)ptr;
		else if (here)
			sscanf(line, "KernelPageSize: %lu kB", &kib);
	}
	fclose(f);
	return kib;
}

/* 6.12's vmap_udmabuf() shows the kernel a huge page's first 4 KiB in the place of all. */
static bool vmap_is_wrong(void)
{
	struct utsname names;

	assert_int_equal(uname(&names), 0);
	return !strncmp(names.release, "6.12.", 5);
}

/* Memory that the program maps by a page of 2 MiB, which kplug's own cannot be. */
static void huge_page(void)
{
	int huge = memfd_create("huge", MFD_HUGETLB | MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct udmabuf_create arg = { .memfd = (uint32_t)huge, .flags = UDMABUF_FLAGS_CLOEXEC, .size = HUGE };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;
	struct kplug_buffer *buf = NULL;
	uint8_t *ptr;

	write_line("/proc/sys/vm/nr_hugepages", "1");
	assert_int_equal(ftruncate(huge, HUGE), 0);
	assert_int_equal(fcntl(huge, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ptr = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, huge, 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	fd = ioctl(node, UDMABUF_CREATE, &arg);
	assert_true(fd >= 0);
	close(node);
	assert_int_equal(page_kib(ptr), HUGE >> 10);
	if (vmap_is_wrong()) {
		assert_errno(EIO, import(fd, &buf)); /* or the plugin would see other memory than the device */
	} else {
		assert_ok(import(fd, &buf));
		ptr[1] = 0x5c;
		kind_dma_in(dev, kplug_buffer_dma_addr(buf) + 1, 0, 1);
		kind_dma_out(dev, 0, kplug_buffer_dma_addr(buf) + HUGE - 1, 1);
		assert_int_equal(ptr[HUGE - 1], 0x5c);
	}
	close(fd);
	kplug_buffer_free(buf);
	munmap(ptr, HUGE);
	close(huge);
	assert_int_equal(kind_count(dev), 0);
	write_line("/proc/sys/vm/nr_hugepages", "0");
}

/* The kernel sees no arena in one piece, so another driver may have it, but kplug may not. */
static void arena(void)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_ARENA };
	struct kplug_buffer *buf, *none = NULL;
	uint8_t *ptr;
	int fd;

	if (!rig_machine("iommu")) {
		assert_errno(EOPNOTSUPP, kplug_buffer_alloc(dev, "arena", PAGE, &opts, &buf));
		return;
	}
	assert_ok(kplug_buffer_alloc(dev, "arena", 2 * PAGE, &opts, &buf));
	assert_ok(kplug_buffer_export(dev, "arena", &fd));
	ptr = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(ptr, MAP_FAILED);
	ptr[PAGE] = 7;
	assert_int_equal(((uint8_t *)kplug_buffer_ptr(buf))[PAGE], 7);
	assert_errno(EOPNOTSUPP, import(fd, &none));
	assert_null(none);
	close(fd);
	munmap(ptr, 2 * PAGE);
	kplug_buffer_free(buf);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(one_page),	      TEST(above_the_mask), TEST(scattered_pages), TEST(mapping_outlives_the_buffer),
		TEST(one_page_twice), TEST(cpu_access),	    TEST(huge_page),	   TEST(holders),
		TEST(arena),
	};

	return RIG_RUN(tests, RIG_EDU_64, .setup = setup, .teardown = teardown);
}
