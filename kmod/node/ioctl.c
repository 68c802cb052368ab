// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of ioctls. User memory is touched only while the device is not entered: a page fault must not hold up its
 * removal.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/kmod.h>
#include <linux/nospec.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "buffer/buffer.h"
#include "call/pending.h"
#include "core/device.h"
#include "node/node.h"
#include "plugin/plugin.h"

/*
 * All commands: name, struct, last member of the struct's first version, function, and what else holds. The function
 * takes the device, the open file or the whole request, whatever it needs, and a pointer to the struct.
 */
#define COMMANDS(X)                                                                                                    \
	X(INFO, kplug_info, out_name, ioctl_info)                                                                      \
	X(BUFFER_ALLOC, kplug_buffer_alloc, out_fd, ioctl_buffer_alloc, WRITES, LOADS, ENTERS,                         \
	  GIVES_FD(kplug_buffer_alloc))                                                                                \
	X(BUFFER_INFO, kplug_buffer_info, out_name, kplug_buffer_info, WRITES_IF(KPLUG_BUFFER_FD),                     \
	  GIVES_FD(kplug_buffer_info))                                                                                 \
	X(BUFFER_KEEP, kplug_buffer_name, name, ioctl_buffer_keep, WRITES, SILENT)                                     \
	X(BUFFER_FREE, kplug_buffer_name, name, ioctl_buffer_free, WRITES, SILENT)                                     \
	X(BUFFER_EXPORT, kplug_buffer_export, out_reserved, kplug_buffer_export, WRITES, LOADS,                        \
	  GIVES_FD(kplug_buffer_export))                                                                               \
	X(BUFFER_ACCESS, kplug_buffer_access, bytes, kplug_buffer_access, WRITES_IF(KPLUG_ACCESS_WRITE), SILENT,       \
	  ENTERS)                                                                                                      \
	X(LIMIT, kplug_limit, out_used, kplug_limit, WRITES_IF(KPLUG_LIMIT_SET))                                       \
	X(PLUGIN_LOAD, kplug_plugin_load, version, ioctl_plugin_load, WRITES, SILENT,                                  \
	  ARRAY(kplug_plugin_load, prog_fds, prog_count, s32))                                                         \
	X(PLUGIN_UNLOAD, kplug_plugin_unload, reserved, kplug_plugin_unload, WRITES, SILENT)                           \
	X(PLUGIN_ROLLBACK, kplug_plugin_unload, reserved, kplug_plugin_rollback, WRITES, SILENT)                       \
	X(PLUGIN_INFO, kplug_plugin_info, out_version, ioctl_plugin_info,                                              \
	  ARRAY(kplug_plugin_info, prog_ids, prog_count, u32))                                                         \
	X(CALL, kplug_call, out_result, ioctl_call, WRITES, ARRAY(kplug_call, data, data_size, u8),                    \
	  GIVES_RESULT(kplug_call))                                                                                    \
	X(IRQ_ENABLE, kplug_irq_enable, reserved, ioctl_irq_enable, WRITES, SILENT,                                    \
	  ARRAY(kplug_irq_enable, data, data_size, u8))                                                                \
	X(IRQ_DISABLE, kplug_irq, vector, ioctl_irq_disable, WRITES, SILENT)                                           \
	X(IRQ_UNMASK, kplug_irq, vector, kplug_irq_unmask, WRITES, SILENT)                                             \
	X(IRQ_TRIGGER, kplug_irq, vector, kplug_irq_trigger, WRITES, SILENT)                                           \
	X(IRQ_RESUME, kplug_irq, vector, kplug_irq_resume, WRITES, SILENT)                                             \
	X(IRQ_INFO, kplug_irq_info, out_longest, kplug_irq_info)                                                       \
	X(REG, kplug_reg, out_value, ioctl_reg, WRITES)                                                                \
	X(DMA_LOCK, kplug_dma_lock, reserved, kplug_umem_lock, WRITES, LOADS, ENTERS)                                  \
	X(DMA_ENTRIES, kplug_dma_entries, reserved, kplug_umem_entries, ENTERS)                                        \
	X(DMA_UNLOCK, kplug_dma_unlock, id, ioctl_dma_unlock, WRITES, SILENT)

#define MEMBER(CMD, type, ...) struct type CMD;
union args {
	struct {
		u32 size, flags; /* the second of commands with WRITES_IF only */
	};
	COMMANDS(MEMBER)
};

struct ioctl_request {
	struct kplug_file *kfile;
	u64 pending; /* tag of a call that waits, with the device not entered */
	void *array; /* a copy of the one that the struct points to; copied back unless the command is silent */
	union args args;
};

static int ioctl_info(struct kplug_device *kdev, struct kplug_info *arg)
{
	const struct kplug_device_desc *desc = &kdev->desc;
	struct kplug_irq_info irq;

	arg->out_api_version = KPLUG_API_VERSION;
	arg->out_bus = desc->ops->bus;
	arg->out_irq_mode = desc->irq_mode;
	arg->out_vectors = desc->vectors;
	scoped_guard(mutex, &kdev->buffer_lock)
		arg->out_buffers = list_count_nodes(&kdev->buffers);
	arg->out_dma_bits = kdev->dma_bits;
	arg->out_flags = (rcu_access_pointer(kdev->plugin) ? KPLUG_INFO_PLUGIN : 0) |
			 (kdev->translated ? KPLUG_INFO_IOMMU : 0) | (desc->ops->bar_mmap ? KPLUG_INFO_BAR_MMAP : 0) |
			 (desc->can_reset ? KPLUG_INFO_RESET : 0);
	arg->out_vendor = desc->vendor;
	arg->out_device = desc->device;
	arg->out_opens = READ_ONCE(kdev->used[KPLUG_LIMIT_FILES]);
	arg->out_locked = (u64)READ_ONCE(kdev->umem_pages) << PAGE_SHIFT;
	arg->out_charged = (u64)atomic_long_read(&current_user()->locked_vm) << PAGE_SHIFT;
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

static int ioctl_reg(struct kplug_device *kdev, struct kplug_reg *arg)
{
	bool write = arg->flags & KPLUG_REG_WRITE;

	if (arg->flags & ~KPLUG_REG_WRITE)
		return -EINVAL;
	return kplug_device_reg_right(kdev)
		       ?: kplug_device_reg(kdev, arg->bar, arg->offset, arg->width,
					   write ? &arg->value : &arg->out_value, write);
}

static int ioctl_plugin_load(struct ioctl_request *req, struct kplug_plugin_load *arg)
{
	s32 fds[KPLUG_HOOK_COUNT], *given = req->array;
	u32 i;

	for (i = KPLUG_HOOK_COUNT; i < arg->prog_count; i++)
		if (given[i] != -1)
			return -EOPNOTSUPP;
	memset(fds, 0xff, sizeof(fds)); /* -1: not served */
	memcpy(fds, given, min(arg->prog_count * sizeof(*given), sizeof(fds)));
	return kplug_plugin_load(req->kfile->kdev, arg, fds);
}

static int ioctl_plugin_info(struct ioctl_request *req, struct kplug_plugin_info *arg)
{
	size_t size = arg->prog_count * sizeof(u32);
	u32 ids[KPLUG_HOOK_COUNT];
	int err = kplug_plugin_info(req->kfile->kdev, arg, ids);

	if (err)
		return err;
	memset(req->array, 0, size);
	memcpy(req->array, ids, min(size, sizeof(ids)));
	return 0;
}

static int ioctl_call(struct ioctl_request *req, struct kplug_call *arg)
{
	struct kplug_hook_ctx f = KPLUG_HOOK_CTX(req->kfile->kdev, KPLUG_HOOK_CALL, req->kfile->reader.file);

	f.ev.message = arg->message;
	f.ev.size = arg->data_size;
	f.kfile = req->kfile;
	f.data = req->array;
	kplug_hook_fire(&f);
	if (f.pending && f.answered) /* it has changed its mind */
		kplug_pending_end(f.kdev, f.pending, 0, &arg->out_result);
	else
		req->pending = f.pending;
	arg->out_result = f.ev.result;
	return f.answered || f.pending ? 0 : -ENOMSG;
}

static int ioctl_irq_enable(struct ioctl_request *req, struct kplug_irq_enable *arg)
{
	if (arg->reserved)
		return -EINVAL;
	return kplug_irq_enable(req->kfile->kdev, &req->kfile->reader, arg, req->array);
}

static int ioctl_irq_disable(struct kplug_file *kfile, struct kplug_irq *arg)
{
	return kplug_irq_disable(kfile->kdev, &kfile->reader, arg);
}

#define WRITES .write = true
#define WRITES_IF(flag) .write_flag = (flag)
#define SILENT .silent = true
#define LOADS .loads = true
#define ENTERS .enters = true
#define GIVES_FD(type) .fd_at = offsetof(struct type, out_fd)
#define GIVES_RESULT(type) .result_at = offsetof(struct type, out_result)
#define ARRAY(type, pointer, count, item)                                                                              \
	.array_at = offsetof(struct type, pointer), .count_at = offsetof(struct type, count), .item_size = sizeof(item)

/* The function's first parameter. */
#define SUBJECT(fn, type)                                                                                              \
	_Generic(&(fn),                                                                                                \
		int (*)(struct ioctl_request *, struct type *): req,                                                   \
		int (*)(struct kplug_file *, struct type *): req->kfile,                                               \
		default: req->kfile->kdev)

/* One function for each row, all of one type, so that an indirect call is checked (CFI). */
#define RUN(CMD, type, last, fn, ...)                                                                                  \
	static int run_##CMD(struct ioctl_request *req)                                                                \
	{                                                                                                              \
		return fn(SUBJECT(fn, type), &req->args.CMD);                                                          \
	}
COMMANDS(RUN)

struct command {
	int (*run)(struct ioctl_request *req);
	u32 size; /* of the struct today */
	u32 min_size; /* up to the last member of its first version */
	bool write; /* changes something */
	u32 write_flag; /* ... if this one is set */
	bool silent; /* has no outputs */
	u32 fd_at; /* offset of the fd that the kernel puts into the struct; 0: none */
	u32 result_at; /* offset of the s64 that is the only output; 0: there are others, or none */
	bool loads; /* needs kplug_memory.ko, and loads it where it says ENOPKG */
	bool enters; /* enters the device itself */
	u32 array_at; /* offset of a pointer to an array of the caller's */
	u32 count_at; /* ... of its u32 count of elements */
	u32 item_size; /* ... and of what size they are; 0: there is no array */
};

#define ROW(CMD, type, last, fn, ...)                                                                                  \
	[_IOC_NR(KPLUG_##CMD)] = {                                                                                     \
		.run = run_##CMD, .size = sizeof(struct type), .min_size = offsetofend(struct type, last), __VA_ARGS__ \
	},
static const struct command commands[] = { COMMANDS(ROW) };

/* Ignores the size in `cmd`: the struct's own size counts, and a struct that has grown is still the same command. */
static const struct command *find_command(unsigned int cmd)
{
	const struct command *c;

	if (_IOC_TYPE(cmd) != KPLUG_IOC_MAGIC || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE) ||
	    _IOC_NR(cmd) >= ARRAY_SIZE(commands))
		return NULL;
	c = &commands[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(commands))];
	return c->run ? c : NULL;
}

static int run_entered(const struct command *c, struct ioctl_request *req)
{
	int err = kplug_device_enter(req->kfile->kdev);

	if (err)
		return err;
	err = c->run(req);
	kplug_device_leave(req->kfile->kdev);
	return err;
}

/* Copies an array in and, unless the command is silent, out. On the stack if it is small: a call does not allocate. */
static int run_command(const struct command *c, struct ioctl_request *req)
{
	void __user *user = u64_to_user_ptr(*(u64 *)((void *)&req->args + c->array_at));
	size_t size = (size_t)*(u32 *)((void *)&req->args + c->count_at) * c->item_size;
	u64 few[4] __uninitialized; /* clearing it would cost each call */
	int err;

	static_assert(KPLUG_PROG_MAX * sizeof(s32) == KPLUG_CALL_MAX);
	if (c->enters)
		return c->run(req);
	if (size > KPLUG_CALL_MAX)
		return -E2BIG;
	req->array = size > sizeof(few) ? kvmalloc(size, GFP_KERNEL_ACCOUNT) : few;
	if (!req->array)
		return -ENOMEM;
	err = size && copy_from_user(req->array, user, size) ? -EFAULT : run_entered(c, req);
	if (!err && req->pending)
		err = kplug_pending_wait(req->kfile->kdev, req->pending, req->args.CALL.timeout_ms,
					 &req->args.CALL.out_result);
	if (!err && !c->silent && size && copy_to_user(user, req->array, size))
		err = -EFAULT;
	if (req->array != few)
		kvfree(req->array);
	return err;
}

long kplug_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	const struct command *c = find_command(cmd);
	void __user *to = (void __user *)user;
	struct ioctl_request req = { .kfile = file->private_data };
	u32 size;
	int err;

	if (in_compat_syscall()) /* the ABI is for 64-bit programs only: others could not give mmap() the offsets */
		return -EOPNOTSUPP;
	if (!c)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)to))
		return -EFAULT;
	if (size < c->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE) /* bound copy_struct_from_user()'s scan for zeros */
		return -E2BIG;
	err = copy_struct_from_user(&req.args, c->size, to, size);
	if (err)
		return err;
	if ((c->write || req.args.flags & c->write_flag) && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	/* Can outputs be written? Else the caller would miss the fd, lock or write that the command makes. */
	if ((c->fd_at || c->write) && !c->silent && !c->result_at && copy_to_user(to, &req.args, min(size, c->size)))
		return -EFAULT;
	err = run_command(c, &req);
	if (err == -ENOPKG && c->loads && !request_module("kplug_memory"))
		err = run_command(c, &req);
	if (err)
		return err;
	if (c->result_at) /* a call must cost little more than an ioctl that does nothing */
		return put_user(*(s64 *)((void *)&req.args + c->result_at), (s64 __user *)(to + c->result_at));
	if (c->silent || !copy_to_user(to, &req.args, min(size, c->size)))
		return 0;
	if (c->fd_at)
		close_fd(*(int *)((void *)&req.args + c->fd_at));
	return -EFAULT;
}
