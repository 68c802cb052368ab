// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer from allocation to free: memory, device address, map, the list; undone in mirror order. And how the owner
 * of buffers and umems gives them up.
 */
#include <linux/dma-mapping.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/nospec.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"
#include "dma/dma.h"

static const struct kplug_memory_ops *const core_rows[KPLUG_BUFFER_KINDS] = {
	[KPLUG_BUFFER_PAGED] = &kplug_memory_paged,
	[KPLUG_BUFFER_CONTIGUOUS] = &kplug_memory_contiguous,
};

/* What memory the device reaches. */
struct reach {
	u32 bits; /* of the request */
	u64 limit; /* the last physical address */
	bool low; /* some of the machine's memory is above the limit */
};

static int map_for_device(struct kplug_buffer *buf)
{
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
	kplug_dma_unmap(buf->kdev->desc.parent, &buf->sgt);
	return -EIO;
}

static void unmap_ended(struct kplug_ended *ended)
{
	struct kplug_buffer *buf = container_of(ended, struct kplug_buffer, ended);

	if (buf->memory->unmap_dma)
		buf->memory->unmap_dma(buf);
	else
		kplug_dma_unmap(buf->kdev->desc.parent, &buf->sgt);
}

static struct kplug_buffer *buffer_new(struct kplug_device *kdev, u64 owner, const struct kplug_buffer_alloc *arg,
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
	buf->owner = owner;
	buf->rights = *rights;
	buf->bytes = arg->bytes;
	buf->count = PAGE_ALIGN(buf->bytes) >> PAGE_SHIFT;
	return buf;
}

static void buffer_free(struct kplug_buffer *buf)
{
	kplug_uncharge(&buf->charge);
	module_put(buf->memory->owner);
	kplug_device_release(buf->kdev);
	kfree(buf);
}

void kplug_buffer_delete(struct kplug_buffer *buf)
{
	buf->memory->put(buf);
	buffer_free(buf);
}

/* Charge and acquire the memory. The device is not entered: that may take long, or wait for the caller's own memory. */
static int buffer_acquire(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, const struct reach *reach)
{
	int err;

	buf->dma_bits = reach->bits;
	buf->charge.used[KPLUG_LIMIT_BUFFERS] = 1;
	if (reach->low && !(buf->memory->flags & KPLUG_MEMORY_FOREIGN))
		buf->charge.used[KPLUG_LIMIT_LOW_BYTES] = (u64)buf->count << PAGE_SHIFT;
	err = kplug_charge(&buf->charge, buf->kdev, buf->count);
	return err ?: buf->memory->get(buf, arg, reach->limit);
}

/* Drop the device's reference on the map. No reader of the list looks at the buffer. */
static void release_buffer(struct kplug_ended *ended)
{
	struct kplug_buffer *buf = container_of(ended, struct kplug_buffer, ended);

	if (kplug_buffer_native(buf))
		kplug_buffer_delete(buf);
	else
		bpf_map_put(buf->map);
}

/* Take it off the device's list, onto one of struct kplug_ended. */
static void unpublish(struct kplug_buffer *buf, struct list_head *list)
{
	lockdep_assert_held(&buf->kdev->buffer_lock);
	list_del_rcu(&buf->list);
	kplug_buffer_unindex(buf);
	buf->ended = (struct kplug_ended){
		.owner = buf->owner, .id = buf->id, .pages = buf->count, .unmap = unmap_ended, .release = release_buffer
	};
	list_add(&buf->ended.list, list);
}

/* All parts of a name have one owner, and are numbered alike. */
static bool name_taken(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg, u64 owner)
{
	const struct kplug_buffer *buf;

	lockdep_assert_held(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list)
		if (!strcmp(buf->name, arg->name) &&
		    (buf->owner != owner || buf->part == arg->part || buf->parts != max(arg->parts, 1)))
			return true;
	return false;
}

/* The last step: the buffer is whole. From then on another thread may free it. */
static int publish(struct kplug_buffer *buf, struct kplug_buffer_alloc *arg, int fd)
{
	struct kplug_device *kdev = buf->kdev;
	int err;

	guard(mutex)(&kdev->buffer_lock);
	if (name_taken(kdev, arg, buf->owner))
		return -EEXIST;
	if (kdev->next_buffer_id > KPLUG_BUFFER_ID_MAX)
		return -EOVERFLOW;
	kplug_device_dma_user(kdev, false, 1); /* before a plugin finds its address */
	err = kplug_buffer_index(buf);
	if (err) {
		kplug_device_dma_user(kdev, false, -1);
		return err;
	}
	buf->id = kdev->next_buffer_id++;
	arg->out_dma_addr = buf->dma;
	arg->out_kind = buf->memory->kind;
	arg->out_map_id = buf->map->id;
	arg->out_id = buf->id;
	arg->out_fd = fd;
	list_add_tail_rcu(&buf->list, &kdev->buffers);
	return 0;
}

/* All parts but the last are whole pages, for programs to map one after the other. */
static bool valid_part(const struct kplug_buffer_alloc *arg)
{
	return arg->part < max(arg->parts, 1) && (arg->part + 1 >= arg->parts || PAGE_ALIGNED(arg->bytes));
}

static bool valid(const struct kplug_buffer_alloc *arg)
{
	return !(arg->flags & ~KPLUG_BUFFER_RIGHTS) && kplug_buffer_name_ok(arg->name) && arg->bytes &&
	       arg->bytes <= KPLUG_BUFFER_MAX && arg->kind < KPLUG_BUFFER_KINDS && valid_part(arg) && !arg->reserved;
}

/* What the kind of memory has to say. */
static int check_kind(struct kplug_device *kdev, const struct kplug_buffer_alloc *arg,
		      const struct kplug_memory_ops *memory)
{
	bool foreign = memory->flags & KPLUG_MEMORY_FOREIGN;

	if (foreign ? arg->node || arg->parts > 1 : arg->memory_fd || arg->arena_addr)
		return -EINVAL;
	if (memory->flags & KPLUG_MEMORY_TRANSLATED && !kdev->translated)
		return -EOPNOTSUPP;
	return 0;
}

static int check_request(struct kplug_device *kdev, u64 owner, const struct kplug_buffer_alloc *arg,
			 struct reach *ret_reach)
{
	int err;

	if (!valid(arg))
		return -EINVAL;
	if (arg->node && (arg->node > MAX_NUMNODES || !node_state(arg->node - 1, N_MEMORY)))
		return -ENXIO;
	err = kplug_device_enter(kdev);
	if (err)
		return err;
	scoped_guard(mutex, &kdev->buffer_lock)
		err = name_taken(kdev, arg, owner) ? -EEXIST : 0;
	err = err ?: kplug_dma_request_bits(kdev, arg->dma_bits);
	if (err >= 0) {
		ret_reach->bits = err;
		ret_reach->limit = kplug_dma_limit(kdev, err);
		ret_reach->low = ret_reach->limit < dma_get_required_mask(kdev->desc.parent);
	}
	kplug_device_leave(kdev);
	return min(err, 0);
}

/* Give it a device address, a map and an fd, and publish it. The device is entered. On failure the buffer is gone. */
static int buffer_share(struct kplug_buffer *buf, struct kplug_buffer_alloc *arg)
{
	int err, fd = -1;

	err = map_for_device(buf);
	if (err) {
		kplug_buffer_delete(buf);
		return err;
	}
	if (!kplug_buffer_native(buf))
		err = kplug_map_create(buf);
	if (!err) {
		fd = kplug_map_fd(buf->map);
		err = fd < 0 ? fd : publish(buf, arg, fd);
	}
	if (!err)
		return 0;
	if (fd >= 0)
		close_fd(fd);
	unmap_ended(&buf->ended);
	kplug_dma_flush(buf->kdev);
	synchronize_rcu(); /* one of its addresses may have been found */
	if (buf->map)
		release_buffer(&buf->ended);
	else
		kplug_buffer_delete(buf);
	return err;
}

/* Takes over the reference on the row's owner. */
static int alloc_from(struct kplug_device *kdev, u64 owner, struct kplug_buffer_alloc *arg,
		      const struct kplug_rights *rights, const struct reach *reach,
		      const struct kplug_memory_ops *memory)
{
	struct kplug_buffer *buf;
	int err;

	err = check_kind(kdev, arg, memory);
	buf = err ? NULL : buffer_new(kdev, owner, arg, rights, memory);
	if (!buf) {
		module_put(memory->owner);
		return err ?: -ENOMEM;
	}
	err = buffer_acquire(buf, arg, reach);
	if (err) {
		buffer_free(buf);
		return err;
	}
	err = kplug_device_enter(kdev);
	if (err) {
		kplug_buffer_delete(buf);
		return err;
	}
	err = buffer_share(buf, arg);
	kplug_device_leave(kdev);
	return err;
}

int kplug_buffer_alloc(struct kplug_device *kdev, u64 owner, struct kplug_buffer_alloc *arg)
{
	const struct kplug_memory_ops *memory;
	enum kplug_buffer_kind kind;
	struct kplug_rights rights;
	struct reach reach;
	int err;

	if (current_user_ns() != &init_user_ns) /* each of its users would have a limit of its own */
		return -EPERM;
	err = kplug_rights_init(&rights, arg) ?: check_request(kdev, owner, arg, &reach);
	if (err)
		return err;
	kind = array_index_nospec(arg->kind, KPLUG_BUFFER_KINDS);
	if (kind == KPLUG_BUFFER_AUTO)
		kind = kdev->translated ? KPLUG_BUFFER_PAGED : KPLUG_BUFFER_CONTIGUOUS;
	memory = core_rows[kind];
	if (memory) {
		__module_get(memory->owner);
		err = alloc_from(kdev, owner, arg, &rights, &reach, memory);
		if (err != -ENOSPC)
			return err;
	}
	memory = kplug_memory_get(kind);
	return IS_ERR(memory) ? PTR_ERR(memory) : alloc_from(kdev, owner, arg, &rights, &reach, memory);
}

int kplug_buffer_keep(struct kplug_device *kdev, u64 owner, const struct kplug_buffer_name *arg)
{
	struct kplug_buffer *buf;
	int err = -ENOENT;

	if (arg->reserved || !kplug_buffer_name_ok(arg->name))
		return -EINVAL;
	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (buf->owner != owner || strcmp(buf->name, arg->name))
			continue;
		buf->owner = 0;
		err = 0;
	}
	return err;
}

/* May the caller give the buffer back? */
static int free_right(const struct kplug_buffer *buf, u64 owner)
{
	if (buf->owner)
		return buf->owner == owner ? 0 : -EACCES;
	return kplug_rights_check(&buf->rights, MAY_WRITE);
}

int kplug_buffer_free(struct kplug_device *kdev, u64 owner, const struct kplug_buffer_name *arg, struct list_head *list)
{
	struct kplug_buffer *buf, *next;
	int err = -ENOENT;

	if (arg->reserved || !kplug_buffer_name_ok(arg->name))
		return -EINVAL;
	guard(mutex)(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list) {
		if (strcmp(buf->name, arg->name))
			continue;
		err = free_right(buf, owner);
		if (err)
			return err;
	}
	list_for_each_entry_safe(buf, next, &kdev->buffers, list)
		if (!strcmp(buf->name, arg->name))
			unpublish(buf, list);
	return err;
}

static void umem_unpublish(struct kplug_device *kdev, struct kplug_ended *ended, struct list_head *list)
{
	lockdep_assert_held(&kdev->buffer_lock);
	xa_erase(&kdev->umems, ended->id);
	list_del_rcu(&ended->siblings);
	WRITE_ONCE(kdev->umem_pages, kdev->umem_pages - ended->pages);
	list_add(&ended->list, list);
}

int kplug_umem_unlock(struct kplug_device *kdev, u64 owner, const struct kplug_dma_unlock *arg, struct list_head *list)
{
	struct kplug_ended *ended;

	guard(mutex)(&kdev->buffer_lock);
	ended = xa_load(&kdev->umems, arg->id);
	if (!ended || ended->owner != owner)
		return -ENOENT;
	umem_unpublish(kdev, ended, list);
	return 0;
}

void kplug_buffer_init(struct kplug_device *kdev)
{
	static_assert(sizeof((const u64[])KPLUG_LIMIT_DEFAULTS) == sizeof(kdev->limit));
	spin_lock_init(&kdev->limit_lock);
	memcpy(kdev->limit, ((const u64[])KPLUG_LIMIT_DEFAULTS), sizeof(kdev->limit));
	INIT_LIST_HEAD(&kdev->buffers);
	xa_init(&kdev->by_virt);
	xa_init(&kdev->by_dma);
	INIT_LIST_HEAD(&kdev->quarantine);
	mutex_init(&kdev->buffer_lock);
	xa_init_flags(&kdev->umems, XA_FLAGS_ALLOC);
}

u32 kplug_memory_end(struct kplug_device *kdev, u64 owner)
{
	struct kplug_buffer *buf, *next;
	struct kplug_ended *ended;
	unsigned long id;
	u32 count = 0;

	guard(mutex)(&kdev->buffer_lock);
	xa_for_each(&kdev->umems, id, ended)
		if (!owner || ended->owner == owner)
			umem_unpublish(kdev, ended, &kdev->quarantine);
	list_for_each_entry_safe(buf, next, &kdev->buffers, list)
		if (!owner || buf->owner == owner)
			unpublish(buf, &kdev->quarantine);
	list_for_each_entry(ended, &kdev->quarantine, list)
		count += ended->owner == owner;
	return count;
}
