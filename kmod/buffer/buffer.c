// SPDX-License-Identifier: GPL-2.0-only
/* A buffer from allocation to free: memory, device address, map, the list; undone in mirror order. */
#include <linux/cleanup.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"
#include "dma/dma.h"

/* How often the worker looks for native buffers without users: their maps do not tell when the last one goes. */
#define REAP_DELAY (HZ / 10)

static int map_for_device(struct kplug_buffer *buf)
{
	struct device *parent = buf->kdev->desc.parent;
	int err;

	if (buf->memory->map_dma)
		return buf->memory->map_dma(buf, buf->dma_bits);
	err = kplug_dma_map_request(buf->kdev, buf->dma_bits, buf->pages, buf->count, 0,
				    (size_t)buf->count << PAGE_SHIFT, &buf->sgt);
	if (err)
		return err;
	buf->dma = sg_dma_address(buf->sgt.sgl);
	if (buf->sgt.nents == 1)
		return 0;
	kplug_dma_unmap(parent, &buf->sgt);
	return -EIO;
}

static void unmap_for_device(struct kplug_buffer *buf)
{
	if (buf->memory->unmap_dma)
		buf->memory->unmap_dma(buf);
	else
		kplug_dma_unmap(buf->kdev->desc.parent, &buf->sgt);
}

static struct kplug_buffer *buffer_new(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg,
				       const struct kplug_rights *rights, const struct kplug_memory_ops *memory)
{
	struct kplug_buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL_ACCOUNT);

	if (!buf)
		return NULL;
	buf->kdev = kplug_device_hold(kdev);
	buf->memory = memory;
	strscpy(buf->name, arg->name);
	buf->part = arg->part;
	buf->parts = max(arg->parts, 1);
	buf->node = arg->node ? arg->node - 1 : NUMA_NO_NODE;
	buf->kept = arg->flags & KPLUG_BUFFER_KEEP;
	buf->rights = *rights;
	buf->bytes = arg->bytes;
	buf->count = PAGE_ALIGN(buf->bytes) >> PAGE_SHIFT;
	return buf;
}

/* Readers of the list may still look at it until a grace period is over. */
static void buffer_delete(struct kplug_buffer *buf)
{
	kplug_parts_put(buf);
	kplug_memory_put(buf->memory);
	kplug_device_release(buf->kdev);
	kfree_rcu(buf, rcu);
}

/* Acquire memory, device address and map; on success the caller holds a reference of the map. */
static int buffer_make(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg)
{
	int err;

	err = kplug_dma_request_bits(buf->kdev, arg->dma_bits);
	if (err < 0)
		return err;
	buf->dma_bits = err;
	err = buf->memory->get(buf, arg, kplug_dma_limit(buf->kdev, buf->dma_bits));
	if (err)
		return err;
	err = map_for_device(buf);
	if (err)
		goto err_memory;
	err = kplug_buffer_native(buf) ? 0 : kplug_map_create_backed(buf);
	if (err)
		goto err_unmap;
	return 0;

err_unmap:
	unmap_for_device(buf);
err_memory:
	buf->memory->put(buf);
	return err;
}

/* Take it off the list and out of the device's reach. */
static void unpublish(struct kplug_buffer *buf)
{
	lockdep_assert_held(&buf->kdev->buffer_lock);
	list_del_rcu(&buf->list);
	buf->unpublished = true;
	unmap_for_device(buf);
}

void kplug_buffer_free_backed(struct kplug_buffer *buf)
{
	mutex_lock(&buf->kdev->buffer_lock);
	if (!buf->unpublished)
		unpublish(buf);
	mutex_unlock(&buf->kdev->buffer_lock);
	synchronize_rcu();
	buf->memory->put(buf);
	buffer_delete(buf);
}

static void free_native(struct kplug_buffer *buf)
{
	buf->memory->put(buf);
	buffer_delete(buf);
}

/* After an error, before it was published. Its map may live on: an arena's is another program's, too. */
static void abort_buffer(struct kplug_buffer *buf)
{
	mutex_lock(&buf->kdev->buffer_lock);
	buf->unpublished = true;
	unmap_for_device(buf);
	mutex_unlock(&buf->kdev->buffer_lock);
	if (kplug_buffer_native(buf))
		free_native(buf);
	else
		kplug_map_put(buf->map);
}

static void free_list(struct list_head *ending)
{
	struct kplug_buffer *buf, *next;

	if (list_empty(ending))
		return;
	synchronize_rcu();
	list_for_each_entry_safe(buf, next, ending, ending)
		free_native(buf);
}

static void reap(struct work_struct *work)
{
	struct kplug_device *kdev = container_of(work, struct kplug_device, reaper.work);
	struct kplug_buffer *buf, *next;
	bool more = false;
	LIST_HEAD(ending);

	mutex_lock(&kdev->buffer_lock);
	list_for_each_entry_safe(buf, next, &kdev->buffers, list) {
		if (!kplug_buffer_native(buf) || buf->kept)
			continue;
		if (kplug_buffer_used(buf)) {
			more = true;
		} else {
			unpublish(buf);
			list_add(&buf->ending, &ending);
		}
	}
	if (more)
		queue_delayed_work(kplug_workqueue, &kdev->reaper, REAP_DELAY);
	mutex_unlock(&kdev->buffer_lock);
	free_list(&ending);
}

/*
 * Is the name free for this part (0), taken (-EEXIST), or taken by a buffer of which no fd is open, so that it may end
 * in a moment (-EAGAIN)? The kernel frees BPF programs some time after their last user.
 */
static int name_taken(struct kplug_device *kdev, const char *name, u16 part, u16 parts)
{
	const struct kplug_buffer *buf;
	int err = 0;

	lockdep_assert_held(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (strcmp(buf->name, name) || (buf->part != part && buf->parts == parts) || !kplug_buffer_used(buf))
			continue;
		if (buf->kept || kplug_map_has_fd(buf->map))
			return -EEXIST;
		err = -EAGAIN;
	}
	return err;
}

/* Publish last: the buffer is whole. */
static int publish(struct kplug_buffer *buf)
{
	struct kplug_device *kdev = buf->kdev;
	int err;

	guard(mutex)(&kdev->buffer_lock);
	err = name_taken(kdev, buf->name, buf->part, buf->parts);
	if (!err && kdev->next_buffer_id > KPLUG_BUFFER_ID_MAX)
		err = -EOVERFLOW;
	if (!err)
		err = kplug_parts_hold(buf);
	if (err)
		return err;
	buf->id = kdev->next_buffer_id++;
	list_add_tail_rcu(&buf->list, &kdev->buffers);
	/* The caller's reference goes; this is the device's own. */
	if (buf->kept || kplug_buffer_native(buf))
		kplug_map_get(buf->map);
	if (kplug_buffer_native(buf))
		queue_delayed_work(kplug_workqueue, &kdev->reaper, REAP_DELAY);
	return 0;
}

/* All parts but the last are whole pages, for programs to map one after the other. The first stands for all. */
static bool valid_part(const struct kplug_buffer_alloc *arg)
{
	return arg->part < max(arg->parts, 1) && (arg->part + 1 >= arg->parts || PAGE_ALIGNED(arg->bytes)) &&
	       !(arg->part && arg->flags & KPLUG_BUFFER_KEEP);
}

static bool valid(const struct kplug_buffer_alloc *arg)
{
	return !(arg->flags & ~(KPLUG_BUFFER_KEEP | KPLUG_BUFFER_RIGHTS)) && kplug_buffer_name_ok(arg->name) &&
	       arg->bytes && arg->bytes <= KPLUG_BUFFER_MAX && arg->kind < KPLUG_BUFFER_KINDS && valid_part(arg) &&
	       !arg->reserved;
}

/* What the kind of memory has to say. */
static int check_kind(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg,
		      const struct kplug_memory_ops *memory)
{
	bool foreign = memory->flags & KPLUG_MEMORY_FOREIGN;

	if (foreign ? arg->node || arg->parts > 1 : arg->memory_fd || arg->arena_addr)
		return -EINVAL;
	if (memory->flags & KPLUG_MEMORY_TRANSLATED && !kplug_dma_translated(kdev->desc.parent))
		return -EOPNOTSUPP;
	return 0;
}

static int check_request(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg)
{
	if (!valid(arg))
		return -EINVAL;
	if (arg->node && (arg->node > MAX_NUMNODES || !node_state(arg->node - 1, N_MEMORY)))
		return -ENXIO;
	if (!kplug_dma_coherent(kdev))
		return -EOPNOTSUPP;
	guard(mutex)(&kdev->buffer_lock);
	return name_taken(kdev, arg->name, arg->part, max(arg->parts, 1));
}

static int alloc_from(struct kplug_device *kdev, struct kplug_buffer_alloc *arg, const struct kplug_rights *rights,
		      const struct kplug_memory_ops *memory)
{
	struct kplug_buffer *buf;
	struct bpf_map *map;
	int err, fd;

	err = check_kind(kdev, arg, memory);
	buf = err ? NULL : buffer_new(kdev, arg, rights, memory);
	if (!buf) {
		kplug_memory_put(memory);
		return err ?: -ENOMEM;
	}
	err = buffer_make(buf, arg);
	if (err) {
		buffer_delete(buf);
		return err;
	}
	map = buf->map;
	fd = kplug_map_fd(map);
	err = fd < 0 ? fd : publish(buf);
	if (err) {
		if (fd >= 0)
			close_fd(fd);
		abort_buffer(buf);
		return err;
	}
	arg->out_dma_addr = buf->dma;
	arg->out_kind = memory->kind;
	arg->out_map_id = buf->map_id;
	arg->out_id = buf->id;
	arg->out_fd = fd;
	kplug_map_put(map);
	return 0;
}

static enum kplug_buffer_kind choose_kind(struct kplug_device *kdev, u32 kind)
{
	if (kind != KPLUG_BUFFER_AUTO)
		return kind;
	return kplug_dma_translated(kdev->desc.parent) ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS;
}

int kplug_buffer_alloc(struct kplug_device *kdev, struct kplug_buffer_alloc *arg)
{
	const struct kplug_memory_ops *memory;
	struct kplug_rights rights;
	unsigned int n;
	int err;

	err = kplug_rights_init(&rights, arg) ?: check_request(kdev, arg);
	if (err)
		return err;
	err = -ENOSPC;
	for (n = 0; err == -ENOSPC; n++) {
		memory = kplug_memory_get(choose_kind(kdev, arg->kind), n);
		if (IS_ERR(memory))
			return PTR_ERR(memory);
		err = alloc_from(kdev, arg, &rights, memory);
	}
	return err;
}

static void drop_keep(struct kplug_buffer *buf)
{
	struct kplug_device *kdev = buf->kdev;

	lockdep_assert_held(&kdev->buffer_lock);
	buf->kept = false;
	if (kplug_buffer_native(buf))
		mod_delayed_work(kplug_workqueue, &kdev->reaper, 0);
	else
		kplug_map_put(buf->map);
}

int kplug_buffer_free(struct kplug_device *kdev, const struct kplug_buffer_free *arg)
{
	struct kplug_buffer *buf;
	int err;

	if (arg->reserved || !kplug_buffer_name_ok(arg->name))
		return -EINVAL;
	guard(mutex)(&kdev->buffer_lock);
	buf = kplug_buffer_find(kdev, arg->name, 0);
	err = buf && buf->kept ? kplug_rights_check(&buf->rights, MAY_WRITE) : -ENOENT;
	if (!err)
		drop_keep(buf);
	return err;
}

void kplug_buffer_init(struct kplug_device *kdev)
{
	INIT_LIST_HEAD(&kdev->buffers);
	mutex_init(&kdev->buffer_lock);
	INIT_DELAYED_WORK(&kdev->reaper, reap);
	xa_init_flags(&kdev->umems, XA_FLAGS_ALLOC);
	mutex_init(&kdev->umem_lock);
}

void kplug_buffer_uninit(struct kplug_device *kdev)
{
	struct kplug_buffer *buf, *next;
	LIST_HEAD(ending);

	mutex_lock(&kdev->buffer_lock);
	list_for_each_entry_safe(buf, next, &kdev->buffers, list) {
		bool kept = buf->kept;

		buf->kept = false;
		unpublish(buf);
		if (kplug_buffer_native(buf))
			list_add(&buf->ending, &ending);
		else if (kept)
			kplug_map_put(buf->map);
	}
	mutex_unlock(&kdev->buffer_lock);
	cancel_delayed_work_sync(&kdev->reaper);
	free_list(&ending);
}
