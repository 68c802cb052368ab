// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_UNBINDS=10 */
/* timeout: 900 */
/* shows: hook:event kmod/node/registry.c kmod/pci/pci.c kmod/buffer/quarantine.c */
/*
 * edu is unbound in the middle of what it writes, and bound again, KPLUG_UNBINDS times (200). It cannot be reset; its
 * plugin waits for it in the event of the removal. No byte of it is found in others' memory.
 */
#include <stdio.h>
#include <unistd.h>

#include "bpf/edu_regs.h"
#include "lib/chance.h"
#include "lib/kind.h"

#define BYTES (4 * PAGE)
#define SENT 4088 /* QEMU's edu takes no whole page */
#define MARK 0xa5
#define OTHERS 32
#define TRANSFER_US 100000 /* QEMU's edu (hw/misc/edu.c) */

static void start_transfer(uint64_t to)
{
	assert_ok(kplug_reg_write(dev, 0, EDU_DMA_SRC, 8, EDU_MEMORY));
	assert_ok(kplug_reg_write(dev, 0, EDU_DMA_DST, 8, to));
	assert_ok(kplug_reg_write(dev, 0, EDU_DMA_COUNT, 8, SENT));
	assert_ok(kplug_reg_write(dev, 0, EDU_DMA_CMD, 8, EDU_DMA_CMD_START | EDU_DMA_CMD_TO_RAM));
}

static void mark_device(void)
{
	struct kplug_buffer *buf = rig_buffer(dev, "mark", PAGE);

	memset(kplug_buffer_ptr(buf), MARK, PAGE);
	kind_dma_in(dev, kplug_buffer_dma_addr(buf), 0, SENT);
	kplug_buffer_free(buf);
}

static void its_plugin_waits(void)
{
	unsigned long rounds = chance_budget("KPLUG_UNBINDS", 200), i;
	struct chance c = chance_stream(chance_seed(), 0);

	mark_device();
	for (i = 0; i < rounds; i++) {
		struct kplug_buffer *buf = rig_buffer(dev, "victim", BYTES);

		rig_load(dev, "waits", NULL);
		start_transfer(kplug_buffer_dma_addr(buf));
		usleep(chance_below(&c, TRANSFER_US));
		assert_ok(kplug_unbind(at->name));
		kplug_buffer_free(buf);
		rig_close();
		assert_ok(kplug_bind(at->name, false));
		dev = rig_open(at);
		assert_int_equal(kind_foreign_bytes(dev, OTHERS, BYTES, 28, TRANSFER_US), 0);
	}
	printf("# unbound and bound %lu times\n", rounds);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(its_plugin_waits) };

	return RIG_RUN(tests, RIG_EDU);
}
