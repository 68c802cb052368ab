// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_KILLS=10 */
/* timeout: 1800 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_DMA_LOCK kind:contiguous kind:paged kind:arena kind:wc kind:imported */
/* shows: kmod/buffer/quarantine.c kmod/memory/umem.c kmod/node/node.c */
/*
 * A program is killed KPLUG_KILLS times (500), each time at a random moment of what its device writes, with several
 * buffers of a random kind, or locked memory, and an eventfd. No byte of the device is found in others' memory. The
 * plugin looks after the device, or has nothing to say, at random. KPLUG_SEED.
 */
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/edu_regs.h"
#include "lib/chance.h"
#include "lib/kind.h"

#define BYTES (4 * PAGE)
#define MARK 0xa5
#define BUFFERS 4
#define OTHERS 16 /* buffers that could get the same pages */
#define PROGRAM (2U << 20) /* bytes of a program that could, too */

enum { SILENT, VOUCHES, LOOKS }; /* bpf/quiet.bpf.c */

enum { LOCKED = KPLUG_BUFFER_KINDS }; /* a program's own memory, as if it were a kind */

static volatile uint64_t *transfers; /* of the program that is to be killed; shared */

struct round {
	uint32_t kind; /* or LOCKED */
	uint32_t buffers;
	bool eventfd;
	uint32_t after_us; /* its first transfer has begun */
	int64_t word;
};

/* The machine's kinds. Without an IOMMU there is no memory of others that edu reaches in one piece but a page. */
static uint32_t draw_kind(struct chance *c)
{
	static const uint32_t all[] = { KPLUG_BUFFER_CONTIGUOUS, KPLUG_BUFFER_WC,   KPLUG_BUFFER_IMPORTED, LOCKED,
					KPLUG_BUFFER_PAGED,	 KPLUG_BUFFER_ARENA };

	return all[chance_below(c, rig_machine("iommu") ? 6 : 4)];
}

static int import_page(struct kplug_device *own, const char *name, struct kplug_buffer **ret_buf)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = 64 };
	struct udmabuf_create arg = { .memfd = (uint32_t)memfd_create("page", MFD_ALLOW_SEALING | MFD_CLOEXEC),
				      .flags = UDMABUF_FLAGS_CLOEXEC,
				      .size = PAGE };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;

	NEED(!ftruncate((int)arg.memfd, PAGE) && !fcntl((int)arg.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	fd = ioctl(node, UDMABUF_CREATE, &arg);
	NEED(fd >= 0);
	NEED(!kplug_buffer_import(own, name, fd, &opts, ret_buf));
	close(fd);
	close(node);
	close((int)arg.memfd);
	return 0;
}

static int lock_memory(struct kplug_device *own, uint64_t *ret_addr)
{
	void *mem = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct kplug_dma_entry *entry;
	struct kplug_lock *lock = NULL;
	size_t count;

	NEED(!kplug_dma_lock(own, mem, BYTES, NULL, &lock));
	entry = kplug_dma_entries(lock, &count);
	*ret_addr = entry[0].addr;
	return 0;
}

/* Memory of the round's kind, and its device address. */
static int get_memory(struct kplug_device *own, uint32_t which, uint32_t number, uint64_t *ret_addr)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = which };
	struct kplug_buffer *buf = NULL;
	char name[KPLUG_BUFFER_NAME_LEN];

	if (which == LOCKED)
		return lock_memory(own, ret_addr);
	snprintf(name, sizeof(name), "victim%u", number);
	if (which == KPLUG_BUFFER_IMPORTED)
		NEED(!import_page(own, name, &buf));
	else
		NEED(!kplug_buffer_alloc(own, name, BYTES, &opts, &buf));
	*ret_addr = kplug_buffer_dma_addr(buf);
	return 0;
}

static bool is_running(struct kplug_device *own)
{
	uint64_t command = 0;

	return !kplug_reg_read(own, 0, EDU_DMA_CMD, 4, &command) && command & EDU_DMA_CMD_START;
}

static int victim(const struct round *r)
{
	struct kplug_device *own = NULL;
	uint64_t to[BUFFERS];
	uint32_t i;

	NEED(!kplug_device_open(at->name, NULL, &own));
	if (r->eventfd)
		NEED(!kplug_irq_enable_eventfd(own, 0, NULL, 0, eventfd(0, EFD_CLOEXEC)));
	for (i = 0; i < r->buffers; i++)
		NEED(!get_memory(own, r->kind, i, &to[i]));
	for (i = 0;; i++) {
		NEED(!kind_dma_start_out(own, to[i % r->buffers]));
		*transfers += 1;
		while (is_running(own))
			usleep(500);
	}
}

static bool has_begun(void *unused)
{
	(void)unused;
	return *transfers;
}

static bool is_idle(void *unused)
{
	(void)unused;
	return !is_running(dev);
}

/* Bytes that are not 0 in memory that a program gets now, when the device is idle. */
static size_t foreign_bytes(void)
{
	uint8_t *mem = mmap(NULL, PROGRAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	size_t found, i;

	assert_ptr_not_equal(mem, MAP_FAILED);
	found = kind_foreign_bytes(dev, OTHERS, BYTES, 0, is_running(dev) ? KIND_DMA_US + KIND_DMA_US / 2 : 0);
	rig_until(is_idle, NULL);
	for (i = 0; i < PROGRAM; i++)
		found += mem[i] != 0;
	munmap(mem, PROGRAM);
	return found;
}

static void kill_one(const struct round *r)
{
	int status;
	pid_t pid;

	assert_ok(kplug_setting_set(dev, "word", r->word));
	*transfers = 0;
	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(victim(r));
	rig_until(has_begun, NULL);
	usleep(r->after_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status))
		fail_msg("kind %u, %u buffers: the program ended with %#x", r->kind, r->buffers, status);
	assert_int_equal(foreign_bytes(), 0);
}

static void at_any_moment(void)
{
	unsigned long kills = chance_budget("KPLUG_KILLS", 500), i;
	struct chance c = chance_stream(chance_seed(), 0);
	unsigned long by_kind[LOCKED + 1] = { 0 };

	transfers = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	rig_load(dev, "quiet", NULL);
	kind_fill_device(dev, MARK);
	for (i = 0; i < kills; i++) {
		struct round r = { .kind = draw_kind(&c),
				   .buffers = 1 + chance_below(&c, BUFFERS),
				   .eventfd = chance_once_in(&c, 2),
				   .after_us = chance_below(&c, 3 * KIND_DMA_US / 2),
				   .word = chance_once_in(&c, 2) ? LOOKS : SILENT };

		kill_one(&r);
		by_kind[r.kind]++;
	}
	assert_ok(kplug_plugin_unload(dev));
	printf("# %lu kills: paged %lu, contiguous %lu, arena %lu, imported %lu, wc %lu, locked %lu\n", kills,
	       by_kind[KPLUG_BUFFER_PAGED], by_kind[KPLUG_BUFFER_CONTIGUOUS], by_kind[KPLUG_BUFFER_ARENA],
	       by_kind[KPLUG_BUFFER_IMPORTED], by_kind[KPLUG_BUFFER_WC], by_kind[LOCKED]);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(at_any_moment) };

	/* edu that reaches all of the memory: each machine has one. */
	return RIG_RUN(tests, rig_any_memory() & (RIG_EDU | RIG_EDU_64));
}
