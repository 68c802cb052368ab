// SPDX-License-Identifier: GPL-2.0-only
/* machine: iommu */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_FREE kind:arena kmod/memory/arena.c */
/* shows: kmod/buffer/map.c kmod/buffer/list.c kmod/plugin/kfuncs.c bpf/list.bpf.c */
/* Arenas as buffers: pointers that plugin, programs and device share, and what is refused. */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/kind.h"
#include "lib/prog.h"
#include "bpf/list.h"

#define BYTES (16 * PAGE)
#define JOBS 20

static struct kplug_buffer *buf;
static uint8_t *mem;

static int try_alloc(const char *name, bool keep, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_ARENA, .dma_bits = 28, .keep = keep };

	return kplug_buffer_alloc(dev, name, BYTES, &opts, ret_buf);
}

static void setup(void)
{
	assert_ok(try_alloc("arena", false, &buf));
	mem = kplug_buffer_ptr(buf);
}

static void teardown(void)
{
	kplug_buffer_free(buf);
}

static uint64_t dma_addr(const void *ptr)
{
	return kplug_buffer_dma_addr(buf) + (uint64_t)((const uint8_t *)ptr - mem);
}

static void zeroed_and_reached(void)
{
	struct kplug_buffer_info *infos;
	size_t count;

	assert_true(kind_all(mem, 0, BYTES));
	mem[1] = 0x5a;
	kind_dma_in(dev, dma_addr(mem + 1), 0, 1);
	kind_dma_out(dev, 0, dma_addr(mem + BYTES - 1), 1);
	assert_int_equal(mem[BYTES - 1], 0x5a);
	assert_int_equal(kplug_buffer_kind(buf), KPLUG_BUFFER_ARENA);
	assert_ok(kplug_buffer_list(dev, &infos, &count));
	assert_int_equal(count, 1);
	assert_int_equal(infos[0].out_kind, KPLUG_BUFFER_ARENA);
	assert_int_equal(infos[0].out_addr, (uintptr_t)mem);
	free(infos);
}

/* Every third slot of the arena a job, from the last to the first. */
static struct list *make_list(void)
{
	struct list *list = (void *)mem;
	int i;

	for (i = 1; i <= JOBS; i++) {
		struct list_job *job = (struct list_job *)(void *)(mem + PAGE) + 3 * i;

		job->next = list->waiting;
		list->waiting = job;
	}
	return list;
}

static void device_memory(uint8_t value)
{
	memset(mem + BYTES - PAGE, value, LIST_JOB_BYTES);
	kind_dma_in(dev, dma_addr(mem + BYTES - PAGE), 0, LIST_JOB_BYTES);
}

static void check_done(const struct list *list)
{
	const struct list_job *job;
	uint64_t number = JOBS;

	assert_null(list->waiting);
	assert_int_equal(list->jobs_done, JOBS);
	for (job = list->done; job; job = job->next) {
		assert_int_equal(job->number, number--);
		assert_true(kind_all(job->data, 0xc3, LIST_JOB_BYTES));
	}
	assert_int_equal(number, 0);
}

/* Another process, to which the pointers mean the same. */
static int follows(void *arg)
{
	const struct list *list = (void *)mem;
	struct kplug_buffer *theirs = NULL;
	struct kplug_device *own = NULL;
	const struct list_job *job;
	uint64_t number = JOBS;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!kplug_buffer_open(own, "arena", &theirs));
	NEED(kplug_buffer_ptr(theirs) == mem);
	for (job = list->done; job; job = job->next)
		NEED(job->number == number--);
	NEED(!number);
	kplug_buffer_free(theirs);
	kplug_device_close(own);
	return 0;
}

/* The new version is given the same arena. */
static int swap(const char *object)
{
	struct kplug_plugin *plugin = NULL;
	int err = kplug_plugin_open(rig_object(object), &plugin);

	err = err ?: kplug_plugin_swap(plugin, dev, NULL);
	kplug_plugin_close(plugin);
	return err;
}

static void lists_that_all_change(void)
{
	struct kplug_record record;
	struct list *list = make_list();
	int64_t result;
	size_t count;

	device_memory(0xc3);
	rig_load(dev, "list", "arena");
	assert_ok(swap("list"));
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_call(dev, LIST_CALL_START, NULL, 0, &result));
	assert_int_equal(result, 0);
	rig_raise(dev, 1); /* not of a transfer: no job is done by that */
	assert_ok(kplug_irq_wait(dev, 60000, &record, 1, &count));
	assert_in_range(record.count, JOBS, JOBS + 1);
	check_done(list);
	assert_int_equal(kind_child(follows, NULL), 0);
	assert_ok(kplug_call(dev, LIST_CALL_START, NULL, 0, &result));
	assert_int_equal(result, -ENOENT);
	assert_ok(kplug_irq_disable(dev, 0));
}

/* The plugin lets the device go nowhere else. */
static void link_out_of_the_arena(void)
{
	struct list *list = (void *)mem;
	struct list_job *const bad[] = { (void *)(mem + BYTES),
					 (void *)(mem + BYTES - 8),
					 (void *)(mem - 64),
					 (void *)&list,
					 (void *)8,
					 (void *)-8 };
	int64_t result;
	size_t i;

	rig_load(dev, "list", "arena");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		list->waiting = bad[i];
		assert_ok(kplug_call(dev, LIST_CALL_START, NULL, 0, &result));
		assert_int_equal(result, -ERANGE);
	}
}

static void read_only_through_the_node(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *theirs = NULL;
	struct kplug_device *own;

	mem[PAGE] = 7;
	assert_ok(kplug_device_open(at->name, &opts, &own));
	assert_ok(kplug_buffer_open_part(own, "arena", PAGE, PAGE, &theirs));
	assert_int_equal(*(uint8_t *)kplug_buffer_ptr(theirs), 7);
	kplug_buffer_free(theirs);
	kplug_device_close(own);
}

static void opened_twice(void)
{
	struct kplug_buffer *again = NULL;

	assert_errno(EEXIST, kplug_buffer_open(dev, "arena", &again));
	assert_non_null(strstr(kplug_error(), "at the arena's address"));
	assert_errno(ERANGE, kplug_buffer_open_part(dev, "arena", 0, PAGE, &again));
	assert_null(again);
}

static void kept(void)
{
	struct kplug_buffer *kept_one, *again;
	uint8_t *ptr;

	assert_ok(try_alloc("kept", true, &kept_one));
	ptr = kplug_buffer_ptr(kept_one);
	ptr[BYTES - 1] = 9;
	kplug_buffer_free(kept_one);
	assert_ok(kplug_buffer_open(dev, "kept", &again));
	assert_ptr_equal(kplug_buffer_ptr(again), ptr);
	assert_int_equal(ptr[BYTES - 1], 9);
	kplug_buffer_free(again);
	assert_ok(kplug_buffer_drop(dev, "kept"));
	assert_int_equal(kind_count(dev), 1);
}

/* One of the programs of bpf/arena_pages.bpf.c, on a page of an arena. */
static void run_on(const char *program, int fd, const void *page)
{
	struct bpf_object *obj = prog_open("arena_pages", program);
	uint64_t addr = (uintptr_t)page;
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &addr, .ctx_size_in = sizeof(addr));

	assert_int_equal(bpf_map__reuse_fd(bpf_object__find_map_by_name(obj, "arena"), fd), 0);
	prog_loads(obj);
	assert_int_equal(bpf_prog_test_run_opts(prog_fd(obj, program), &run), 0);
	assert_int_equal(run.retval, 0);
	bpf_object__close(obj);
}

/* The page leaves the arena; the device still has the old one, which stays allocated. */
static void page_freed_by_a_program(void)
{
	mem[PAGE] = 0x5a;
	run_on("free_page", kplug_buffer_map_fd(buf), mem + PAGE);
	assert_int_equal(mem[PAGE], 0);
	kind_dma_in(dev, dma_addr(mem + PAGE), 0, 1);
	kind_dma_out(dev, 0, dma_addr(mem), 1);
	assert_int_equal(mem[0], 0x5a);
}

static int load(const char *object, const char *buffer)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = buffer };
	struct kplug_plugin *plugin = NULL;
	int err = kplug_plugin_open(rig_object(object), &plugin);

	err = err ?: kplug_plugin_load(plugin, dev, &opts);
	kplug_plugin_close(plugin);
	return err;
}

static void plugins_that_do_not_fit(void)
{
	struct kplug_buffer *array = rig_buffer(dev, "array", PAGE);

	assert_errno(EBADMSG, load("arena_frees", "arena"));
	assert_non_null(strstr(kplug_error(), "bpf_arena_free_pages"));
	assert_errno(EINVAL, load("list", "array"));
	assert_non_null(strstr(kplug_error(), "KPLUG_ARENA"));
	assert_errno(EINVAL, load("count", "arena"));
	assert_non_null(strstr(kplug_error(), "KPLUG_BUFFER"));
	kplug_buffer_free(array);
}

static int make_arena(size_t bytes, uint32_t flags, void **ret_ptr)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | flags);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARENA, "raw", 0, 0, (uint32_t)(bytes / PAGE), &opts);

	assert_true(fd >= 0);
	*ret_ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(*ret_ptr, MAP_FAILED);
	return fd;
}

static int try(int fd, const void *addr, size_t bytes, enum kplug_buffer_kind kind_asked)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req), .bytes = bytes, .kind = kind_asked, .name = "raw" };

	req.memory_fd = fd;
	req.arena_addr = (uintptr_t)addr;
	if (ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req))
		return -errno;
	return req.out_fd;
}

static int over_the_limit(void *arg)
{
	const struct rlimit limit = { PAGE, PAGE };
	void *ptr;
	int fd = make_arena(BYTES, 0, &ptr);

	(void)arg;
	NEED(!setrlimit(RLIMIT_MEMLOCK, &limit));
	NEED(!setresuid(4243, 4243, 4243));
	NEED(try(fd, ptr, BYTES, KPLUG_BUFFER_ARENA) == -EDQUOT);
	return 0;
}

/* Such an arena has the pages that programs have asked for; a buffer is all of it, or nothing. */
static void pages_that_were_not_allocated(void)
{
	uint8_t *ptr;
	int fd = make_arena(2 * PAGE, BPF_F_SEGV_ON_FAULT, (void **)&ptr), out;

	assert_int_equal(try(fd, ptr, 2 * PAGE, KPLUG_BUFFER_ARENA), -EFAULT);
	run_on("alloc_page", fd, ptr);
	assert_int_equal(try(fd, ptr, 2 * PAGE, KPLUG_BUFFER_ARENA), -EFAULT);
	ptr[0] = 0x5a;
	run_on("alloc_page", fd, ptr + PAGE);
	out = try(fd, ptr, 2 * PAGE, KPLUG_BUFFER_ARENA);
	assert_true(out >= 0);
	assert_int_equal(ptr[0], 0x5a);
	close(out);
	assert_int_equal(rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "raw"), 0);
	close(fd);
	munmap(ptr, 2 * PAGE);
	assert_int_equal(kind_count(dev), 1);
}

static void cannot_be_frozen(void)
{
	uint8_t *ptr;
	int fd = make_arena(BYTES, 0, (void **)&ptr), out = try(fd, ptr, BYTES, KPLUG_BUFFER_ARENA);

	assert_true(out >= 0);
	munmap(ptr, BYTES); /* a mapping for writing would refuse it, too */
	assert_errno(EBUSY, bpf_map_freeze(fd));
	close(out);
	assert_int_equal(rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "raw"), 0);
	close(fd);
}

static void bad_requests(void)
{
	uint8_t *other = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kplug_buffer *array = rig_buffer(dev, "array", PAGE);
	uint8_t *ptr;
	int fd = make_arena(BYTES, 0, (void **)&ptr), out;

	assert_int_equal(try(-1, ptr, BYTES, KPLUG_BUFFER_ARENA), -EBADF);
	assert_int_equal(try(1000, ptr, BYTES, KPLUG_BUFFER_ARENA), -EBADF);
	assert_int_equal(try(kplug_device_fd(dev), ptr, BYTES, KPLUG_BUFFER_ARENA), -EINVAL);
	assert_int_equal(try(kplug_buffer_map_fd(array), ptr, BYTES, KPLUG_BUFFER_ARENA), -EINVAL);
	assert_int_equal(try(fd, NULL, BYTES, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(try(fd, other, BYTES, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(try(fd, mem, BYTES, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(try(fd, ptr + PAGE, BYTES - PAGE, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(try(fd, ptr, BYTES - PAGE, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(try(fd, ptr, BYTES + 1, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(try(fd, ptr, 0, KPLUG_BUFFER_ARENA), -EINVAL);
	assert_int_equal(try(fd, NULL, BYTES, KPLUG_BUFFER_PAGED), -EINVAL);
	assert_int_equal(try(0, ptr, BYTES, KPLUG_BUFFER_PAGED), -EINVAL);
	assert_int_equal(try(kplug_buffer_map_fd(buf), mem, BYTES, KPLUG_BUFFER_ARENA), -EBUSY);
	assert_int_equal(mprotect(ptr, BYTES, PROT_READ), 0);
	assert_int_equal(try(fd, ptr, BYTES, KPLUG_BUFFER_ARENA), -EFAULT);
	assert_int_equal(mprotect(ptr, BYTES, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(kind_child(over_the_limit, NULL), 0);
	out = try(fd, ptr, BYTES, KPLUG_BUFFER_ARENA);
	assert_true(out >= 0);
	close(out);
	assert_int_equal(rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "raw"), 0);
	close(fd);
	munmap(ptr, BYTES);
	munmap(other, BYTES);
	kplug_buffer_free(array);
	assert_int_equal(kind_count(dev), 1);
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(zeroed_and_reached),
		TEST(lists_that_all_change),
		TEST(link_out_of_the_arena),
		TEST(read_only_through_the_node),
		TEST(opened_twice),
		TEST(kept),
		TEST(page_freed_by_a_program),
		TEST(plugins_that_do_not_fit),
		TEST(pages_that_were_not_allocated),
		TEST(cannot_be_frozen),
		TEST(bad_requests),
	};

	return RIG_RUN(tests, RIG_EDU, .setup = setup, .teardown = teardown);
}
