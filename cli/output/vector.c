// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Vectors as text and as JSON. */
#include "output/show.h"

const char *vector_state(const struct kplug_irq_info *v)
{
	if (v->out_stopped == KPLUG_STOP_NONE)
		return "ok";
	return v->out_stopped == KPLUG_STOP_SLOW ? "faulty" : "stormed";
}

const char *stop_reason(const struct kplug_irq_info *v)
{
	static const char *const reasons[] = {
		[KPLUG_STOP_CLAIMED] = "the plugin claims interrupts but does not silence the device",
		[KPLUG_STOP_DENIED] = "the plugin does not claim its own device's interrupts",
		[KPLUG_STOP_DEFERRED] = "the plugin defers interrupts faster than its deferred hook runs",
		[KPLUG_STOP_SLOW] = "the plugin's interrupt hook exceeded its time budget several times",
	};
	uint32_t stop = v->out_stopped;

	if (!stop)
		return NULL;
	return stop < sizeof(reasons) / sizeof(*reasons) ? reasons[stop] : "unknown";
}

cJSON *vector_object(const struct kplug_irq_info *v)
{
	cJSON *o = json_object();

	json_unsigned(o, "vector", v->vector);
	json_unsigned(o, "handled", v->out_interrupts);
	json_unsigned(o, "irq", v->out_irq);
	json_unsigned(o, "users", v->out_users);
	json_string(o, "state", vector_state(v));
	json_string(o, "reason", stop_reason(v));
	json_unsigned(o, "unclaimed", v->out_unclaimed);
	json_unsigned(o, "deferred", v->out_deferred);
	json_unsigned(o, "wakeups", v->out_wakeups);
	json_unsigned(o, "longest_ns", v->out_longest);
	return o;
}

int each_vector(struct kplug_device *dev, void (*fn)(const struct kplug_irq_info *v, void *arg), void *arg)
{
	struct kplug_irq_info v;
	struct kplug_info info;
	int err;

	err = kplug_device_info(dev, &info);
	for (uint32_t i = 0; !err && i < info.out_vectors; i++) {
		err = kplug_irq_info(dev, i, &v);
		if (!err)
			fn(&v, arg);
	}
	return err;
}
