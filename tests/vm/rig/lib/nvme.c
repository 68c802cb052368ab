// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/nvme.h"

/* Admin commands: Base Specification 5. */
#define CREATE_SQ 0x01
#define CREATE_CQ 0x05
#define IDENTIFY 0x06
#define SET_FEATURES 0x09
#define FEATURE_QUEUES 0x07

#define CC_ENABLE (1U | 6U << 16 | 4U << 20) /* entries of 64 and 16 bytes */
#define TIMEOUT_UNIT_MS 500 /* of CAP.TO */
#define ADMIN_MS 5000

static int reg(struct nvme *n, uint64_t offset, uint32_t width, uint64_t value)
{
	return kplug_reg_write(n->dev, NVME_BAR, offset, width, value);
}

static int until_ready(struct nvme *n, uint64_t wanted)
{
	uint64_t status = 0;
	uint32_t ms;
	int err;

	for (ms = 0; ms <= n->timeout_ms; ms++, usleep(1000)) {
		err = kplug_reg_read(n->dev, NVME_BAR, NVME_CSTS, 4, &status);
		if (err)
			return err;
		if (status & 2) /* CSTS.CFS: fatal */
			return -EIO;
		if ((status & 1) == wanted)
			return 0;
	}
	return -ETIMEDOUT;
}

/* The device's address of a part of the buffer. */
static uint64_t dma_of(struct nvme *n, const volatile void *part)
{
	return n->dma + (uint64_t)((const volatile uint8_t *)part - (const volatile uint8_t *)n->mem);
}

static int disable(struct nvme *n)
{
	int err = reg(n, NVME_CC, 4, 0);

	return err ? err : until_ready(n, 0);
}

static int enable(struct nvme *n)
{
	int err = disable(n);

	if (!err)
		err = reg(n, NVME_AQA, 4, (NVME_ENTRIES - 1) << 16 | (NVME_ENTRIES - 1));
	if (!err)
		err = reg(n, NVME_ASQ, 8, dma_of(n, n->mem->queue[0].sq));
	if (!err)
		err = reg(n, NVME_ACQ, 8, dma_of(n, n->mem->queue[0].cq));
	if (!err)
		err = reg(n, NVME_CC, 4, CC_ENABLE);
	n->cq_phase = 1;
	return err ? err : until_ready(n, 1);
}

/* Polls: 0 and the completion's dw0, or a negative errno. */
static int admin(struct nvme *n, struct nvme_command c, uint32_t *ret_dw0)
{
	volatile struct nvme_completion *cqe = &n->mem->queue[0].cq[n->cq_head];
	uint32_t ms = 0;
	int err;

	c.cid = (uint16_t)n->sq_tail;
	n->mem->queue[0].sq[n->sq_tail] = c;
	n->sq_tail = (n->sq_tail + 1) % NVME_ENTRIES;
	err = reg(n, NVME_SQTDBL(0, n->stride), 4, n->sq_tail);
	if (err)
		return err;
	for (; (cqe->status & 1U) != n->cq_phase; usleep(1000))
		if (ms++ == ADMIN_MS)
			return -ETIMEDOUT;
	err = cqe->status >> 1 ? -EIO : 0;
	if (ret_dw0)
		*ret_dw0 = cqe->dw0;
	n->cq_head = (n->cq_head + 1) % NVME_ENTRIES;
	n->cq_phase ^= !n->cq_head;
	return err ? err : reg(n, NVME_CQHDBL(0, n->stride), 4, n->cq_head);
}

/* Identify Namespace: NVM Command Set Specification 4.1.5.1. The first page of queue 1 is free until it is made. */
static int identify(struct nvme *n, uint32_t nsid)
{
	volatile uint8_t *page = (volatile uint8_t *)n->mem->queue[1].sq;
	uint64_t blocks;
	uint8_t format;
	int err;

	memset((void *)page, 0, NVME_PAGE);
	err = admin(n, (struct nvme_command){ .opcode = IDENTIFY, .nsid = nsid, .prp1 = dma_of(n, page) }, NULL);
	if (err)
		return err == -EIO ? 0 : err; /* there is none */
	memcpy(&blocks, (void *)page, sizeof(blocks));
	format = page[26] & 0xf;
	n->ns[nsid - 1].blocks = blocks;
	/* Of a format with metadata a transfer would be longer than its blocks. */
	if (blocks && !page[128 + 4 * format] && !page[128 + 4 * format + 1])
		n->ns[nsid - 1].shift = page[128 + 4 * format + 2];
	memset((void *)page, 0, NVME_PAGE);
	return 0;
}

static int create_queue(struct nvme *n, uint32_t id)
{
	volatile struct nvme_queue *queue = &n->mem->queue[id];
	struct nvme_command c = { .opcode = CREATE_CQ,
				  .prp1 = dma_of(n, queue->cq),
				  .cdw10 = (NVME_ENTRIES - 1) << 16 | id,
				  .cdw11 = id << 16 | 3 }; /* vector, interrupts on, contiguous */
	int err = admin(n, c, NULL);

	if (err)
		return err;
	c.opcode = CREATE_SQ;
	c.prp1 = dma_of(n, queue->sq);
	c.cdw11 = id << 16 | 1; /* completion queue, contiguous */
	return admin(n, c, NULL);
}

static int create_queues(struct nvme *n)
{
	uint32_t wanted = n->queues - 1, got = 0, id;
	int err;

	err = admin(n,
		    (struct nvme_command){
			    .opcode = SET_FEATURES, .cdw10 = FEATURE_QUEUES, .cdw11 = wanted << 16 | wanted },
		    &got);
	if (!err && ((got & 0xffff) < wanted || got >> 16 < wanted))
		err = -ENOSPC;
	for (id = 1; !err && id <= n->queues; id++) {
		err = create_queue(n, id);
		if (!err)
			err = kplug_irq_enable(n->dev, id, NULL, 0);
	}
	return err;
}

static int start_plugin(struct nvme *n)
{
	struct nvme_start start = { .queues = n->queues, .stride = n->stride };
	int64_t result = 0;
	int err, i;

	for (i = 0; i < NVME_NSID_MAX; i++)
		start.block_shift[i] = (uint8_t)n->ns[i].shift;
	err = kplug_call(n->dev, NVME_CALL_START, &start, sizeof(start), &result);
	return err ? err : (int)result;
}

static int load(struct kplug_device *dev, const char *path)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .buffer = "nvme" };
	struct kplug_plugin *plugin;
	int err = kplug_plugin_open(path, &plugin);

	if (err)
		return err;
	err = kplug_plugin_load(plugin, dev, &opts);
	kplug_plugin_close(plugin);
	return err;
}

int nvme_start(struct nvme *n, struct kplug_device *dev, const char *plugin)
{
	struct kplug_buffer_rights rights = { .mode = 0600, .uid = KPLUG_SELF, .gid = KPLUG_SELF };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .rights = &rights };
	uint64_t cap = 0;
	uint32_t nsid;
	int err;

	*n = (struct nvme){ .dev = dev, .queues = (uint32_t)get_nprocs_conf() };
	if (n->queues > NVME_QUEUES_MAX)
		return -ENOSPC;
	err = kplug_buffer_alloc(dev, "nvme", sizeof(*n->mem), &opts, &n->buf);
	if (err)
		return err;
	n->mem = kplug_buffer_ptr(n->buf);
	n->dma = kplug_buffer_dma_addr(n->buf);
	err = load(dev, plugin);
	if (!err)
		err = kplug_reg_read(dev, NVME_BAR, NVME_CAP, 8, &cap);
	n->stride = 4U << (cap >> 32 & 0xf);
	n->timeout_ms = (uint32_t)(cap >> 24 & 0xff) * TIMEOUT_UNIT_MS;
	if (!err)
		err = enable(n);
	for (nsid = 1; !err && nsid <= NVME_NSID_MAX; nsid++)
		err = identify(n, nsid);
	if (!err)
		err = create_queues(n);
	return err ? err : start_plugin(n);
}

void nvme_stop(struct nvme *n)
{
	if (n->mem)
		(void)disable(n);
	kplug_buffer_free(n->buf);
	n->buf = NULL;
	n->mem = NULL;
}

int nvme_io(struct kplug_device *dev, struct nvme_io *io, uint32_t timeout_ms)
{
	int64_t result = 0;
	int err = kplug_call_timeout(dev, NVME_CALL_IO, io, sizeof(*io), timeout_ms, &result);

	return err ? err : (int)result;
}
