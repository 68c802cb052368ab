/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that a plugin's author includes.
 *
 *   KPLUG_PLUGIN("name", "1.0", 0x1234, 0x11e8);    what it is called and which PCI device it is for
 *   struct layout { ... };
 *   KPLUG_BUFFER(struct layout, buf);               the buffer, a global that the device and programs share; or
 *   KPLUG_ARENA(struct layout, buf);                an arena, with pointers in it that both follow
 *   KPLUG_HOOK(call) { ... }                        one per hook, with `ev` in scope
 *
 * Synchronised access to the buffer, for plugins and programs alike: kplug_sync.h.
 *
 * A hook runs with preemption off, `interrupt` in hard IRQ, so it cannot sleep; it answers with kplug_answer(). A hook
 * that does not answer leaves the default: open, int_enable and event accept, an interrupt is not the device's, a call
 * is ENOMSG to its caller.
 */
#ifndef KPLUG_BPF_H
#define KPLUG_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kplug_uapi.h"

/* errno values that plugins answer with (asm-generic/errno-base.h, errno.h) */
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

/* Any device: use it for both ids. */
#define KPLUG_ANY_ID 0xffffffffU

/*
 * The plugin's metadata, read by libkplug from the object's section .kplug before anything is loaded. Exactly one.
 * Fixed layout: struct kplug_plugin_meta.
 */
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

/* The plugin's view of the buffer: at most one. The loader puts a real buffer of at least this size in its place. */
#define KPLUG_BUFFER(type, var) type var SEC(".bss.kplug") __attribute__((aligned(8)))

/*
 * The plugin's view of a buffer that is a BPF arena, instead of KPLUG_BUFFER(): var() is a pointer to its first byte,
 * and what it points to may hold pointers (type __arena *) to other places in it, which programs follow as well. The
 * loader puts a real arena of at least this size in its place. kplug_arena_dma() is what kplug_dma_addr() is elsewhere:
 * the device's address of `bytes` bytes, 0 if they are not all in the arena.
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
		asm volatile("" ::"r"(&kplug_arena)); /* tells the verifier which arena */                             \
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

/* Where the arena is; filled in by the loader. */
struct kplug_arena_place {
	u64 addr; /* in programs, and in pointers */
	u64 dma_addr;
	u64 bytes;
};

/*
 * A setting: an integer variable, which programs read with `kplug plugin set DEV` and change, within min..max
 * (numbers), with `kplug plugin set DEV name=value` while the plugin runs.
 */
#define KPLUG_SETTING(type, name, value, min, max)                                                                     \
	volatile type name SEC(".data.settings") __attribute__((btf_decl_tag("kplug:" #min ".." #max))) = (value)

/*
 * A hook: `ev` is its struct kplug_event *, see vmlinux.h. ev->file tells whose call it is: a plugin that keeps
 * something for an open file keys it by that id and drops it in `close`. The value that a tp_btf program returns is
 * ignored.
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
 * Two programs that the library runs itself, both optional, both with `info` in scope: what the device is (struct
 * kplug_info, members out_*). They may sleep, and have no event. A return value other than 0 refuses the plugin: no
 * hook of it has run, and what ran before goes on.
 *
 *   KPLUG_PROBE() { ... }      before each load and swap: is this a device that the plugin can serve?
 *   KPLUG_MIGRATE() { ... }    before a swap (not a fresh one): fills the maps of this version from the running one's
 *
 * migrate sees a map NAME of the running version as one declared here as old_NAME, of the same type and sizes, and its
 * globals as variables in SEC(".bss.old") and SEC(".data.old"), laid out as there. A map that is so named starts empty
 * in this version, as does one that has changed; others carry over as ever. The running version goes on meanwhile:
 * what it changes after migrate has looked stays with it.
 */
#define KPLUG_PROBE() SEC("syscall") int probe(struct kplug_info *info)
#define KPLUG_MIGRATE() SEC("syscall") int migrate(struct kplug_info *info)

/*
 * The answer to the event. The last one counts. result: call: what the caller gets; open, int_enable, int_disable: 0
 * or a negative errno; others: ignored. flags: KPLUG_MINE, KPLUG_DEFER, KPLUG_FORWARD. notify: how many wake-ups of
 * readers, in `interrupt` and `deferred`; where nobody serves `deferred`, one. Returns 0, or -EINVAL for a flag that
 * does not exist (nothing is answered).
 */
extern int kplug_answer(struct kplug_event *ev, __s64 result, __u32 flags, __u32 notify) __ksym;

/*
 * The argument bytes of a call or int_enable: size bytes from offset, readable and writable. What a call's hook writes
 * goes back to the caller. size must be a constant. NULL if the range is not within ev->size.
 */
extern __u8 *kplug_event_data(struct kplug_event *ev, __u32 offset, const __u64 rdwr_buf_size) __ksym;

/*
 * The device's registers. width is 1, 2, 4 or 8 bytes, offset a multiple of it inside the BAR. A read that is refused
 * gives all ones, as a missing PCI device does; a write that is refused gives -ERANGE or -EINVAL.
 */
extern __u64 kplug_reg_read(struct kplug_event *ev, __u32 bar, __u64 offset, __u32 width) __ksym;
extern int kplug_reg_write(struct kplug_event *ev, __u32 bar, __u64 offset, __u32 width, __u64 value) __ksym;

/*
 * The address at which the device sees these bytes of the plugin's buffer (all of them), or 0 if they are in no buffer
 * of the event's device.
 */
extern __u64 kplug_dma_addr(struct kplug_event *ev, const void *mem, __u32 mem__sz) __ksym;

/*
 * interrupt, deferred: attaches up to KPLUG_ATTACH_MAX bytes of any memory of the plugin to the interrupt: the readers
 * get them with its record. The last call counts. Returns 0, -E2BIG, or -EINVAL in another hook.
 */
extern int kplug_attach(struct kplug_event *ev, const void *mem, __u32 mem__sz) __ksym;

/*
 * interrupt, deferred: for an answer whose notify count is 0. Unless another interrupt wakes the readers before, they
 * are woken in ns, 1 to 10 s in nanoseconds, after the first one that asks. Returns 0, -ERANGE, or -EINVAL in another
 * hook.
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
