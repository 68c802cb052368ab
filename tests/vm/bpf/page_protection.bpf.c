// SPDX-License-Identifier: GPL-2.0-only
/* Test program, no plugin: an iterator that finds how one mapping is cached (cases/memory/write_combining.c). */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter_meta;
struct task_struct {
	int tgid;
};
struct pgprot {
	unsigned long pgprot;
};
struct vm_area_struct {
	unsigned long vm_start;
	struct pgprot vm_page_prot;
};
struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};
#pragma clang attribute pop

int tgid;
u64 start;
u64 prot; /* 0: there is no such mapping */

SEC("iter/task_vma")
int look(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;

	if (task && vma && task->tgid == tgid && vma->vm_start == start)
		prot = vma->vm_page_prot.pgprot;
	return 0;
}
