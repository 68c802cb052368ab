// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_DMA_LOCK kind:arena kind:contiguous kind:paged kind:imported */
/* shows: kmod/pci/bar.c kmod/buffer/buffer.c kmod/memory/umem.c */
/* kernel: debug */
/* One call is held in its middle (rig/debug/fail.c) while another one goes through. */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/kind.h"

static _Noreturn void map_and_read(void)
{
	volatile uint32_t *regs;

	signal(SIGBUS, SIG_DFL); /* not cmocka's */
	regs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));
	if (regs != MAP_FAILED)
		(void)*regs;
	_exit(regs == MAP_FAILED);
}

/* The module is done with the mmap, and the kernel has not listed it yet. */
static void a_bar_that_is_being_mapped_goes_with_its_device(void)
{
	int status;
	pid_t pid;

	assert_ok(fault_hold("kplug_device_leave", 1));
	pid = fork();
	if (!pid)
		map_and_read();
	fault_wait();
	assert_ok(kplug_unbind(at->name));
	assert_true(fault_call_end(1));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	rig_close();
	assert_ok(kplug_bind(at->name, false));
	dev = rig_open(at);
}

/* What may take long. Each gets a device that is open, and returns what the library says. */

static int gets_a_buffer(struct kplug_device *own, enum kplug_buffer_kind which, size_t bytes)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = which, .dma_bits = 28 };
	struct kplug_buffer *buf = NULL;

	return kplug_buffer_alloc(own, "held", bytes, &opts, &buf);
}

static int pins_an_arena(struct kplug_device *own)
{
	return gets_a_buffer(own, KPLUG_BUFFER_ARENA, PAGE);
}

static int makes_a_paged_buffer(struct kplug_device *own)
{
	return gets_a_buffer(own, KPLUG_BUFFER_PAGED, PAGE);
}

static int gets_large_memory(struct kplug_device *own)
{
	return gets_a_buffer(own, KPLUG_BUFFER_CONTIGUOUS, 8UL << 20);
}

static int locks_memory(struct kplug_device *own)
{
	struct kplug_lock_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	void *mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kplug_lock *lock = NULL;

	return kplug_dma_lock(own, mem, PAGE, &opts, &lock);
}

static int imports_a_page(struct kplug_device *own)
{
	struct udmabuf_create arg = { .memfd = (uint32_t)memfd_create("page", MFD_ALLOW_SEALING), .size = PAGE };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	struct kplug_buffer *buf = NULL;

	if (ftruncate((int)arg.memfd, PAGE) || fcntl((int)arg.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -1;
	return kplug_buffer_import(own, "held", ioctl(node, UDMABUF_CREATE, &arg), NULL, &buf);
}

static int is_held(void *fn)
{
	struct kplug_device *own = NULL;

	if (kplug_device_open(at->name, NULL, &own))
		return 1;
	return ((int (*)(struct kplug_device *))fn)(own) == -ENODEV ? 0 : 2;
}

/* Its function is held, and the device removed meanwhile; then it finds that, and leaves nothing. */
static void removed_during(const char *function, int (*fn)(struct kplug_device *own))
{
	int status;
	pid_t pid;

	assert_ok(fault_hold(function, 1));
	pid = fork();
	if (!pid)
		_exit(is_held(fn));
	fault_wait();
	assert_ok(kplug_unbind(at->name));
	assert_true(fault_call_end(1));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rig_close();
	assert_ok(kplug_bind(at->name, false));
	dev = rig_open(at);
	assert_int_equal(kind_count(dev), 0);
}

static void removed_while_memory_comes(void)
{
	if (rig_machine("iommu")) {
		removed_during("pin_user_pages", pins_an_arena);
		removed_during("kplug_map_create", makes_a_paged_buffer);
	}
	removed_during("kplug_migrate_get", gets_large_memory);
	removed_during("pin_user_pages_fast", locks_memory);
	removed_during("dma_buf_vmap_unlocked", imports_a_page);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(a_bar_that_is_being_mapped_goes_with_its_device),
		TEST(removed_while_memory_comes),
	};

	return RIG_RUN(tests, RIG_EDU, .setup = fault_init, .teardown = fault_exit);
}
