/* SPDX-License-Identifier: GPL-2.0-only */
/* map.c is the only file that knows struct bpf_map. */
#ifndef KPLUG_MAP_H
#define KPLUG_MAP_H

#include <linux/types.h>

#include "kplug_uapi.h"

struct bpf_map;
struct file;
struct kplug_buffer;

/*
 * A genuine, unmodified one-element array map of buf->bytes, charged to the caller. Sets buf->map (held), map_id,
 * virt and pages. The caller puts the map and kvfree()s the pages.
 */
int kplug_map_create_paged(struct kplug_buffer *buf);

/*
 * An array map whose memory is buf's, with ops of our own. Sets buf->map (held by the caller from then on) and map_id.
 * Once this has succeeded the buffer ends through kplug_buffer_end_owned() when the map's last reference goes.
 */
int kplug_map_create_owner(struct kplug_buffer *buf);

/*
 * Takes the arena behind an fd of the caller's. Sets buf->map (held) and map_id, and *ret_file, which the caller
 * fput()s. -EBADF: the fd is not open, -EINVAL: not an arena.
 */
int kplug_map_take_arena(struct kplug_buffer *buf, int fd, struct file **ret_file);

/* The buffer of a map that owns one, of which the caller holds a reference. */
struct kplug_buffer *kplug_map_buffer(const struct bpf_map *map);

/* One more reference; false if the map is on its way out. */
bool kplug_map_get(struct bpf_map *map);
void kplug_map_put(struct bpf_map *map);

/* How many references are held. Changes at any time; 0 is for ever. */
s64 kplug_map_users(const struct bpf_map *map);

/* Is it held by an fd, a mapping or a pin, and not only by programs? */
bool kplug_map_has_fd(const struct bpf_map *map);

/* A new fd of the map, on which the caller holds a reference, in the caller's table; or a negative errno. */
int kplug_map_fd(struct bpf_map *map);

int kplug_map_init(void); /* makes kplug_workqueue, too */
void kplug_map_exit(void);

#endif /* KPLUG_MAP_H */
