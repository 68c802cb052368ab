// SPDX-License-Identifier: GPL-2.0-only
/* kplug_memory.ko: memory beyond what the core allocates itself. The core loads it when a request needs it. */
#include <linux/module.h>

#include "core/compat.h"
#include "memory/kinds.h"

static const struct kplug_memory_ops *const rows[KPLUG_BUFFER_KINDS] = {
	[KPLUG_BUFFER_CONTIGUOUS] = &kplug_memory_large,
	[KPLUG_BUFFER_ARENA] = &kplug_memory_arena,
	[KPLUG_BUFFER_IMPORTED] = &kplug_memory_dmabuf,
	[KPLUG_BUFFER_WC] = &kplug_memory_wc,
};

static const struct kplug_memory_module memory = {
	.owner = THIS_MODULE,
	.rows = rows,
	.umem_lock = umem_lock,
	.umem_entries = umem_entries,
	.umem_covers = umem_covers,
	.umem_dma_to_virt = umem_dma_to_virt,
	.export = kplug_dmabuf_export,
	.access = kplug_dmabuf_access,
};

static int __init kplug_memory_init(void)
{
	kplug_memory_register(&memory);
	return 0;
}

static void __exit kplug_memory_exit(void)
{
	kplug_memory_unregister();
}

module_init(kplug_memory_init);
module_exit(kplug_memory_exit);

KPLUG_IMPORT_NS(BPF_INTERNAL); /* bpf_map_get() */
KPLUG_IMPORT_NS(DMA_BUF);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kplug: large contiguous, write-combining, arena, dma-buf and program memory");
MODULE_VERSION(KPLUG_VERSION);
