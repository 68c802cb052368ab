// SPDX-License-Identifier: GPL-2.0-only
/* Program memory locked for DMA: charged, pinned, and mapped for the device. */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "dma/dma.h"
#include "memory/kinds.h"
#include "node/node.h"

#define ENTRIES_AT_ONCE 1024U

struct kplug_umem {
	struct kplug_ended ended; /* its owner, id and pages are the umem's */
	struct device *parent; /* for which it is mapped */
	struct kplug_charge charge;
	unsigned int offset; /* of the first byte in the first page */
	size_t bytes;
	struct page **pages;
	struct sg_table sgt;
	struct kplug_dma_entry *span; /* its device addresses, ascending, neighbours merged */
	u32 spans;
};

static struct kplug_umem *umem_of(struct kplug_ended *ended)
{
	return container_of(ended, struct kplug_umem, ended);
}

static void umem_free(struct kplug_umem *umem)
{
	kvfree(umem->span);
	kvfree(umem->pages);
	kfree(umem);
}

static void umem_unpin(struct kplug_umem *umem)
{
	unsigned long i, n;

	for (i = 0; i < umem->ended.pages; i += n) {
		n = min(umem->ended.pages - i, 1024);
		unpin_user_pages_dirty_lock(umem->pages + i, n, true);
		cond_resched();
	}
	kplug_uncharge(&umem->charge);
}

static void umem_release(struct kplug_ended *ended)
{
	struct kplug_umem *umem = umem_of(ended);

	umem_unpin(umem);
	sg_free_table(&umem->sgt);
	umem_free(umem);
}

static void umem_unmap(struct kplug_ended *ended)
{
	struct kplug_umem *umem = umem_of(ended);

	dma_unmap_sgtable(umem->parent, &umem->sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
}

static struct kplug_umem *umem_alloc(u64 owner, u64 addr, size_t bytes)
{
	struct kplug_umem *umem = kzalloc(sizeof(*umem), GFP_KERNEL_ACCOUNT);

	if (!umem)
		return NULL;
	umem->offset = offset_in_page(addr);
	umem->bytes = bytes;
	umem->ended = (struct kplug_ended){
		.owner = owner,
		.pages = DIV_ROUND_UP(umem->offset + bytes, PAGE_SIZE),
		.unmap = umem_unmap,
		.release = umem_release,
		.module = THIS_MODULE,
	};
	umem->pages = kvmalloc_array(umem->ended.pages, sizeof(*umem->pages), GFP_KERNEL_ACCOUNT);
	if (umem->pages)
		return umem;
	umem_free(umem);
	return NULL;
}

/* Touches user memory, so the device is not entered. */
static int umem_pin(struct kplug_umem *umem, struct kplug_device *kdev, u64 addr)
{
	unsigned long done = 0;
	int got;

	umem->charge.used[KPLUG_LIMIT_LOCKS] = 1;
	got = kplug_charge(&umem->charge, kdev, umem->ended.pages);
	if (got)
		return got;
	addr &= PAGE_MASK;
	while (done < umem->ended.pages) {
		got = pin_user_pages_fast(addr + (done << PAGE_SHIFT), umem->ended.pages - done,
					  FOLL_WRITE | FOLL_LONGTERM, umem->pages + done);
		if (got <= 0)
			break;
		done += got;
	}
	if (done == umem->ended.pages)
		return 0;
	unpin_user_pages(umem->pages, done);
	kplug_uncharge(&umem->charge);
	return got ?: -EFAULT;
}

static int compare_addr(const void *a, const void *b)
{
	const struct kplug_dma_entry *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int umem_index(struct kplug_umem *umem)
{
	struct kplug_dma_entry *span, *last;
	struct scatterlist *sg;
	unsigned int i;

	span = kvmalloc_array(umem->sgt.nents, sizeof(*span), GFP_KERNEL_ACCOUNT);
	if (!span)
		return -ENOMEM;
	for_each_sgtable_dma_sg(&umem->sgt, sg, i)
		span[i] = (struct kplug_dma_entry){ .addr = sg_dma_address(sg), .bytes = sg_dma_len(sg) };
	sort(span, umem->sgt.nents, sizeof(*span), compare_addr, NULL);
	last = span;
	for (i = 1; i < umem->sgt.nents; i++) {
		/* A page can be there twice. */
		if (span[i].addr <= last->addr + last->bytes)
			last->bytes = max(last->bytes, span[i].addr + span[i].bytes - last->addr);
		else
			*++last = span[i];
	}
	umem->span = span;
	umem->spans = last - span + 1;
	return 0;
}

/* The device is entered. */
static int umem_publish(struct kplug_file *kfile, struct kplug_umem *umem, struct kplug_dma_lock *arg)
{
	struct kplug_device *kdev = kfile->kdev;
	int err;

	err = kplug_dma_request_bits(kdev, arg->dma_bits);
	if (err < 0)
		return err;
	err = kplug_dma_map_request(kdev, err, umem->pages, umem->ended.pages, umem->offset, umem->bytes, &umem->sgt);
	if (err)
		return err;
	umem->parent = kdev->desc.parent;
	err = umem_index(umem);
	if (err)
		goto err_unmap;
	mutex_lock(&kdev->buffer_lock);
	err = xa_alloc(&kdev->umems, &arg->out_id, &umem->ended, xa_limit_31b, GFP_KERNEL);
	if (!err) {
		umem->ended.id = arg->out_id;
		arg->out_count = umem->sgt.nents;
		WRITE_ONCE(kdev->umem_pages, kdev->umem_pages + umem->ended.pages);
		__module_get(THIS_MODULE);
		kplug_device_dma_user(kdev, false, 1);
		list_add_rcu(&umem->ended.siblings, &kfile->umems);
	}
	mutex_unlock(&kdev->buffer_lock);
	if (!err)
		return 0;

err_unmap:
	kplug_dma_unmap(kdev->desc.parent, &umem->sgt);
	kplug_dma_flush(kdev);
	return err;
}

int umem_lock(struct kplug_file *kfile, struct kplug_dma_lock *arg)
{
	struct kplug_umem *umem;
	int err;

	if (arg->flags || arg->reserved || !arg->bytes || arg->bytes > KPLUG_DMA_LOCK_MAX)
		return -EINVAL;
	if (arg->addr > U64_MAX - arg->bytes)
		return -EFAULT;
	if (current_user_ns() != &init_user_ns) /* each of its users would have a limit of its own */
		return -EPERM;
	umem = umem_alloc(kfile->reader.file, arg->addr, arg->bytes);
	if (!umem)
		return -ENOMEM;
	err = umem_pin(umem, kfile->kdev, arg->addr);
	if (err)
		goto err_free;
	err = kplug_device_enter(kfile->kdev);
	if (err)
		goto err_unpin;
	err = umem_publish(kfile, umem, arg);
	kplug_device_leave(kfile->kdev);
	if (err)
		goto err_unpin;
	return 0;

err_unpin:
	umem_unpin(umem);
err_free:
	umem_free(umem);
	return err;
}

static struct kplug_umem *umem_find(struct kplug_file *kfile, u32 id)
{
	struct kplug_ended *ended = xa_load(&kfile->kdev->umems, id);

	lockdep_assert_held(&kfile->kdev->buffer_lock);
	return ended && ended->owner == kfile->reader.file ? umem_of(ended) : NULL;
}

static u32 umem_get_entries(const struct kplug_umem *umem, u32 first, u32 max, struct kplug_dma_entry *to)
{
	struct scatterlist *sg;
	u32 count = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(&umem->sgt, sg, i) {
		if (i < first)
			continue;
		if (count == max)
			break;
		to[count++] = (struct kplug_dma_entry){ .addr = sg_dma_address(sg), .bytes = sg_dma_len(sg) };
	}
	return count;
}

int umem_entries(struct kplug_file *kfile, struct kplug_dma_entries *arg)
{
	struct kplug_device *kdev = kfile->kdev;
	struct kplug_dma_entry *entries;
	struct kplug_umem *umem;
	u32 max = min(arg->max, ENTRIES_AT_ONCE);
	int err;

	if (arg->reserved)
		return -EINVAL;
	entries = kvmalloc_array(max + 1, sizeof(*entries), GFP_KERNEL_ACCOUNT); /* never of size 0 */
	if (!entries)
		return -ENOMEM;
	err = kplug_device_enter(kdev);
	if (err)
		goto out;
	mutex_lock(&kdev->buffer_lock);
	umem = umem_find(kfile, arg->id);
	if (umem)
		arg->out_count = umem_get_entries(umem, arg->first, max, entries);
	else
		err = -ENOENT;
	mutex_unlock(&kdev->buffer_lock);
	kplug_device_leave(kdev);
	if (!err && copy_to_user(u64_to_user_ptr(arg->entries), entries, arg->out_count * sizeof(*entries)))
		err = -EFAULT;
out:
	kvfree(entries);
	return err;
}

static bool covers(const struct kplug_umem *umem, u64 addr, u64 len)
{
	u32 from = 0, to = umem->spans;

	while (from < to) {
		u32 mid = from + (to - from) / 2;
		const struct kplug_dma_entry *span = &umem->span[mid];

		if (addr < span->addr)
			to = mid;
		else if (addr - span->addr >= span->bytes)
			from = mid + 1;
		else
			return len <= span->bytes - (addr - span->addr);
	}
	return false;
}

bool umem_covers(struct kplug_file *kfile, u64 addr, u64 len)
{
	struct kplug_ended *ended;

	list_for_each_entry_rcu(ended, &kfile->umems, siblings)
		if (covers(umem_of(ended), addr, len))
			return true;
	return false;
}

void *umem_dma_to_virt(struct kplug_device *kdev, u64 addr, size_t len)
{
	struct kplug_ended *ended;
	struct scatterlist *sg;
	unsigned long id;
	unsigned int i;

	xa_for_each(&kdev->umems, id, ended) {
		for_each_sgtable_dma_sg(&umem_of(ended)->sgt, sg, i) {
			u64 from = addr - sg_dma_address(sg);

			if (addr >= sg_dma_address(sg) && from <= sg_dma_len(sg) && len <= sg_dma_len(sg) - from)
				return sg_virt(sg) + from;
		}
	}
	return NULL;
}
