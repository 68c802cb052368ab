// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* quick: KPLUG_ONE_DEVICE=1 */
/* shows: cli:buffer-holders kind:contiguous kind:paged lib/buffer/holders.c */
/* The list of holders names each kind of holder of a buffer, and no holder of another buffer. */
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/prog.h"

#define BYTES (4 * PAGE)

static struct kplug_buffer *buf, *other;
static int ready[2], stop[2];

static void setup(void)
{
	buf = kind_buffer(dev, "held", BYTES);
	other = kind_buffer(dev, "other", BYTES);
	assert_int_equal(pipe(ready) || pipe(stop), 0);
}

static void teardown(void)
{
	close(ready[0]);
	close(ready[1]);
	close(stop[0]);
	if (stop[1] >= 0)
		close(stop[1]);
	kplug_buffer_free(buf);
	kplug_buffer_free(other);
}

/* A process that releases all that it inherits but for what `keep` makes; it waits for the end of the pipe. */
static pid_t start(int (*keep)(void))
{
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	close(stop[1]);
	byte = keep() ? 1 : 0;
	if (write(ready[1], &byte, 1) != 1 || read(stop[0], &byte, 1))
		_exit(1);
	_exit(byte);
}

/* What the list says of this process; 0: it is not there. */
static uint32_t held_by(uint32_t pid)
{
	struct kplug_holder *holders = NULL;
	uint32_t how = 0;
	size_t count = 0, i;

	assert_ok(kplug_buffer_holders(dev, "held", &holders, &count));
	for (i = 0; i < count; i++)
		if (holders[i].pid == pid) {
			assert_string_equal(holders[i].name, program_invocation_short_name);
			assert_int_equal(how, 0);
			how = holders[i].how;
		}
	free(holders);
	return how;
}

/* The same by the command: what its table has in the row of this process. */
static void check_row(uint32_t pid, uint32_t how)
{
	static const char *const words[] = {
		[0] = "",
		[KPLUG_HOLD_FD] = "fd",
		[KPLUG_HOLD_WRITE] = "mapping",
		[KPLUG_HOLD_READ] = "read-only-mapping",
	};
	char command[128], line[256], name[16], holds[64], got[64] = "";
	uint32_t id;
	FILE *f;

	snprintf(command, sizeof(command), "kplug buffer holders %s held", at->name);
	f = popen(command, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "process %u %15s %63[^\n]", &id, name, holds) == 3 && id == pid)
			memcpy(got, holds, sizeof(got));
	assert_int_equal(pclose(f), 0);
	assert_string_equal(got, words[how]);
}

static void check_child(int (*keep)(void), uint32_t how)
{
	pid_t pid = start(keep);
	int status;
	char byte;

	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(held_by((uint32_t)pid), how);
	check_row((uint32_t)pid, how);
	close(stop[1]);
	stop[1] = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(held_by((uint32_t)pid), 0);
	assert_int_equal(held_by((uint32_t)getpid()), KPLUG_HOLD_FD | KPLUG_HOLD_WRITE);
}

/* Of the mappings that a child inherits. */
static int nothing(void)
{
	munmap(kplug_buffer_ptr(buf), BYTES);
	close(kplug_buffer_map_fd(buf));
	return 0;
}

static int an_fd(void)
{
	munmap(kplug_buffer_ptr(buf), BYTES);
	return 0;
}

static int a_mapping(void)
{
	close(kplug_buffer_map_fd(buf));
	return 0;
}

/* The first page of it is not in the page table, and it begins in the middle. */
static int part_of_a_mapping(void)
{
	uint8_t *mem = kplug_buffer_ptr(buf);

	close(kplug_buffer_map_fd(buf));
	munmap(mem, PAGE);
	return madvise(mem + PAGE, PAGE, MADV_DONTNEED);
}

static int read_only_by_name(const char *name)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *own = NULL;
	struct kplug_device *d = NULL;

	nothing();
	return kplug_device_open(at->name, &opts, &d) || kplug_buffer_open(d, name, &own);
}

static int read_only(void)
{
	return read_only_by_name("held");
}

static int another_one_read_only(void)
{
	return read_only_by_name("other");
}

static int a_mapping_of_the_dmabuf(void)
{
	int fd = -1;

	nothing();
	if (kplug_buffer_export(dev, "held", &fd))
		return -1;
	return mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED || close(fd);
}

static void by_a_mapping_of_the_dmabuf(void)
{
	check_child(a_mapping_of_the_dmabuf, KPLUG_HOLD_WRITE);
}

static void by_nothing(void)
{
	check_child(nothing, 0);
}

static void by_an_fd(void)
{
	check_child(an_fd, KPLUG_HOLD_FD);
}

static void by_a_mapping(void)
{
	check_child(a_mapping, KPLUG_HOLD_WRITE);
}

static void by_part_of_a_mapping(void)
{
	check_child(part_of_a_mapping, KPLUG_HOLD_WRITE);
}

static void read_only_through_the_node(void)
{
	check_child(read_only, KPLUG_HOLD_READ);
}

static void of_another_buffer(void)
{
	check_child(another_one_read_only, 0);
}

static size_t programs_that_hold(void)
{
	struct kplug_holder *holders = NULL;
	size_t count = 0, n = 0, i;

	assert_ok(kplug_buffer_holders(dev, "held", &holders, &count));
	for (i = 0; i < count; i++)
		n += holders[i].prog_id && !holders[i].pid;
	free(holders);
	return n;
}

static void by_a_program(void)
{
	struct bpf_object *obj = prog_open("count", NULL);

	assert_int_equal(programs_that_hold(), 0);
	prog_use_buffer(obj, kplug_buffer_map_fd(buf));
	prog_loads(obj);
	assert_true(programs_that_hold() > 0);
	bpf_object__close(obj);
	while (programs_that_hold()) /* the kernel takes its time */
		usleep(10000);
}

static int nobody(void *arg)
{
	struct kplug_holder *holders = NULL;
	struct kplug_device *own = NULL;
	size_t count = 0;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!setresuid(4243, 4243, 4243));
	NEED(kplug_buffer_holders(own, "held", &holders, &count) == -EPERM);
	NEED(strstr(kplug_error(), "CAP_SYS_PTRACE"));
	NEED(!holders && !count);
	return 0;
}

/* Sees the numbers of pages, but not whose they are. */
static int root_without_ptrace(void *arg)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct kplug_holder *holders = NULL;
	size_t count = 0;

	(void)arg;
	NEED(!syscall(SYS_capget, &header, data));
	data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &= ~CAP_TO_MASK(CAP_SYS_PTRACE);
	NEED(!syscall(SYS_capset, &header, data));
	NEED(kplug_buffer_holders(dev, "held", &holders, &count) == -EPERM);
	NEED(strstr(kplug_error(), "CAP_SYS_PTRACE"));
	NEED(!holders && !count);
	return 0;
}

static void refused_without_privilege(void)
{
	struct kplug_holder *holders = NULL;
	size_t count = 0;

	assert_errno(ENOENT, kplug_buffer_holders(dev, "none", &holders, &count));
	assert_null(holders);
	assert_int_equal(kind_child(nobody, NULL), 0);
	assert_int_equal(kind_child(root_without_ptrace, NULL), 0);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(by_nothing),
		TEST(by_an_fd),
		TEST(by_a_mapping),
		TEST(by_part_of_a_mapping),
		TEST(by_a_mapping_of_the_dmabuf),
		TEST(read_only_through_the_node),
		TEST(of_another_buffer),
		TEST(by_a_program),
		TEST(refused_without_privilege),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
