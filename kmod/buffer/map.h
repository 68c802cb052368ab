/* SPDX-License-Identifier: GPL-2.0-only */
/* Only map.c knows what is inside struct bpf_map. Others hold maps, by bpf_map_inc() and bpf_map_put(). */
#ifndef KPLUG_MAP_H
#define KPLUG_MAP_H

#include <linux/bpf.h>

struct file;
struct kplug_buffer;

/*
 * An array map of one element of buf->bytes, charged to the caller. Sets buf->map (held by the caller) and map_id.
 * Native: an unmodified map; sets virt, too. Backed: a map on buf's pages, with ops of our own. From then on its last
 * reference frees the buffer, through kplug_buffer_delete().
 */
int kplug_map_create(struct kplug_buffer *buf);

/*
 * Take the arena behind an fd of the caller's. Sets buf->map (held) and map_id, and *ret_file, which the caller
 * fput()s. -EBADF: the fd is not open, -EINVAL: not an arena.
 */
int kplug_map_take_arena(struct kplug_buffer *buf, int fd, struct file **ret_file);

/* The buffer of a backed map, which the caller holds. */
struct kplug_buffer *kplug_map_buffer(const struct bpf_map *map);

/* A new fd of a map that the caller holds, in the caller's table; or a negative errno. */
int kplug_map_fd(struct bpf_map *map);

int kplug_map_init(void);
void kplug_map_exit(void);

#endif /* KPLUG_MAP_H */
