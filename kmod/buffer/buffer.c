// SPDX-License-Identifier: GPL-2.0-only
/* A device's buffers: how they are made, and their ends. */
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "buffer/map.h"

/* How often buffers that hold their map are looked at. */
#define REAP_DELAY (HZ / 10)

/* Does it keep its name from a new buffer: as the same part, or one of another number? */
static bool is_rival(const struct kplug_buffer *buf, const char *name, u16 part, u16 parts)
{
	return !strcmp(buf->name, name) && (buf->part == part || buf->parts != parts) && kplug_buffer_used(buf);
}

static bool has_rival(const struct kplug_buffer *buf)
{
	const struct kplug_buffer *other;

	lockdep_assert_held(&buf->kdev->buffer_lock);
	list_for_each_entry(other, &buf->kdev->buffers, list)
		if (is_rival(other, buf->name, buf->part, buf->parts))
			return true;
	return false;
}

/* Of a buffer that holds its map. */
static void put_memory(struct kplug_buffer *buf)
{
	if (buf->kind == KPLUG_BUFFER_ARENA)
		kplug_arena_end(buf);
	kplug_map_put(buf->map);
	kvfree(buf->pages);
}

/* Gets memory, device address and map; on success the caller holds a reference of the map. */
static int make_held(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg)
{
	int err;

	err = buf->kind == KPLUG_BUFFER_ARENA ? kplug_arena_take(buf, arg->memory_fd, arg->arena_addr)
					      : kplug_map_create_paged(buf);
	if (err)
		return err;
	err = kplug_dma_map_paged(buf);
	if (err)
		put_memory(buf);
	return err;
}

/* Of a buffer that belongs to its map. */
static int get_owned_memory(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg)
{
	if (buf->kind == KPLUG_BUFFER_IMPORTED)
		return kplug_import_take(buf, arg->memory_fd);
	return kplug_contig_alloc(buf, kplug_dma_limit(buf->kdev->desc.parent), arg->timeout_ms);
}

static void put_owned_memory(struct kplug_buffer *buf)
{
	if (buf->kind == KPLUG_BUFFER_IMPORTED)
		kplug_import_end(buf);
	else
		kplug_contig_free(buf);
}

static int make_owned(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg)
{
	int err;

	err = get_owned_memory(buf, arg);
	if (err)
		return err;
	mutex_lock(&buf->kdev->buffer_lock);
	err = buf->kind == KPLUG_BUFFER_IMPORTED ? kplug_import_map(buf) : kplug_dma_map_contiguous(buf);
	mutex_unlock(&buf->kdev->buffer_lock);
	if (err)
		goto err_memory;
	err = kplug_map_create_owner(buf);
	if (err)
		goto err_unmap;
	return 0;

err_unmap:
	kplug_dma_unmap(buf);
err_memory:
	put_owned_memory(buf);
	return err;
}

static void destroy(struct kplug_buffer *buf)
{
	kplug_parts_put(buf);
	kplug_device_release(buf->kdev);
	kfree_rcu(buf, rcu);
}

static void end_held(struct kplug_buffer *buf)
{
	put_memory(buf);
	destroy(buf);
}

/*
 * Off the list, and out of the device's reach. Readers of the list may still look at it until a grace period is over.
 */
static void withdraw(struct kplug_buffer *buf)
{
	lockdep_assert_held(&buf->kdev->buffer_lock);
	list_del_rcu(&buf->list);
	buf->withdrawn = true;
	kplug_dma_unmap(buf);
}

void kplug_buffer_end_owned(struct kplug_buffer *buf)
{
	struct mutex *lock = &buf->kdev->buffer_lock;

	mutex_lock(lock);
	if (!buf->withdrawn)
		withdraw(buf);
	mutex_unlock(lock);
	synchronize_rcu();
	put_owned_memory(buf);
	destroy(buf);
}

static void end_list(struct list_head *ending)
{
	struct kplug_buffer *buf, *next;

	if (list_empty(ending))
		return;
	synchronize_rcu();
	list_for_each_entry_safe(buf, next, ending, ending)
		end_held(buf);
}

void kplug_buffer_reap(struct work_struct *work)
{
	struct kplug_device *kdev = container_of(work, struct kplug_device, reaper.work);
	struct kplug_buffer *buf, *next;
	bool more = false;
	LIST_HEAD(ending);

	mutex_lock(&kdev->buffer_lock);
	list_for_each_entry_safe(buf, next, &kdev->buffers, list) {
		if (!kplug_buffer_holds_map(buf) || buf->kept)
			continue;
		if (kplug_buffer_used(buf)) {
			more = true;
		} else {
			withdraw(buf);
			list_add(&buf->ending, &ending);
		}
	}
	if (more)
		queue_delayed_work(kplug_workqueue, &kdev->reaper, REAP_DELAY);
	mutex_unlock(&kdev->buffer_lock);
	end_list(&ending);
}

/* Is it above the mask that its caller asked for? Another one may have widened the device's meanwhile. */
static bool above(const struct kplug_buffer *buf, u32 dma_bits)
{
	return dma_bits && buf->dma + ((u64)buf->count << PAGE_SHIFT) - 1 > DMA_BIT_MASK(dma_bits);
}

/* Another request that failed may have taken the mask back. */
static int grant_bits(struct kplug_device *kdev, u32 dma_bits)
{
	int err = dma_bits ? kplug_dma_set_bits(kdev, dma_bits) : 0;

	if (dma_bits && !err)
		kdev->dma_bits = dma_bits;
	return err;
}

/* Makes a whole buffer visible. */
static int publish(struct kplug_buffer *buf, u32 dma_bits)
{
	struct kplug_device *kdev = buf->kdev;
	int err = 0;

	mutex_lock(&kdev->buffer_lock);
	if (has_rival(buf))
		err = -EEXIST;
	else if (above(buf, dma_bits))
		err = -EIO;
	else if (kdev->next_buffer_id > KPLUG_BUFFER_ID_MAX)
		err = -EOVERFLOW;
	else
		err = kplug_parts_hold(buf) ?: grant_bits(kdev, dma_bits);
	if (!err) {
		buf->id = kdev->next_buffer_id++;
		list_add_tail_rcu(&buf->list, &kdev->buffers);
		/* The caller's reference goes; this is the device's own. */
		if (buf->kept || kplug_buffer_holds_map(buf))
			kplug_map_get(buf->map);
		if (kplug_buffer_holds_map(buf))
			queue_delayed_work(kplug_workqueue, &kdev->reaper, REAP_DELAY);
	}
	mutex_unlock(&kdev->buffer_lock);
	return err;
}

/* Of a whole buffer that does not get visible. Its map may live on: an arena's is another's, too. */
static void discard(struct kplug_buffer *buf)
{
	mutex_lock(&buf->kdev->buffer_lock);
	buf->withdrawn = true;
	kplug_dma_unmap(buf);
	mutex_unlock(&buf->kdev->buffer_lock);
	if (kplug_buffer_holds_map(buf))
		end_held(buf);
	else
		kplug_map_put(buf->map);
}

static void unkeep(struct kplug_buffer *buf)
{
	struct kplug_device *kdev = buf->kdev;

	lockdep_assert_held(&kdev->buffer_lock);
	buf->kept = false;
	if (kplug_buffer_holds_map(buf))
		mod_delayed_work(kplug_workqueue, &kdev->reaper, 0);
	else
		kplug_map_put(buf->map);
}

static enum kplug_buffer_kind choose_kind(struct kplug_device *kdev, u32 kind)
{
	if (kind != KPLUG_BUFFER_AUTO)
		return kind;
	return kplug_dma_translated(kdev->desc.parent) ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS;
}

/* Is the name free (0), taken (-EEXIST), or taken by what only BPF programs hold (-EAGAIN)? */
static int look_at_name(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg)
{
	const struct kplug_buffer *buf;
	int err = 0;

	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (!is_rival(buf, arg->name, arg->part, max(arg->parts, 1)))
			continue;
		if (buf->kept || kplug_map_has_fd(buf->map))
			return -EEXIST;
		err = -EAGAIN;
	}
	return err;
}

/*
 * A buffer that only BPF programs hold may be a moment from its end, since the kernel frees programs some time after
 * their last user let go; so it is waited for, for a second.
 */
static int wait_for_name(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg)
{
	unsigned long deadline = jiffies + HZ;
	int err;

	for (;;) {
		err = look_at_name(kdev, arg);
		if (err != -EAGAIN)
			return err;
		if (time_after(jiffies, deadline) || msleep_interruptible(10))
			return -EEXIST;
	}
}

/* All but the last are of whole pages, for programs to map them one after the other. The first stands for all. */
static bool valid_part(const struct kplug_buffer_alloc *arg)
{
	return arg->part < max(arg->parts, 1) && (arg->part + 1 >= arg->parts || PAGE_ALIGNED(arg->bytes)) &&
	       !(arg->part && arg->flags & KPLUG_BUFFER_KEEP);
}

static bool valid(const struct kplug_buffer_alloc *arg)
{
	bool arena = arg->kind == KPLUG_BUFFER_ARENA, theirs = arena || arg->kind == KPLUG_BUFFER_IMPORTED;

	return !(arg->flags & ~(KPLUG_BUFFER_KEEP | KPLUG_BUFFER_RIGHTS)) && kplug_buffer_name_ok(arg->name) &&
	       arg->bytes && arg->bytes <= KPLUG_BUFFER_MAX && arg->kind <= KPLUG_BUFFER_WC &&
	       (theirs ? !arg->node : !arg->memory_fd) && (arena || !arg->arena_addr) && (!theirs || arg->parts <= 1) &&
	       valid_part(arg) && !arg->reserved;
}

static int check(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg)
{
	int err;

	if (!valid(arg))
		return -EINVAL;
	if (arg->node && (arg->node > MAX_NUMNODES || !node_state(arg->node - 1, N_MEMORY)))
		return -ENXIO;
	if (!kplug_dma_coherent(kdev) || (arg->kind == KPLUG_BUFFER_WC && !IS_ENABLED(CONFIG_X86)))
		return -EOPNOTSUPP;
	if ((arg->kind == KPLUG_BUFFER_PAGED || arg->kind == KPLUG_BUFFER_ARENA) &&
	    !kplug_dma_translated(kdev->desc.parent))
		return -EOPNOTSUPP;
	err = wait_for_name(kdev, arg);
	if (err || !arg->dma_bits)
		return err;
	mutex_lock(&kdev->buffer_lock);
	err = kplug_dma_set_bits(kdev, arg->dma_bits);
	mutex_unlock(&kdev->buffer_lock);
	return err;
}

static int alloc(struct kplug_device *kdev, struct kplug_buffer_alloc *arg)
{
	struct kplug_rights rights;
	struct kplug_buffer *buf;
	struct bpf_map *map;
	int err, fd;

	err = kplug_rights_init(&rights, arg) ?: check(kdev, arg);
	if (err)
		return err;
	buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	buf->kdev = kplug_device_hold(kdev);
	strscpy(buf->name, arg->name);
	buf->part = arg->part;
	buf->parts = max(arg->parts, 1);
	buf->kind = choose_kind(kdev, arg->kind);
	buf->node = arg->node ? arg->node - 1 : NUMA_NO_NODE;
	buf->kept = arg->flags & KPLUG_BUFFER_KEEP;
	buf->rights = rights;
	buf->bytes = arg->bytes;
	buf->count = PAGE_ALIGN(buf->bytes) >> PAGE_SHIFT;

	err = kplug_buffer_holds_map(buf) ? make_held(buf, arg) : make_owned(buf, arg);
	if (err) {
		destroy(buf);
		return err;
	}
	map = buf->map;
	fd = kplug_map_fd(map);
	err = fd < 0 ? fd : publish(buf, arg->dma_bits);
	if (err) {
		if (fd >= 0)
			close_fd(fd);
		discard(buf);
		return err;
	}
	arg->out_dma_addr = buf->dma;
	arg->out_kind = buf->kind;
	arg->out_map_id = buf->map_id;
	arg->out_id = buf->id;
	arg->out_fd = fd;
	kplug_map_put(map);
	return 0;
}

int kplug_buffer_alloc(struct kplug_device *kdev, struct kplug_buffer_alloc *arg)
{
	int err = alloc(kdev, arg);

	/* A mask that has not served must not fail the next caller, who asks for none. */
	if (err && arg->dma_bits) {
		mutex_lock(&kdev->buffer_lock);
		kplug_dma_reset_bits(kdev, arg->dma_bits);
		mutex_unlock(&kdev->buffer_lock);
	}
	return err;
}

int kplug_buffer_free(struct kplug_device *kdev, const struct kplug_buffer_free *arg)
{
	struct kplug_buffer *buf;
	int err;

	if (arg->reserved || !kplug_buffer_name_ok(arg->name))
		return -EINVAL;
	mutex_lock(&kdev->buffer_lock);
	buf = kplug_buffer_find(kdev, arg->name, 0);
	err = buf && buf->kept ? kplug_rights_check(&buf->rights, MAY_WRITE) : -ENOENT;
	if (!err)
		unkeep(buf);
	mutex_unlock(&kdev->buffer_lock);
	return err;
}

void kplug_buffer_remove_all(struct kplug_device *kdev)
{
	struct kplug_buffer *buf, *next;
	LIST_HEAD(ending);

	mutex_lock(&kdev->buffer_lock);
	list_for_each_entry_safe(buf, next, &kdev->buffers, list) {
		bool kept = buf->kept;

		buf->kept = false;
		withdraw(buf);
		if (kplug_buffer_holds_map(buf))
			list_add(&buf->ending, &ending);
		else if (kept)
			kplug_map_put(buf->map);
	}
	mutex_unlock(&kdev->buffer_lock);
	cancel_delayed_work_sync(&kdev->reaper);
	end_list(&ending);
}
