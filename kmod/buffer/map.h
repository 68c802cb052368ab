/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Only map.c changes what is inside struct bpf_map. Others hold maps, by bpf_map_inc() and bpf_map_put(), and read the
 * id, which is a map's own for as long as it is held.
 */
#ifndef KPLUG_MAP_H
#define KPLUG_MAP_H

#include <linux/bpf.h>

struct kplug_buffer;

/*
 * An array map of one element of buf->bytes, charged to the caller. Sets buf->map, held by the caller. Native: an
 * unmodified map; sets virt, too. Backed: a map on buf's pages, with ops of our own. From then on its last reference
 * frees the buffer, through kplug_buffer_delete().
 */
int kplug_map_create(struct kplug_buffer *buf);

/* The buffer of a backed map, which the caller holds. */
struct kplug_buffer *kplug_map_buffer(const struct bpf_map *map);

/* A new fd of a map that the caller holds, in the caller's table; or a negative errno. */
int kplug_map_fd(struct bpf_map *map);

int kplug_map_init(void);
void kplug_map_exit(void);

#endif /* KPLUG_MAP_H */
