// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: kind:contiguous kind:paged kmod/buffer/map.c kmod/buffer/mmap.c kmod/buffer/contiguous.c */
/*
 * A mapped buffer is memory like any other to the kernel: a disk reads and writes it without a copy (O_DIRECT,
 * io_uring's fixed buffers), a socket sends it without one, other processes and debuggers access it, a child shares it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/kind.h"

#define DISK "/dev/vda" /* tests/vm/rig/boot.sh makes it, of zeros */
#define BYTES (1UL << 20)
#define HALF (BYTES / 2)

static struct kplug_buffer *buf;
static uint8_t *mem;
static int disk;
static unsigned int seed;

static void fill(uint8_t *to, size_t bytes)
{
	size_t i;

	seed++;
	for (i = 0; i < bytes; i++)
		to[i] = (uint8_t)(i * 7 + (i >> 12) + seed * 31);
}

static void setup(void)
{
	buf = kind_buffer(dev, "memory", BYTES);
	mem = kplug_buffer_ptr(buf);
	fill(mem, HALF);
	disk = open(DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
	assert_int_not_equal(disk, -1);
}

static void teardown(void)
{
	close(disk);
	kplug_buffer_free(buf);
}

/* The two halves are the same, and the disk's cache says so, too. */
static void assert_on_disk(void)
{
	int cached = open(DISK, O_RDONLY | O_CLOEXEC);
	uint8_t *copy = malloc(HALF);

	assert_memory_equal(mem, mem + HALF, HALF);
	assert_int_equal(pread(cached, copy, HALF, 0), HALF);
	assert_memory_equal(mem, copy, HALF);
	free(copy);
	close(cached);
}

static void disk_reads_and_writes_it(void)
{
	assert_int_equal(pwrite(disk, mem, HALF, 0), HALF);
	assert_int_equal(pread(disk, mem + HALF, HALF, 0), HALF);
	assert_on_disk();
}

/* A multiple of the disk's block is all that O_DIRECT wants; it may cross pages. */
static void disk_reads_into_the_middle(void)
{
	assert_int_equal(pwrite(disk, mem, 3 * PAGE, 0), 3 * PAGE);
	assert_int_equal(pread(disk, mem + HALF + 512, 3 * PAGE - 1024, 512), 3 * PAGE - 1024);
	assert_memory_equal(mem + 512, mem + HALF + 512, 3 * PAGE - 1024);
	assert_true(kind_all(mem + HALF, 0, 512));
	assert_true(kind_all(mem + HALF + 3 * PAGE - 512, 0, 512));
}

static void finish(struct io_uring *ring, int expected)
{
	struct io_uring_cqe *cqe;

	assert_int_equal(io_uring_submit_and_wait(ring, 1), 1);
	assert_int_equal(io_uring_wait_cqe(ring, &cqe), 0);
	assert_int_equal(cqe->res, expected);
	io_uring_cqe_seen(ring, cqe);
}

static void io_uring_has_it_as_a_fixed_buffer(void)
{
	struct iovec whole = { mem, BYTES };
	struct io_uring ring;

	assert_int_equal(io_uring_queue_init(4, &ring, 0), 0);
	assert_int_equal(io_uring_register_buffers(&ring, &whole, 1), 0);
	io_uring_prep_write_fixed(io_uring_get_sqe(&ring), disk, mem, HALF, 0, 0);
	finish(&ring, HALF);
	io_uring_prep_read_fixed(io_uring_get_sqe(&ring), disk, mem + HALF, HALF, 0, 0);
	finish(&ring, HALF);
	assert_on_disk();

	/* The ring's hold on the pages outlives map and mapping. */
	kplug_buffer_free(buf);
	buf = NULL;
	io_uring_prep_read_fixed(io_uring_get_sqe(&ring), disk, mem, HALF, 0, 0);
	finish(&ring, HALF);
	io_uring_queue_exit(&ring);
}

/* Both ends of a TCP connection over the loopback device, the first with SO_ZEROCOPY. */
static void connect_pair(int fd[2])
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	socklen_t len = sizeof(addr);

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd[0], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)), 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&addr, len), 0);
	fd[1] = accept(listener, NULL, NULL);
	assert_int_not_equal(fd[1], -1);
	close(listener);
}

/* Waits until the kernel says that it no longer needs the memory of the first send. */
static void await_release(int fd)
{
	struct pollfd pollfd = { .fd = fd };
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	const struct sock_extended_err *err;

	assert_int_equal(poll(&pollfd, 1, 20000), 1);
	assert_int_equal(recvmsg(fd, &msg, MSG_ERRQUEUE), 0);
	assert_non_null(CMSG_FIRSTHDR(&msg));
	err = (const void *)CMSG_DATA(CMSG_FIRSTHDR(&msg)); /* aligned, though its type is not */
	assert_int_equal(err->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	assert_int_equal(err->ee_info, 0);
}

/* Pinned for the send; the loopback device copies it afterwards, as it does with all such sends. */
static void socket_sends_it_by_zerocopy(void)
{
	size_t bytes = 16UL * PAGE;
	int fd[2];

	connect_pair(fd);
	assert_int_equal(send(fd[0], mem + 1, bytes, MSG_ZEROCOPY), bytes);
	assert_int_equal(recv(fd[1], mem + HALF, bytes, MSG_WAITALL), bytes);
	assert_memory_equal(mem + 1, mem + HALF, bytes);
	await_release(fd[0]);
	close(fd[0]);
	close(fd[1]);
}

/* Another process: reads its parent's buffer, and writes to it as a debugger does. */
static int look_into_parent(void *arg)
{
	pid_t parent = getppid();
	struct iovec there = { mem, HALF }, here = { malloc(HALF), HALF };
	char path[32];
	int fd;

	(void)arg;
	NEED(here.iov_base);
	NEED(process_vm_readv(parent, &here, 1, &there, 1, 0) == HALF);
	NEED(!memcmp(here.iov_base, mem, HALF));
	there.iov_base = mem + HALF;
	NEED(process_vm_writev(parent, &here, 1, &there, 1, 0) == HALF);
	snprintf(path, sizeof(path), "/proc/%d/mem", parent);
	fd = open(path, O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
	NEED(pread(fd, here.iov_base, PAGE, (off_t)(uintptr_t)(mem + HALF)) == PAGE);
	NEED(!memcmp(here.iov_base, mem, PAGE));
	NEED(pwrite(fd, "debugger", 8, (off_t)(uintptr_t)mem) == 8);
	return 0;
}

static void another_process_reads_and_writes_it(void)
{
	assert_int_equal(kind_child(look_into_parent, NULL), 0);
	assert_memory_equal(mem + 8, mem + HALF + 8, HALF - 8);
	assert_memory_equal(mem, "debugger", 8);
}

static void gdb_reads_and_writes_it(void)
{
	char line[256];

	memcpy(mem, "\x78\x56\x34\x12", 4);
	snprintf(line, sizeof(line),
		 "gdb -nx -batch -p %d -ex 'x/wx %p' -ex 'set {int}%p = 0x2468ace0' >/tmp/gdb.out 2>&1; "
		 "grep -q '%p:.*0x12345678' /tmp/gdb.out || { cat /tmp/gdb.out; exit 1; }",
		 getpid(), (void *)mem, (void *)mem, (void *)mem);
	assert_int_equal(system(line), 0);
	assert_memory_equal(mem, "\xe0\xac\x68\x24", 4);
}

static int change_it(void *arg)
{
	(void)arg;
	mem[0]++;
	return 0;
}

/* After a fork parent, child and device share the same pages, in whichever order they write. */
static void child_shares_it(void)
{
	uint8_t first = mem[0];
	uint64_t addr = kplug_buffer_dma_addr(buf);

	assert_int_equal(kind_child(change_it, NULL), 0);
	assert_int_equal(mem[0], (uint8_t)(first + 1));
	mem[1] = 0x5a;
	kind_dma_in(dev, addr, 0, PAGE);
	kind_dma_out(dev, 0, addr + HALF, PAGE);
	assert_memory_equal(mem, mem + HALF, PAGE);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(disk_reads_and_writes_it),
		TEST(disk_reads_into_the_middle),
		TEST(io_uring_has_it_as_a_fixed_buffer),
		TEST(socket_sends_it_by_zerocopy),
		TEST(another_process_reads_and_writes_it),
		TEST(gdb_reads_and_writes_it),
		TEST(child_shares_it),
	};

	if (system("modprobe -q virtio_blk; busybox ip link set lo up"))
		return 1;
	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
