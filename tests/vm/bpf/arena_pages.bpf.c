// SPDX-License-Identifier: GPL-2.0-only
/* Frees or allocates a page of an arena, as any program with its map may. By bpf_prog_test_run(): may sleep. */
#include "kplug.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
} arena SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

void bpf_arena_free_pages(void *map, void __arena *ptr, u32 pages) __ksym;
void __arena *bpf_arena_alloc_pages(void *map, void __arena *addr, u32 pages, int node, u64 flags) __ksym;

struct args {
	u64 addr;
};

SEC("syscall")
int free_page(struct args *ctx)
{
	bpf_arena_free_pages(&arena, (void __arena *)ctx->addr, 1);
	return 0;
}

SEC("syscall")
int alloc_page(struct args *ctx)
{
	return !bpf_arena_alloc_pages(&arena, (void __arena *)ctx->addr, 1, -1, 0);
}
