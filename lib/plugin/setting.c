// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Reads and changes the running plugin's settings: the variables in section .data.settings. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugin/plugin.h"

#define SECTION ".data.settings"
#define TAG "kplug:" /* KPLUG_SETTING() adds a tag "kplug:MIN..MAX" */

/* A mapped section of globals: a map with one value. */
struct section {
	const struct btf *btf;
	const struct btf_type *type; /* the DATASEC */
	char *mem;
	size_t size;
};

static const struct kp_map *find_settings(const struct kp_maps *maps)
{
	size_t i;

	for (i = 0; i < maps->count; i++)
		if (maps->map[i].btf && !strcmp(maps->map[i].name, SECTION) &&
		    maps->map[i].info.map_flags & BPF_F_MMAPABLE)
			return &maps->map[i];
	return NULL;
}

static int map_section(const struct kp_map *map, struct section *s)
{
	int fd, err = 0;

	s->btf = map->btf;
	s->type = btf__type_by_id(map->btf, map->info.btf_value_type_id);
	s->size = kp_page_round(map->info.value_size);
	fd = bpf_map_get_fd_by_id(map->info.id);
	if (fd < 0)
		return -errno;
	s->mem = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s->mem == MAP_FAILED)
		err = -errno;
	close(fd);
	return err;
}

/* The integer type behind typedefs, or NULL; *ret_name: its name in the source. */
static const struct btf_type *integer_type(const struct btf *btf, uint32_t id, const char **ret_name)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	*ret_name = NULL;
	for (; t && (btf_is_mod(t) || btf_is_typedef(t)); t = btf__type_by_id(btf, t->type))
		if (btf_is_typedef(t) && !*ret_name)
			*ret_name = btf__name_by_offset(btf, t->name_off);
	if (!t || !btf_is_int(t) || t->size > 8)
		return NULL;
	if (!*ret_name)
		*ret_name = btf__name_by_offset(btf, t->name_off);
	return t;
}

static void range_of_type(const struct btf_type *t, struct kplug_setting *setting)
{
	unsigned int bits = 8 * t->size;

	setting->min = 0;
	if (btf_int_encoding(t) & BTF_INT_SIGNED)
		setting->min = bits == 64 ? INT64_MIN : -(1LL << (bits - 1));
	if (btf_int_encoding(t) & BTF_INT_BOOL)
		setting->max = 1;
	else if (bits == 64)
		setting->max = INT64_MAX;
	else
		setting->max = (1LL << (bits - (setting->min < 0))) - 1;
}

static void narrow_by_tag(const struct btf *btf, uint32_t var, struct kplug_setting *setting)
{
	long long min, max;
	const char *tag;
	uint32_t id;
	char *end;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_decl_tag(t) || t->type != var)
			continue;
		tag = btf__name_by_offset(btf, t->name_off);
		if (!tag || strncmp(tag, TAG, strlen(TAG)))
			continue;
		min = strtoll(tag + strlen(TAG), &end, 0);
		if (strncmp(end, "..", 2))
			continue;
		max = strtoll(end + 2, &end, 0);
		if (*end)
			continue;
		setting->min = min > setting->min ? min : setting->min;
		setting->max = max < setting->max ? max : setting->max;
	}
}

static int64_t load_value(const void *at, uint32_t bytes, bool is_signed)
{
	int64_t value = 0;

	memcpy(&value, at, bytes); /* x86 is little-endian */
	if (is_signed && bytes < 8)
		value = (int64_t)((uint64_t)value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
	return value;
}

/* Atomic: the plugin may be running. */
static void store_value(void *at, uint32_t bytes, int64_t value)
{
	switch (bytes) {
	case 1:
		__atomic_store_n((uint8_t *)at, (uint8_t)value, __ATOMIC_RELEASE);
		break;
	case 2:
		__atomic_store_n((uint16_t *)at, (uint16_t)value, __ATOMIC_RELEASE);
		break;
	case 4:
		__atomic_store_n((uint32_t *)at, (uint32_t)value, __ATOMIC_RELEASE);
		break;
	default:
		__atomic_store_n((uint64_t *)at, (uint64_t)value, __ATOMIC_RELEASE);
	}
}

/* False: not an integer, or its offset is invalid. */
static bool describe(const struct section *s, const struct btf_var_secinfo *info, struct kplug_setting *ret)
{
	const struct btf_type *var = btf__type_by_id(s->btf, info->type), *t;
	const char *name, *type;

	if (!var || !btf_is_var(var))
		return false;
	t = integer_type(s->btf, var->type, &type);
	name = btf__name_by_offset(s->btf, var->name_off);
	if (!t || !name || info->offset % t->size || info->offset > s->size - t->size)
		return false;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	snprintf(ret->type, sizeof(ret->type), "%s", type);
	ret->bytes = t->size;
	range_of_type(t, ret);
	narrow_by_tag(s->btf, info->type, ret);
	ret->value = load_value(s->mem + info->offset, t->size, ret->min < 0 || btf_int_encoding(t) & BTF_INT_SIGNED);
	return true;
}

/* Calls fn for each setting until it returns non-zero, and returns that. */
static int for_each_setting(struct kplug_device *dev,
			    int (*fn)(void *at, const struct kplug_setting *setting, void *arg), void *arg)
{
	struct section s = { .mem = MAP_FAILED };
	struct kplug_setting setting;
	const struct kp_map *map;
	struct kp_maps maps;
	int err, i;

	err = kp_maps_get(dev, &maps);
	if (err)
		return err;
	map = find_settings(&maps);
	err = map ? map_section(map, &s) : 0;
	if (err)
		kp_fail(err, NULL, "device %s: its plugin's settings", dev->name);
	for (i = 0; map && !err && i < btf_vlen(s.type); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(s.type)[i];

		if (describe(&s, info, &setting))
			err = fn(s.mem + info->offset, &setting, arg);
	}
	if (s.mem != MAP_FAILED)
		munmap(s.mem, s.size);
	kp_maps_free(&maps);
	return err;
}

struct list {
	struct kplug_setting *settings;
	size_t count;
};

static int add_setting(void *at, const struct kplug_setting *setting, void *arg)
{
	struct list *l = arg;
	struct kplug_setting *longer;

	(void)at;
	longer = realloc(l->settings, (l->count + 1) * sizeof(*longer));
	if (!longer)
		return kp_fail(-ENOMEM, NULL, "settings");
	l->settings = longer;
	longer[l->count++] = *setting;
	return 0;
}

int kplug_setting_list(struct kplug_device *dev, struct kplug_setting **ret_settings, size_t *ret_count)
{
	struct list l = { 0 };
	int err = for_each_setting(dev, add_setting, &l);

	if (err) {
		free(l.settings);
		return err;
	}
	*ret_settings = l.settings;
	*ret_count = l.count;
	return 0;
}

struct change {
	const char *name;
	int64_t value;
	bool done;
};

static int change_setting(void *at, const struct kplug_setting *setting, void *arg)
{
	struct change *c = arg;

	if (strcmp(setting->name, c->name))
		return 0;
	if (c->value < setting->min || c->value > setting->max)
		return kp_err(-ERANGE, "setting %s: %lld is not within %lld..%lld", c->name, (long long)c->value,
			      (long long)setting->min, (long long)setting->max);
	store_value(at, setting->bytes, c->value);
	c->done = true;
	return 0;
}

int kplug_setting_set(struct kplug_device *dev, const char *name, int64_t value)
{
	struct change c = { .name = name, .value = value };
	int err = for_each_setting(dev, change_setting, &c);

	if (!err && !c.done)
		err = kp_err(-ESRCH, "device %s: its plugin has no setting %.63s; kplug plugin set %s lists them",
			     dev->name, name, dev->name);
	return err;
}
