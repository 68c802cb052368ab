// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The holders of a buffer, as text and as JSON. */
#include <inttypes.h>

#include "cli.h"
#include "output/output.h"

static void holder_row(struct table *t, const struct kplug_holder *h)
{
	const char *fd = h->how & KPLUG_HOLD_FD ? " fd" : "";
	const char *written = h->how & KPLUG_HOLD_WRITE ? " mapping" : "";
	const char *read = h->how & KPLUG_HOLD_READ ? " read-only-mapping" : "";
	char *holds = h->pid ? format_text("%s%s%s", fd, written, read) : format_text(" map");

	table_row(t, "%s\t%u\t%s\t%s", h->pid ? "process" : "program", h->pid ? h->pid : h->prog_id, h->name,
		  holds + 1);
	free(holds);
}

static cJSON *holder_object(const struct kplug_holder *h)
{
	cJSON *o = json_object();

	if (h->pid)
		json_unsigned(o, "pid", h->pid);
	else
		json_unsigned(o, "prog_id", h->prog_id);
	json_string(o, "name", h->name);
	if (h->pid) {
		json_bool(o, "fd", h->how & KPLUG_HOLD_FD);
		json_bool(o, "mapped", h->how & KPLUG_HOLD_WRITE);
		json_bool(o, "mapped_read_only", h->how & KPLUG_HOLD_READ);
	}
	return o;
}

static void print_holders_json(const struct kplug_holder *holders, size_t count)
{
	cJSON *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, holder_object(&holders[i]));
	json_print(array, stdout);
}

static void print_holders(struct kplug_holder *holders, size_t count)
{
	struct table t = { 0 };

	table_row(&t, "HOLDER\tID\tNAME\tHOLDS");
	for (size_t i = 0; i < count; i++) {
		make_printable(holders[i].name);
		holder_row(&t, &holders[i]);
	}
	table_print(&t, stdout);
	table_free(&t);
}

int buffer_holders(const struct args *a)
{
	struct kplug_holder *holders = NULL;
	struct kplug_device *dev = NULL;
	size_t count = 0;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	ret = kplug_buffer_holders(dev, a->pos[1], &holders, &count);
	if (!ret && has(a, OPT_JSON))
		print_holders_json(holders, count);
	else if (!ret)
		print_holders(holders, count);
	free(holders);
	return close_device(dev, a->pos[1], ret);
}
