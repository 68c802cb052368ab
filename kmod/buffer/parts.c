// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer larger than a BPF map can be is several maps. The first part, allocated last, holds the others: so one
 * KPLUG_BUFFER_KEEP keeps them all, and no killed program leaves a part that nothing owns.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "buffer/map.h"
#include "core/device.h"

static struct bpf_map *part_get(const struct kplug_buffer *first, u32 part)
{
	struct kplug_buffer *buf = kplug_buffer_find(first->kdev, first->name, part);

	if (!buf || buf->memory->kind != first->memory->kind || !kplug_rights_same(&buf->rights, &first->rights) ||
	    !kplug_map_get(buf->map))
		return NULL;
	return buf->map;
}

int kplug_parts_hold(struct kplug_buffer *buf)
{
	u32 part;

	lockdep_assert_held(&buf->kdev->buffer_lock);
	if (buf->part || buf->parts == 1)
		return 0;
	buf->others = kvcalloc(buf->parts - 1, sizeof(struct bpf_map *), GFP_KERNEL_ACCOUNT);
	if (!buf->others)
		return -ENOMEM;
	for (part = 1; part < buf->parts; part++) {
		buf->others[part - 1] = part_get(buf, part);
		if (!buf->others[part - 1])
			return -ENOENT;
	}
	return 0;
}

void kplug_parts_put(struct kplug_buffer *buf)
{
	u32 part;

	for (part = 1; buf->others && part < buf->parts; part++)
		if (buf->others[part - 1])
			kplug_map_put(buf->others[part - 1]);
	kvfree(buf->others);
}
