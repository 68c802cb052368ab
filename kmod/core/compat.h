/* SPDX-License-Identifier: GPL-2.0-only */
/* The only place that knows kernel versions: 6.12 and later. */
#ifndef KPLUG_COMPAT_H
#define KPLUG_COMPAT_H

#include <linux/bpf.h>
#include <linux/cred.h>
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
 * KPLUG_HAVE_PROG_CONTEXT, KPLUG_HAVE_ACR_FLAGS, KPLUG_HAVE_MAP_FAULT, KPLUG_HAVE_DEVICE_OVERRIDE.
 */

/* The guard of __bpf_trace_run() (kernel/trace/bpf_trace.c) against a program that runs again inside itself */
static inline bool kplug_prog_enter(struct bpf_prog *prog)
{
#ifdef KPLUG_HAVE_PROG_CONTEXT
	return bpf_prog_get_recursion_context(prog);
#else
	return this_cpu_inc_return(*prog->active) == 1;
#endif
}

static inline void kplug_prog_leave(struct bpf_prog *prog)
{
#ifdef KPLUG_HAVE_PROG_CONTEXT
	bpf_prog_put_recursion_context(prog);
#else
	this_cpu_dec(*prog->active);
#endif
}

/* mm/page_alloc.c: the third argument was a migrate type */
static inline int kplug_alloc_contig_range(unsigned long start, unsigned long end, gfp_t gfp)
{
#ifdef KPLUG_HAVE_ACR_FLAGS
	return alloc_contig_range(start, end, ACR_FLAGS_NONE, gfp);
#else
	return alloc_contig_range(start, end, MIGRATE_MOVABLE, gfp);
#endif
}

/* include/linux/bpf.h: array maps came to fault their pages in */
#ifdef KPLUG_HAVE_MAP_FAULT
#define KPLUG_MAP_FAULT(fn) .map_mmap_fault = (fn),
#else
#define KPLUG_MAP_FAULT(fn)
#endif

/* mm/huge_memory.c: page numbers came to be numbers. Only where the kernel can tell such an entry from one to pin. */
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#define KPLUG_HUGE_FAULT(fn) .huge_fault = (fn),
static inline vm_fault_t kplug_insert_pmd(struct vm_fault *vmf, unsigned long pfn)
{
#ifdef KPLUG_HAVE_PFN_T
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), vmf->flags & FAULT_FLAG_WRITE);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
#endif
}
#else
#define KPLUG_HUGE_FAULT(fn)
static inline vm_fault_t kplug_insert_pmd(struct vm_fault *vmf, unsigned long pfn)
{
	return VM_FAULT_FALLBACK;
}
#endif

/* 6.13: one call sets a timer up */
static inline void kplug_hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *),
				       clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/* include/linux/device.h: each bus had the override in its own device */
static inline int kplug_override_driver(struct pci_dev *pdev, const char *name)
{
#ifdef KPLUG_HAVE_DEVICE_OVERRIDE
	return device_set_driver_override(&pdev->dev, name);
#else
	return driver_set_override(&pdev->dev, &pdev->driver_override, name, strlen(name));
#endif
}

#endif /* KPLUG_COMPAT_H */
