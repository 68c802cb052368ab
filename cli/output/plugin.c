// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* A device's plugin as text and as JSON. */
#include "output/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

char *hooks_text(uint32_t hooks)
{
	char *text = must_have(strdup(""));

	for (int h = 0; h < KPLUG_HOOK_COUNT; h++) {
		char *longer;

		if (!(hooks & (1U << h)))
			continue;
		longer = format_text("%s%s%s", text, text[0] ? "," : "", kplug_hook_name(h));
		free(text);
		text = longer;
	}
	return text;
}

cJSON *hooks_array(uint32_t hooks)
{
	cJSON *array = json_array();

	for (int h = 0; h < KPLUG_HOOK_COUNT; h++)
		if (hooks & (1U << h))
			json_append(array, cJSON_CreateString(kplug_hook_name(h)));
	return array;
}

uint32_t loaded_hooks(const struct loaded *l)
{
	uint32_t hooks = 0;

	for (int h = 0; h < KPLUG_HOOK_COUNT; h++)
		if (l->prog_ids[h])
			hooks |= 1U << h;
	return hooks;
}

/* Finds the buffer that the plugin's programs use; "" if none. */
static void find_plugin_buffer(const struct kplug_buffer_info *buffers, size_t count, struct loaded *l)
{
	for (size_t b = 0; b < count; b++)
		for (size_t p = 0; p < l->count; p++)
			for (uint32_t m = 0; m < l->programs[p].map_count; m++)
				if (l->programs[p].map_ids[m] == buffers[b].out_map_id)
					memcpy(l->buffer, buffers[b].out_name, sizeof(l->buffer));
}

int loaded_get(struct kplug_device *dev, struct loaded *l)
{
	struct kplug_buffer_info *buffers;
	size_t count;
	int err;

	*l = (struct loaded){ .device = kplug_device_name(dev) };
	err = kplug_plugin_info(dev, &l->info);
	if (!err)
		err = kplug_plugin_prog_ids(dev, l->prog_ids, KPLUG_HOOK_COUNT);
	if (err)
		return err;
	err = kplug_plugin_pins(dev, &l->pins);
	l->pins_known = !err || err == -ENOENT;
	l->has_previous = !kplug_plugin_previous(dev, &l->previous);
	/* Without the right to see programs, the rest is shown. */
	if (kplug_plugin_programs(dev, &l->programs, &l->count))
		return 0;
	err = kplug_buffer_list(dev, &buffers, &count);
	if (err) {
		loaded_free(l);
		return err;
	}
	find_plugin_buffer(buffers, count, l);
	free(buffers);
	return 0;
}

void loaded_free(struct loaded *l)
{
	free(l->programs);
	free(l->pins);
	l->programs = NULL;
	l->pins = NULL;
	l->count = 0;
}

static uint64_t time_per_run(const struct kplug_program_info *p)
{
	return p->runs ? p->run_time / p->runs : 0;
}

static char *maps_text(const struct kplug_program_info *p)
{
	char *text = must_have(strdup(""));

	for (uint32_t m = 0; m < p->map_count; m++) {
		char *longer = format_text("%s%s%u", text, m ? "," : "", p->map_ids[m]);

		free(text);
		text = longer;
	}
	return text;
}

static void tag_text(const struct kplug_program_info *p, char ret_text[17])
{
	for (int i = 0; i < 8; i++)
		sprintf(ret_text + 2 * i, "%02x", p->tag[i]);
}

static void print_program(const struct kplug_program_info *p)
{
	char *maps = maps_text(p), tag[17], *runs;

	tag_text(p, tag);
	if (p->counted)
		runs = format_text("%" PRIu64 " runs, %" PRIu64 " ns each", p->runs, time_per_run(p));
	else
		runs = format_text("runs not counted");
	print_field("hook", "%s, program id %u, tag %s, map ids %s, %s", kplug_hook_name(p->hook), p->id, tag,
		    p->map_count ? maps : "none", runs);
	free(runs);
	free(maps);
}

/* boot_ns is of CLOCK_BOOTTIME. */
static uint64_t seconds_since(uint64_t boot_ns)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) || (uint64_t)now.tv_sec < boot_ns / 1000000000)
		return 0;
	return (uint64_t)now.tv_sec - boot_ns / 1000000000;
}

void loaded_print(const struct loaded *l)
{
	const struct kplug_plugin_info *info = &l->info;

	print_field("plugin", "%s", info->out_name);
	print_field("version", "%s", info->out_version);
	print_field("loaded", "%" PRIu64 " s ago by uid %u", seconds_since(info->out_load_time), info->out_uid);
	if (l->buffer[0])
		print_field("buffer", "%s", l->buffer);
	print_field("pinned", "%s", l->pins ?: l->pins_known ? "no" : "unknown");
	for (size_t p = 0; p < l->count; p++)
		print_program(&l->programs[p]);
	for (int h = 0; !l->count && h < KPLUG_HOOK_COUNT; h++)
		if (l->prog_ids[h])
			print_field("hook", "%s, program id %u", kplug_hook_name(h), l->prog_ids[h]);
	print_field("misses", "%" PRIu64, (uint64_t)info->out_misses);
	print_field("swaps", "%u", info->out_swaps);
	if (info->out_last_error)
		print_field("last error", "%" PRId64 " (%s)", (int64_t)info->out_last_error,
			    errno_name((int)-info->out_last_error));
	else
		print_field("last error", "none");
	if (l->has_previous)
		print_field("previous", "%s %s", l->previous.out_name, l->previous.out_version);
	else
		print_field("previous", "none");
}

static cJSON *program_object(const struct kplug_program_info *p)
{
	cJSON *o = json_object(), *maps = json_array();
	char tag[17];

	tag_text(p, tag);
	json_string(o, "hook", kplug_hook_name(p->hook));
	json_unsigned(o, "id", p->id);
	json_string(o, "tag", tag);
	json_unsigned(o, "instructions", p->instructions);
	if (p->counted) {
		json_unsigned(o, "runs", p->runs);
		json_unsigned(o, "ns_per_run", time_per_run(p));
	} else {
		json_null(o, "runs");
		json_null(o, "ns_per_run");
	}
	for (uint32_t m = 0; m < p->map_count; m++)
		json_append(maps, cJSON_CreateNumber(p->map_ids[m]));
	json_add(o, "map_ids", maps);
	return o;
}

cJSON *loaded_object(const struct loaded *l)
{
	cJSON *o = json_object(), *ids = json_object(), *previous, *programs;
	const struct kplug_plugin_info *info = &l->info;

	json_string(o, "device", l->device);
	json_string(o, "name", info->out_name);
	json_string(o, "version", info->out_version);
	json_unsigned(o, "uid", info->out_uid);
	json_unsigned(o, "load_time_ns", info->out_load_time);
	json_string(o, "buffer", l->buffer[0] ? l->buffer : NULL);
	json_string(o, "pinned", l->pins);
	json_unsigned(o, "misses", info->out_misses);
	json_unsigned(o, "swaps", info->out_swaps);
	json_signed(o, "last_error", info->out_last_error);
	json_add(o, "hooks", hooks_array(loaded_hooks(l)));
	for (int h = 0; h < KPLUG_HOOK_COUNT; h++)
		if (l->prog_ids[h])
			json_unsigned(ids, kplug_hook_name(h), l->prog_ids[h]);
	json_add(o, "prog_ids", ids);
	if (l->count) {
		programs = json_array();
		for (size_t p = 0; p < l->count; p++)
			json_append(programs, program_object(&l->programs[p]));
		json_add(o, "programs", programs);
	} else {
		json_null(o, "programs");
	}
	if (l->has_previous) {
		previous = json_object();
		json_string(previous, "name", l->previous.out_name);
		json_string(previous, "version", l->previous.out_version);
		json_add(o, "previous", previous);
	} else {
		json_null(o, "previous");
	}
	return o;
}
