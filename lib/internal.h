/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * What the library's files share. Names with kp_ are visible between files and hidden outside; in the static library
 * the prefix keeps them out of the program's way. Errors are negative errno values throughout.
 */
#ifndef KPLUG_INTERNAL_H
#define KPLUG_INTERNAL_H

#include <linux/bpf.h>
#include <pthread.h>

#include "libkplug.h"

#define KP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define KP_PATH_LEN 512
#define KP_DRIVER_LEN 32 /* struct kplug_scan_entry's driver */
#define KP_ANY_ID 0xffffffffU /* KPLUG_ANY_ID of bpf/kplug.bpf.h */

/* bpf/kplug.bpf.h, which cannot be included here (it brings the kernel's types), defines it for plugins. */
struct kplug_plugin_meta {
	__u32 size;
	__u32 api_version;
	__u32 vendor;
	__u32 device;
	char name[KPLUG_NAME_LEN];
	char version[KPLUG_NAME_LEN];
};
_Static_assert(sizeof(struct kplug_plugin_meta) == 16 + 2 * KPLUG_NAME_LEN, "must be the plugins' layout");

/* The same: what KPLUG_ARENA() has in section .rodata.kplug. */
struct kplug_arena_place {
	__u64 addr, dma_addr, bytes;
};

struct kplug_device {
	char name[KPLUG_NAME_LEN];
	int fd; /* O_NONBLOCK */
	pid_t pid; /* who opened it: the mappings and what it has enabled are not a child's */
	bool *enabled; /* by vector, info.out_vectors of them */
	bool read_only;
	struct kplug_info info; /* of the open: only members that cannot change are looked at */
	pthread_mutex_t bar_lock; /* for making bar[]; read without it */
	void *bar[KPLUG_BAR_MAX]; /* NULL: not tried; MAP_FAILED: cannot be mapped, use the ioctl */
};

/* error.c. kp_err and kp_fail set the thread's error text and return err. */
struct kp_reason {
	int err; /* positive; a table ends with 0 */
	const char *text;
};

int kp_err(int err, const char *fmt, ...) KP_PRINTF(2, 3);
/* "OBJECT: reason", the reason from own (may be NULL), else from what an errno means for all commands. */
int kp_fail(int err, const struct kp_reason *own, const char *object_fmt, ...) KP_PRINTF(3, 4);
void kp_log(enum kplug_log_level level, const char *fmt, ...) KP_PRINTF(2, 3);

/* libbpf_log.c. Between the two, this thread's libbpf messages go to the log callback, none above `most`. */
void kp_libbpf_begin(enum kplug_log_level most);
void kp_libbpf_end(void);
/* The first warning since this thread's last begin; "" if none. */
const char *kp_libbpf_warning(void);

/* util.c */
int kp_ioctl(int fd, unsigned long command, void *arg);
/* Copies opts, whose first member is its size_t sz, over known; NULL gives zeros. Unknown tail not zero: -EINVAL. */
int kp_opts(void *known, size_t known_size, const void *opts, const char *type);
size_t kp_page_round(size_t bytes);
int64_t kp_now_us(void); /* CLOCK_MONOTONIC */
/* When a wait that may be begun anew ends, and what is left of it for poll(); timeout_ms < 0: it never ends. */
int64_t kp_end_ms(int timeout_ms);
int kp_left_ms(int64_t end);

/* sysfs.c. The roots are variables for the unit tests. */
extern const char *kp_sys_root, *kp_dev_root;
bool kp_name_ok(const char *name); /* fit to be a path's last part and a device's name */
int kp_sysfs_read(const char *path, char *buf, size_t size); /* first line, without its end */
int kp_sysfs_write(const char *path, const char *text);
void kp_path(char path[KP_PATH_LEN], const char *fmt, ...) KP_PRINTF(2, 3);
bool kp_module_loaded(void);
bool kp_locked_down(void); /* see kernel_lockdown(7) */
/* What to do about a module that is not loaded; static text. */
const char *kp_load_hint(void);
/* driver is "" if the function has none. -ENOENT: no such function. No error text. */
int kp_pci_driver(const char *addr, char driver[KP_DRIVER_LEN]);

/* reg.c */
int kp_reg_check(const struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width);
void kp_reg_unmap(struct kplug_device *dev);

/* irq.c. Those that were enabled through dev: its file may be held open, by a child or a mapping of the node. */
void kp_irq_disable_all(struct kplug_device *dev);

/* buffer.c. Copies a buffer's name into an ioctl's zeroed member. -EINVAL: it is none. */
int kp_buffer_name(char to[KPLUG_BUFFER_NAME_LEN], const char *name);

struct kplug_buffer {
	void *ptr; /* NULL or mapped */
	size_t bytes;
	enum kplug_buffer_kind kind;
	bool huge; /* mapped through the node, by large pages */
	pid_t pid; /* whose mapping it is; an arena's is no child's */
	size_t start; /* of ptr, in the kernel's first part */
	int first_fd; /* the first part's, if it is not one of these; or -1 */
	size_t count;
	struct kplug_buffer_part part[]; /* fds of their maps, -1: read-only, through the node */
};

/* buffer.c. Room for so many parts, all zero. For the caller to free(). */
struct kplug_buffer *kp_buffer_new(const char *name, size_t count);
/* Maps all parts where that is not done. */
int kp_buffer_map(const struct kplug_device *dev, const char *name, struct kplug_buffer *buf);

/* buffer_alloc.c. opts: of the size that we know. dmabuf_fd: of KPLUG_BUFFER_IMPORTED, else -1. */
int kp_buffer_alloc(struct kplug_device *dev, const char *name, size_t bytes, const struct kplug_alloc_opts *opts,
		    int dmabuf_fd, struct kplug_buffer **ret_buf);
/* buffer.c. What the kernel tells of the first part, and an fd of its map, for the caller to close. */
int kp_buffer_fd(struct kplug_device *dev, const char *name, struct kplug_buffer_info *ret_info, int *ret_fd);

/* arena.c. A new arena, mapped; and one that is a buffer, with info->out_fd, in its place. For the caller to unmap. */
int kp_arena_make(const char *name, size_t bytes, int *ret_fd, void **ret_ptr);
int kp_arena_map(const struct kplug_buffer_info *info, void **ret_ptr);

/* meta.c. Reads a plugin object's metadata from memory, which may be hostile; what names the file in error texts. */
int kp_meta_parse(const void *mem, size_t size, const char *what, struct kplug_plugin_meta *ret_meta);

/* verifier_log.c. The few lines of a verifier log that tell what was refused and where, each indented. */
void kp_verifier_pick(const char *log, char *out, size_t out_size);

/* plugin.c. A plugin's programs: one per hook, and two that the library runs itself. */
enum { KP_PROBE = KPLUG_HOOK_COUNT, KP_MIGRATE, KP_PROGRAMS };
struct bpf_object;
struct bpf_program;
struct bpf_map;
struct btf;
struct kplug_plugin {
	struct kplug_plugin_meta meta;
	struct bpf_object *obj;
	struct bpf_program *prog[KP_PROGRAMS]; /* NULL: it has none */
	struct bpf_map *buffer; /* the map behind KPLUG_BUFFER, or NULL */
	char *log; /* of the last load, or NULL */
	bool spent; /* libbpf loads an object once */
};
extern const char *const kp_program_names[KP_PROGRAMS];

/*
 * plugin_verify.c. Verifies the object's programs. level: the log's, or 0. ret_logs: NULL, or gets KP_PROGRAMS logs of
 * KP_LOG_LEN each, for the caller to free(); a longer one keeps its end, where the reason stands.
 */
#define KP_LOG_LEN ((size_t)4 << 20)
int kp_verify(struct kplug_plugin *plugin, unsigned int level, char **ret_logs);
int kp_libbpf_failed(const struct kplug_plugin *plugin, int err);
#define KP_NEEDS_CAPS "needs CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN outside any user namespace; run it as root"

/* plugin_running.c. What runs, and its programs' ids by hook, 0: none. -errno without an error text. */
int kp_plugin_info(struct kplug_device *dev, uint32_t flags, struct kplug_plugin_info *ret_info,
		   uint32_t ret_ids[KPLUG_HOOK_COUNT]);

/* The maps that a device's plugin uses. */
struct kp_map {
	struct bpf_map_info info;
	struct btf *btf; /* or NULL */
	char name[64]; /* of a section of globals (".bss"), or as the kernel knows it: the first 15 bytes */
	bool buffer; /* one of the device's */
};
struct kp_maps {
	struct kp_map *map;
	size_t count;
};
/* ret_name may be NULL. No error text. */
int kp_program_look(uint32_t id, struct kplug_program_info *ret_program, char ret_name[BPF_OBJ_NAME_LEN]);
int kp_maps_get(struct kplug_device *dev, struct kp_maps *ret_maps); /* -ENOENT: no plugin */
int kp_maps_add(struct kp_maps *maps, uint32_t prog_id); /* no error text */
void kp_maps_free(struct kp_maps *maps);
bool kp_maps_has(const struct kp_maps *maps, uint32_t id);

/* plugin_load.c. Who loads, swaps, rolls back, unloads or cleans up queues up here; closing the device unlocks. */
int kp_lock(struct kplug_device *dev);

/*
 * plugin_buffer.c. An fd of the map for the plugin's KPLUG_BUFFER(), for the caller to close; untouched if it has none.
 * wanted: NULL, or the buffer's name. running: NULL, or what runs: its buffer is the one by default.
 */
int kp_buffer_choose(const struct kplug_plugin *plugin, struct kplug_device *dev, const char *wanted,
		     const struct kp_maps *running, int *ret_fd);

/* plugin_state.c. Puts an existing map in the place of one of the object's; before it is loaded. */
int kp_map_give(struct kplug_plugin *plugin, struct bpf_map *map, int fd);
/* As struct kp_map's: its section's, of globals. */
const char *kp_map_name(const struct kplug_plugin *plugin, const struct bpf_map *map);
/* Gives it the running version's maps, as kplug_plugin_swap() says; buffers are not among them. */
int kp_state_carry(struct kplug_plugin *plugin, const struct kp_maps *running, bool fresh);

/*
 * plugin_pin.c. Pins stand in /sys/fs/bpf/kplug/DEV, or in DEV:new while they are made; the device is locked. Those
 * whose programs are not the running ones are left-overs of whoever was killed between two steps, and go.
 */
bool kp_pinned(struct kplug_device *dev);
/* Pins programs that are about to run, and their maps. prog_ids: by hook, 0: none. */
int kp_pin_new(struct kplug_device *dev, const uint32_t prog_ids[KPLUG_HOOK_COUNT]);
/* Makes the pins fit what runs; after each change and before. */
void kp_pin_tidy(struct kplug_device *dev);

/* kfunc_names.c. No error text. */
struct kp_kfunc_names;
int kp_kfunc_names_get(struct kp_kfunc_names **ret_names);
void kp_kfunc_names_free(struct kp_kfunc_names *names); /* takes NULL */
const char *kp_kfunc_name(const struct kp_kfunc_names *names, const struct bpf_insn *insn, const struct btf *object);

/* plugin_insns.c. Fills in what a loaded program's instructions tell. No error text. */
int kp_insns_look(const struct bpf_program *prog, const struct btf *object, const struct kp_kfunc_names *names,
		  struct kplug_check *check);
/* Adds a name to a list with commas, if it is not in it and fits. */
void kp_list_add(char *list, size_t size, const char *name);

/* btf_layout.c. True if two types have the same layout; else text says where they differ, a being the newer one. */
bool kp_btf_same(const struct btf *a, uint32_t id_a, const struct btf *b, uint32_t id_b, char *text, size_t size);

#endif /* KPLUG_INTERNAL_H */
