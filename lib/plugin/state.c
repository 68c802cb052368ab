// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Carries state over a swap: gives the new version the running version's maps. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugin/plugin.h"

#define OLD_PREFIX "old_" /* a migrate program declares the old version's map NAME as old_NAME */
#define OLD_SUFFIX ".old" /* and its section .NAME as .NAME.old */
#define KERNEL_NAME_LEN (BPF_OBJ_NAME_LEN - 1)

/*
 * For a map of globals, libbpf holds a scratch mapping of the map's size and unmaps by the size at
 * the end. So resize it before bpf_map__reuse_fd() changes the size, or libbpf unmaps other memory.
 * (Its warning that the map's BTF does not match any more is true, and harmless.)
 */
int kp_map_reuse(struct kplug_plugin *plugin, struct bpf_map *map, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int err = 0;

	kp_libbpf_begin(KPLUG_LOG_DEBUG);
	if (bpf_map_get_info_by_fd(fd, &info, &len))
		err = -errno;
	else if (info.value_size != bpf_map__value_size(map))
		err = bpf_map__set_value_size(map, info.value_size);
	err = err ?: bpf_map__reuse_fd(map, fd);
	kp_libbpf_end();
	return err ? kp_libbpf_failed(plugin, err) : 0;
}

const char *kp_map_name(const struct kplug_plugin *plugin, const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(plugin->obj);
	const struct btf_type *t = btf ? btf__type_by_id(btf, bpf_map__btf_value_type_id(map)) : NULL;

	return t && btf_is_datasec(t) ? btf__name_by_offset(btf, t->name_off) : bpf_map__name(map);
}

static bool is_constant(const char *name)
{
	return !strncmp(name, ".rodata", strlen(".rodata")) || !strcmp(name, ".kconfig");
}

/* The kernel truncates names, except of sections. */
static bool same_name(const char *name, const char *running)
{
	return !strcmp(name, running) ||
	       (strlen(running) == KERNEL_NAME_LEN && running[0] != '.' && !strncmp(name, running, KERNEL_NAME_LEN));
}

static struct bpf_map *find_map(const struct kplug_plugin *plugin, const char *running)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, plugin->obj)
	{
		if (map != plugin->buffer && same_name(kp_map_name(plugin, map), running))
			return map;
	}
	return NULL;
}

/* True if name is how a migrate program declares the running version's map. */
static bool is_old_name_of(const char *name, const char *running)
{
	size_t len = strlen(running);

	if (running[0] == '.')
		return !strncmp(name, running, len) && !strcmp(name + len, OLD_SUFFIX);
	return !strncmp(name, OLD_PREFIX, strlen(OLD_PREFIX)) && same_name(name + strlen(OLD_PREFIX), running);
}

/* NULL: the migrate program does not read that map. */
static struct bpf_map *find_old(const struct kplug_plugin *plugin, const char *running)
{
	struct bpf_map *map;

	if (!plugin->prog[KP_MIGRATE])
		return NULL;
	bpf_object__for_each_map(map, plugin->obj)
	{
		if (map != plugin->buffer && is_old_name_of(kp_map_name(plugin, map), running))
			return map;
	}
	return NULL;
}

static bool is_old(const char *name)
{
	size_t len = strlen(name), end = strlen(OLD_SUFFIX);

	if (name[0] == '.')
		return len > end && !strcmp(name + len - end, OLD_SUFFIX);
	return !strncmp(name, OLD_PREFIX, strlen(OLD_PREFIX));
}

static bool fields_differ(const struct bpf_map *map, const struct bpf_map_info *info, char *text, size_t size)
{
	const struct {
		const char *what;
		uint32_t is, was;
	} fields[] = {
		{ "type", bpf_map__type(map), info->type },
		{ "key size", bpf_map__key_size(map), info->key_size },
		{ "value size", bpf_map__value_size(map), info->value_size },
		/* 0: one per CPU */
		{ "number of entries", bpf_map__max_entries(map) ?: info->max_entries, info->max_entries },
		{ "flags", bpf_map__map_flags(map), info->map_flags },
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (fields[i].is == fields[i].was)
			continue;
		snprintf(text, size, "its %s is %u and was %u", fields[i].what, fields[i].is, fields[i].was);
		return true;
	}
	return false;
}

static bool layouts_differ(const struct kplug_plugin *plugin, const struct bpf_map *map, const struct kp_map *running,
			   char *text, size_t size)
{
	uint32_t key = bpf_map__btf_key_type_id(map), value = bpf_map__btf_value_type_id(map);
	const struct btf *btf = bpf_object__btf(plugin->obj);
	const struct bpf_map_info *info = &running->info;

	if (!btf || !running->btf)
		return false;
	if (key && info->btf_key_type_id && !kp_btf_same(btf, key, running->btf, info->btf_key_type_id, text, size))
		return true;
	return value && info->btf_value_type_id &&
	       !kp_btf_same(btf, value, running->btf, info->btf_value_type_id, text, size);
}

/* For globals compare layouts first: naming the variable tells more than the section's size. */
static bool map_differs(const struct kplug_plugin *plugin, const struct bpf_map *map, const struct kp_map *running,
			char *text, size_t size)
{
	if (running->name[0] == '.' && layouts_differ(plugin, map, running, text, size))
		return true;
	return fields_differ(map, &running->info, text, size) || layouts_differ(plugin, map, running, text, size);
}

static int give_map(struct kplug_plugin *plugin, struct bpf_map *map, const struct kp_map *running)
{
	int fd = bpf_map_get_fd_by_id(running->info.id), err;

	if (fd < 0)
		return kp_fail(-errno, NULL, "plugin %s: map %s of the running version", plugin->meta.name,
			       running->name);
	err = kp_map_reuse(plugin, map, fd);
	close(fd);
	return err;
}

static int does_not_carry(const struct kplug_plugin *plugin, const char *map, const char *why)
{
	return kp_err(-ESTALE,
		      "plugin %s: map %s of the running version does not carry over: %s; swap without its state, or "
		      "give the new version a migrate program",
		      plugin->meta.name, map, why);
}

static int carry_map(struct kplug_plugin *plugin, const struct kp_map *running)
{
	struct bpf_map *map = find_map(plugin, running->name);
	char why[256] = "the new version has no map of this name";

	if (find_old(plugin, running->name))
		return 0; /* its replacement starts empty, for migrate to fill */
	if (map && !map_differs(plugin, map, running, why, sizeof(why)))
		return give_map(plugin, map, running);
	return plugin->prog[KP_MIGRATE] ? 0 : does_not_carry(plugin, running->name, why);
}

/* Gives migrate a map of the running version, which must exist there. */
static int give_old(struct kplug_plugin *plugin, struct bpf_map *map, const struct kp_maps *running)
{
	const char *name = kp_map_name(plugin, map);
	size_t i;

	for (i = 0; i < running->count; i++) {
		const struct bpf_map_info *info = &running->map[i].info;

		if (find_old(plugin, running->map[i].name) != map)
			continue;
		if (bpf_map__type(map) == info->type && bpf_map__key_size(map) == info->key_size &&
		    (name[0] == '.' || bpf_map__value_size(map) == info->value_size))
			return give_map(plugin, map, &running->map[i]);
		return does_not_carry(
			plugin, running->map[i].name,
			"its type, key size or value size differs from the migrate program's declaration");
	}
	return does_not_carry(plugin, name, "the migrate program declares it, but the running version has no such map");
}

static int skip_migrate(struct kplug_plugin *plugin)
{
	struct bpf_map *map;
	int err = 0;

	if (!plugin->prog[KP_MIGRATE])
		return 0;
	bpf_program__set_autoload(plugin->prog[KP_MIGRATE], false);
	bpf_object__for_each_map(map, plugin->obj)
	{
		if (is_old(kp_map_name(plugin, map)))
			err = err ?: bpf_map__set_autocreate(map, false);
	}
	return err ? kp_libbpf_failed(plugin, err) : 0;
}

int kp_state_carry(struct kplug_plugin *plugin, const struct kp_maps *running, bool fresh)
{
	struct bpf_map *map;
	int err = 0;
	size_t i;

	if (!running || fresh)
		return skip_migrate(plugin);
	for (i = 0; !err && i < running->count; i++)
		if (!is_constant(running->map[i].name) && !running->map[i].buffer)
			err = carry_map(plugin, &running->map[i]);
	bpf_object__for_each_map(map, plugin->obj)
	{
		if (!err && plugin->prog[KP_MIGRATE] && is_old(kp_map_name(plugin, map)))
			err = give_old(plugin, map, running);
	}
	return err;
}
