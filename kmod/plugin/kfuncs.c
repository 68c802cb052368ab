// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions that plugins may call. The first argument is always the event. Only a program on kplug's tracepoints
 * holds one as a trusted pointer, so a plugin reaches its own device, and other programs reach none.
 */
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>

#include "buffer/buffer.h"
#include "call/pending.h"
#include "core/compat.h"
#include "core/device.h"
#include "plugin/plugin.h"

/*
 * Is it the device's plugin that asks? Whoever attaches another program to a tracepoint was not asked whether it may
 * program the device, or speak for it: see kplug_plugin_load().
 */
static bool by_plugin(const struct kplug_hook_ctx *f)
{
	return f->served && !f->closed;
}

__bpf_kfunc_start_defs();

__bpf_kfunc int kplug_answer(struct kplug_event *ev, s64 result, u32 flags, u32 notify)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	if (f->closed)
		return -EBUSY;
	if (flags & ~KPLUG_ANSWER_FLAGS)
		return -EINVAL;
	if (flags & KPLUG_QUIET && !by_plugin(f))
		return -EPERM;
	ev->result = result;
	ev->flags = flags;
	ev->notify = notify;
	f->answered = true;
	return 0;
}

__bpf_kfunc u8 *kplug_event_data(struct kplug_event *ev, u32 offset, const size_t rdwr_buf_size)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	if (f->closed || offset > ev->size || rdwr_buf_size > ev->size - offset)
		return NULL;
	return f->data + offset;
}

__bpf_kfunc u64 kplug_reg_read(struct kplug_event *ev, u32 bar, u64 offset, u32 width)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);
	u64 value = U64_MAX; /* stays where there is no such register */

	if (by_plugin(f))
		kplug_device_reg(f->kdev, bar, offset, width, &value, false);
	return value;
}

__bpf_kfunc int kplug_reg_write(struct kplug_event *ev, u32 bar, u64 offset, u32 width, u64 value)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	return by_plugin(f) ? kplug_device_reg(f->kdev, bar, offset, width, &value, true) : -EPERM;
}

__bpf_kfunc u64 kplug_dma_addr(struct kplug_event *ev, const void *mem, u32 mem__sz)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	return by_plugin(f) ? kplug_buffer_virt_to_dma(f->kdev, mem, mem__sz) : 0;
}

__bpf_kfunc int kplug_dma_permission(struct kplug_event *ev, u64 addr, u64 bytes)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	guard(rcu)();
	return by_plugin(f) && f->kfile ? kplug_dma_check(f->kdev, f->kfile, ev->file, addr, bytes) : -EINVAL;
}

__bpf_kfunc int kplug_attach(struct kplug_event *ev, const void *mem, u32 mem__sz)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	if (f->closed)
		return -EBUSY;
	if (!f->attachment)
		return -EINVAL;
	if (mem__sz > KPLUG_ATTACH_MAX)
		return -E2BIG;
	memcpy(f->attachment, mem, mem__sz);
	f->attached = mem__sz;
	return 0;
}

__bpf_kfunc int kplug_wake_after(struct kplug_event *ev, u64 ns)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	if (f->closed)
		return -EBUSY;
	if (!f->attachment)
		return -EINVAL;
	if (!ns || ns > 10 * NSEC_PER_SEC)
		return -ERANGE;
	f->wake_after = ns;
	return 0;
}

__bpf_kfunc u64 kplug_call_pend(struct kplug_event *ev)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	if (!by_plugin(f) || !f->kfile || f->pending)
		return 0;
	f->pending = kplug_pending_begin(f->kdev, f->data, ev->size);
	return f->pending;
}

__bpf_kfunc int kplug_call_reply(struct kplug_event *ev, u64 tag, u32 offset, const void *mem, u32 mem__sz)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	return by_plugin(f) ? kplug_pending_reply(f->kdev, tag, offset, mem, mem__sz) : -EPERM;
}

__bpf_kfunc int kplug_call_complete(struct kplug_event *ev, u64 tag, s64 result)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);

	return by_plugin(f) ? kplug_pending_complete(f->kdev, tag, result) : -EPERM;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(kplug_kfunc_ids)
BTF_ID_FLAGS(func, kplug_answer, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_event_data, KF_TRUSTED_ARGS | KF_RET_NULL)
BTF_ID_FLAGS(func, kplug_reg_read, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_reg_write, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_dma_addr, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_dma_permission, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_attach, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_wake_after, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_call_pend, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_call_reply, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, kplug_call_complete, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(kplug_kfunc_ids)

static const struct btf_kfunc_id_set kplug_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &kplug_kfunc_ids,
};

int kplug_kfuncs_init(void)
{
	/* Without BTF, registering succeeds silently, and no plugin could ever load. */
	if (!THIS_MODULE->btf_data_size) {
		pr_err("kplug: the module has no BTF: build it where the kernel's vmlinux (or /sys/kernel/btf/vmlinux) "
		       "and pahole are found, for a kernel with CONFIG_DEBUG_INFO_BTF_MODULES\n");
		return -EOPNOTSUPP;
	}
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &kplug_kfunc_set);
}
