// SPDX-License-Identifier: GPL-2.0-only
/* The device's node: open, read, poll, mmap. The ioctls are in ioctl.c. */
#include <linux/compat.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "buffer/buffer.h"
#include "node/node.h"
#include "core/device.h"
#include "plugin/plugin.h"

#define CLOSE_WAIT_MS 5000 /* how long a plugin can put the end of a file's memory off */

static const u64 one_file[KPLUG_LIMIT_COUNT] = { [KPLUG_LIMIT_FILES] = 1 };
static atomic64_t last_file = ATOMIC64_INIT(0); /* id of the last open file */

static void file_free(struct kplug_file *kfile)
{
	kplug_reader_free(&kfile->reader);
	kplug_device_release(kfile->kdev);
	kfree(kfile);
}

/* Asks the plugin, which may refuse. Undone by node_release(). */
static int file_admit(struct kplug_file *kfile)
{
	struct kplug_hook_ctx f = KPLUG_HOOK_CTX(kfile->kdev, KPLUG_HOOK_OPEN, kfile->reader.file);
	int err;

	err = kplug_limit_take(kfile->kdev, one_file);
	if (err)
		return err;
	err = kplug_hook_fire(&f);
	if (err) {
		kplug_limit_put(kfile->kdev, one_file);
		return err;
	}
	guard(mutex)(&kfile->kdev->files_lock);
	list_add(&kfile->list, &kfile->kdev->files);
	return 0;
}

static int node_open(struct inode *inode, struct file *file)
{
	struct kplug_device *kdev = container_of(inode->i_cdev, struct kplug_device, cdev);
	struct kplug_file *kfile = kzalloc(sizeof(*kfile), GFP_KERNEL_ACCOUNT);
	int err;

	if (!kfile)
		return -ENOMEM;
	kfile->kdev = kplug_device_hold(kdev); /* which the kernel holds, through the cdev, until we return */
	kfile->file = file;
	mutex_init(&kfile->read_lock);
	INIT_LIST_HEAD(&kfile->umems);
	kfile->reader.file = atomic64_inc_return(&last_file);
	err = kplug_reader_init(kdev, &kfile->reader) ?: kplug_device_enter(kdev);
	if (err)
		goto err_free;
	err = file_admit(kfile);
	kplug_device_leave(kdev);
	if (err)
		goto err_free;
	file->private_data = kfile;
	return nonseekable_open(inode, file);

err_free:
	file_free(kfile);
	return err;
}

/* True: the plugin vouches that the device uses no memory of the file. It may ask to be asked again. */
static bool file_ask_close(const struct kplug_file *kfile, u32 owned)
{
	struct kplug_device *kdev = kfile->kdev;
	s64 left = current->flags & PF_KTHREAD ? 0 : CLOSE_WAIT_MS, ms; /* a kernel thread closes other files, too */

	while (!kplug_device_enter(kdev)) {
		struct kplug_hook_ctx f = KPLUG_HOOK_CTX(kdev, KPLUG_HOOK_CLOSE, kfile->reader.file);

		f.ev.count = owned;
		kplug_hook_fire(&f);
		kplug_device_leave(kdev);
		ms = owned ? min(f.ev.result, left) : 0;
		if (f.ev.flags & KPLUG_QUIET || ms <= 0)
			return f.ev.flags & KPLUG_QUIET;
		msleep(ms);
		left -= ms;
	}
	return false;
}

/* The plugin is asked when it can give the device no address of this memory any more. */
static void file_close(const struct kplug_file *kfile)
{
	u32 owned = kplug_memory_end(kfile->kdev, kfile->reader.file);

	if (owned)
		synchronize_rcu(); /* hooks that have such an address */
	if (file_ask_close(kfile, owned) || kplug_device_confined(kfile->kdev))
		kplug_quarantine_end(kfile->kdev, kfile->reader.file);
}

/* If no file is open: memory that nobody has vouched for is given back if the device can be reset. */
static void node_empty_quarantine(struct kplug_device *kdev)
{
	LIST_HEAD(list);

	/* The files come last: counting the pages may wait. */
	if (kplug_device_confined(kdev) || !kplug_quarantine_pages(kdev) || !list_empty_careful(&kdev->files) ||
	    kplug_device_enter(kdev))
		return;
	/* Who opens it now is told of the reset. What is put into quarantine from now on stays there. */
	scoped_guard(mutex, &kdev->buffer_lock)
		list_splice_init(&kdev->quarantine, &list);
	kplug_ended_finish(kdev, &list, !kdev->desc.ops->reset(kdev, false));
	kplug_device_leave(kdev);
}

static int node_release(struct inode *inode, struct file *file)
{
	struct kplug_file *kfile = file->private_data;
	struct kplug_device *kdev = kfile->kdev;

	kplug_irq_close(kdev, &kfile->reader);
	file_close(kfile);
	scoped_guard(mutex, &kdev->files_lock)
		list_del(&kfile->list);
	kplug_limit_put(kdev, one_file);
	node_empty_quarantine(kdev);
	file_free(kfile);
	return 0;
}

/* Reads what is there, up to `max` records, in bytes; 0: nothing. A record that cannot be copied out stays unread. */
static ssize_t file_read_now(struct kplug_file *kfile, struct kplug_record __user *to, size_t max)
{
	struct kplug_record record;
	size_t count;

	guard(mutex)(&kfile->read_lock);
	for (count = 0; count < max && kplug_irq_peek(kfile->kdev, &kfile->reader, &record); count++) {
		if (copy_to_user(&to[count], &record, sizeof(record)))
			return count * sizeof(record) ?: -EFAULT;
		kplug_irq_commit(&kfile->reader, &record);
	}
	return count * sizeof(record);
}

static ssize_t node_read(struct file *file, char __user *to, size_t size, loff_t *offset)
{
	struct kplug_file *kfile = file->private_data;
	struct kplug_device *kdev = kfile->kdev;
	size_t max = min(size / sizeof(struct kplug_record), 64); /* a busy device would keep read() going */
	ssize_t ret;

	if (!max)
		return -EINVAL;
	for (;;) {
		ret = file_read_now(kfile, (struct kplug_record __user *)to, max);
		if (ret)
			return ret;
		/* Nothing, or another thread read the record that woke us. */
		if (READ_ONCE(kdev->dead))
			return -ENODEV;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(kfile->reader.wait,
					     kplug_irq_has_records(kdev, &kfile->reader) || READ_ONCE(kdev->dead)))
			return -ERESTARTSYS;
	}
}

static __poll_t node_poll(struct file *file, poll_table *wait)
{
	struct kplug_file *kfile = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &kfile->reader.wait, wait);
	if (kplug_irq_has_records(kfile->kdev, &kfile->reader))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(kfile->kdev->dead))
		mask |= EPOLLIN | EPOLLHUP | EPOLLERR;
	return mask;
}

static int node_mmap_bar(struct kplug_device *kdev, struct vm_area_struct *vma)
{
	const struct kplug_bus_ops *ops = kdev->desc.ops;
	int err = kplug_device_reg_right(kdev);

	if (err)
		return err;
	if (!(vma->vm_file->f_mode & FMODE_WRITE))
		return -EACCES;
	return ops->bar_mmap ? ops->bar_mmap(kdev, vma) : -ENODEV;
}

static int node_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kplug_file *kfile = file->private_data;
	struct kplug_device *kdev = kfile->kdev;
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	bool huge = offset >= KPLUG_MMAP_HUGE(0);
	int err;

	if (in_compat_syscall())
		return -EOPNOTSUPP;
	/* Not kplug_device_enter(): it could wait for a removal, that for an ioctl, and that for our mmap_lock. */
	if (!percpu_down_read_trylock(&kdev->alive))
		return -ENODEV;
	if (kdev->dead)
		err = -ENODEV;
	else if (offset >= KPLUG_MMAP_BUFFER(0))
		err = kplug_buffer_mmap(kdev, (offset - (huge ? KPLUG_MMAP_HUGE(0) : KPLUG_MMAP_BUFFER(0))) >> 32,
					(u32)offset >> PAGE_SHIFT, huge, vma);
	else if (offset >= KPLUG_MMAP_BAR(0))
		err = node_mmap_bar(kdev, vma);
	else
		err = -ENXIO;
	kplug_device_leave(kdev);
	return err;
}

const struct file_operations kplug_fops = {
	.owner = THIS_MODULE,
	.open = node_open,
	.release = node_release,
	.read = node_read,
	.poll = node_poll,
	.mmap = node_mmap,
	.get_unmapped_area = thp_get_unmapped_area, /* at the offset's place between two boundaries of 2 MiB */
	.unlocked_ioctl = kplug_ioctl,
	.compat_ioctl = kplug_ioctl,
};
