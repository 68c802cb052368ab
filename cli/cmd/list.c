// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"
#include "output/output.h"

/* What only an open device tells. */
struct open_state {
	bool known;
	bool has_plugin;
	struct kplug_info info;
	struct kplug_plugin_info plugin;
};

/* Stays unknown without the right to open, or if the device was removed since the scan. */
static void get_open_state(const struct kplug_scan_entry *e, struct open_state *ret_state)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_device *dev;

	*ret_state = (struct open_state){ 0 };
	if (!e->bound || kplug_device_open(e->name, &opts, &dev))
		return;
	ret_state->known = !kplug_device_info(dev, &ret_state->info);
	ret_state->has_plugin = !kplug_plugin_info(dev, &ret_state->plugin);
	kplug_device_close(dev);
}

static void device_row(struct table *t, const struct kplug_scan_entry *e)
{
	char irq[24] = "", buffers[12] = "";
	struct open_state s;

	get_open_state(e, &s);
	if (s.known) {
		snprintf(irq, sizeof(irq), "%s %u", irq_mode_name(s.info.out_irq_mode), s.info.out_vectors);
		snprintf(buffers, sizeof(buffers), "%u", s.info.out_buffers);
	}
	table_row(t, "%s\t%04x:%04x\t%s\t%s\t%s\t%s", e->name, e->vendor, e->device, e->driver, irq, buffers,
		  s.has_plugin ? s.plugin.out_name : "");
}

static void append_device(cJSON *list, const struct kplug_scan_entry *e)
{
	cJSON *o = json_object();
	struct open_state s;

	get_open_state(e, &s);
	json_string(o, "name", e->name);
	json_string(o, "bus", e->soft ? "soft" : "pci");
	json_hex(o, "vendor", 4, e->vendor);
	json_hex(o, "device", 4, e->device);
	json_string(o, "driver", e->driver[0] ? e->driver : NULL);
	json_bool(o, "bound", e->bound);
	if (s.known) {
		json_string(o, "irq_mode", irq_mode_name(s.info.out_irq_mode));
		json_unsigned(o, "vectors", s.info.out_vectors);
		json_unsigned(o, "buffers", s.info.out_buffers);
	} else {
		json_null(o, "irq_mode");
		json_null(o, "vectors");
		json_null(o, "buffers");
	}
	json_string(o, "plugin", s.has_plugin ? s.plugin.out_name : NULL);
	json_append(list, o);
}

int list_devices(const struct args *a)
{
	struct kplug_scan_entry *entries;
	struct table t = { 0 };
	cJSON *list = NULL;
	size_t count;
	int err;

	err = kplug_scan(&entries, &count);
	if (err)
		return fail_lib("devices", err);
	if (has(a, OPT_JSON))
		list = json_array();
	table_row(&t, "NAME\tIDS\tDRIVER\tIRQ\tBUFFERS\tPLUGIN");
	for (size_t i = 0; i < count; i++) {
		if (!has(a, OPT_ALL) && !entries[i].bound && !entries[i].soft)
			continue;
		if (list)
			append_device(list, &entries[i]);
		else
			device_row(&t, &entries[i]);
	}
	if (list)
		json_print(list, stdout);
	else
		table_print(&t, stdout);
	table_free(&t);
	free(entries);
	return CLI_DONE;
}
