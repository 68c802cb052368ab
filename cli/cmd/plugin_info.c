// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"
#include "output/show.h"

#define ANY_ID UINT32_MAX

static void id_text(uint32_t id, char ret_text[12])
{
	if (id == ANY_ID)
		strcpy(ret_text, "any");
	else
		snprintf(ret_text, 12, "%04x", id);
}

static void print_file(const struct kplug_plugin *p)
{
	char *hooks = hooks_text(kplug_plugin_hooks(p));
	char vendor[12], device[12];

	id_text(kplug_plugin_vendor(p), vendor);
	id_text(kplug_plugin_device(p), device);
	print_field("plugin", "%s", kplug_plugin_name(p));
	print_field("version", "%s", kplug_plugin_version(p));
	print_field("devices", "%s:%s", vendor, device);
	print_field("hooks", "%s", hooks);
	print_field("buffer", "%zu bytes", kplug_plugin_buffer_size(p));
	free(hooks);
}

static void json_id(cJSON *o, const char *key, uint32_t id)
{
	if (id == ANY_ID)
		json_null(o, key);
	else
		json_hex(o, key, 4, id);
}

static void print_file_json(const char *path, const struct kplug_plugin *p)
{
	cJSON *o = json_object();

	json_string(o, "file", path);
	json_string(o, "name", kplug_plugin_name(p));
	json_string(o, "version", kplug_plugin_version(p));
	json_id(o, "vendor", kplug_plugin_vendor(p));
	json_id(o, "device", kplug_plugin_device(p));
	json_add(o, "hooks", hooks_array(kplug_plugin_hooks(p)));
	json_unsigned(o, "buffer_size", kplug_plugin_buffer_size(p));
	json_print(o, stdout);
}

int plugin_info(const struct args *a)
{
	struct kplug_plugin *plugin;
	int err;

	err = kplug_plugin_open(a->pos[0], &plugin);
	if (err)
		return fail_lib(a->pos[0], err);
	if (has(a, OPT_JSON))
		print_file_json(a->pos[0], plugin);
	else
		print_file(plugin);
	kplug_plugin_close(plugin);
	return CLI_DONE;
}
