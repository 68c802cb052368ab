/* SPDX-License-Identifier: GPL-2.0-only */
/* The only place that knows kernel versions: 6.12 and later. */
#ifndef KPLUG_COMPAT_H
#define KPLUG_COMPAT_H

#include <linux/bpf.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/version.h>
#ifdef KPLUG_HAVE_PFN_T
#include <linux/pfn_t.h>
#endif

/* 6.13: namespaces are strings */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define KPLUG_IMPORT_NS(ns) MODULE_IMPORT_NS(#ns)
#else
#define KPLUG_IMPORT_NS(ns) MODULE_IMPORT_NS(ns)
#endif

/* 6.16 or so: trusted arguments are the rule and the flag is gone */
#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS 0
#endif

/* Exported without a header (kernel/bpf/syscall.c) */
int kern_sys_bpf(int cmd, union bpf_attr *attr, unsigned int size);

/*
 * What Kbuild has looked up in the headers, since distributions carry changes to older kernels:
 * KPLUG_HAVE_PROG_CONTEXT, KPLUG_HAVE_PFN_T, KPLUG_HAVE_MAP_FAULT, KPLUG_HAVE_HRTIMER_SETUP, KPLUG_HAVE_ACR_FLAGS,
 * KPLUG_HAVE_MIGRATE_TYPE, KPLUG_HAVE_DEVICE_OVERRIDE. And KPLUG_MAP_OPS: "known", or what is wrong.
 *
 * Where a kernel lacks a function, it is here, under its name.
 */

/* The guard of __bpf_trace_run() (kernel/trace/bpf_trace.c) against a program that runs again inside itself */
#ifndef KPLUG_HAVE_PROG_CONTEXT
static inline bool bpf_prog_get_recursion_context(struct bpf_prog *prog)
{
	return this_cpu_inc_return(*prog->active) == 1;
}

static inline void bpf_prog_put_recursion_context(struct bpf_prog *prog)
{
	this_cpu_dec(*prog->active);
}
#endif

/* include/linux/gfp.h: the third argument of alloc_contig_range() was a migrate type */
#ifndef KPLUG_HAVE_ACR_FLAGS
#ifndef KPLUG_HAVE_MIGRATE_TYPE
#error "kplug does not know the third argument of this kernel's alloc_contig_range()"
#endif
#define ACR_FLAGS_NONE MIGRATE_MOVABLE
#endif

/* include/linux/bpf.h: array maps came to fault their pages in */
#ifdef KPLUG_HAVE_MAP_FAULT
#define KPLUG_MAP_FAULT(fn) .map_mmap_fault = (fn),
#else
#define KPLUG_MAP_FAULT(fn)
#endif

/* mm/huge_memory.c: page numbers came to be numbers. Only where the kernel can tell such an entry from one to pin. */
static inline vm_fault_t kplug_insert_pmd(struct vm_fault *vmf, unsigned long pfn)
{
	bool write = vmf->flags & FAULT_FLAG_WRITE;

	if (!IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP))
		return VM_FAULT_FALLBACK;
#ifdef KPLUG_HAVE_PFN_T
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, write);
#endif
}

/* include/linux/hrtimer.h: one call came to set a timer up */
#ifndef KPLUG_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* include/linux/device.h: each bus had the override in its own device */
#ifndef KPLUG_HAVE_DEVICE_OVERRIDE
static inline int device_set_driver_override(struct device *dev, const char *name)
{
	return driver_set_override(dev, &to_pci_dev(dev)->driver_override, name, strlen(name));
}
#endif

#endif /* KPLUG_COMPAT_H */
