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

#include "lib/chance.h"
#include "lib/kind.h"

#define BYTES (4 * PAGE)
#define MARK 0xa5
#define OTHERS 32

static void its_plugin_waits(void)
{
	unsigned long rounds = chance_budget("KPLUG_UNBINDS", 200), i;
	struct chance c = chance_stream(chance_seed(), 0);

	kind_fill_device(dev, MARK);
	for (i = 0; i < rounds; i++) {
		struct kplug_buffer *buf = rig_buffer(dev, "victim", BYTES);

		rig_load(dev, "waits", NULL);
		assert_ok(kind_dma_start_out(dev, kplug_buffer_dma_addr(buf)));
		usleep(chance_below(&c, KIND_DMA_US));
		assert_ok(kplug_unbind(at->name));
		kplug_buffer_free(buf);
		rig_close();
		assert_ok(kplug_bind(at->name, false));
		dev = rig_open(at);
		assert_int_equal(kind_foreign_bytes(dev, OTHERS, BYTES, 28, KIND_DMA_US), 0);
	}
	printf("# unbound and bound %lu times\n", rounds);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(its_plugin_waits) };

	return RIG_RUN(tests, RIG_EDU);
}
