/* SPDX-License-Identifier: GPL-2.0-only */
/* Test objects by plain libbpf, program by program. All that return no errno fail the running test on error. */
#ifndef PROG_H
#define PROG_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "rig.h"

/* Opens the object (see rig_object()), with just this program to be loaded; NULL: all. bpf_object__close() it. */
struct bpf_object *prog_open(const char *object, const char *program);
/* Puts a buffer's map in the place of the object's KPLUG_BUFFER(). Before loading. */
void prog_use_buffer(struct bpf_object *obj, int map_fd);
/* 0 or -errno. */
int prog_load(struct bpf_object *obj);
/* The verifier's log of the last prog_load(), if it refused. */
extern char prog_log[1 << 20];
/* Loads it, or fails the test with the log. */
void prog_loads(struct bpf_object *obj);

struct bpf_program *prog_find(struct bpf_object *obj, const char *program);
int prog_fd(struct bpf_object *obj, const char *program);
/* The object's own global variables (section .bss), mapped. After loading. */
void *prog_globals(struct bpf_object *obj);

/* An object whose programs are all attached where their sections say. */
struct prog_links {
	struct bpf_object *obj;
	struct bpf_link *link[KPLUG_HOOK_COUNT];
};
/* Opens, loads and attaches it; map_fd: as prog_use_buffer(), -1: it has no buffer. */
void prog_attach(struct prog_links *links, const char *object, int map_fd);
/* Detaches and closes it. Does nothing if that was done before. */
void prog_detach(struct prog_links *links);

/* The bare ioctl that makes prog_fd[] a plugin: 0 or -errno. */
int prog_plugin(struct kplug_device *device, const int prog_fd[KPLUG_HOOK_COUNT], uint32_t flags);
/* The same for one program, of the hook `call`. */
int prog_call_plugin(struct kplug_device *device, int fd);

/* Waits until the kernel has no such program or map. */
void prog_until_gone(uint32_t prog_id);
void prog_until_map_gone(uint32_t map_id);

#endif /* PROG_H */
