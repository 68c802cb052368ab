// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: KPLUG_BUFFER_INFO KPLUG_BUFFER_ALLOC kind:contiguous kind:paged kmod/buffer/mmap.c kmod/node/node.c */
/* One buffer, several processes: for writing by its name, for reading only through the device node. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (3 * PAGE + 100)
#define MAPPED (4 * PAGE)

static struct kplug_buffer *buf;
static uint8_t *mem;
static uint64_t offset; /* of the buffer in the node */

static void setup(void)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "share" };

	buf = kind_buffer(dev, "share", BYTES);
	mem = kplug_buffer_ptr(buf);
	assert_int_equal(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_INFO, &info), 0);
	offset = KPLUG_MMAP_BUFFER(info.out_id);
}

static void teardown(void)
{
	kplug_buffer_free(buf);
}

static int writer(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *theirs = NULL;
	uint8_t *p;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!kplug_buffer_open(own, "share", &theirs));
	NEED(kplug_buffer_size(theirs) == BYTES);
	NEED(kplug_buffer_dma_addr(theirs) == kplug_buffer_dma_addr(buf));
	NEED(kplug_buffer_map_id(theirs) == kplug_buffer_map_id(buf));
	NEED(kplug_buffer_kind(theirs) == kind);
	p = kplug_buffer_ptr(theirs);
	NEED(p != mem);
	NEED(!memcmp(p + BYTES - 4, "abcd", 4));
	memcpy(p, "efgh", 4);
	/* While both are mapped: what the first one writes now is seen at once. */
	memcpy(mem + PAGE, "ijkl", 4);
	NEED(!memcmp(p + PAGE, "ijkl", 4));
	kplug_buffer_free(theirs);
	kplug_device_close(own);
	return 0;
}

static void same_pages_in_another_process(void)
{
	memcpy(mem + BYTES - 4, "abcd", 4);
	assert_int_equal(kind_child(writer, NULL), 0);
	assert_memory_equal(mem, "efgh", 4);
}

static int reader(void *arg)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_device *own = NULL;
	struct kplug_buffer *theirs = NULL;
	const uint8_t *p;

	(void)arg;
	NEED(!kplug_device_open(at->name, &opts, &own));
	NEED(!kplug_buffer_open(own, "share", &theirs));
	NEED(kplug_buffer_map_fd(theirs) == -1);
	NEED(kplug_buffer_map_id(theirs) == kplug_buffer_map_id(buf));
	p = kplug_buffer_ptr(theirs);
	memcpy(mem + BYTES - 4, "abcd", 4);
	NEED(!memcmp(p + BYTES - 4, "abcd", 4));
	memcpy(mem + BYTES - 4, "efgh", 4);
	NEED(!memcmp(p + BYTES - 4, "efgh", 4));
	kplug_buffer_free(theirs);
	kplug_device_close(own);
	return 0;
}

static void read_only_sees_live_data(void)
{
	assert_int_equal(kind_child(reader, NULL), 0);
}

static int write_to(void *p)
{
	*(volatile uint8_t *)p = 1;
	return 0;
}

static int open_node(int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	fd = open(path, flags | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void *map_node(int fd, int prot, size_t bytes, uint64_t from)
{
	return mmap(NULL, bytes, prot, MAP_SHARED, fd, from);
}

/* Runs check on the node opened in both ways, for both are read-only shares. */
static void on_both_nodes(void (*check)(int fd))
{
	int fd = open_node(O_RDONLY);

	check(fd);
	close(fd);
	fd = open_node(O_RDWR);
	check(fd);
	close(fd);
}

static void check_touch(int fd)
{
	uint8_t *p = map_node(fd, PROT_READ, MAPPED, offset);

	assert_ptr_not_equal(p, MAP_FAILED);
	mem[7] = 42;
	assert_int_equal(p[7], 42);
	assert_int_equal(kind_child(write_to, p + 7), -SIGSEGV);
	assert_int_equal(mem[7], 42);
	munmap(p, MAPPED);
}

static void writing_through_it_is_a_fault(void)
{
	on_both_nodes(check_touch);
}

static void check_write(int fd)
{
	assert_fails(EACCES, (intptr_t)map_node(fd, PROT_READ | PROT_WRITE, MAPPED, offset));
	assert_fails(EACCES, (intptr_t)map_node(fd, PROT_WRITE, MAPPED, offset));
}

static void writable_mapping(void)
{
	on_both_nodes(check_write);
}

static void check_mprotect(int fd)
{
	void *p = map_node(fd, PROT_READ, MAPPED, offset);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_fails(EACCES, mprotect(p, MAPPED, PROT_READ | PROT_WRITE));
	munmap(p, MAPPED);
}

static void writable_later(void)
{
	on_both_nodes(check_mprotect);
}

static void check_private(int fd)
{
	assert_fails(EACCES, (intptr_t)mmap(NULL, MAPPED, PROT_READ, MAP_PRIVATE, fd, offset));
}

static void private_mapping(void)
{
	on_both_nodes(check_private);
}

/* As a debugger writes: not even so. */
static void written_by_force(void)
{
	int fd = open_node(O_RDONLY), self = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint8_t *p = map_node(fd, PROT_READ, MAPPED, offset);

	assert_true(self >= 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	mem[7] = 42;
	assert_fails(EIO, pwrite(self, "x", 1, (off_t)(uintptr_t)(p + 7)));
	assert_int_equal(mem[7], 42);
	munmap(p, MAPPED);
	close(self);
	close(fd);
}

static void check_part(int fd)
{
	uint8_t *p = map_node(fd, PROT_READ, PAGE, offset + 3 * PAGE);

	assert_ptr_not_equal(p, MAP_FAILED);
	mem[3 * PAGE + 5]++;
	assert_int_equal(p[5], mem[3 * PAGE + 5]);
	munmap(p, PAGE);
}

static void one_page_of_it(void)
{
	on_both_nodes(check_part);
}

static void check_past_end(int fd)
{
	assert_fails(ENXIO, (intptr_t)map_node(fd, PROT_READ, MAPPED + PAGE, offset));
	assert_fails(ENXIO, (intptr_t)map_node(fd, PROT_READ, 2 * PAGE, offset + 3 * PAGE));
	assert_fails(ENXIO, (intptr_t)map_node(fd, PROT_READ, PAGE, offset + MAPPED));
	assert_fails(ENXIO, (intptr_t)map_node(fd, PROT_READ, PAGE, offset + (1ULL << 32) - PAGE));
}

static void past_the_end(void)
{
	on_both_nodes(check_past_end);
}

static void check_unknown(int fd)
{
	assert_fails(ENXIO, (intptr_t)map_node(fd, PROT_READ, PAGE, offset + (1ULL << 32)));
	assert_fails(ENXIO, (intptr_t)map_node(fd, PROT_READ, PAGE, 0));
}

static void no_such_buffer(void)
{
	on_both_nodes(check_unknown);
}

static void fd_on_a_read_only_node(void)
{
	struct kplug_buffer_info info = { .size = sizeof(info), .name = "share", .flags = KPLUG_BUFFER_FD };
	int fd = open_node(O_RDONLY);

	assert_fails(EACCES, ioctl(fd, KPLUG_BUFFER_INFO, &info));
	close(fd);
}

static void allocation_on_a_read_only_node(void)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req), .name = "mine", .bytes = PAGE };
	int fd = open_node(O_RDONLY);

	assert_fails(EACCES, ioctl(fd, KPLUG_BUFFER_ALLOC, &req));
	close(fd);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(same_pages_in_another_process),
		TEST(read_only_sees_live_data),
		TEST(writing_through_it_is_a_fault),
		TEST(writable_mapping),
		TEST(writable_later),
		TEST(private_mapping),
		TEST(written_by_force),
		TEST(one_page_of_it),
		TEST(past_the_end),
		TEST(no_such_buffer),
		TEST(fd_on_a_read_only_node),
		TEST(allocation_on_a_read_only_node),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
