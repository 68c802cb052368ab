// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <inttypes.h>

#include "cli.h"
#include "output/show.h"

static void vector_row(const struct kplug_irq_info *v, void *table)
{
	table_row(table, "%u\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s", v->vector,
		  v->out_irq, v->out_users, (uint64_t)v->out_interrupts, (uint64_t)v->out_unclaimed,
		  (uint64_t)v->out_deferred, (uint64_t)v->out_wakeups, (uint64_t)v->out_longest, vector_state(v));
}

static void append_vector(const struct kplug_irq_info *v, void *array)
{
	json_append(array, vector_object(v));
}

int irq_list(const struct args *a)
{
	struct kplug_device *dev;
	struct table t = { 0 };
	cJSON *array;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	if (has(a, OPT_JSON)) {
		array = json_array();
		ret = each_vector(dev, append_vector, array);
		if (ret)
			cJSON_Delete(array);
		else
			json_print(array, stdout);
	} else {
		table_row(&t, "VECTOR\tIRQ\tUSERS\tHANDLED\tUNCLAIMED\tDEFERRED\tWAKEUPS\tLONGEST-NS\tSTATE");
		ret = each_vector(dev, vector_row, &t);
		if (!ret)
			table_print(&t, stdout);
		table_free(&t);
	}
	return close_device(dev, a->pos[0], ret);
}
