/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The header for plugins.
 *
 *   KPLUG_PLUGIN("name", "1.0", 0x1234, 0x11e8);    name, version, and the PCI ids of its device
 *   struct layout { ... };
 *   KPLUG_BUFFER(struct layout, buf);               the buffer, a global shared with the device and programs; or
 *   KPLUG_ARENA(struct layout, buf);                an arena, with pointers that programs follow, too
 *   KPLUG_HOOK(call) { ... }                        one per hook, with `ev` in scope
 *
 * Synchronised access to the buffer, in plugins and programs: kplug_sync.h.
 *
 * A hook runs with preemption disabled, `interrupt` in hard IRQ context (with PREEMPT_RT in a
 * thread of the vector): it must not sleep. PREEMPT_RT has no BPF timers on 6.12. It answers with
 * kplug_answer(). Without an answer: open, int_enable and event are accepted, an interrupt is not
 * claimed, and a call returns ENOMSG to its caller.
 */
#ifndef KPLUG_BPF_H
#define KPLUG_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kplug_uapi.h"

/* errno values for answers, as in asm-generic/errno-base.h and errno.h */
#define EPERM 1
#define ENOENT 2
#define EIO 5
#define E2BIG 7
#define EAGAIN 11
#define EACCES 13
#define EBUSY 16
#define EINVAL 22
#define ERANGE 34
#define ENOSYS 38
#define EMSGSIZE 90
#define ECANCELED 125

/* Matches any id; for any device use it for both. */
#define KPLUG_ANY_ID 0xffffffffU

/* The plugin's metadata, exactly one, of fixed layout. libkplug reads it before loading. */
struct kplug_plugin_meta {
	__u32 size;
	__u32 api_version;
	__u32 vendor; /* PCI ids, or KPLUG_ANY_ID */
	__u32 device;
	char name[KPLUG_NAME_LEN];
	char version[KPLUG_NAME_LEN];
};
#define KPLUG_PLUGIN(plugin_name, plugin_version, vendor_id, device_id)                                                \
	const struct kplug_plugin_meta kplug_plugin_meta SEC(".kplug") __attribute__((used, aligned(8))) = {           \
		.size = sizeof(struct kplug_plugin_meta),                                                              \
		.api_version = KPLUG_API_VERSION,                                                                      \
		.vendor = (vendor_id),                                                                                 \
		.device = (device_id),                                                                                 \
		.name = plugin_name,                                                                                   \
		.version = plugin_version,                                                                             \
	};                                                                                                             \
	char LICENSE[] SEC("license") = "GPL"

/* The plugin's buffer, at most one. libkplug replaces it by one of the device, at least as large. */
#define KPLUG_BUFFER(type, var) type var SEC(".bss.kplug") __attribute__((aligned(8)))

/*
 * Instead of KPLUG_BUFFER(): the plugin's buffer is a BPF arena. var() returns a pointer to its
 * first byte. Pointers in it (type __arena *) are valid in plugin and programs. libkplug replaces
 * it by an arena of the device of at least this size. kplug_arena_dma() returns the device address
 * of `bytes` bytes, 0 if they are not all in the arena.
 */
#define __arena __attribute__((address_space(1)))
#define KPLUG_ARENA(layout, var)                                                                                       \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARENA);                                                                      \
		__uint(map_flags, BPF_F_MMAPABLE);                                                                     \
		__uint(max_entries, (sizeof(layout) + 4095) / 4096);                                                   \
	} kplug_arena SEC(".maps");                                                                                    \
	const volatile struct kplug_arena_place kplug_arena_place SEC(".rodata.kplug") = {};                           \
	static __always_inline layout __arena *var(void)                                                               \
	{                                                                                                              \
		asm volatile("" ::"r"(&kplug_arena)); /* binds the program to the arena */                             \
		return (layout __arena *)kplug_arena_place.addr;                                                       \
	}                                                                                                              \
	static __always_inline __attribute__((unused)) u64 kplug_arena_dma(const void __arena *ptr, u64 bytes)         \
	{                                                                                                              \
		u64 offset = (u64)ptr - kplug_arena_place.addr;                                                        \
                                                                                                                       \
		if (offset > kplug_arena_place.bytes || bytes > kplug_arena_place.bytes - offset)                      \
			return 0;                                                                                      \
		return kplug_arena_place.dma_addr + offset;                                                            \
	}

/* The arena's addresses, set by libkplug before loading. */
struct kplug_arena_place {
	u64 addr; /* in programs, and of pointers in it */
	u64 dma_addr;
	u64 bytes;
};

/*
 * A setting: an integer variable that can be changed within min..max (literals) while the plugin
 * runs. `kplug plugin set DEV` lists settings, `kplug plugin set DEV name=value` changes one.
 */
#define KPLUG_SETTING(type, name, value, min, max)                                                                     \
	volatile type name SEC(".data.settings") __attribute__((btf_decl_tag("kplug:" #min ".." #max))) = (value)

/*
 * A hook; `ev` is a struct kplug_event *, see vmlinux.h. ev->file is the id of the open file that calls: key per-file
 * state by it and drop that in `close`. The kernel ignores the return value.
 */
#define KPLUG_HOOK(hook)                                                                                               \
	static __always_inline void kplug_hook_##hook(struct kplug_event *ev);                                         \
	SEC("tp_btf/kplug_" #hook)                                                                                     \
	int hook(unsigned long long *ctx)                                                                              \
	{                                                                                                              \
		struct kplug_event *ev = (void *)ctx[0];                                                               \
                                                                                                                       \
		if (ev)                                                                                                \
			kplug_hook_##hook(ev);                                                                         \
		return 0;                                                                                              \
	}                                                                                                              \
	static __always_inline void kplug_hook_##hook(struct kplug_event *ev)

/*
 * Two optional programs that libkplug runs, with `info` in scope: the device's struct kplug_info,
 * members out_*. They may sleep, and have no event. A return value other than 0 refuses the plugin
 * before any of its hooks has run; a running version continues.
 *
 *   KPLUG_PROBE() { ... }      before each load and swap: can the plugin drive this device?
 *   KPLUG_MIGRATE() { ... }    before a swap, unless fresh: fills this version's maps from the running version's
 *
 * For migrate, declare the running version's map NAME as old_NAME, with the same type and sizes,
 * and its globals as variables in SEC(".bss.old") and SEC(".data.old"), with the same layout. This
 * version's map NAME then starts empty, as does a map that has changed; others carry over. The
 * running version continues meanwhile: what it changes after migrate has read it is lost to this
 * version.
 */
#define KPLUG_PROBE() SEC("syscall") int probe(struct kplug_info *info)
#define KPLUG_MIGRATE() SEC("syscall") int migrate(struct kplug_info *info)

/*
 * Answers the event; the last answer counts. result: in call, the caller's result; in open,
 * int_enable and int_disable, 0 or a negative errno; else see below. flags: KPLUG_MINE, KPLUG_DEFER,
 * KPLUG_FORWARD, KPLUG_QUIET. notify: in interrupt and deferred, the number of wake-ups of the readers (1 for a
 * deferred interrupt without a deferred hook). Returns 0, or -EINVAL for an unknown flag; the event
 * is then not answered. A program that is attached to the tracepoint by itself answers only for a device without a
 * plugin, and may not say KPLUG_QUIET (-EPERM); nor do the functions below serve it, but for kplug_event_data(),
 * kplug_attach() and kplug_wake_after().
 *
 * Memory that the device might still write: in close, ev->count is the number of buffers and locks that the
 * file had; if it is not 0, answer KPLUG_QUIET when the device uses none of them (and will not: kplug_dma_addr() of
 * them is 0 by then), or a result of 1 and more to be asked again after so many ms, for 5 s at most. In event
 * KPLUG_EVENT_FREE and _UNLOCK, answer KPLUG_QUIET if the device does not use that one. Without the answer the memory
 * is not used again until the device is reset or removed.
 */
extern int kplug_answer(struct kplug_event *ev, __s64 result, __u32 flags, __u32 notify) __ksym;

/*
 * Returns the argument of a call or int_enable, from offset: rdwr_buf_size readable and writable
 * bytes, a constant. Writes in call are copied back to the caller. NULL if the range exceeds
 * ev->size.
 */
extern __u8 *kplug_event_data(struct kplug_event *ev, __u32 offset, const __u64 rdwr_buf_size) __ksym;

/*
 * Access the device's registers. width: 1, 2, 4 or 8 bytes. offset: a multiple of width, inside the
 * BAR. On an invalid argument a read returns all ones, as from a missing PCI device, and a write
 * -ERANGE or -EINVAL. -EPERM: not the device's plugin.
 */
extern __u64 kplug_reg_read(struct kplug_event *ev, __u32 bar, __u64 offset, __u32 width) __ksym;
extern int kplug_reg_write(struct kplug_event *ev, __u32 bar, __u64 offset, __u32 width, __u64 value) __ksym;

/* Returns the device address of bytes in the plugin's buffer; 0: not all are in a buffer. */
extern __u64 kplug_dma_addr(struct kplug_event *ev, const void *mem, __u32 mem__sz) __ksym;

/*
 * call: may the caller read and write the memory at device addresses [addr, addr + bytes)? Ask before the device uses
 * an address that comes from a program, and compare the address with what the device can drive: a device that ignores
 * high bits reaches other memory. Returns 0 if the range is in one buffer or lock of the open file that calls, or in
 * one buffer that its owner, group and mode give to the caller; else -EACCES. -EINVAL in another hook. It takes longer
 * the more locks that file has.
 */
extern int kplug_dma_permission(struct kplug_event *ev, __u64 addr, __u64 bytes) __ksym;

/*
 * Pending calls: one system call and one wake-up for a request that the device takes time for.
 *
 * pend: call: the caller sleeps until the call is completed, unless this hook answers it. Returns a tag; keep it
 * where the hook that completes the call finds it, before the device is told: its interrupt may run on another CPU
 * before this hook has returned. 0: it cannot be pending: too many are
 * (1024), this one is already, or it is no call.
 * reply: any hook: copies bytes to the call's data, from offset on, for the caller. -ERANGE: past its end.
 * complete: any hook: the caller returns with this result.
 * Both return -ENOENT if no such call is pending: completed before, or its caller has gone, by a signal or a timeout.
 * So a tag does no harm when it comes late. After a swap or a rollback calls stay pending, and the new version
 * completes them by the tags in the state that it took over; after a `fresh` swap it has none. An unload cancels them.
 */
extern __u64 kplug_call_pend(struct kplug_event *ev) __ksym;
extern int kplug_call_reply(struct kplug_event *ev, __u64 tag, __u32 offset, const void *mem, __u32 mem__sz) __ksym;
extern int kplug_call_complete(struct kplug_event *ev, __u64 tag, __s64 result) __ksym;

/*
 * interrupt, deferred: attaches up to KPLUG_ATTACH_MAX bytes to the interrupt's record for the
 * readers. The last call counts. Returns 0, -E2BIG, or -EINVAL in another hook.
 */
extern int kplug_attach(struct kplug_event *ev, const void *mem, __u32 mem__sz) __ksym;

/*
 * interrupt, deferred, with an answer of notify 0: delays the wake-up. The readers are woken ns
 * nanoseconds (1 ns to 10 s) after the first interrupt that called this, or by the next wake-up if
 * that comes earlier. Returns 0, -ERANGE, or -EINVAL in another hook.
 */
extern int kplug_wake_after(struct kplug_event *ev, __u64 ns) __ksym;

#define KPLUG_REG_ACCESS(bits, bytes)                                                                                  \
	static __always_inline __u##bits kplug_read##bits(struct kplug_event *ev, __u32 bar, __u64 offset)             \
	{                                                                                                              \
		return (__u##bits)kplug_reg_read(ev, bar, offset, bytes);                                              \
	}                                                                                                              \
	static __always_inline int kplug_write##bits(struct kplug_event *ev, __u32 bar, __u64 offset, __u##bits value) \
	{                                                                                                              \
		return kplug_reg_write(ev, bar, offset, bytes, value);                                                 \
	}
KPLUG_REG_ACCESS(8, 1)
KPLUG_REG_ACCESS(16, 2)
KPLUG_REG_ACCESS(32, 4)
KPLUG_REG_ACCESS(64, 8)
#undef KPLUG_REG_ACCESS

#endif /* KPLUG_BPF_H */
