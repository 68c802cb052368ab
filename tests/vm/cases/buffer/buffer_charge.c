// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_ALLOC kind:contiguous kind:paged kmod/buffer/contiguous.c kmod/memory/migrate.c kmod/buffer/charge.c */
/* Buffers count against their user's limits: RLIMIT_MEMLOCK, and the memory cgroup. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/kind.h"

#define CGROUP "/sys/fs/cgroup/kplug-charge"
#define LIMIT (16L << 20)
#define MIB (1UL << 20)
#define NOBODY 65534

static void setup(void)
{
	rig_vouch(dev);
}

static void teardown(void)
{
	rmdir(CGROUP);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	NEED(fd >= 0);
	NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return 0;
}

/* The number after `key` in the file, or the first one if key is "". */
static long read_number(const char *path, const char *key)
{
	char text[2048] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *p;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	close(fd);
	p = strstr(text, key);
	return p ? atol(p + strlen(key)) : -1;
}

/* An fd of a new buffer, or a negative errno. */
static int alloc(size_t bytes, const char *name)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req), .bytes = bytes, .kind = kind };

	strcpy(req.name, name);
	/* edu says nothing of its limit, so all memory will do: the page allocator has it. */
	req.dma_bits = at->soft ? 0 : 64;
	return ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &req) ? -errno : req.out_fd;
}

static int until_the_limit(void *arg)
{
	char name[KPLUG_BUFFER_NAME_LEN];
	long total = 0;
	int i, fd = 0;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &dev)); /* the buffers end with it */
	NEED(!write_file(CGROUP "/cgroup.procs", "0"));
	for (i = 0; i < 100 && fd >= 0; i++) {
		snprintf(name, sizeof(name), "charge%d", i);
		fd = alloc(2 * MIB, name);
		if (fd >= 0)
			total += 2 * MIB;
	}
	NEED(fd == (kind == KPLUG_BUFFER_CONTIGUOUS ? -EDQUOT : -ENOMEM));
	NEED(total <= LIMIT);
	NEED(total >= LIMIT / 2);
	NEED(read_number(CGROUP "/memory.current", "") >= total);
	return 0;
}

static bool uncharged(void *arg)
{
	(void)arg;
	return read_number(CGROUP "/memory.current", "") < LIMIT / 8;
}

/* Large ones, so that the limit is not met by what else the kernel has to charge: that would be an OOM kill. */
static void buffers_in_a_cgroup(void)
{
	char limit[32];

	assert_int_equal(write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory"), 0);
	assert_int_equal(mkdir(CGROUP, 0755), 0);
	snprintf(limit, sizeof(limit), "%ld", LIMIT);
	assert_int_equal(write_file(CGROUP "/memory.max", limit), 0);
	assert_int_equal(kind_child(until_the_limit, NULL), 0);
	assert_int_equal(read_number(CGROUP "/memory.events", "oom_kill "), 0);
	assert_int_equal(kind_count(dev), 0);
	rig_until(uncharged, NULL);
}

static uint64_t charged(void)
{
	struct kplug_info info = { 0 };

	kplug_device_info(dev, &info);
	return info.out_charged;
}

static int become_nobody(void)
{
	struct rlimit limit = { 8 * MIB, 8 * MIB };

	NEED(!kplug_device_open(at->name, NULL, &dev));
	NEED(!setrlimit(RLIMIT_MEMLOCK, &limit));
	NEED(!setresgid(NOBODY, NOBODY, NOBODY));
	NEED(!setresuid(NOBODY, NOBODY, NOBODY));
	return 0;
}

/* A map lives a moment longer than its last fd: the kernel frees it in a worker. */
static void until_charged(uint64_t bytes)
{
	int i;

	for (i = 0; i < 5000 && charged() != bytes; i++)
		usleep(1000);
}

/* 5 MiB are more than the page allocator gives in one piece, 1 MiB is not. */
static int up_to_the_limit(void *arg)
{
	int fd;

	(void)arg;
	NEED(!become_nobody());
	NEED(alloc(9 * MIB, "over") == -EDQUOT);
	NEED(charged() == 0);
	fd = alloc(5 * MIB, "first");
	NEED(fd >= 0);
	NEED(alloc(MIB, "small") >= 0);
	NEED(charged() == 6 * MIB);
	NEED(alloc(5 * MIB, "second") == -EDQUOT);
	NEED(charged() == 6 * MIB);
	close(fd);
	NEED(!rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_FREE, "first"));
	until_charged(MIB);
	NEED(charged() == MIB);
	NEED(alloc(5 * MIB, "third") >= 0);
	return 0;
}

/* What a request that fails at its last step had counted does not stay. */
static int fails_late(void *arg)
{
	const struct rlimit none = { 0, 0 };

	(void)arg;
	NEED(!become_nobody());
	NEED(!setrlimit(RLIMIT_NOFILE, &none));
	NEED(alloc(5 * MIB, "no_fd") == -EMFILE);
	until_charged(0);
	NEED(charged() == 0);
	return 0;
}

static void failure_gives_back(void)
{
	assert_int_equal(kind_child(fails_late, NULL), 0);
}

static void limit_of_an_ordinary_user(void)
{
	assert_int_equal(kind_child(up_to_the_limit, NULL), 0);
}

/* Keeps what it can get in 4 MiB each, and exits. Returns how many it got. */
static int keeps_all(void *arg)
{
	char name[KPLUG_BUFFER_NAME_LEN];
	int i;

	NEED(!become_nobody());
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "%s%d", (const char *)arg, i);
		if (alloc(4 * MIB, name) < 0)
			break;
		NEED(!rig_buffer_ioctl(kplug_device_fd(dev), KPLUG_BUFFER_KEEP, name));
	}
	return i;
}

/* Neither a child nor an exit escapes the limit, and what is kept stays counted. */
static void kept_by_a_greedy_user(void)
{
	assert_int_equal(kind_child(keeps_all, "first"), 2);
	assert_int_equal(kind_child(keeps_all, "second"), 0);
	assert_int_equal(kind_count(dev), 2);
	assert_ok(kplug_buffer_drop(dev, "first0"));
	assert_ok(kplug_buffer_drop(dev, "first1"));
	usleep(300000); /* see until_charged() */
	assert_int_equal(kind_child(keeps_all, "third"), 2);
	assert_ok(kplug_buffer_drop(dev, "third0"));
	assert_ok(kplug_buffer_drop(dev, "third1"));
}

static struct kplug_device *exporter;

/* A dma-buf counts for who imports it, and all of it, since all of it is mapped. */
static int imports(void *arg)
{
	struct kplug_buffer_alloc one_page = {
		.size = sizeof(one_page), .bytes = PAGE, .kind = KPLUG_BUFFER_IMPORTED, .name = "page"
	};
	struct kplug_alloc_opts low = { .sz = sizeof(low), .dma_bits = 28 };
	struct kplug_buffer *all = NULL, *exported = NULL;

	(void)arg;
	NEED(!become_nobody());
	NEED(!kplug_buffer_alloc(exporter, "exported", 3 * MIB, &low, &exported));
	NEED(!kplug_buffer_export(exporter, "exported", &one_page.memory_fd));
	NEED(!kplug_buffer_import(dev, "all", one_page.memory_fd, NULL, &all));
	NEED(charged() == 6 * MIB);
	NEED(ioctl(kplug_device_fd(dev), KPLUG_BUFFER_ALLOC, &one_page) == -1 && errno == EDQUOT);
	NEED(charged() == 6 * MIB);
	kplug_buffer_free(all);
	until_charged(3 * MIB);
	NEED(charged() == 3 * MIB);
	return 0;
}

static void imported_memory(void)
{
	assert_ok(kplug_soft_create("exporter", 1, 64));
	assert_ok(kplug_device_open("exporter", NULL, &exporter));
	assert_int_equal(kind_child(imports, NULL), 0);
	kplug_device_close(exporter);
	assert_ok(kplug_soft_delete("exporter"));
}

/* Whom CAP_IPC_LOCK exempts is not counted. */
static void root_is_exempt(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "root", MIB);

	assert_int_equal(charged(), 0);
	kplug_buffer_free(buf);
}

int main(void)
{
	const struct rig_test cgroup[] = { TEST(buffers_in_a_cgroup) };
	const struct rig_test locked[] = { TEST(limit_of_an_ordinary_user), TEST(kept_by_a_greedy_user),
					   TEST(failure_gives_back), TEST(imported_memory), TEST(root_is_exempt) };
	int failed;

	kind = KPLUG_BUFFER_CONTIGUOUS;
	failed = RIG_RUN(locked, RIG_EDU, .setup = setup, .teardown = teardown);
	failed += RIG_RUN(cgroup, RIG_EDU, .setup = setup, .teardown = teardown);
	if (rig_machine("iommu")) {
		kind = KPLUG_BUFFER_PAGED;
		failed += RIG_RUN(locked, RIG_EDU, .setup = setup, .teardown = teardown);
		failed += RIG_RUN(cgroup, RIG_EDU, .setup = setup, .teardown = teardown);
	}
	return failed;
}
