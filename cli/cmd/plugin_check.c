// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "cli.h"
#include "output/output.h"

static const struct {
	uint32_t flag;
	const char *text;
} warnings[] = {
	{ KPLUG_CHECK_TASK, "it can act on an unrelated task: the one that an interrupt stopped" },
	{ KPLUG_CHECK_LATER, "its timers or work can outlive the plugin while a pin holds their map" },
};
#define WARNINGS (sizeof(warnings) / sizeof(*warnings))

static void print_names(const char *name, const char *list)
{
	print_field(name, "%s", list[0] ? list : "none");
}

static void print_check(const struct kplug_check *c)
{
	print_field("program", "%s", c->program);
	if (c->flags & KPLUG_CHECK_LOOPS)
		print_field("size", "%u instructions, longest path unknown: it has loops", c->instructions);
	else
		print_field("size", "%u instructions, %u on the longest path", c->instructions, c->longest);
	print_field("verified", "%u instructions on all paths", c->verified);
	print_field("stack", "%u bytes", c->stack);
	print_names("maps", c->maps);
	print_names("helpers", c->helpers);
	print_names("kfuncs", c->kfuncs);
	for (size_t w = 0; w < WARNINGS; w++)
		if (c->flags & warnings[w].flag)
			print_field("warning", "%s", warnings[w].text);
}

static cJSON *names_array(const char *list)
{
	cJSON *array = json_array();
	char *names = must_have(strdup(list)), *rest = names, *name;

	while ((name = strsep(&rest, ",")))
		if (*name)
			json_append(array, cJSON_CreateString(name));
	free(names);
	return array;
}

static cJSON *check_object(const struct kplug_check *c)
{
	cJSON *o = json_object(), *texts = json_array();

	json_string(o, "program", c->program);
	json_unsigned(o, "instructions", c->instructions);
	json_unsigned(o, "verified", c->verified);
	if (c->flags & KPLUG_CHECK_LOOPS)
		json_null(o, "longest");
	else
		json_unsigned(o, "longest", c->longest);
	json_unsigned(o, "stack", c->stack);
	json_add(o, "maps", names_array(c->maps));
	json_add(o, "helpers", names_array(c->helpers));
	json_add(o, "kfuncs", names_array(c->kfuncs));
	for (size_t w = 0; w < WARNINGS; w++)
		if (c->flags & warnings[w].flag)
			json_append(texts, cJSON_CreateString(warnings[w].text));
	json_add(o, "warnings", texts);
	return o;
}

static void print_checks_json(const char *path, const struct kplug_check *checks, size_t count)
{
	cJSON *o = json_object(), *programs = json_array();

	json_string(o, "file", path);
	for (size_t i = 0; i < count; i++)
		json_append(programs, check_object(&checks[i]));
	json_add(o, "programs", programs);
	json_print(o, stdout);
}

int plugin_check(const struct args *a)
{
	struct kplug_plugin *plugin = NULL;
	struct kplug_check *checks = NULL;
	size_t count = 0;
	int ret;

	ret = kplug_plugin_open(a->pos[0], &plugin);
	if (!ret)
		ret = kplug_plugin_check(plugin, &checks, &count);
	if (ret) {
		ret = fail_lib(a->pos[0], ret);
		if (plugin && is_verbose())
			fputs(kplug_plugin_log(plugin), stderr);
	} else if (has(a, OPT_JSON)) {
		print_checks_json(a->pos[0], checks, count);
	} else {
		for (size_t i = 0; i < count; i++)
			print_check(&checks[i]);
	}
	free(checks);
	kplug_plugin_close(plugin);
	return ret;
}
