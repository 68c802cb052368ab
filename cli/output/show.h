/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Buffers, plugins and vectors as text and as JSON, for their own commands and for info. */
#ifndef KPLUG_CLI_SHOW_H
#define KPLUG_CLI_SHOW_H

#include "libkplug.h"
#include "output/output.h"

/* buffer.c */
#define BUFFER_TITLES "DEVICE\tNAME\tBYTES\tKIND\tDMA-ADDR\tMAP-ID\tKEPT\tMODE\tOWNER\tGROUP"
void buffer_row(struct table *t, const char *device, const struct kplug_buffer_info *info);
cJSON *buffer_object(const char *device, const struct kplug_buffer_info *info);

/* plugin.c: what can be told of a device's plugin. */
struct loaded {
	const char *device; /* the device owns it */
	struct kplug_plugin_info info;
	uint32_t prog_ids[KPLUG_HOOK_COUNT]; /* 0: not served */
	struct kplug_program_info *programs; /* NULL: no right to see them */
	size_t count;
	char buffer[KPLUG_BUFFER_NAME_LEN]; /* "": none, or unknown */
	char *pins; /* their folder; NULL: none, or unknown */
	bool pins_known;
	bool has_previous;
	struct kplug_plugin_info previous;
};
/* Returns the library's result; -ENOENT: no plugin. Needs loaded_free() in any case. */
int loaded_get(struct kplug_device *dev, struct loaded *l);
void loaded_free(struct loaded *l);
void loaded_print(const struct loaded *l);
cJSON *loaded_object(const struct loaded *l);
uint32_t loaded_hooks(const struct loaded *l); /* a mask */
/* Comma-separated names of the hooks in a mask; free() it. */
char *hooks_text(uint32_t hooks);
cJSON *hooks_array(uint32_t hooks);

/* limit.c: a device's limits, by enum kplug_limit_what. */
struct limits {
	uint64_t max[KPLUG_LIMIT_COUNT], used[KPLUG_LIMIT_COUNT];
};
const char *limit_name(uint32_t what);
int limits_get(struct kplug_device *dev, struct limits *l); /* the library's result */
void limits_print(const struct limits *l);
cJSON *limits_object(const struct limits *l);

/* vector.c */
const char *vector_state(const struct kplug_irq_info *v); /* ok, stormed or faulty */
const char *stop_reason(const struct kplug_irq_info *v); /* NULL: not stopped */
cJSON *vector_object(const struct kplug_irq_info *v);
/* Calls fn for each vector of the device; returns the library's result. */
int each_vector(struct kplug_device *dev, void (*fn)(const struct kplug_irq_info *v, void *arg), void *arg);

#endif
