// SPDX-License-Identifier: GPL-2.0-only
/* A device's list of buffers: looking them up by name, id and address, and what programs may know of them. */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/string.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"

bool kplug_buffer_name_ok(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
	size_t len = strnlen(name, KPLUG_BUFFER_NAME_LEN);

	return len && len < KPLUG_BUFFER_NAME_LEN && strspn(name, allowed) == len;
}
EXPORT_SYMBOL_GPL(kplug_buffer_name_ok);

struct kplug_buffer *kplug_buffer_find(struct kplug_device *kdev, const char *name, u32 part)
{
	struct kplug_buffer *buf;

	lockdep_assert_held(&kdev->buffer_lock);
	list_for_each_entry(buf, &kdev->buffers, list)
		if (!strcmp(buf->name, name) && buf->part == part)
			return buf;
	return NULL;
}
EXPORT_SYMBOL_GPL(kplug_buffer_find);

/* The buffer's first address in a tree of its device. */
static u64 start_in(const struct xarray *tree, const struct kplug_buffer *buf)
{
	return tree == &buf->kdev->by_dma ? buf->dma : (unsigned long)buf->virt;
}

static unsigned long last_page_in(const struct xarray *tree, const struct kplug_buffer *buf)
{
	return (start_in(tree, buf) + buf->bytes - 1) >> PAGE_SHIFT;
}

static int index_in(struct xarray *tree, struct kplug_buffer *buf)
{
	unsigned long page = start_in(tree, buf) >> PAGE_SHIFT;
	const struct kplug_buffer *next;

	next = xa_find(tree, &page, ULONG_MAX, XA_PRESENT);
	if (next && start_in(tree, next) < start_in(tree, buf) + buf->bytes)
		return -EBUSY;
	return xa_insert(tree, last_page_in(tree, buf), buf, GFP_KERNEL_ACCOUNT);
}

int kplug_buffer_index(struct kplug_buffer *buf)
{
	struct kplug_device *kdev = buf->kdev;
	int err;

	lockdep_assert_held(&kdev->buffer_lock);
	err = buf->virt ? index_in(&kdev->by_virt, buf) : 0;
	if (err)
		return err;
	err = index_in(&kdev->by_dma, buf);
	if (err && buf->virt)
		xa_erase(&kdev->by_virt, last_page_in(&kdev->by_virt, buf));
	return err;
}

void kplug_buffer_unindex(struct kplug_buffer *buf)
{
	struct kplug_device *kdev = buf->kdev;

	lockdep_assert_held(&kdev->buffer_lock);
	if (buf->virt)
		xa_erase(&kdev->by_virt, last_page_in(&kdev->by_virt, buf));
	xa_erase(&kdev->by_dma, last_page_in(&kdev->by_dma, buf));
}

/* The buffer that covers [start, start + len), or NULL. */
static const struct kplug_buffer *find_in(struct xarray *tree, u64 start, u64 len)
{
	unsigned long page = start >> PAGE_SHIFT;
	const struct kplug_buffer *buf;
	u64 offset;

	buf = xa_find(tree, &page, ULONG_MAX, XA_PRESENT); /* the first that ends here or above */
	if (!buf || start < start_in(tree, buf))
		return NULL;
	offset = start - start_in(tree, buf);
	return offset <= buf->bytes && len <= buf->bytes - offset ? buf : NULL;
}

u64 kplug_buffer_virt_to_dma(struct kplug_device *kdev, const void *mem, size_t len)
{
	const struct kplug_buffer *buf;

	guard(rcu)();
	buf = find_in(&kdev->by_virt, (unsigned long)mem, len);
	return buf ? buf->dma + (mem - buf->virt) : 0;
}

const struct kplug_buffer *kplug_buffer_at_dma(struct kplug_device *kdev, u64 addr, u64 len)
{
	return find_in(&kdev->by_dma, addr, len);
}

/* The buffer of this name, or with the lowest id from `id` on. */
static struct kplug_buffer *look_up(struct kplug_device *kdev, const struct kplug_buffer_info *arg)
{
	struct kplug_buffer *buf;

	if (arg->name[0])
		return kplug_buffer_find(kdev, arg->name, arg->part);
	list_for_each_entry(buf, &kdev->buffers, list) /* in the order of ids */
		if (buf->id >= arg->id)
			return buf;
	return NULL;
}

static void tell(const struct kplug_buffer *buf, struct kplug_buffer_info *arg)
{
	bool may_read = !kplug_rights_check(&buf->rights, MAY_READ);

	arg->out_id = buf->id;
	arg->out_bytes = buf->bytes;
	arg->out_dma_addr = may_read ? buf->dma : 0;
	arg->out_kind = buf->memory->kind;
	arg->out_map_id = buf->map->id;
	arg->out_flags = buf->owner ? 0 : KPLUG_BUFFER_KEPT;
	arg->out_fd = -1;
	arg->out_mode = buf->rights.mode;
	arg->out_uid = from_kuid_munged(current_user_ns(), buf->rights.uid);
	arg->out_gid = from_kgid_munged(current_user_ns(), buf->rights.gid);
	arg->out_part = buf->part;
	arg->out_parts = buf->parts;
	arg->out_addr = may_read ? buf->user_addr : 0;
	strscpy(arg->out_name, buf->name);
}

int kplug_buffer_info(struct kplug_device *kdev, struct kplug_buffer_info *arg)
{
	bool wants_fd = arg->flags & KPLUG_BUFFER_FD;
	struct kplug_buffer *buf;

	if (arg->flags & ~KPLUG_BUFFER_FD || arg->reserved ||
	    (arg->name[0] ? !kplug_buffer_name_ok(arg->name) : arg->part))
		return -EINVAL;
	guard(mutex)(&kdev->buffer_lock);
	buf = look_up(kdev, arg);
	if (!buf)
		return -ENOENT;
	if (wants_fd && kplug_rights_check(&buf->rights, MAY_READ | MAY_WRITE))
		return -EACCES;
	tell(buf, arg);
	if (wants_fd)
		arg->out_fd = kplug_map_fd(buf->map);
	return wants_fd ? min(arg->out_fd, 0) : 0;
}
