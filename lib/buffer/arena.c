// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * BPF arenas as buffers. The program creates the arena, not the module: the address of its first
 * mapping becomes the address of all mappings.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer/buffer.h"

static const struct kp_reason create_reasons[] = {
	{ EPERM, "creating an arena needs CAP_BPF; run it as root" },
	{ EINVAL, "this kernel has no arenas" },
	{ 0, NULL },
};

static const struct kp_reason map_reasons[] = {
	{ EEXIST,
	  "this program has a mapping at the arena's address, perhaps the arena itself; open it earlier, and only "
	  "once" },
	{ 0, NULL },
};

int kp_arena_create(const char *name, size_t bytes, int *ret_fd, void **ret_ptr)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	size_t page = kp_page_round(1), size = kp_page_round(bytes);
	void *ptr;
	int fd, err;

	fd = bpf_map_create(BPF_MAP_TYPE_ARENA, name, 0, 0, (__u32)(size / page), &opts);
	if (fd < 0)
		return kp_fail(fd, create_reasons, "arena %s of %zu bytes", name, bytes);
	ptr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ptr == MAP_FAILED) {
		err = -errno;
		close(fd);
		return kp_fail(err, NULL, "arena %s of %zu bytes: cannot be mapped", name, bytes);
	}
	*ret_fd = fd;
	*ret_ptr = ptr;
	return 0;
}

int kp_arena_map(const struct kplug_buffer_info *info, void **ret_ptr)
{
	void *wanted = (void *)(uintptr_t)info->out_addr, *ptr;

	ptr = mmap(wanted, kp_page_round(info->out_bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		   info->out_fd, 0);
	if (ptr == MAP_FAILED)
		return kp_fail(-errno, map_reasons, "buffer %s: cannot be mapped at %p", info->out_name, wanted);
	*ret_ptr = ptr;
	return 0;
}
