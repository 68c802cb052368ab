// SPDX-License-Identifier: GPL-2.0-only
/*
 * Program memory locked for DMA: pinned, charged to RLIMIT_MEMLOCK, and mapped for the device.
 *
 * Parts can be unlocked. A page that the IOMMU's tables may hold as part of a larger one cannot be taken out of them
 * alone, so it waits for the others: a page is locked, asked for, leaving (both bits), or gone.
 */
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "node/node.h"
#include "memory/umem.h"

#define ENTRIES_AT_ONCE 1024U

struct kplug_lock {
	const struct kplug_file *owner;
	struct mm_struct *mm; /* grabbed: whose RLIMIT_MEMLOCK it counts against */
	unsigned int offset; /* of the first byte in the first page */
	size_t bytes;
	unsigned long count; /* of pages */
	unsigned long left; /* of them locked; under buffer_lock */
	struct page **pages;
	unsigned long *asked; /* a bit per page; under buffer_lock */
	unsigned long *gone; /* the same, read under RCU */
	struct sg_table sgt;
	struct page *scratch; /* behind an IOMMU: what the device gets where pages are gone */
};

static void lock_free(struct kplug_lock *lock)
{
	if (lock->scratch)
		__free_page(lock->scratch);
	kvfree(lock->asked);
	kvfree(lock->pages);
	mmdrop(lock->mm);
	kfree(lock);
}

static struct kplug_lock *lock_alloc(const struct kplug_file *owner, u64 addr, size_t bytes)
{
	struct kplug_lock *lock = kzalloc(sizeof(*lock), GFP_KERNEL_ACCOUNT);

	if (!lock)
		return NULL;
	lock->owner = owner;
	lock->mm = current->mm;
	mmgrab(lock->mm);
	lock->offset = offset_in_page(addr);
	lock->bytes = bytes;
	lock->count = DIV_ROUND_UP(lock->offset + bytes, PAGE_SIZE);
	lock->pages = kvmalloc_array(lock->count, sizeof(*lock->pages), GFP_KERNEL_ACCOUNT);
	lock->asked = kvcalloc(2 * BITS_TO_LONGS(lock->count), sizeof(long), GFP_KERNEL_ACCOUNT);
	lock->gone = lock->asked + BITS_TO_LONGS(lock->count);
	if (lock->pages && lock->asked)
		return lock;
	lock_free(lock);
	return NULL;
}

/* Touches user memory, so the device is not entered. */
static int pin(struct kplug_lock *lock, u64 addr)
{
	unsigned long done = 0;
	int got = account_locked_vm(lock->mm, lock->count, true);

	if (got)
		return got;
	addr &= PAGE_MASK;
	while (done < lock->count) {
		got = pin_user_pages_fast(addr + (done << PAGE_SHIFT), lock->count - done, FOLL_WRITE | FOLL_LONGTERM,
					  lock->pages + done);
		if (got <= 0)
			break;
		done += got;
	}
	if (done == lock->count)
		return 0;
	unpin_user_pages(lock->pages, done);
	account_locked_vm(lock->mm, lock->count, false);
	return got ?: -EFAULT;
}

static void unpin(struct kplug_lock *lock, unsigned long first, unsigned long count)
{
	unsigned long n;

	for (; count; first += n, count -= n) {
		n = min(count, 1024);
		unpin_user_pages_dirty_lock(lock->pages + first, n, true);
		cond_resched();
	}
}

static int map(struct kplug_device *kdev, struct kplug_lock *lock, u32 dma_bits)
{
	u32 bits = kplug_dma_bits(kdev);
	int err = 0;

	lockdep_assert_held(&kdev->buffer_lock);
	if (!kplug_dma_coherent(kdev))
		return -EOPNOTSUPP;
	if (kplug_dma_translated(kdev->desc.parent)) {
		lock->scratch = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!lock->scratch)
			return -ENOMEM;
	}
	if (dma_bits)
		err = kplug_dma_set_bits(kdev, dma_bits);
	if (!err)
		err = kplug_dma_map_pages(kdev->desc.parent, lock->pages, lock->count, lock->offset, lock->bytes,
					  &lock->sgt);
	if (err && dma_bits)
		kplug_dma_set_bits(kdev, bits);
	return err;
}

static void unmap(struct kplug_device *kdev, struct kplug_lock *lock)
{
	dma_unmap_sgtable(kdev->desc.parent, &lock->sgt, DMA_BIDIRECTIONAL, KPLUG_DMA_ATTRS);
}

/* The device is entered. */
static int publish(struct kplug_device *kdev, struct kplug_lock *lock, struct kplug_dma_lock *arg)
{
	int err;

	mutex_lock(&kdev->buffer_lock);
	err = map(kdev, lock, arg->dma_bits);
	if (err)
		goto out;
	lock->left = lock->count;
	err = xa_alloc(&kdev->locks, &arg->out_id, lock, xa_limit_31b, GFP_KERNEL);
	if (err) {
		unmap(kdev, lock);
		sg_free_table(&lock->sgt);
		kplug_dma_reset_bits(kdev, arg->dma_bits);
	} else {
		kdev->dma_bits = arg->dma_bits ?: kdev->dma_bits;
		arg->out_count = lock->sgt.nents;
		WRITE_ONCE(kdev->locked_pages, kdev->locked_pages + lock->count);
	}
out:
	mutex_unlock(&kdev->buffer_lock);
	return err;
}

int kplug_lock(struct kplug_file *kfile, struct kplug_dma_lock *arg)
{
	struct kplug_lock *lock;
	int err;

	if (arg->flags || arg->reserved || !arg->bytes || arg->bytes > KPLUG_DMA_LOCK_MAX)
		return -EINVAL;
	if (arg->addr > U64_MAX - arg->bytes)
		return -EFAULT;
	lock = lock_alloc(kfile, arg->addr, arg->bytes);
	if (!lock)
		return -ENOMEM;
	err = pin(lock, arg->addr);
	if (err)
		goto err_free;
	err = kplug_device_enter(kfile->kdev);
	if (err)
		goto err_unpin;
	err = publish(kfile->kdev, lock, arg);
	kplug_device_leave(kfile->kdev);
	if (err)
		goto err_unpin;
	return 0;

err_unpin:
	unpin_user_pages(lock->pages, lock->count);
	account_locked_vm(lock->mm, lock->count, false);
err_free:
	lock_free(lock);
	return err;
}

static struct kplug_lock *find(struct kplug_file *kfile, u32 id)
{
	struct kplug_lock *lock = xa_load(&kfile->kdev->locks, id);

	lockdep_assert_held(&kfile->kdev->buffer_lock);
	return lock && lock->owner == kfile ? lock : NULL;
}

static u32 get_entries(const struct kplug_lock *lock, u32 first, u32 max, struct kplug_dma_entry *to)
{
	struct scatterlist *sg;
	u32 count = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(&lock->sgt, sg, i) {
		if (i < first)
			continue;
		if (count == max)
			break;
		to[count++] = (struct kplug_dma_entry){ .addr = sg_dma_address(sg), .bytes = sg_dma_len(sg) };
	}
	return count;
}

int kplug_lock_entries(struct kplug_file *kfile, struct kplug_dma_entries *arg)
{
	struct kplug_device *kdev = kfile->kdev;
	struct kplug_dma_entry *entries;
	struct kplug_lock *lock;
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
	lock = find(kfile, arg->id);
	if (lock)
		arg->out_count = get_entries(lock, arg->first, max, entries);
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

/* Whole, and out of the device's reach already. Sleeps. */
static void end(struct kplug_lock *lock)
{
	unsigned long first, past;

	synchronize_rcu();
	for_each_clear_bitrange(first, past, lock->gone, lock->count)
		unpin(lock, first, past - first);
	account_locked_vm(lock->mm, lock->left, false);
	sg_free_table(&lock->sgt);
	lock_free(lock);
}

static void withdraw(struct kplug_device *kdev, u32 id, struct kplug_lock *lock)
{
	lockdep_assert_held(&kdev->buffer_lock);
	xa_erase(&kdev->locks, id);
	unmap(kdev, lock);
	WRITE_ONCE(kdev->locked_pages, kdev->locked_pages - lock->left);
}

static bool one_block(const struct kplug_lock *lock, unsigned long first, unsigned long count)
{
	phys_addr_t phys = page_to_phys(lock->pages[first]);
	unsigned long i;

	if (!IS_ALIGNED(phys, count << PAGE_SHIFT))
		return false;
	for (i = 1; i < count; i++)
		if (page_to_phys(lock->pages[first + i]) != phys + (i << PAGE_SHIFT))
			return false;
	return true;
}

/* How many pages, from *first on, the IOMMU may map by the one entry that maps page i. */
static unsigned long unit_of(struct kplug_device *kdev, const struct kplug_lock *lock, unsigned long i,
			     unsigned long *first)
{
	unsigned long sizes = lock->scratch ? kplug_dma_page_sizes(kdev) & ~(2 * PAGE_SIZE - 1) : 0;
	dma_addr_t addr = (sg_dma_address(lock->sgt.sgl) & PAGE_MASK) + (i << PAGE_SHIFT);

	for (; sizes; sizes &= ~BIT(__fls(sizes))) {
		unsigned long size = BIT(__fls(sizes)), count = size >> PAGE_SHIFT;
		unsigned long before = (addr & (size - 1)) >> PAGE_SHIFT;

		*first = i - before;
		if (before <= i && count <= lock->count - *first && one_block(lock, *first, count))
			return count;
	}
	*first = i;
	return 1;
}

/* Marks as leaving what can leave of the pages asked for, and takes it from the device. Returns how many there are. */
static unsigned long take_away(struct kplug_device *kdev, struct kplug_lock *lock, unsigned long i, unsigned long past)
{
	unsigned long first, count, leaving = 0;

	for (; i < past; i = first + count) {
		count = unit_of(kdev, lock, i, &first);
		if (find_next_zero_bit(lock->asked, first + count, first) < first + count)
			continue;
		bitmap_set(lock->gone, first, count);
		leaving += count;
		if (lock->scratch)
			kplug_dma_replace(kdev,
					  (sg_dma_address(lock->sgt.sgl) & PAGE_MASK) + ((u64)first << PAGE_SHIFT),
					  count, lock->scratch);
		cond_resched();
	}
	return leaving;
}

/* Returns how many pages are to be uncharged, without the buffer_lock: mmap() takes it and mmap_lock the other way. */
static unsigned long unlock_part(struct kplug_device *kdev, struct kplug_lock *lock, unsigned long first,
				 unsigned long past)
{
	unsigned long leaving, i, j;

	bitmap_set(lock->asked, first, past - first);
	leaving = take_away(kdev, lock, first, past);
	if (!leaving)
		return 0;
	synchronize_rcu();
	for_each_set_bitrange(i, j, lock->asked, lock->count) {
		unsigned long k, n;

		for (k = find_next_bit(lock->gone, j, i); k < j; k = find_next_bit(lock->gone, j, k + n)) {
			n = find_next_zero_bit(lock->gone, j, k) - k;
			unpin(lock, k, n);
			bitmap_clear(lock->asked, k, n);
		}
	}
	lock->left -= leaving;
	WRITE_ONCE(kdev->locked_pages, kdev->locked_pages - leaving);
	return leaving;
}

static int check_part(const struct kplug_lock *lock, u64 offset, u64 bytes)
{
	u64 first = lock->offset + offset, past = first + bytes;

	if (!bytes)
		return -EINVAL;
	if (offset > lock->bytes || bytes > lock->bytes - offset)
		return -ERANGE;
	if ((offset && !PAGE_ALIGNED(first)) || (offset + bytes != lock->bytes && !PAGE_ALIGNED(past)))
		return -EINVAL;
	first >>= PAGE_SHIFT;
	past = DIV_ROUND_UP(past, PAGE_SIZE);
	if (find_next_bit(lock->asked, past, first) < past || find_next_bit(lock->gone, past, first) < past)
		return -EALREADY;
	return 0;
}

int kplug_unlock(struct kplug_file *kfile, const struct kplug_dma_unlock *arg)
{
	bool all = !arg->offset && arg->bytes == U64_MAX;
	struct kplug_device *kdev = kfile->kdev;
	u64 first, past, uncharged = 0;
	struct kplug_lock *lock;
	struct mm_struct *mm;
	int err = 0;

	mutex_lock(&kdev->buffer_lock);
	lock = find(kfile, arg->id);
	if (!lock)
		err = -ENOENT;
	else if (!all)
		err = check_part(lock, arg->offset, arg->bytes);
	if (err) {
		mutex_unlock(&kdev->buffer_lock);
		return err;
	}
	mm = lock->mm;
	mmgrab(mm);
	if (!all) {
		first = lock->offset + arg->offset;
		past = first + arg->bytes;
		uncharged = unlock_part(kdev, lock, first >> PAGE_SHIFT, DIV_ROUND_UP(past, PAGE_SIZE));
		all = !lock->left;
	}
	if (all)
		withdraw(kdev, arg->id, lock);
	mutex_unlock(&kdev->buffer_lock);
	account_locked_vm(mm, uncharged, false);
	mmdrop(mm);
	if (all)
		end(lock);
	return 0;
}

void kplug_lock_remove_all(struct kplug_device *kdev, const struct kplug_file *kfile)
{
	struct kplug_lock *lock;
	unsigned long id;

	xa_for_each(&kdev->locks, id, lock) {
		mutex_lock(&kdev->buffer_lock);
		lock = xa_load(&kdev->locks, id);
		if (lock && (!kfile || lock->owner == kfile))
			withdraw(kdev, id, lock);
		else
			lock = NULL;
		mutex_unlock(&kdev->buffer_lock);
		if (lock)
			end(lock);
	}
}

void *kplug_lock_dma_to_virt(struct kplug_device *kdev, u64 addr, size_t len)
{
	const struct kplug_lock *lock;
	struct scatterlist *sg;
	unsigned long id;
	unsigned int i;

	xa_for_each(&kdev->locks, id, lock) {
		u64 at = 0; /* of the entry, from the first page's start */

		for_each_sgtable_dma_sg(&lock->sgt, sg, i) {
			u64 from = addr - sg_dma_address(sg), past;

			at += sg->offset;
			past = DIV_ROUND_UP(at + from + len, PAGE_SIZE);
			if (addr >= sg_dma_address(sg) && from <= sg_dma_len(sg) && len <= sg_dma_len(sg) - from &&
			    find_next_bit(lock->gone, past, (at + from) >> PAGE_SHIFT) >= past)
				return sg_virt(sg) + from;
			at += sg_dma_len(sg);
		}
	}
	return NULL;
}
