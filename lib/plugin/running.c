// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Reports on the loaded plugin: its programs, their maps and statistics. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/plugin.h"

static const struct kp_reason info_reasons[] = {
	{ ENOENT, "no plugin is loaded" },
	{ 0, NULL },
};

static const struct kp_reason previous_reasons[] = {
	{ ENOENT, "there is no version to roll back to" },
	{ 0, NULL },
};

static const struct kp_reason look_reasons[] = {
	{ EPERM, "inspecting BPF programs needs CAP_SYS_ADMIN; run it as root" },
	{ EAGAIN, "they were replaced meanwhile; retry" },
	{ 0, NULL },
};

int kp_plugin_info(struct kplug_device *dev, uint32_t flags, struct kplug_plugin_info *ret_info,
		   uint32_t ret_ids[KPLUG_HOOK_COUNT])
{
	*ret_info = (struct kplug_plugin_info){
		.size = sizeof(*ret_info),
		.flags = flags,
		.prog_ids = (uintptr_t)ret_ids,
		.prog_count = KPLUG_HOOK_COUNT,
	};
	return kp_ioctl(dev->fd, KPLUG_PLUGIN_INFO, ret_info);
}

static int get_info(struct kplug_device *dev, uint32_t flags, const struct kp_reason *reasons,
		    struct kplug_plugin_info *ret_info, uint32_t ret_ids[KPLUG_HOOK_COUNT])
{
	struct kplug_plugin_info info;
	uint32_t ids[KPLUG_HOOK_COUNT];
	int err = kp_plugin_info(dev, flags, &info, ids);

	if (err)
		return kp_fail(err, reasons, "device %s", dev->name);
	info.prog_ids = 0; /* they are in ids */
	info.prog_count = 0;
	*ret_info = info;
	if (ret_ids)
		memcpy(ret_ids, ids, sizeof(ids));
	return 0;
}

int kplug_plugin_info(struct kplug_device *dev, struct kplug_plugin_info *ret_info)
{
	return get_info(dev, 0, info_reasons, ret_info, NULL);
}

int kplug_plugin_previous(struct kplug_device *dev, struct kplug_plugin_info *ret_info)
{
	return get_info(dev, KPLUG_PLUGIN_PREVIOUS, previous_reasons, ret_info, NULL);
}

int kplug_plugin_prog_ids(struct kplug_device *dev, uint32_t *ret_ids, size_t count)
{
	struct kplug_plugin_info info;
	uint32_t ids[KPLUG_HOOK_COUNT] = { 0 };
	size_t i;
	int err = get_info(dev, 0, info_reasons, &info, ids);

	for (i = 0; !err && i < count; i++)
		ret_ids[i] = i < KPLUG_HOOK_COUNT ? ids[i] : 0;
	return err;
}

int kplug_plugin_programs(struct kplug_device *dev, struct kplug_program_info **ret_programs, size_t *ret_count)
{
	struct kplug_program_info *programs;
	uint32_t ids[KPLUG_HOOK_COUNT] = { 0 };
	size_t count = 0;
	int hook, err;

	err = kplug_plugin_prog_ids(dev, ids, KPLUG_HOOK_COUNT);
	if (err)
		return err;
	programs = calloc(KPLUG_HOOK_COUNT, sizeof(*programs));
	if (!programs)
		return kp_fail(-ENOMEM, NULL, "device %s", dev->name);
	for (hook = 0; !err && hook < KPLUG_HOOK_COUNT; hook++) {
		if (!ids[hook])
			continue;
		programs[count].hook = hook;
		err = kp_prog_info(ids[hook], &programs[count++], NULL);
	}
	if (err) {
		free(programs);
		/* The caller takes -ENOENT for no plugin. */
		return kp_fail(err == -ENOENT ? -EAGAIN : err, look_reasons, "device %s: its programs", dev->name);
	}
	*ret_programs = programs;
	*ret_count = count;
	return 0;
}

bool kp_maps_has(const struct kp_maps *maps, uint32_t id)
{
	size_t i;

	for (i = 0; i < maps->count; i++)
		if (maps->map[i].info.id == id)
			return true;
	return false;
}

/* Maps of globals are named by their section: their kernel name contains the plugin's name. */
static int name_map(struct kp_map *map)
{
	const struct btf_type *t;
	const char *name = NULL;

	if (map->info.btf_id) {
		map->btf = btf__load_from_kernel_by_id(map->info.btf_id);
		if (!map->btf)
			return -errno;
	}
	t = map->btf ? btf__type_by_id(map->btf, map->info.btf_value_type_id) : NULL;
	if (t && btf_is_datasec(t))
		name = btf__name_by_offset(map->btf, t->name_off);
	snprintf(map->name, sizeof(map->name), "%s", name ? name : map->info.name);
	return 0;
}

static int add_map(struct kp_maps *maps, uint32_t id)
{
	struct kp_map *longer, *map;
	__u32 len = sizeof(map->info);
	int fd, err = 0;

	if (kp_maps_has(maps, id))
		return 0;
	longer = realloc(maps->map, (maps->count + 1) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	maps->map = longer;
	map = &longer[maps->count];
	memset(map, 0, sizeof(*map));
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	if (bpf_map_get_info_by_fd(fd, &map->info, &len))
		err = -errno;
	close(fd);
	if (err)
		return err;
	err = name_map(map);
	if (!err)
		maps->count++;
	return err;
}

static int mark_buffers(struct kplug_device *dev, struct kp_maps *maps)
{
	struct kplug_buffer_info *infos;
	size_t count, i, j;
	int err = kplug_buffer_list(dev, &infos, &count);

	if (err)
		return err;
	for (i = 0; i < maps->count; i++)
		for (j = 0; j < count; j++)
			maps->map[i].buffer |= maps->map[i].info.id == infos[j].out_map_id;
	free(infos);
	return 0;
}

int kp_maps_add(struct kp_maps *maps, uint32_t prog_id)
{
	struct kplug_program_info program = { 0 };
	int err = kp_prog_info(prog_id, &program, NULL);
	uint32_t i;

	for (i = 0; !err && i < program.map_count; i++)
		err = add_map(maps, program.map_ids[i]);
	return err;
}

int kp_maps_get(struct kplug_device *dev, struct kp_maps *ret_maps)
{
	uint32_t ids[KPLUG_HOOK_COUNT] = { 0 };
	struct kp_maps maps = { 0 };
	int hook, err;

	err = kplug_plugin_prog_ids(dev, ids, KPLUG_HOOK_COUNT);
	if (err)
		return err;
	for (hook = 0; !err && hook < KPLUG_HOOK_COUNT; hook++)
		if (ids[hook])
			err = kp_maps_add(&maps, ids[hook]);
	if (err) /* the caller takes -ENOENT for no plugin */
		kp_fail(err == -ENOENT ? -EAGAIN : err, look_reasons, "device %s: its plugin's maps", dev->name);
	else
		err = mark_buffers(dev, &maps);
	if (err) {
		kp_maps_free(&maps);
		return err == -ENOENT ? -EAGAIN : err;
	}
	*ret_maps = maps;
	return 0;
}

void kp_maps_free(struct kp_maps *maps)
{
	size_t i;

	for (i = 0; i < maps->count; i++)
		btf__free(maps->map[i].btf);
	free(maps->map);
}
