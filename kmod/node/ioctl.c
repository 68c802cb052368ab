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
#include "node/node.h"
#include "plugin/plugin.h"

static u32 count_files(struct kplug_device *kdev)
{
	guard(mutex)(&kdev->files_lock);
	return list_count_nodes(&kdev->files);
}

static int ioctl_info(struct kplug_device *kdev, struct kplug_info *arg)
{
	const struct kplug_device_desc *desc = &kdev->desc;
	struct kplug_irq_info irq;

	arg->out_api_version = KPLUG_API_VERSION;
	arg->out_bus = desc->ops->bus;
	arg->out_irq_mode = desc->irq_mode;
	arg->out_vectors = desc->vectors;
	arg->out_buffers = kplug_buffer_count(kdev);
	arg->out_dma_bits = kdev->dma_bits;
	arg->out_flags = (rcu_access_pointer(kdev->plugin) ? KPLUG_INFO_PLUGIN : 0) |
			 (kdev->translated ? KPLUG_INFO_IOMMU : 0) | (desc->ops->bar_mmap ? KPLUG_INFO_BAR_MMAP : 0) |
			 (desc->can_reset ? KPLUG_INFO_RESET : 0);
	arg->out_vendor = desc->vendor;
	arg->out_device = desc->device;
	arg->out_opens = count_files(kdev);
	arg->out_locked = (u64)READ_ONCE(kdev->umem_pages) << PAGE_SHIFT;
	arg->out_charged = (u64)kplug_charged() << PAGE_SHIFT;
	arg->out_quarantined = (u64)kplug_quarantine_pages(kdev) << PAGE_SHIFT;
	memcpy(arg->out_bar_size, desc->bar_size, sizeof(arg->out_bar_size));
	arg->out_interrupts = 0;
	arg->out_unhandled = 0;
	for (irq.vector = 0; !kplug_irq_info(kdev, &irq); irq.vector++) {
		arg->out_interrupts += irq.out_interrupts;
		arg->out_unhandled += irq.out_unclaimed;
	}
	strscpy_pad(arg->out_name, dev_name(&kdev->dev));
	return 0;
}

static int ioctl_buffer_alloc(struct kplug_file *kfile, struct kplug_buffer_alloc *arg)
{
	return kplug_buffer_alloc(kfile->kdev, kfile->reader.file, arg);
}

static int ioctl_buffer_keep(struct kplug_file *kfile, struct kplug_buffer_name *arg)
{
	return kplug_buffer_keep(kfile->kdev, kfile->reader.file, arg);
}

/* The plugin's word that the device uses none of this. It can give the device no address of a buffer any more. */
static bool plugin_vouches(struct kplug_file *kfile, enum kplug_event_code code, struct list_head *list)
{
	const struct kplug_ended *ended;
	bool quiet = true;

	synchronize_rcu(); /* hooks that have such an address */
	list_for_each_entry(ended, list, list) {
		struct kplug_hook_ctx f = KPLUG_HOOK_CTX(kfile->kdev, KPLUG_HOOK_EVENT, kfile->reader.file);

		f.ev.message = code;
		f.ev.sequence = ended->id;
		kplug_hook_fire(&f);
		quiet &= !!(f.ev.flags & KPLUG_QUIET);
	}
	return quiet;
}

/* As kplug_device_reg_right(), but silent for who has not the capability. */
static bool may_program(const struct kplug_device *kdev)
{
	return ns_capable_noaudit(&init_user_ns, CAP_SYS_RAWIO) && !kplug_device_reg_right(kdev);
}

/* Who could program the device needs nobody to vouch for it. */
static int end_memory(struct kplug_file *kfile, enum kplug_event_code code, int err, struct list_head *list)
{
	if (!err)
		kplug_ended_finish(kfile->kdev, list,
				   kplug_device_confined(kfile->kdev) || may_program(kfile->kdev) ||
					   plugin_vouches(kfile, code, list));
	return err;
}

static int ioctl_buffer_free(struct kplug_file *kfile, struct kplug_buffer_name *arg)
{
	LIST_HEAD(list);

	return end_memory(kfile, KPLUG_EVENT_FREE, kplug_buffer_free(kfile->kdev, kfile->reader.file, arg, &list),
			  &list);
}

static int ioctl_dma_unlock(struct kplug_file *kfile, struct kplug_dma_unlock *arg)
{
	LIST_HEAD(list);

	return end_memory(kfile, KPLUG_EVENT_UNLOCK, kplug_umem_unlock(kfile->kdev, kfile->reader.file, arg, &list),
			  &list);
}

static int ioctl_buffer_info(struct kplug_file *kfile, struct kplug_buffer_info *arg)
{
	if (arg->flags & KPLUG_BUFFER_FD && !(kfile->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return kplug_buffer_info(kfile->kdev, arg);
}

static int ioctl_buffer_access(struct kplug_file *kfile, struct kplug_buffer_access *arg)
{
	if (arg->flags & KPLUG_ACCESS_WRITE && !(kfile->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return kplug_buffer_access(kfile->kdev, arg);
}

static int ioctl_reg(struct kplug_device *kdev, struct kplug_reg *arg)
{
	bool write = arg->flags & KPLUG_REG_WRITE;
	int err = kplug_device_reg_right(kdev);

	if (err)
		return err;
	if (arg->flags & ~KPLUG_REG_WRITE)
		return -EINVAL;
	return kplug_device_reg(kdev, arg->bar, arg->offset, arg->width, write ? &arg->value : &arg->out_value, write);
}

static int ioctl_plugin_load(struct kplug_device *kdev, const struct kplug_plugin_load *arg)
{
	s32 fds[KPLUG_HOOK_COUNT], fd, __user *user = u64_to_user_ptr(arg->prog_fds);
	int err;
	u32 i;

	if (arg->prog_count > KPLUG_PROG_MAX)
		return -E2BIG;
	memset(fds, 0xff, sizeof(fds)); /* -1: not served */
	for (i = 0; i < arg->prog_count; i++) {
		if (get_user(fd, &user[i]))
			return -EFAULT;
		if (i < KPLUG_HOOK_COUNT)
			fds[i] = fd;
		else if (fd != -1)
			return -EOPNOTSUPP;
	}
	err = kplug_device_enter(kdev);
	if (err)
		return err;
	err = kplug_plugin_load(kdev, arg, fds);
	kplug_device_leave(kdev);
	return err;
}

static int ioctl_plugin_info(struct kplug_device *kdev, struct kplug_plugin_info *arg)
{
	u32 ids[KPLUG_HOOK_COUNT], __user *user = u64_to_user_ptr(arg->prog_ids);
	size_t size = min(arg->prog_count * sizeof(*ids), sizeof(ids));
	int err;

	if (arg->prog_count > KPLUG_PROG_MAX)
		return -E2BIG;
	err = kplug_device_enter(kdev);
	if (err)
		return err;
	err = kplug_plugin_info(kdev, arg, ids);
	kplug_device_leave(kdev);
	if (err)
		return err;
	if (copy_to_user(user, ids, size) ||
	    clear_user((void __user *)user + size, arg->prog_count * sizeof(*ids) - size))
		return -EFAULT;
	return 0;
}

/* A caller's argument bytes: on the stack if few, so that a call does not allocate. */
struct bytes {
	u8 *data;
	u8 few[32];
};

static void bytes_put(struct bytes *b)
{
	if (b->data != b->few)
		kvfree(b->data);
}

/* Copies the bytes in, then enters the device. After success: kplug_device_leave() and bytes_put(). */
static __always_inline int bytes_enter(struct bytes *b, struct kplug_device *kdev, u64 from, u32 size)
{
	int err;

	b->data = b->few;
	if (size > KPLUG_CALL_MAX)
		return -E2BIG;
	if (size > sizeof(b->few)) {
		b->data = kvmalloc(size, GFP_KERNEL_ACCOUNT);
		if (!b->data)
			return -ENOMEM;
	}
	err = size && copy_from_user(b->data, u64_to_user_ptr(from), size) ? -EFAULT : kplug_device_enter(kdev);
	if (err)
		bytes_put(b);
	return err;
}

static int fire_call(struct kplug_file *kfile, struct kplug_call *arg, u8 *data)
{
	struct kplug_hook_ctx f = KPLUG_HOOK_CTX(kfile->kdev, KPLUG_HOOK_CALL, kfile->reader.file);

	f.ev.message = arg->message;
	f.ev.size = arg->data_size;
	f.data = data;
	kplug_hook_fire(&f);
	arg->out_result = f.ev.result;
	return f.answered ? 0 : -ENOMSG;
}

static int ioctl_call(struct kplug_file *kfile, struct kplug_call *arg)
{
	struct bytes bytes __uninitialized; /* bytes_enter() sets what is used; clearing it would cost each call */
	int err = arg->reserved ? -EINVAL : bytes_enter(&bytes, kfile->kdev, arg->data, arg->data_size);

	if (err)
		return err;
	err = fire_call(kfile, arg, bytes.data);
	kplug_device_leave(kfile->kdev);
	if (!err && arg->data_size && copy_to_user(u64_to_user_ptr(arg->data), bytes.data, arg->data_size))
		err = -EFAULT;
	bytes_put(&bytes);
	return err;
}

static int ioctl_irq_enable(struct kplug_file *kfile, struct kplug_irq_enable *arg)
{
	struct bytes bytes;
	int err = arg->reserved ? -EINVAL : bytes_enter(&bytes, kfile->kdev, arg->data, arg->data_size);

	if (err)
		return err;
	err = kplug_irq_enable(kfile->kdev, &kfile->reader, arg, bytes.data);
	kplug_device_leave(kfile->kdev);
	bytes_put(&bytes);
	return err;
}

static int ioctl_irq_disable(struct kplug_file *kfile, struct kplug_irq *arg)
{
	return kplug_irq_disable(kfile->kdev, &kfile->reader, arg);
}

/*
 * All commands: name, struct, last member of the struct's first version, function, and what else holds. The function
 * takes the open file, or the device where that is enough, and a pointer to the struct.
 */
#define COMMANDS(X)                                                                                                    \
	X(INFO, kplug_info, out_name, ioctl_info)                                                                      \
	X(BUFFER_ALLOC, kplug_buffer_alloc, out_fd, ioctl_buffer_alloc, WRITES, LOADS, GIVES_FD(kplug_buffer_alloc))   \
	X(BUFFER_INFO, kplug_buffer_info, out_name, ioctl_buffer_info, GIVES_FD(kplug_buffer_info))                    \
	X(BUFFER_KEEP, kplug_buffer_name, name, ioctl_buffer_keep, WRITES, SILENT)                                     \
	X(BUFFER_FREE, kplug_buffer_name, name, ioctl_buffer_free, WRITES, SILENT)                                     \
	X(BUFFER_EXPORT, kplug_buffer_export, out_reserved, kplug_buffer_export, WRITES, LOADS,                        \
	  GIVES_FD(kplug_buffer_export))                                                                               \
	X(BUFFER_ACCESS, kplug_buffer_access, bytes, ioctl_buffer_access, SILENT, ENTERS)                              \
	X(PLUGIN_LOAD, kplug_plugin_load, version, ioctl_plugin_load, WRITES, SILENT, ENTERS)                          \
	X(PLUGIN_UNLOAD, kplug_plugin_unload, reserved, kplug_plugin_unload, WRITES, SILENT)                           \
	X(PLUGIN_ROLLBACK, kplug_plugin_unload, reserved, kplug_plugin_rollback, WRITES, SILENT)                       \
	X(PLUGIN_INFO, kplug_plugin_info, out_version, ioctl_plugin_info, ENTERS)                                      \
	X(CALL, kplug_call, out_result, ioctl_call, WRITES, ENTERS, GIVES_RESULT(kplug_call))                          \
	X(IRQ_ENABLE, kplug_irq_enable, reserved, ioctl_irq_enable, WRITES, SILENT, ENTERS)                            \
	X(IRQ_DISABLE, kplug_irq, vector, ioctl_irq_disable, WRITES, SILENT)                                           \
	X(IRQ_UNMASK, kplug_irq, vector, kplug_irq_unmask, WRITES, SILENT)                                             \
	X(IRQ_TRIGGER, kplug_irq, vector, kplug_irq_trigger, WRITES, SILENT)                                           \
	X(IRQ_RESUME, kplug_irq, vector, kplug_irq_resume, WRITES, SILENT)                                             \
	X(IRQ_INFO, kplug_irq_info, out_longest, kplug_irq_info)                                                       \
	X(REG, kplug_reg, out_value, ioctl_reg, WRITES)                                                                \
	X(DMA_LOCK, kplug_dma_lock, reserved, kplug_umem_lock, WRITES, LOADS, ENTERS)                                  \
	X(DMA_ENTRIES, kplug_dma_entries, reserved, kplug_umem_entries, ENTERS)                                        \
	X(DMA_UNLOCK, kplug_dma_unlock, id, ioctl_dma_unlock, WRITES, SILENT)

#define WRITES .write = true
#define SILENT .silent = true
#define LOADS .loads = true
#define ENTERS .enters = true
#define GIVES_FD(type) .fd_at = offsetof(struct type, out_fd)
#define GIVES_RESULT(type) .result_at = offsetof(struct type, out_result)

/* The function's first parameter. */
#define SUBJECT(fn, type)                                                                                              \
	_Generic(&(fn),                                                                                                \
		int (*)(struct kplug_file *, struct type *): kfile,                                                    \
		int (*)(struct kplug_file *, const struct type *): kfile,                                              \
		default: kfile->kdev)

/* One function for each row, all of one type, so that an indirect call is checked (CFI). */
#define RUN(CMD, type, last, fn, ...)                                                                                  \
	static int run_##CMD(struct kplug_file *kfile, void *arg)                                                      \
	{                                                                                                              \
		return fn(SUBJECT(fn, type), (struct type *)arg);                                                      \
	}
COMMANDS(RUN)

#define MEMBER(CMD, type, ...) struct type CMD;
union args {
	u32 size;
	COMMANDS(MEMBER)
};

struct command {
	int (*run)(struct kplug_file *kfile, void *arg);
	unsigned int cmd;
	u32 size; /* of the struct today */
	u32 min_size; /* up to the last member of its first version */
	bool write; /* changes something */
	bool silent; /* has no outputs */
	u32 fd_at; /* offset of the fd that the kernel puts into the struct; 0: none */
	u32 result_at; /* offset of the s64 that is the only output; 0: there are others, or none */
	bool loads; /* needs kplug_memory.ko, and loads it where it says ENOPKG */
	bool enters; /* enters the device itself, between copying bytes in and out */
};

#define ROW(CMD, type, last, fn, ...)                                                                                  \
	[_IOC_NR(KPLUG_##CMD)] = { .run = run_##CMD,                                                                   \
				   .cmd = KPLUG_##CMD,                                                                 \
				   .size = sizeof(struct type),                                                        \
				   .min_size = offsetofend(struct type, last),                                         \
				   __VA_ARGS__ },
static const struct command commands[] = { COMMANDS(ROW) };

/* Ignores the size in `cmd`: the struct's own size counts, and a struct that has grown is still the same command. */
static const struct command *find_command(unsigned int cmd)
{
	const struct command *c;

	if (_IOC_TYPE(cmd) != KPLUG_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(commands))
		return NULL;
	c = &commands[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(commands))];
	return c->run && _IOC_DIR(cmd) == _IOC_DIR(c->cmd) ? c : NULL;
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
	const struct command *c = find_command(cmd);
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
	if (size > PAGE_SIZE) /* bound copy_struct_from_user()'s scan for zeros */
		return -E2BIG;
	err = copy_struct_from_user(&args, c->size, to, size);
	if (err)
		return err;
	if (c->write && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	/* Can outputs be written? Else the caller would miss the fd, lock or write that the command makes. */
	if ((c->fd_at || c->write) && !c->silent && !c->result_at && copy_to_user(to, &args, min(size, c->size)))
		return -EFAULT;
	err = run_command(c, kfile, &args);
	if (err == -ENOPKG && c->loads && !request_module("kplug_memory"))
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
