// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BPF arena as a buffer. The program makes and maps it, since its address there is part of every pointer in it; here
 * its pages are pinned, so that they outlive bpf_arena_free_pages() (kernel/bpf/arena.c).
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "buffer/buffer.h"
#include "buffer/map.h"

/* By map id, all of them: each holds a reference of its map, and a second one would keep the first alive. */
static DEFINE_XARRAY(arenas);

static bool is_whole(struct vm_area_struct *vma, const struct file *file, const struct kplug_buffer *buf)
{
	return vma && vma->vm_file && vma->vm_file->f_op == file->f_op &&
	       vma->vm_file->private_data == file->private_data && vma->vm_start == buf->user_addr &&
	       vma_pages(vma) == buf->count;
}

/* Looked at and pinned under one lock, so that nobody can put another mapping in its place between. */
static int pin(struct kplug_buffer *buf, const struct file *file)
{
	struct mm_struct *mm = current->mm;
	long got = -EFAULT;

	mmap_read_lock(mm);
	if (is_whole(vma_lookup(mm, buf->user_addr), file, buf))
		got = pin_user_pages(buf->user_addr, buf->count, FOLL_WRITE | FOLL_LONGTERM, buf->pages);
	mmap_read_unlock(mm);
	if (got == buf->count)
		return 0;
	if (got > 0)
		unpin_user_pages(buf->pages, got);
	return got < 0 ? got : -EFAULT;
}

static int pin_charged(struct kplug_buffer *buf, const struct file *file)
{
	int err;

	if (account_locked_vm(current->mm, buf->count, true))
		return -EDQUOT;
	err = pin(buf, file);
	if (err) {
		account_locked_vm(current->mm, buf->count, false);
		return err;
	}
	buf->locked_mm = current->mm;
	mmgrab(buf->locked_mm);
	return 0;
}

int kplug_arena_take(struct kplug_buffer *buf, int fd, u64 addr)
{
	struct file *file;
	int err;

	err = kplug_map_take_arena(buf, fd, &file);
	if (err)
		return err;
	buf->user_addr = addr;
	err = -ENOMEM;
	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		goto err_map;
	err = xa_insert(&arenas, buf->map_id, buf, GFP_KERNEL);
	if (err)
		goto err_pages;
	err = pin_charged(buf, file);
	if (err)
		goto err_known;
	fput(file);
	return 0;

err_known:
	xa_erase(&arenas, buf->map_id);
err_pages:
	kvfree(buf->pages);
err_map:
	kplug_map_put(buf->map);
	fput(file);
	return err;
}

void kplug_arena_end(struct kplug_buffer *buf)
{
	xa_erase(&arenas, buf->map_id);
	unpin_user_pages_dirty_lock(buf->pages, buf->count, true);
	account_locked_vm(buf->locked_mm, buf->count, false);
	mmdrop(buf->locked_mm);
}
