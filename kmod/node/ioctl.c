// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of ioctls. User memory is touched only while the device is not entered: a page fault must not hold up its
 * removal.
 */
#include <linux/capability.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/kmod.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffer/buffer.h"
#include "core/device.h"
#include "dma/dma.h"
#include "node/file.h"
#include "plugin/hook.h"
#include "plugin/plugin.h"

union args {
	u32 size;
	struct kplug_info info;
	struct kplug_buffer_alloc buffer_alloc;
	struct kplug_buffer_info buffer_info;
	struct kplug_buffer_free buffer_free;
	struct kplug_buffer_export buffer_export;
	struct kplug_buffer_access buffer_access;
	struct kplug_plugin_load plugin_load;
	struct kplug_plugin_unload plugin_unload;
	struct kplug_plugin_info plugin_info;
	struct kplug_call call;
	struct kplug_irq_enable irq_enable;
	struct kplug_irq irq;
	struct kplug_irq_info irq_info;
	struct kplug_reg reg;
	struct kplug_dma_lock dma_lock;
	struct kplug_dma_entries dma_entries;
	struct kplug_dma_unlock dma_unlock;
};

static u32 count_files(struct kplug_device *kdev)
{
	u32 count;

	mutex_lock(&kdev->files_lock);
	count = list_count_nodes(&kdev->files);
	mutex_unlock(&kdev->files_lock);
	return count;
}

static int info(struct kplug_file *kfile, union args *args)
{
	struct kplug_device *kdev = kfile->kdev;
	const struct kplug_device_desc *desc = &kdev->desc;
	struct kplug_info *arg = &args->info;
	struct kplug_irq_info irq;

	arg->out_api_version = KPLUG_API_VERSION;
	arg->out_bus = desc->ops->bus;
	arg->out_irq_mode = desc->irq_mode;
	arg->out_vectors = desc->vectors;
	arg->out_buffers = kplug_buffer_count(kdev);
	arg->out_dma_bits = kdev->dma_bits;
	arg->out_flags = (rcu_access_pointer(kdev->plugin) ? KPLUG_INFO_PLUGIN : 0) |
			 (kplug_dma_translated(kdev->desc.parent) ? KPLUG_INFO_IOMMU : 0) |
			 (desc->ops->bar_pfn ? KPLUG_INFO_BAR_MMAP : 0);
	arg->out_vendor = desc->vendor;
	arg->out_device = desc->device;
	arg->out_opens = count_files(kdev);
	arg->out_locked = (u64)READ_ONCE(kdev->umem_pages) << PAGE_SHIFT;
	memcpy(arg->out_bar_size, desc->bar_size, sizeof(arg->out_bar_size));
	arg->out_unhandled = 0;
	memset(arg->out_interrupts, 0, sizeof(arg->out_interrupts));
	for (irq.vector = 0; !kplug_irq_info(kdev, &irq); irq.vector++) {
		arg->out_interrupts[irq.vector] = irq.out_interrupts;
		arg->out_unhandled += irq.out_unclaimed;
	}
	strscpy_pad(arg->out_name, dev_name(&kdev->dev));
	return 0;
}

static int buffer_alloc(struct kplug_file *kfile, union args *args)
{
	return kplug_buffer_alloc(kfile->kdev, &args->buffer_alloc);
}

static int buffer_info(struct kplug_file *kfile, union args *args)
{
	if (args->buffer_info.flags & KPLUG_BUFFER_FD && !(kfile->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return kplug_buffer_info(kfile->kdev, &args->buffer_info);
}

static int buffer_free(struct kplug_file *kfile, union args *args)
{
	return kplug_buffer_free(kfile->kdev, &args->buffer_free);
}

static int buffer_export(struct kplug_file *kfile, union args *args)
{
	return kplug_buffer_export(kfile->kdev, &args->buffer_export);
}

static int buffer_access(struct kplug_file *kfile, union args *args)
{
	if (args->buffer_access.flags & KPLUG_ACCESS_WRITE && !(kfile->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return kplug_buffer_access(kfile->kdev, &args->buffer_access);
}

static int plugin_load(struct kplug_file *kfile, union args *args)
{
	return kplug_plugin_load(kfile->kdev, &args->plugin_load);
}

static int plugin_unload(struct kplug_file *kfile, union args *args)
{
	return args->plugin_unload.reserved ? -EINVAL : kplug_plugin_unload(kfile->kdev);
}

static int plugin_rollback(struct kplug_file *kfile, union args *args)
{
	return args->plugin_unload.reserved ? -EINVAL : kplug_plugin_rollback(kfile->kdev);
}

static int plugin_info(struct kplug_file *kfile, union args *args)
{
	return kplug_plugin_info(kfile->kdev, &args->plugin_info);
}

static int irq_unmask(struct kplug_file *kfile, union args *args)
{
	return kplug_irq_unmask(kfile->kdev, args->irq.vector);
}

static int irq_resume(struct kplug_file *kfile, union args *args)
{
	return kplug_irq_resume(kfile->kdev, args->irq.vector);
}

static int irq_info(struct kplug_file *kfile, union args *args)
{
	return kplug_irq_info(kfile->kdev, &args->irq_info);
}

static int irq_trigger(struct kplug_file *kfile, union args *args)
{
	return kplug_irq_trigger(kfile->kdev, args->irq.vector);
}

static int reg(struct kplug_file *kfile, union args *args)
{
	struct kplug_reg *arg = &args->reg;
	bool write = arg->flags & KPLUG_REG_WRITE;
	u64 value = arg->value;
	int err = kplug_device_reg_right(kfile->kdev);

	if (err)
		return err;
	if (arg->flags & ~KPLUG_REG_WRITE)
		return -EINVAL;
	err = kplug_device_reg(kfile->kdev, arg->bar, arg->offset, arg->width, &value, write);
	if (!err && !write)
		arg->out_value = value;
	return err;
}

/* A caller's argument bytes: on the stack if few, for the sake of calls. */
struct bytes {
	u8 *data;
	u8 few[32];
};

static __always_inline int bytes_get(struct bytes *b, u64 from, u32 size)
{
	b->data = b->few;
	if (size > KPLUG_CALL_MAX)
		return -E2BIG;
	if (size > sizeof(b->few)) {
		b->data = kvmalloc(size, GFP_KERNEL_ACCOUNT);
		if (!b->data)
			return -ENOMEM;
	}
	return size && copy_from_user(b->data, u64_to_user_ptr(from), size) ? -EFAULT : 0;
}

static void bytes_put(struct bytes *b)
{
	if (b->data != b->few)
		kvfree(b->data);
}

/* The device is entered. */
static int fire_call(struct kplug_device *kdev, struct kplug_call *arg, u8 *data)
{
	struct kplug_frame f = KPLUG_PROCESS_FRAME(kdev, KPLUG_HOOK_CALL);

	f.ev.message = arg->message;
	f.ev.size = arg->data_size;
	f.data = data;
	kplug_hook_fire(&f);
	arg->out_result = f.ev.result;
	return f.answered ? 0 : -ENOMSG;
}

static int call(struct kplug_file *kfile, union args *args)
{
	struct kplug_call *arg = &args->call;
	struct bytes bytes __uninitialized; /* bytes_get() sets what is used; clearing it would cost each call */
	int err;

	if (arg->reserved)
		return -EINVAL;
	err = bytes_get(&bytes, arg->data, arg->data_size);
	if (err)
		goto out;
	err = kplug_device_enter(kfile->kdev);
	if (err)
		goto out;
	err = fire_call(kfile->kdev, arg, bytes.data);
	kplug_device_leave(kfile->kdev);
	if (!err && arg->data_size && copy_to_user(u64_to_user_ptr(arg->data), bytes.data, arg->data_size))
		err = -EFAULT;
out:
	bytes_put(&bytes);
	return err;
}

static int irq_able(struct kplug_file *kfile, union args *args, typeof(kplug_irq_enable) *able)
{
	struct kplug_irq_enable *arg = &args->irq_enable;
	struct bytes bytes;
	int err;

	if (arg->reserved)
		return -EINVAL;
	err = bytes_get(&bytes, arg->data, arg->data_size);
	if (err)
		goto out;
	err = kplug_device_enter(kfile->kdev);
	if (err)
		goto out;
	err = able(kfile->kdev, &kfile->reader, arg, bytes.data);
	kplug_device_leave(kfile->kdev);
out:
	bytes_put(&bytes);
	return err;
}

static int irq_enable(struct kplug_file *kfile, union args *args)
{
	return irq_able(kfile, args, kplug_irq_enable);
}

static int irq_disable(struct kplug_file *kfile, union args *args)
{
	return irq_able(kfile, args, kplug_irq_disable);
}

static int dma_lock(struct kplug_file *kfile, union args *args)
{
	return kplug_umem_lock(kfile, &args->dma_lock);
}

static int dma_entries(struct kplug_file *kfile, union args *args)
{
	return kplug_umem_entries(kfile, &args->dma_entries);
}

static int dma_unlock(struct kplug_file *kfile, union args *args)
{
	return kplug_umem_unlock(kfile, &args->dma_unlock);
}

struct command {
	int (*run)(struct kplug_file *kfile, union args *args);
	unsigned int cmd;
	u32 size; /* of the struct today */
	u32 min_size; /* up to the last member of its first version */
	bool write; /* changes something */
	bool silent; /* has no outputs */
	u32 fd_at; /* offset of the fd that the kernel puts into the struct; 0: none */
	u32 result_at; /* offset of the s64 that is the only output; 0: there are others, or none */
	bool enters; /* enters the device itself, between copying bytes in and out */
};

#define COMMAND(fn, CMD, type, last, ...)                                                                              \
	[_IOC_NR(CMD)] = { .run = (fn),                                                                                \
			   .cmd = (CMD),                                                                               \
			   .size = sizeof(struct type),                                                                \
			   .min_size = offsetofend(struct type, last),                                                 \
			   __VA_ARGS__ }
#define WRITES .write = true
#define SILENT .silent = true
#define GIVES_FD(type) .fd_at = offsetof(struct type, out_fd)
#define ENTERS .enters = true
#define GIVES_RESULT(type) .result_at = offsetof(struct type, out_result)

static const struct command commands[] = {
	COMMAND(info, KPLUG_INFO, kplug_info, out_name),
	COMMAND(buffer_alloc, KPLUG_BUFFER_ALLOC, kplug_buffer_alloc, out_fd, WRITES, GIVES_FD(kplug_buffer_alloc)),
	COMMAND(buffer_info, KPLUG_BUFFER_INFO, kplug_buffer_info, out_name, GIVES_FD(kplug_buffer_info)),
	COMMAND(buffer_free, KPLUG_BUFFER_FREE, kplug_buffer_free, name, WRITES, SILENT),
	COMMAND(buffer_export, KPLUG_BUFFER_EXPORT, kplug_buffer_export, out_reserved, WRITES,
		GIVES_FD(kplug_buffer_export)),
	COMMAND(buffer_access, KPLUG_BUFFER_ACCESS, kplug_buffer_access, bytes, SILENT, ENTERS),
	COMMAND(plugin_load, KPLUG_PLUGIN_LOAD, kplug_plugin_load, version, WRITES, SILENT),
	COMMAND(plugin_unload, KPLUG_PLUGIN_UNLOAD, kplug_plugin_unload, reserved, WRITES, SILENT),
	COMMAND(plugin_info, KPLUG_PLUGIN_INFO, kplug_plugin_info, out_version),
	COMMAND(call, KPLUG_CALL, kplug_call, out_result, WRITES, ENTERS, GIVES_RESULT(kplug_call)),
	COMMAND(irq_enable, KPLUG_IRQ_ENABLE, kplug_irq_enable, reserved, WRITES, SILENT, ENTERS),
	COMMAND(irq_disable, KPLUG_IRQ_DISABLE, kplug_irq_enable, reserved, WRITES, SILENT, ENTERS),
	COMMAND(irq_unmask, KPLUG_IRQ_UNMASK, kplug_irq, vector, WRITES, SILENT),
	COMMAND(irq_trigger, KPLUG_IRQ_TRIGGER, kplug_irq, vector, WRITES, SILENT),
	COMMAND(irq_resume, KPLUG_IRQ_RESUME, kplug_irq, vector, WRITES, SILENT),
	COMMAND(irq_info, KPLUG_IRQ_INFO, kplug_irq_info, out_longest),
	COMMAND(reg, KPLUG_REG, kplug_reg, out_value, WRITES),
	COMMAND(plugin_rollback, KPLUG_PLUGIN_ROLLBACK, kplug_plugin_unload, reserved, WRITES, SILENT),
	COMMAND(dma_lock, KPLUG_DMA_LOCK, kplug_dma_lock, reserved, WRITES, ENTERS),
	COMMAND(dma_entries, KPLUG_DMA_ENTRIES, kplug_dma_entries, reserved, ENTERS),
	COMMAND(dma_unlock, KPLUG_DMA_UNLOCK, kplug_dma_unlock, id, WRITES, SILENT),
};

/* The size that the caller gives decides, not the one in `cmd`: a struct that has grown is still the same command. */
static const struct command *find(unsigned int cmd)
{
	const struct command *c;

	if (_IOC_TYPE(cmd) != KPLUG_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(commands))
		return NULL;
	c = &commands[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(commands))];
	return _IOC_DIR(cmd) == _IOC_DIR(c->cmd) ? c : NULL;
}

static int run_command(const struct command *c, struct kplug_file *kfile, union args *args)
{
	int err;

	if (c->enters)
		return c->run(kfile, args);
	err = kplug_device_enter(kfile->kdev);
	if (err)
		return err;
	err = c->run(kfile, args);
	kplug_device_leave(kfile->kdev);
	return err;
}

long kplug_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	const struct command *c = find(cmd);
	struct kplug_file *kfile = file->private_data;
	void __user *to = (void __user *)user;
	union args args = {};
	u32 size;
	int err;

	if (!c)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)to))
		return -EFAULT;
	if (size < c->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE) /* or anybody could have the kernel look through all his memory for zeros */
		return -E2BIG;
	err = copy_struct_from_user(&args, c->size, to, size);
	if (err)
		return err;
	if (c->write && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	/* Before there is an fd, a lock or a write that the caller would not learn of. */
	if ((c->fd_at || c->write) && !c->silent && !c->result_at && copy_to_user(to, &args, min(size, c->size)))
		return -EFAULT;
	err = run_command(c, kfile, &args);
	if (err == -ENOPKG && !request_module("kplug_memory"))
		err = run_command(c, kfile, &args);
	if (err)
		return err;
	if (c->result_at) /* a call must cost little more than an ioctl that does nothing */
		return put_user(*(s64 *)((void *)&args + c->result_at), (s64 __user *)(to + c->result_at));
	args.size = size;
	if (c->silent || !copy_to_user(to, &args, min(size, c->size)))
		return 0;
	if (c->fd_at)
		close_fd(*(int *)((void *)&args + c->fd_at));
	return -EFAULT;
}
