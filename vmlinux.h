/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that plugins use, by hand. CO-RE finds each member's place in the running kernel and module.
 * A full one, for plugins that look at more of the kernel:
 *   bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h
 * followed by what `bpftool -B /sys/kernel/btf/vmlinux btf dump file /sys/kernel/btf/kplug format c` says of struct
 * kplug_event.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;

typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;

typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

typedef _Bool bool;
enum {
	false = 0,
	true = 1,
};

/* Map types and flags that bpf_helpers.h users name most often (include/uapi/linux/bpf.h). */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_ARENA = 33,
};
enum {
	BPF_F_MMAPABLE = 1024,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

/* The state of bpf_for(). */
struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* What a hook is told (kmod/plugin/event.h). Read-only: the verifier refuses a write. */
struct kplug_event {
	u32 hook; /* enum kplug_hook */
	u32 device; /* number of the device, its minor */
	u32 vector; /* int_enable, int_disable, interrupt, deferred */
	u32 message; /* call: the message; event: enum kplug_event_code */
	u32 size; /* bytes behind kplug_event_data() */
	u32 pid; /* open, close, call, int_enable, int_disable: who, in the initial namespaces */
	u32 uid;
	u32 shared; /* interrupt: 1 if the line may be another device's (INTx) */
	u64 sequence; /* interrupt, deferred: number of the (last) interrupt of this vector, from 1 */
	u64 count; /* deferred: how many interrupts it stands for */
	u64 time; /* ns, CLOCK_MONOTONIC. interrupt, event: of it; deferred: of the last interrupt; others: 0 */
	u64 file; /* open, close, call, int_enable, int_disable: id of the open file, never used again; others: 0 */
	s64 result; /* the answer so far */
	u32 flags;
	u32 notify;
};

#pragma clang attribute pop

#endif /* __VMLINUX_H__ */
