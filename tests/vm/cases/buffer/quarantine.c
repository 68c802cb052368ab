// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* shows: KPLUG_BUFFER_FREE KPLUG_DMA_UNLOCK KPLUG_INFO hook:close hook:event kmod/buffer/quarantine.c kmod/node/node.c */
/* shows: kmod/pci/pci.c kmod/memory/umem.c */
/*
 * A program is killed while its device writes its memory. Nobody else gets that memory, nor behind an IOMMU its device
 * address, before the device is done: the plugin vouches for it, or the memory stays in quarantine until the device is
 * reset or removed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kind.h"

#define BYTES (4 * PAGE)
#define MARK 0xa5
#define ROUNDS 6
#define OTHERS 32 /* buffers that could get the same pages */
#define NOBODY 65534

enum { SILENT, VOUCHES, LOOKS }; /* bpf/quiet.bpf.c */
enum { CLOSES, OWNED };

static bool idle; /* no transfer is under way */

static void set_word(int64_t word)
{
	rig_load(dev, "quiet", NULL);
	assert_ok(kplug_setting_set(dev, "word", word));
}

static int64_t ask(uint32_t what)
{
	int64_t result = -1;

	assert_ok(kplug_call(dev, what, NULL, 0, &result));
	return result;
}

static uint64_t quarantined(void)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(dev, &info));
	return info.out_quarantined;
}

/* What silence costs: nothing on the software device, which reaches only what it was given. */
static uint64_t cost(uint64_t bytes)
{
	return at->soft ? 0 : bytes;
}

static int killed_with_a_buffer(void *arg)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = *(uint32_t *)arg, .dma_bits = 28 };
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;

	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!kplug_buffer_alloc(own, "victim", BYTES, &opts, &buf));
	NEED(idle || !kind_dma_start_out(own, kplug_buffer_dma_addr(buf)));
	raise(SIGKILL);
	return 0;
}

static int killed_with_a_lock(void *arg)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	const struct kplug_dma_entry *entry = NULL;
	void *mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kplug_device *own = NULL;
	struct kplug_lock *lock = NULL;
	size_t count = 0;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!kplug_dma_lock(own, mem, BYTES, &opts, &lock));
	entry = kplug_dma_entries(lock, &count);
	NEED(count);
	/* Out of edu's reach it does nothing: quarantine does not know. */
	NEED(!kind_dma_start_out(own, entry[0].addr));
	raise(SIGKILL);
	return 0;
}

static void kill_rounds(uint64_t bytes_kept)
{
	uint32_t which = rig_machine("iommu") && !at->soft ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS;
	uint64_t before = quarantined();
	int i;

	kind_fill_device(dev, MARK);
	for (i = 0; i < ROUNDS; i++) {
		assert_int_equal(kind_child(killed_with_a_buffer, &which), -SIGKILL);
		assert_int_equal(kind_foreign_bytes(dev, OTHERS, BYTES, 28, 2 * KIND_DMA_US), 0);
	}
	assert_int_equal(quarantined() - before, ROUNDS * bytes_kept);
	assert_int_equal(kind_count(dev), 0);
}

static void nobody_vouches(void)
{
	kill_rounds(cost(BYTES));
}

/* The plugin has its close hook asked again until the transfer is over. */
static void plugin_looks(void)
{
	set_word(LOOKS);
	kill_rounds(0);
	assert_true(at->soft || ask(CLOSES) > 2 * ROUNDS);
	assert_int_equal(ask(OWNED), 1);
}

static void plugin_vouches(void)
{
	uint64_t before = quarantined();
	uint32_t which = KPLUG_BUFFER_CONTIGUOUS;

	set_word(VOUCHES);
	idle = true;
	assert_int_equal(kind_child(killed_with_a_buffer, &which), -SIGKILL);
	idle = false;
	assert_int_equal(quarantined(), before);
}

static void locked_memory(void)
{
	uint64_t before = quarantined();
	struct kplug_info info;

	assert_int_equal(kind_child(killed_with_a_lock, NULL), -SIGKILL);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_locked, 0);
	assert_int_equal(quarantined() - before, cost(BYTES));
	usleep(2 * KIND_DMA_US);
}

/* For what a program without CAP_SYS_RAWIO frees, the plugin is asked. */
static int frees_as_nobody(void *arg)
{
	struct kplug_lock_opts lock_opts = { .sz = sizeof(lock_opts), .dma_bits = 64 };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = KPLUG_BUFFER_CONTIGUOUS, .dma_bits = 28 };
	void *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf = NULL;
	struct kplug_lock *lock = NULL;
	struct kplug_info info;

	(void)arg;
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(!setresuid(NOBODY, NOBODY, NOBODY));
	NEED(!kplug_buffer_alloc(own, "nobody", BYTES, &opts, &buf));
	NEED(!kplug_dma_lock(own, mem, PAGE, &lock_opts, &lock));
	NEED(!kplug_device_info(own, &info));
	NEED(info.out_charged == BYTES + PAGE);
	kplug_buffer_free(buf);
	kplug_dma_unlock(lock);
	NEED(rig_buffer_ioctl(kplug_device_fd(own), KPLUG_BUFFER_FREE, "nobody") == -ENOENT);
	NEED(!kplug_device_info(own, &info));
	kplug_device_close(own);
	return info.out_charged / PAGE;
}

/* What is in quarantine stays charged. */
static void freed_by_nobody(int64_t word, uint64_t bytes_kept)
{
	uint64_t before = quarantined();

	set_word(word);
	assert_int_equal(kind_child(frees_as_nobody, NULL), bytes_kept / PAGE);
	assert_int_equal(quarantined() - before, bytes_kept);
	assert_ok(kplug_plugin_unload(dev));
}

static void free_without_rights(void)
{
	freed_by_nobody(VOUCHES, 0);
	freed_by_nobody(SILENT, BYTES + PAGE);
}

static void removal_ends_it(void)
{
	uint32_t which = KPLUG_BUFFER_CONTIGUOUS;

	assert_int_equal(kind_child(killed_with_a_buffer, &which), -SIGKILL);
	assert_true(quarantined() >= cost(BYTES));
	usleep(2 * KIND_DMA_US);
	rig_close();
	assert_ok(at->soft ? kplug_soft_delete(at->name) : kplug_unbind(at->name));
	assert_ok(at->soft ? kplug_soft_create(at->name, 32, 0) : kplug_bind(at->name, false));
	dev = rig_open(at);
	assert_int_equal(quarantined(), 0);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(nobody_vouches), TEST(plugin_looks), TEST(plugin_vouches),
					  TEST(removal_ends_it) };
	const struct rig_test locks[] = { TEST(locked_memory), TEST(free_without_rights) };

	return RIG_RUN(tests, RIG_BOTH) + RIG_RUN(locks, RIG_EDU);
}
