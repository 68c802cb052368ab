// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu rt */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO kind:contiguous kind:paged kmod/buffer/buffer.c */
/* shows: kmod/buffer/list.c kmod/buffer/map.c kmod/buffer/mmap.c kmod/buffer/contiguous.c kmod/buffer/paged.c */
/*
 * A buffer ends with the open file that owns it: its name is free, and the device no longer reaches it. The memory lives
 * on while it has a holder: an fd, a mapping, a pin, a program.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (2 * PAGE)
#define PATTERN 0x5a
#define PIN "/sys/fs/bpf/kplug-life"
#define CALL_COUNT 1 /* bpf/calls.bpf.c: result: the buffer's first u64, which it increments */

static pid_t creator;
static int pipe_ready[2], pipe_go[2];

static int create(struct kplug_device **ret_dev, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 28 };

	NEED(!kplug_device_open(at->name, NULL, ret_dev));
	NEED(!kplug_buffer_alloc(*ret_dev, "life", BYTES, &opts, ret_buf));
	memset(kplug_buffer_ptr(*ret_buf), PATTERN, BYTES);
	return 0;
}

static int create_and_wait(void)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;
	char c;

	close(pipe_go[1]);
	NEED(!create(&own, &buf));
	NEED(write(pipe_ready[1], "", 1) == 1);
	NEED(read(pipe_go[0], &c, 1) == 0);
	return 0;
}

static void start_creator(void)
{
	char c;

	assert_int_equal(pipe2(pipe_ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(pipe_go, O_CLOEXEC), 0);
	creator = fork();
	if (!creator)
		_exit(create_and_wait());
	assert_true(creator > 0);
	close(pipe_ready[1]);
	close(pipe_go[0]);
	assert_int_equal(read(pipe_ready[0], &c, 1), 1);
	close(pipe_ready[0]);
}

static void end_creator(void)
{
	int status;

	close(pipe_go[1]);
	assert_int_equal(waitpid(creator, &status, 0), creator);
	assert_int_equal(status, 0);
}

static struct kplug_buffer *open_it(void)
{
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_open(dev, "life", &buf));
	return buf;
}

/* There is no buffer, and its name is free at once. */
static void assert_ended(void)
{
	struct kplug_buffer *buf = NULL;

	assert_int_equal(kind_count(dev), 0);
	assert_errno(ENOENT, kplug_buffer_open(dev, "life", &buf));
	buf = kind_buffer(dev, "life", BYTES);
	assert_true(kind_all(kplug_buffer_ptr(buf), 0, BYTES));
	kplug_buffer_free(buf);
}

static void teardown(void)
{
	unlink(PIN);
}

static void only_its_creator(void)
{
	start_creator();
	assert_int_equal(kind_count(dev), 1);
	end_creator();
	assert_ended();
}

static void an_fd(void)
{
	struct kplug_buffer *buf;
	uint8_t bytes[BYTES];
	uint32_t key = 0;
	int fd;

	start_creator();
	buf = open_it();
	fd = dup(kplug_buffer_map_fd(buf));
	kplug_buffer_free(buf);
	assert_int_equal(kind_count(dev), 1); /* who only opened it does not end it */
	end_creator();

	assert_ended();
	assert_ok(bpf_map_lookup_elem(fd, &key, bytes));
	assert_true(kind_all(bytes, PATTERN, BYTES));
	close(fd);
}

static void a_mapping(void)
{
	struct kplug_buffer *buf;
	uint64_t dma_addr;
	uint8_t *p;

	start_creator();
	buf = open_it();
	dma_addr = kplug_buffer_dma_addr(buf);
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, kplug_buffer_map_fd(buf), 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	kplug_buffer_free(buf);
	p[0] = 1;
	kind_dma_in(dev, dma_addr, 0, 64);
	kind_dma_out(dev, 0, dma_addr + PAGE, 64);
	assert_memory_equal(p, p + PAGE, 64);
	end_creator();

	assert_ended();
	assert_true(kind_all(p + 64, PATTERN, PAGE - 64));
	if (at->soft) {
		kind_dma_out(dev, 0, dma_addr + 64, 64);
		assert_true(kind_all(p + 64, PATTERN, PAGE - 64));
	}
	munmap(p, BYTES);
}

static void a_read_only_mapping(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_device *other = NULL;
	struct kplug_buffer *buf = NULL;

	start_creator();
	assert_ok(kplug_device_open(at->name, &opts, &other));
	assert_ok(kplug_buffer_open(other, "life", &buf));
	kplug_device_close(other);
	end_creator();

	assert_ended();
	assert_true(kind_all(kplug_buffer_ptr(buf), PATTERN, BYTES));
	kplug_buffer_free(buf);
}

static int create_and_pin(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;

	(void)arg;
	NEED(!create(&own, &buf));
	NEED(!bpf_obj_pin(kplug_buffer_map_fd(buf), PIN));
	return 0;
}

static void a_pin(void)
{
	uint8_t bytes[BYTES];
	uint32_t key = 0;
	int fd;

	assert_int_equal(kind_child(create_and_pin, NULL), 0);
	assert_ended();
	fd = bpf_obj_get(PIN);
	assert_true(fd >= 0);
	assert_ok(bpf_map_lookup_elem(fd, &key, bytes));
	assert_true(kind_all(bytes, PATTERN, BYTES));
	close(fd);
	assert_int_equal(unlink(PIN), 0);
}

static int create_and_load(void *arg)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = "life" };
	struct kplug_plugin *plugin = NULL;
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;

	(void)arg;
	NEED(!create(&own, &buf));
	NEED(!kplug_plugin_open(rig_object("calls"), &plugin));
	NEED(!kplug_plugin_load(plugin, own, &opts));
	return 0;
}

static void a_program(void)
{
	int64_t result;

	assert_int_equal(kind_child(create_and_load, NULL), 0);
	assert_ended();
	assert_ok(kplug_call(dev, CALL_COUNT, NULL, 0, &result));
	assert_int_equal(result, 0x5a5a5a5a5a5a5a5a);
	assert_ok(kplug_plugin_unload(dev));
}

/* A bare open: the library would free the buffer when it closes the device. */
static int open_and_alloc(void)
{
	struct kplug_buffer_alloc req = {
		.size = sizeof(req), .bytes = BYTES, .kind = kind, .dma_bits = 28, .name = "life"
	};
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, KPLUG_BUFFER_ALLOC, &req), 0);
	close(req.out_fd);
	return fd;
}

/* The file is the owner, whoever has it: here a child, after exec(), until it is killed. */
static void file_of_a_child(void)
{
	int fd = open_and_alloc(), status;
	pid_t pid = fork();

	if (!pid) {
		execlp("sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	close(fd);
	assert_int_equal(kind_count(dev), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_ended();
}

/* A forked child has the library's buffer, too; it does not end it. */
static int free_in_a_child(void *arg)
{
	kplug_buffer_free(arg);
	kplug_device_close(dev);
	return 0;
}

static void child_frees_nothing(void)
{
	struct kplug_buffer *buf = kind_buffer(dev, "life", BYTES);

	assert_int_equal(kind_child(free_in_a_child, buf), 0);
	assert_int_equal(kind_count(dev), 1);
	kplug_buffer_free(buf);
	assert_ended();
}

/* A mapping of the node holds the file open; the library ends the buffer nevertheless. */
static void device_closed_first(void)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;
	void *p;

	assert_int_equal(create(&own, &buf), 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, kplug_device_fd(own),
		 KPLUG_MMAP_BUFFER(kplug_buffer_parts(buf, &(size_t){ 0 })->id));
	assert_ptr_not_equal(p, MAP_FAILED);
	kplug_device_close(own);
	assert_ended();
	assert_true(kind_all(kplug_buffer_ptr(buf), PATTERN, BYTES));
	kplug_buffer_free(buf);
	munmap(p, PAGE);
}

static void remove_device(void)
{
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
}

static void add_device(void)
{
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
}

/* The other way round: the device goes, the memory stays with who holds it. */
static void longer_than_its_device(void)
{
	struct kplug_buffer *buf = kind_buffer(dev, "life", BYTES);
	uint8_t *p = kplug_buffer_ptr(buf), bytes[BYTES];
	uint32_t key = 0;

	memset(p, PATTERN, BYTES);
	remove_device();
	assert_true(kind_all(p, PATTERN, BYTES));
	p[BYTES - 1] = 1;
	assert_ok(bpf_map_lookup_elem(kplug_buffer_map_fd(buf), &key, bytes));
	assert_memory_equal(bytes, p, BYTES);
	assert_errno(ENODEV, kplug_buffer_drop(dev, "life"));
	kplug_buffer_free(buf);
	rig_close();
	add_device();
	dev = rig_open(at);
	assert_ended();
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(only_its_creator),
		TEST(an_fd),
		TEST(a_mapping),
		TEST(a_read_only_mapping),
		TEST(a_pin),
		TEST(a_program),
		TEST(file_of_a_child),
		TEST(child_frees_nothing),
		TEST(device_closed_first),
		TEST(longer_than_its_device),
	};

	return KIND_RUN(tests, .teardown = teardown);
}
