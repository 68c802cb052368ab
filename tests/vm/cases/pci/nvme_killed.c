// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_UNBINDS=3 */
/* timeout: 900 */
/* shows: KPLUG_REG KPLUG_BUFFER_ALLOC kmod/pci/pci.c kmod/buffer/quarantine.c kmod/node/node.c */
/*
 * A device with queues in memory (QEMU's nvme) has 32 slow reads under way when its program is killed; its plugin has no
 * close hook. The device is reset before anybody else gets the memory. The same where it is unbound, KPLUG_UNBINDS times
 * (200). Registers and commands: NVM Express Base
 * Specification 2.0, 3.1.3, 5.4, 5.5; NVM Command Set 3.2.4.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/kind.h"

#define CC 0x14
#define CC_ENABLE (1U | 6U << 16 | 4U << 20) /* entries of 64 and 16 bytes */
#define CSTS 0x1c
#define AQA 0x24
#define ASQ 0x28
#define ACQ 0x30
#define DOORBELLS 0x1000 /* of 4 bytes: submission, completion, by queue */

#define QUEUE 64 /* entries */
#define READS 32
#define BLOCKS 8 /* of 512 bytes: a page */
#define BYTES ((4 + READS) * PAGE) /* four queues, then the data */
#define OTHERS 16
#define SLOW_US 2000000 /* the disk does 20 reads a second (tests/vm/rig/boot.sh) */

struct command {
	uint8_t opcode, flags;
	uint16_t id;
	uint32_t nsid, reserved[4];
	uint64_t prp1, prp2;
	uint32_t dword[6]; /* 10 to 15 */
};

struct completion {
	uint32_t result, reserved;
	uint16_t head, queue, id, status; /* bit 0 of status: phase */
};

static char address[KPLUG_NAME_LEN];

/* The queues, one page each: admin and I/O, submission and completion. */
enum { ADMIN_SQ, ADMIN_CQ, IO_SQ, IO_CQ };

struct nvme {
	struct kplug_device *dev;
	uint8_t *mem;
	uint64_t dma;
};

static int reg_write(struct nvme *n, uint64_t offset, uint32_t width, uint64_t value)
{
	return kplug_reg_write(n->dev, 0, offset, width, value);
}

/* Waits until CSTS.RDY is as wanted. */
static int until_ready(struct nvme *n, uint64_t wanted)
{
	uint64_t status = 0;
	int i;

	for (i = 0; i < 10000; i++, usleep(1000))
		if (!kplug_reg_read(n->dev, 0, CSTS, 4, &status) && (status & 1) == wanted)
			return 0;
	return -1;
}

static int enable(struct nvme *n)
{
	NEED(!reg_write(n, CC, 4, 0));
	NEED(!until_ready(n, 0));
	NEED(!reg_write(n, AQA, 4, (QUEUE - 1) << 16 | (QUEUE - 1)));
	NEED(!reg_write(n, ASQ, 8, n->dma + ADMIN_SQ * PAGE));
	NEED(!reg_write(n, ACQ, 8, n->dma + ADMIN_CQ * PAGE));
	NEED(!reg_write(n, CC, 4, CC_ENABLE));
	NEED(!until_ready(n, 1));
	return 0;
}

/* The n-th admin command; waits for its completion. */
static int admin(struct nvme *n, uint16_t number, struct command c)
{
	volatile struct completion *done = (void *)(n->mem + ADMIN_CQ * PAGE);
	int i;

	memcpy(n->mem + ADMIN_SQ * PAGE + number * sizeof(c), &c, sizeof(c));
	NEED(!reg_write(n, DOORBELLS, 4, number + 1U));
	for (i = 0; i < 10000 && !(done[number].status & 1); i++)
		usleep(1000);
	NEED(done[number].status == 1); /* success */
	NEED(!reg_write(n, DOORBELLS + 4, 4, number + 1U));
	return 0;
}

static int create_queues(struct nvme *n)
{
	uint32_t size_and_id = (QUEUE - 1) << 16 | 1;

	NEED(!admin(n, 0, (struct command){ .opcode = 5, .prp1 = n->dma + IO_CQ * PAGE, .dword = { size_and_id, 1 } }));
	NEED(!admin(
		n, 1,
		(struct command){ .opcode = 1, .prp1 = n->dma + IO_SQ * PAGE, .dword = { size_and_id, 1 << 16 | 1 } }));
	return 0;
}

static int start_reads(struct nvme *n)
{
	struct command *queue = (void *)(n->mem + IO_SQ * PAGE);
	uint16_t i;

	for (i = 0; i < READS; i++)
		queue[i] = (struct command){ .opcode = 2,
					     .id = i,
					     .nsid = 1,
					     .prp1 = n->dma + (4U + i) * PAGE,
					     .dword = { i * BLOCKS, 0, BLOCKS - 1 } };
	NEED(!reg_write(n, DOORBELLS + 8, 4, READS));
	return 0;
}

/* Reads are under way, and some are done. */
static int reads(struct kplug_device *own, struct kplug_buffer **ret_buf)
{
	struct nvme n = { .dev = own };
	int i;

	NEED(!kplug_buffer_alloc(own, "queues", BYTES, NULL, ret_buf));
	n.mem = kplug_buffer_ptr(*ret_buf);
	n.dma = kplug_buffer_dma_addr(*ret_buf);
	NEED(!enable(&n));
	NEED(!create_queues(&n));
	NEED(!start_reads(&n));
	for (i = 0; i < 10000 && ((volatile uint8_t *)n.mem)[4 * PAGE] != 0xa5;
	     i++) /* the disk still counts the last reads */
		usleep(1000);
	NEED(n.mem[4 * PAGE] == 0xa5);
	return 0;
}

static int is_killed(void *arg)
{
	struct kplug_device *own = NULL;
	struct kplug_buffer *buf;

	(void)arg;
	NEED(!kplug_device_open(address, NULL, &own));
	NEED(!reads(own, &buf));
	raise(SIGKILL);
	return 0;
}

static void setup(void)
{
	rig_find_pci(0x1b36, 0x0010, address);
	assert_ok(kplug_bind(address, false));
	assert_ok(kplug_device_open(address, NULL, &dev));
}

static void teardown(void)
{
	rig_close();
	assert_ok(kplug_unbind(address));
}

static void reads_under_way(void)
{
	struct kplug_info info;
	uint64_t control = ~0ULL;

	rig_load(dev, "claim_only", NULL); /* any plugin without a close hook */
	rig_close();
	assert_int_equal(kind_child(is_killed, NULL), -SIGKILL);
	assert_ok(kplug_device_open(address, NULL, &dev));
	assert_ok(kplug_plugin_unload(dev));
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_quarantined, 0);
	assert_ok(kplug_reg_read(dev, 0, CC, 4, &control));
	assert_int_equal(control & 1, 0); /* was reset */
	assert_int_equal(kind_foreign_bytes(dev, OTHERS, BYTES, 0, SLOW_US), 0);
}

static void unbound_with_reads_under_way(void)
{
	unsigned long rounds = chance_budget("KPLUG_UNBINDS", 200), i;

	for (i = 0; i < rounds; i++) {
		struct kplug_buffer *buf = NULL;

		assert_int_equal(reads(dev, &buf), 0);
		assert_ok(kplug_unbind(address));
		kplug_buffer_free(buf);
		rig_close();
		assert_ok(kplug_bind(address, false));
		assert_ok(kplug_device_open(address, NULL, &dev));
		assert_int_equal(kind_foreign_bytes(dev, OTHERS, BYTES, 0, 200000), 0);
	}
	printf("# unbound and bound %lu times\n", rounds);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(reads_under_way), TEST(unbound_with_reads_under_way) };

	return RIG_RUN(tests, RIG_NONE, .setup = setup, .teardown = teardown);
}
