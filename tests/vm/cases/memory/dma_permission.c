// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: hook:call kmod/plugin/kfuncs.c kmod/buffer/rights.c kmod/memory/umem.c */
/* A plugin asks whether the caller may use a device address: its own memory, and buffers that it has the rights to. */
#include <grp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/kind.h"
#include "bpf/dma_permission.h"
#include "bpf/edu.h"

#define USER 4243
#define BYTES (2 * PAGE + 100)

static struct kplug_device *other; /* another open file */

static void setup(void)
{
	rig_load(dev, "dma_permission", NULL);
	other = rig_open(at);
}

static void teardown(void)
{
	kplug_device_close(other);
}

/* What the plugin says to this open file: 0 or a negative errno. */
static int permission(struct kplug_device *device, uint64_t addr, uint64_t bytes)
{
	struct dma_range range = { .addr = addr, .bytes = bytes };
	int64_t result = 1;
	int err = kplug_call(device, 1, &range, sizeof(range), &result);

	return err ?: (int)result;
}

static struct kplug_buffer *buffer(const char *name, uint32_t mode, size_t bytes, bool keep)
{
	struct kplug_buffer_rights rights = { .mode = mode, .uid = KPLUG_SELF, .gid = KPLUG_SELF };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 28, .keep = keep, .rights = &rights };
	struct kplug_buffer *buf;

	assert_ok(kplug_buffer_alloc(dev, name, bytes, &opts, &buf));
	return buf;
}

static void all_of_a_buffer_and_no_more(void)
{
	struct kplug_buffer *buf = buffer("own", 0600, BYTES, false);
	uint64_t addr = kplug_buffer_dma_addr(buf);

	assert_int_equal(permission(dev, addr, BYTES), 0);
	assert_int_equal(permission(dev, addr + BYTES - 1, 1), 0);
	assert_int_equal(permission(dev, addr, BYTES + 1), -EACCES);
	assert_int_equal(permission(dev, addr + 1, BYTES), -EACCES);
	assert_int_equal(permission(dev, addr - 1, 2), -EACCES);
	assert_int_equal(permission(dev, addr + 1, UINT64_MAX), -EACCES);
	assert_int_equal(permission(dev, UINT64_MAX, 2), -EACCES);
	kplug_buffer_free(buf);
	assert_int_equal(permission(dev, addr, 1), -EACCES);
}

static int become_user(void)
{
	return setgroups(0, NULL) ?: setresgid(USER, USER, USER) ?: setresuid(USER, USER, USER);
}

/* Runs fn(arg) in a child, while all users may open the node. */
static void for_all_users(int (*fn)(void *arg), void *arg)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/kplug/%s", at->name);
	assert_ok(chmod(node, 0666));
	assert_int_equal(kind_child(fn, arg), 0);
	assert_ok(chmod(node, 0600));
}

/* The buffers of the test below. */
enum { CLOSED, OPEN, KEPT, COUNT };

static int as_user(void *arg)
{
	const uint64_t *addr = arg;
	struct kplug_device *device;
	struct kplug_buffer *buf;

	NEED(!become_user());
	NEED(permission(dev, addr[CLOSED], BYTES) == 0); /* the file, passed on to it, owns the buffer */
	NEED(permission(dev, addr[KEPT], BYTES) == -EACCES);
	NEED(!kplug_device_open(at->name, NULL, &device));
	NEED(permission(device, addr[CLOSED], 1) == -EACCES);
	NEED(permission(device, addr[KEPT], 1) == -EACCES);
	NEED(permission(device, addr[OPEN], BYTES) == 0);
	NEED(!kplug_buffer_alloc(device, "user", PAGE, NULL, &buf));
	NEED(permission(device, kplug_buffer_dma_addr(buf), PAGE) == 0);
	kplug_buffer_free(buf);
	kplug_device_close(device);
	return 0;
}

static void of_others_by_their_mode(void)
{
	struct kplug_buffer *buf[COUNT] = {
		[CLOSED] = buffer("closed", 0600, BYTES, false),
		[OPEN] = buffer("open", 0666, BYTES, false),
		[KEPT] = buffer("kept", 0600, BYTES, true),
	};
	uint64_t addr[COUNT];

	for (int i = 0; i < COUNT; i++) {
		addr[i] = kplug_buffer_dma_addr(buf[i]);
		assert_int_equal(permission(other, addr[i], BYTES), 0); /* they are root's */
	}
	for_all_users(as_user, addr);
	for (int i = 0; i < COUNT; i++)
		kplug_buffer_free(buf[i]);
	assert_ok(kplug_buffer_drop(dev, "kept"));
}

/* Nobody but the file that has locked it, not even root. */
static void of_locked_memory(void)
{
	size_t bytes = 40 * PAGE, count, i;
	const struct kplug_dma_entry *e;
	struct kplug_dma_entry first;
	struct kplug_lock *lock;
	uint8_t *p;

	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_true(p != MAP_FAILED);
	assert_ok(kplug_dma_lock(dev, p + 8, bytes - 16, NULL, &lock));
	e = kplug_dma_entries(lock, &count);
	first = e[0];
	for (i = 0; i < count; i++) {
		assert_int_equal(permission(dev, e[i].addr, e[i].bytes), 0);
		assert_int_equal(permission(dev, e[i].addr + e[i].bytes - 1, 1), 0);
		assert_int_equal(permission(other, e[i].addr, 1), -EACCES);
	}
	assert_int_equal(permission(dev, first.addr - 1, 2), -EACCES);
	assert_int_equal(permission(dev, first.addr, bytes), -EACCES);
	assert_int_equal(permission(dev, first.addr, UINT64_MAX), -EACCES);
	kplug_dma_unlock(lock);
	assert_int_equal(permission(dev, first.addr, 1), -EACCES);
	munmap(p, bytes);
}

static void nowhere_but_in_a_call(void)
{
	struct kplug_record record;
	size_t count;
	int answer;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, 0));
	assert_ok(kplug_irq_wait(dev, 5000, &record, 1, &count));
	assert_ok(kplug_irq_disable(dev, 0));
	assert_int_equal(record.data_size, sizeof(answer));
	memcpy(&answer, record.data, sizeof(answer));
	assert_int_equal(answer, -EINVAL);
}

static int copies(struct kplug_device *device)
{
	struct edu_copy copy = { .dst = 16, .bytes = 8 };
	int64_t result = 1;
	int err = kplug_call(device, EDU_CALL_COPY, &copy, sizeof(copy), &result);

	return err ?: (int)result;
}

static int copies_as_user(void *arg)
{
	struct kplug_device *device;

	(void)arg;
	NEED(!become_user());
	NEED(!kplug_device_open(at->name, NULL, &device));
	NEED(copies(device) == -EACCES);
	kplug_device_close(device);
	return 0;
}

/* edu.bpf.c copies for who has the rights to its buffer. */
static void edu_asks(void)
{
	struct kplug_buffer *buf = buffer("edu", 0600, EDU_BUFFER_BYTES, true);
	struct kplug_record record;
	size_t count;

	rig_load(dev, "edu", "edu");
	for_all_users(copies_as_user, NULL);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(copies(dev), 0);
	assert_ok(kplug_irq_wait(dev, 5000, &record, 1, &count)); /* it is done */
	assert_ok(kplug_irq_disable(dev, 0));
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
	assert_ok(kplug_buffer_drop(dev, "edu"));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(all_of_a_buffer_and_no_more),
		TEST(of_others_by_their_mode),
		TEST(of_locked_memory),
		TEST(nowhere_but_in_a_call),
		BARE(edu_asks),
	};

	return RIG_RUN(tests, rig_any_memory(), .setup = setup, .teardown = teardown);
}
