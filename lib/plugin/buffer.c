// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Chooses the device's buffer that backs a plugin's KPLUG_BUFFER() or KPLUG_ARENA(). */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/plugin.h"

static bool wants_arena(const struct kplug_plugin *plugin)
{
	return bpf_map__type(plugin->buffer) == BPF_MAP_TYPE_ARENA;
}

/* The device's only buffer, or of several the only one that the running version uses. */
static int default_buffer(const struct kplug_plugin *plugin, struct kplug_device *dev, const struct kp_maps *running,
			  char name[KPLUG_BUFFER_NAME_LEN])
{
	struct kplug_buffer_info *infos;
	size_t count, i, names = 0, fit = 0;
	int err = kplug_buffer_list(dev, &infos, &count);

	if (err)
		return err;
	for (i = 0; i < count; i++)
		names += !infos[i].out_part;
	for (i = 0; i < count; i++) {
		if (infos[i].out_part)
			continue;
		if (names > 1 && !(running && kp_maps_has(running, infos[i].out_map_id)))
			continue;
		memcpy(name, infos[i].out_name, KPLUG_BUFFER_NAME_LEN);
		fit++;
	}
	free(infos);
	if (!names)
		return kp_err(-ENOENT,
			      "plugin %s: needs a buffer of %zu bytes, but device %s has none; allocate one "
			      "first",
			      plugin->meta.name, kplug_plugin_buffer_size(plugin), dev->name);
	if (fit != 1)
		return kp_err(-ENOENT, "plugin %s: device %s has %zu buffers; name the one to use", plugin->meta.name,
			      dev->name, names);
	return 0;
}

static int set_arena_place(const struct kplug_plugin *plugin, const struct kplug_buffer_info *info)
{
	const struct kplug_arena_place place = { info->out_addr, info->out_dma_addr, info->out_bytes };
	struct bpf_map *map = bpf_object__find_map_by_name(plugin->obj, ".rodata.kplug");
	int err = map ? bpf_map__set_initial_value(map, &place, sizeof(place)) : -ENOENT;

	return err ? kp_err(-EBADMSG, "plugin %s: its arena is not declared by KPLUG_ARENA(); use that",
			    plugin->meta.name)
		   : 0;
}

static int check_fits(const struct kplug_plugin *plugin, const struct kplug_buffer_info *info)
{
	size_t needed = kplug_plugin_buffer_size(plugin);
	uint64_t has = wants_arena(plugin) ? kp_page_round(info->out_bytes) : info->out_bytes;

	if ((info->out_kind == KPLUG_BUFFER_ARENA) != wants_arena(plugin))
		return kp_err(-EINVAL, "plugin %s: uses %s, but buffer %s is %s arena; allocate one of the other kind",
			      plugin->meta.name, wants_arena(plugin) ? "KPLUG_ARENA()" : "KPLUG_BUFFER()",
			      info->out_name, wants_arena(plugin) ? "no" : "an");
	if (has < needed)
		return kp_err(-EMSGSIZE,
			      "plugin %s: needs a buffer of %zu bytes, but buffer %s has %llu; allocate a larger one",
			      plugin->meta.name, needed, info->out_name, (unsigned long long)info->out_bytes);
	return 0;
}

int kp_buffer_choose(const struct kplug_plugin *plugin, struct kplug_device *dev, const char *wanted,
		     const struct kp_maps *running, int *ret_fd)
{
	char chosen[KPLUG_BUFFER_NAME_LEN] = "";
	struct kplug_buffer_info info = { 0 };
	int err, fd = -1;

	if (!plugin->buffer)
		return 0;
	err = wanted ? 0 : default_buffer(plugin, dev, running, chosen);
	err = err ?: kp_buffer_fd(dev, wanted ? wanted : chosen, &info, &fd);
	if (err)
		return err;
	err = check_fits(plugin, &info);
	if (!err && wants_arena(plugin))
		err = set_arena_place(plugin, &info);
	if (err)
		close(fd);
	else
		*ret_fd = fd;
	return err;
}
