/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Room plugin: plugin objects, loading and swapping, pins, settings, checks, and observers. */
#ifndef KPLUG_LIB_PLUGIN_H
#define KPLUG_LIB_PLUGIN_H

#include "buffer/buffer.h"

#define KP_ANY_ID 0xffffffffU /* KPLUG_ANY_ID of bpf/kplug.bpf.h */

struct bpf_map;
struct bpf_object;
struct bpf_program;
struct btf;

/* Same as in bpf/kplug.bpf.h, which defines the kernel's types and cannot be included here. */
struct kplug_plugin_meta {
	__u32 size;
	__u32 api_version;
	__u32 vendor;
	__u32 device;
	char name[KPLUG_NAME_LEN];
	char version[KPLUG_NAME_LEN];
};
_Static_assert(sizeof(struct kplug_plugin_meta) == 16 + 2 * KPLUG_NAME_LEN, "must be the plugins' layout");

/* Same as in bpf/kplug.bpf.h: what KPLUG_ARENA() has in section .rodata.kplug. */
struct kplug_arena_place {
	__u64 addr, dma_addr, bytes;
};

/* plugin.c. A plugin's programs: one per hook, and two that the library itself runs. */
enum { KP_PROBE = KPLUG_HOOK_COUNT, KP_MIGRATE, KP_PROGRAMS };
struct kplug_plugin {
	struct kplug_plugin_meta meta;
	struct bpf_object *obj;
	struct bpf_program *prog[KP_PROGRAMS]; /* NULL: not present */
	struct bpf_map *buffer; /* the map of KPLUG_BUFFER() or KPLUG_ARENA(), or NULL */
	char *log; /* verifier log of the last load, or NULL */
	bool consumed; /* libbpf loads an object once */
};
extern const char *const kp_program_names[KP_PROGRAMS];

/* meta.c. Parses the metadata of an untrusted object in memory. what: its name, for error texts. */
int kp_meta_parse(const void *mem, size_t size, const char *what, struct kplug_plugin_meta *ret_meta);

/* verifier_log.c. Extracts the lines of a verifier log that say what was refused, indented. */
void kp_verifier_summary(const char *log, char *out, size_t out_size);

/*
 * verify.c. Loads the object's programs. level: of the verifier's log, or 0. ret_logs: NULL, or
 * gets KP_PROGRAMS logs of KP_LOG_LEN bytes each, which the caller frees; a longer log keeps its
 * end, where the reason is.
 */
#define KP_LOG_LEN ((size_t)4 << 20)
int kp_verify(struct kplug_plugin *plugin, unsigned int level, char **ret_logs);
int kp_libbpf_failed(const struct kplug_plugin *plugin, int err);

/* running.c. The running plugin and its programs' ids by hook, 0: none. Sets no error text. */
int kp_plugin_info(struct kplug_device *dev, uint32_t flags, struct kplug_plugin_info *ret_info,
		   uint32_t ret_ids[KPLUG_HOOK_COUNT]);

/* running.c. The maps that a device's plugin uses. */
struct kp_map {
	struct bpf_map_info info;
	struct btf *btf; /* or NULL */
	char name[64]; /* a section of globals (".bss"), else the kernel's name: the first 15 bytes */
	bool buffer; /* one of the device's buffers */
};
struct kp_maps {
	struct kp_map *map;
	size_t count;
};
int kp_maps_get(struct kplug_device *dev, struct kp_maps *ret_maps); /* -ENOENT: no plugin */
int kp_maps_add(struct kp_maps *maps, uint32_t prog_id); /* sets no error text */
void kp_maps_free(struct kp_maps *maps);
bool kp_maps_has(const struct kp_maps *maps, uint32_t id);

/* load.c. Serializes changes of the plugin between processes; closing the device unlocks. */
int kp_plugin_lock(struct kplug_device *dev);

/*
 * buffer.c. Opens the map for the plugin's KPLUG_BUFFER(); the caller closes *ret_fd, which is
 * untouched if the plugin has none. wanted: the buffer's name, or NULL. running: the running
 * version's maps, or NULL: its buffer is the default.
 */
int kp_buffer_choose(const struct kplug_plugin *plugin, struct kplug_device *dev, const char *wanted,
		     const struct kp_maps *running, int *ret_fd);

/* state.c. Replaces one of the object's maps by an existing one, before the object is loaded. */
int kp_map_reuse(struct kplug_plugin *plugin, struct bpf_map *map, int fd);
/* As kp_map.name: the section's name if the map holds globals. */
const char *kp_map_name(const struct kplug_plugin *plugin, const struct bpf_map *map);
/* Gives the object the running version's maps, as kplug_plugin_swap() defines it; buffers excepted. */
int kp_state_carry(struct kplug_plugin *plugin, const struct kp_maps *running, bool fresh);

/*
 * pin.c. Pins are in /sys/fs/bpf/kplug/DEV, and in DEV:new until their plugin is installed. The
 * caller holds kp_plugin_lock(). Pins whose programs are not the running ones are stale: their
 * owner was killed between two steps.
 */
bool kp_pinned(struct kplug_device *dev);
/* Pins programs about to be installed, and their maps, in DEV:new. prog_ids: by hook, 0: none. */
int kp_pin_stage(struct kplug_device *dev, const uint32_t prog_ids[KPLUG_HOOK_COUNT]);
/* Publishes staged pins of running programs, removes stale pins; before and after each change. */
void kp_pin_sync(struct kplug_device *dev);

/* kfunc_names.c. Sets no error text. */
struct kp_kfunc_names;
int kp_kfunc_names_get(struct kp_kfunc_names **ret_names);
void kp_kfunc_names_free(struct kp_kfunc_names *names); /* takes NULL */
const char *kp_kfunc_name(const struct kp_kfunc_names *names, const struct bpf_insn *insn, const struct btf *object);

/* insns.c. Fills in what the instructions of a loaded program show. Sets no error text. */
int kp_insns_inspect(const struct bpf_program *prog, const struct btf *object, const struct kp_kfunc_names *names,
		     struct kplug_check *check);
/* Appends a name to a comma-separated list, unless it is in the list or does not fit. */
void kp_list_add(char *list, size_t size, const char *name);

/* btf_layout.c. True if layout and names are the same; else text says where a, the newer, differs. */
bool kp_btf_same(const struct btf *a, uint32_t id_a, const struct btf *b, uint32_t id_b, char *text, size_t size);

#endif /* KPLUG_LIB_PLUGIN_H */
