// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kind `arena`: a BPF arena of the caller's. The program creates and maps it, since every pointer in it contains
 * the address; its pages are pinned here, so that they outlive bpf_arena_free_pages() (kernel/bpf/arena.c).
 */
#include <linux/bpf.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "buffer/buffer.h"
#include "memory/kinds.h"

/* All of them, by map id: an arena is one buffer at most, since a second one would keep the first alive. */
static DEFINE_XARRAY(arenas);

/*
 * Take the arena behind an fd of the caller's. Sets buf->map (held) and *ret_file, which the caller fput()s. -EBADF:
 * the fd is not open, -EINVAL: not an arena.
 */
static int arena_take(struct kplug_buffer *buf, int fd, struct file **ret_file)
{
	struct file *file __free(fput) = fget(fd);
	struct bpf_map *map;

	if (!file)
		return -EBADF;
	map = bpf_map_get(fd);
	if (IS_ERR(map))
		return PTR_ERR(map);
	/* Another thread may have replaced the file behind the fd meanwhile. */
	if (file->private_data != map || map->map_type != BPF_MAP_TYPE_ARENA) {
		bpf_map_put(map);
		return -EINVAL;
	}
	buf->map = map;
	*ret_file = no_free_ptr(file);
	return 0;
}

static bool is_whole_arena(struct vm_area_struct *vma, const struct file *file, const struct kplug_buffer *buf)
{
	return vma && vma->vm_file && vma->vm_file->f_op == file->f_op &&
	       vma->vm_file->private_data == file->private_data && vma->vm_start == buf->user_addr &&
	       vma_pages(vma) == buf->count;
}

/* Under one hold of mmap_lock, so that the mapping checked is the one pinned. */
static int arena_pin(struct kplug_buffer *buf, const struct file *file)
{
	struct mm_struct *mm = current->mm;
	long got = -EFAULT;

	mmap_read_lock(mm);
	if (is_whole_arena(vma_lookup(mm, buf->user_addr), file, buf))
		got = pin_user_pages(buf->user_addr, buf->count, FOLL_WRITE | FOLL_LONGTERM, buf->pages);
	mmap_read_unlock(mm);
	if (got == buf->count)
		return 0;
	if (got > 0)
		unpin_user_pages(buf->pages, got);
	return got < 0 ? got : -EFAULT;
}

static int arena_get(struct kplug_buffer *buf, const struct kplug_buffer_alloc *arg, u64 limit)
{
	struct file *file;
	int err;

	err = arena_take(buf, arg->memory_fd, &file);
	if (err)
		return err;
	buf->user_addr = arg->arena_addr;
	err = -ENOMEM;
	buf->pages = kvmalloc_array(buf->count, sizeof(*buf->pages), GFP_KERNEL_ACCOUNT);
	if (!buf->pages)
		goto err_map;
	err = xa_insert(&arenas, buf->map->id, buf, GFP_KERNEL);
	if (err)
		goto err_pages;
	err = arena_pin(buf, file);
	if (err)
		goto err_arenas;
	fput(file);
	return 0;

err_arenas:
	xa_erase(&arenas, buf->map->id);
err_pages:
	kvfree(buf->pages);
err_map:
	bpf_map_put(buf->map);
	fput(file);
	return err;
}

static void arena_put(struct kplug_buffer *buf)
{
	xa_erase(&arenas, buf->map->id);
	unpin_user_pages_dirty_lock(buf->pages, buf->count, true);
	bpf_map_put(buf->map);
	kvfree(buf->pages);
}

const struct kplug_memory_ops kplug_memory_arena = {
	.owner = THIS_MODULE,
	.kind = KPLUG_BUFFER_ARENA,
	.flags = KPLUG_MEMORY_NATIVE | KPLUG_MEMORY_TRANSLATED | KPLUG_MEMORY_FOREIGN | KPLUG_MEMORY_EXPORT,
	.get = arena_get,
	.put = arena_put,
};
