// SPDX-License-Identifier: GPL-2.0-only
/* Finds what kplug_memory.ko has, and calls it, where it is loaded. */
#include <linux/rcupdate.h>

#include "buffer/buffer.h"
#include "core/device.h"

static const struct kplug_memory_module __rcu *memory_module; /* written as kplug_memory.ko loads and unloads */

void kplug_memory_register(const struct kplug_memory_module *module)
{
	rcu_assign_pointer(memory_module, module);
}
EXPORT_SYMBOL_GPL(kplug_memory_register);

void kplug_memory_unregister(void)
{
	RCU_INIT_POINTER(memory_module, NULL);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(kplug_memory_unregister);

static const struct kplug_memory_module *kplug_memory_module_get(void)
{
	const struct kplug_memory_module *module;

	guard(rcu)();
	module = rcu_dereference(memory_module);
	return module && try_module_get(module->owner) ? module : NULL;
}

DEFINE_FREE(memory_module, const struct kplug_memory_module *, module_put(_T ? _T->owner : NULL))

const struct kplug_memory_ops *kplug_memory_get(enum kplug_buffer_kind kind)
{
	const struct kplug_memory_module *module __free(memory_module) = kplug_memory_module_get();

	if (!module || !module->rows[kind])
		return ERR_PTR(module ? -ENOSPC : -ENOPKG);
	return no_free_ptr(module)->rows[kind]; /* with the reference */
}

int kplug_umem_lock(struct kplug_file *kfile, struct kplug_dma_lock *arg)
{
	const struct kplug_memory_module *module __free(memory_module) = kplug_memory_module_get();

	return module ? module->umem_lock(kfile, arg) : -ENOPKG;
}

int kplug_umem_entries(struct kplug_file *kfile, struct kplug_dma_entries *arg)
{
	const struct kplug_memory_module *module __free(memory_module) = kplug_memory_module_get();

	return module ? module->umem_entries(kfile, arg) : -ENOENT;
}

int kplug_buffer_export(struct kplug_device *kdev, struct kplug_buffer_export *arg)
{
	const struct kplug_memory_module *module __free(memory_module) = kplug_memory_module_get();

	return module ? module->export(kdev, arg) : -ENOPKG;
}

int kplug_buffer_access(struct kplug_device *kdev, const struct kplug_buffer_access *arg)
{
	const struct kplug_memory_module *module __free(memory_module) = kplug_memory_module_get();

	return module ? module->access(kdev, arg) : -ENOPKG;
}

bool kplug_umem_covers(struct kplug_file *kfile, u64 addr, u64 len)
{
	const struct kplug_memory_module *module = rcu_dereference(memory_module);

	return module && module->umem_covers(kfile, addr, len);
}

void *kplug_device_dma_to_virt(struct kplug_device *kdev, u64 dma_addr, size_t len)
{
	const struct kplug_memory_module *module = rcu_dereference(memory_module);
	const struct kplug_buffer *buf = kplug_buffer_at_dma(kdev, dma_addr, len);

	if (buf && buf->virt)
		return buf->virt + (dma_addr - buf->dma);
	return module ? module->umem_dma_to_virt(kdev, dma_addr, len) : NULL;
}
EXPORT_SYMBOL_GPL(kplug_device_dma_to_virt);
