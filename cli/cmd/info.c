// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>

#include "cli.h"
#include "output/show.h"

struct device_state {
	struct kplug_info info;
	struct kplug_irq_info *vectors;
	size_t vector_count;
	struct kplug_buffer_info *buffers;
	size_t buffer_count;
	struct limits limits;
	enum kplug_reset_policy reset; /* of a device that can be reset */
	bool has_plugin;
	struct loaded plugin;
};

static void keep_vector(const struct kplug_irq_info *v, void *arg)
{
	struct device_state *f = arg;

	if (f->vector_count < f->info.out_vectors)
		f->vectors[f->vector_count++] = *v;
}

static int get_device_state(struct kplug_device *dev, struct device_state *f)
{
	int err;

	err = kplug_device_info(dev, &f->info);
	if (err)
		return err;
	if (f->info.out_flags & KPLUG_INFO_RESET)
		err = kplug_reset_policy_get(kplug_device_name(dev), &f->reset);
	if (err)
		return err;
	f->vectors = must_have(calloc(f->info.out_vectors + 1, sizeof(*f->vectors)));
	err = each_vector(dev, keep_vector, f);
	if (err)
		return err;
	err = limits_get(dev, &f->limits);
	if (err)
		return err;
	err = loaded_get(dev, &f->plugin);
	if (err && err != -ENOENT)
		return err;
	f->has_plugin = !err;
	return kplug_buffer_list(dev, &f->buffers, &f->buffer_count);
}

static void print_vector(const struct kplug_irq_info *v)
{
	if (v->out_interrupts)
		print_field("handled", "vector %u: %" PRIu64 ", longest run %" PRIu64 " ns", v->vector,
			    (uint64_t)v->out_interrupts, (uint64_t)v->out_longest);
	if (v->out_stopped)
		print_field(vector_state(v), "vector %u: %s; longest run %" PRIu64 " ns; see kplug irq resume",
			    v->vector, stop_reason(v), (uint64_t)v->out_longest);
}

static void print_device(const char *name, const struct device_state *f)
{
	const struct kplug_info *i = &f->info;
	struct table t = { 0 };

	print_field("name", "%s", name);
	print_field("bus", "%s", bus_name(i->out_bus));
	print_field("ids", "%04x:%04x", i->out_vendor, i->out_device);
	print_field("api", "%u", i->out_api_version);
	print_field("dma", "%u bits%s", i->out_dma_bits, i->out_flags & KPLUG_INFO_IOMMU ? ", behind an IOMMU" : "");
	print_field("opens", "%u", i->out_opens);
	print_field("locked", "%" PRIu64 " bytes of programs' own memory", (uint64_t)i->out_locked);
	print_field("quarantine", "%" PRIu64 " bytes", (uint64_t)i->out_quarantined);
	print_field("reset", "%s", i->out_flags & KPLUG_INFO_RESET ? kplug_reset_policy_name(f->reset) : "impossible");
	for (int bar = 0; bar < KPLUG_BAR_MAX; bar++)
		if (i->out_bar_size[bar])
			print_field("bar", "%d: %" PRIu64 " bytes%s", bar, (uint64_t)i->out_bar_size[bar],
				    i->out_flags & KPLUG_INFO_BAR_MMAP ? ", can be mapped" : "");
	print_field("irq mode", "%s", irq_mode_name(i->out_irq_mode));
	print_field("vectors", "%u", i->out_vectors);
	for (size_t n = 0; n < f->vector_count; n++)
		print_vector(&f->vectors[n]);
	print_field("unhandled", "%" PRIu64, (uint64_t)i->out_unhandled);
	limits_print(&f->limits);
	print_field("buffers", "%zu", f->buffer_count);
	if (f->buffer_count)
		table_row(&t, BUFFER_TITLES);
	for (size_t n = 0; n < f->buffer_count; n++)
		buffer_row(&t, name, &f->buffers[n]);
	table_print(&t, stdout);
	table_free(&t);
	if (f->has_plugin)
		loaded_print(&f->plugin);
	else
		print_field("plugin", "none");
}

static cJSON *bars_array(const struct kplug_info *i)
{
	cJSON *bars = json_array();

	for (int bar = 0; bar < KPLUG_BAR_MAX; bar++) {
		cJSON *o;

		if (!i->out_bar_size[bar])
			continue;
		o = json_object();
		json_unsigned(o, "bar", (uint64_t)bar);
		json_unsigned(o, "bytes", i->out_bar_size[bar]);
		json_append(bars, o);
	}
	return bars;
}

static cJSON *interrupts_array(const struct device_state *f)
{
	cJSON *interrupts = json_array();

	for (size_t n = 0; n < f->vector_count; n++)
		json_append(interrupts, vector_object(&f->vectors[n]));
	return interrupts;
}

static void print_device_json(const char *name, const struct device_state *f)
{
	const struct kplug_info *i = &f->info;
	cJSON *o = json_object(), *buffers = json_array();

	json_string(o, "name", name);
	json_string(o, "bus", bus_name(i->out_bus));
	json_hex(o, "vendor", 4, i->out_vendor);
	json_hex(o, "device", 4, i->out_device);
	json_unsigned(o, "api_version", i->out_api_version);
	json_unsigned(o, "dma_bits", i->out_dma_bits);
	json_bool(o, "iommu", i->out_flags & KPLUG_INFO_IOMMU);
	json_bool(o, "bar_mmap", i->out_flags & KPLUG_INFO_BAR_MMAP);
	json_unsigned(o, "opens", i->out_opens);
	json_unsigned(o, "locked", i->out_locked);
	json_unsigned(o, "quarantined", i->out_quarantined);
	json_string(o, "reset", i->out_flags & KPLUG_INFO_RESET ? kplug_reset_policy_name(f->reset) : NULL);
	json_add(o, "bars", bars_array(i));
	json_string(o, "irq_mode", irq_mode_name(i->out_irq_mode));
	json_unsigned(o, "vectors", i->out_vectors);
	json_add(o, "interrupts", interrupts_array(f));
	json_unsigned(o, "unhandled", i->out_unhandled);
	json_add(o, "limits", limits_object(&f->limits));
	for (size_t n = 0; n < f->buffer_count; n++)
		json_append(buffers, buffer_object(name, &f->buffers[n]));
	json_add(o, "buffers", buffers);
	if (f->has_plugin)
		json_add(o, "plugin", loaded_object(&f->plugin));
	else
		json_null(o, "plugin");
	json_print(o, stdout);
}

int show_info(const struct args *a)
{
	struct device_state f = { 0 };
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	ret = get_device_state(dev, &f);
	if (ret)
		goto out;
	if (has(a, OPT_JSON))
		print_device_json(a->pos[0], &f);
	else
		print_device(a->pos[0], &f);
out:
	loaded_free(&f.plugin);
	free(f.vectors);
	free(f.buffers);
	return close_device(dev, a->pos[0], ret);
}
