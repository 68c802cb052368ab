// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Verifies a plugin without loading it on a device, and reports on each program. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/plugin.h"

#define LOG_INSTRUCTIONS 1U /* BPF_LOG_LEVEL1 and BPF_LOG_STATS of the kernel, in no uapi header */
#define LOG_STATISTICS 4U

/* Parses "stack depth 16+8", by function, or newer "stack depth max 24", of the call chain. */
static uint32_t parse_stack(const char *log)
{
	const char *next = log, *line = NULL;
	unsigned long sum = 0;
	char *end;

	while ((next = strstr(next, "\nstack depth ")))
		line = next += strlen("\nstack depth ");
	if (!line)
		return 0;
	if (!strncmp(line, "max ", 4))
		return strtoul(line + 4, NULL, 10);
	for (sum = strtoul(line, &end, 10); *end == '+'; sum += strtoul(end + 1, &end, 10))
		;
	return sum;
}

/* A map of globals is listed by its section's name. */
static int list_maps(uint32_t prog_id, struct kplug_check *check)
{
	struct kp_maps maps = { 0 };
	size_t i;
	int err = kp_maps_add(&maps, prog_id);

	for (i = 0; i < maps.count; i++)
		kp_list_add(check->maps, sizeof(check->maps), maps.map[i].name);
	kp_maps_free(&maps);
	return err;
}

static int inspect_program(const struct bpf_program *prog, const char *log, const struct btf *object,
			   const struct kp_kfunc_names *names, struct kplug_check *check)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int err;

	if (bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return -errno;
	check->verified = info.verified_insns;
	check->stack = parse_stack(log);
	err = list_maps(info.id, check);
	return err ?: kp_insns_inspect(prog, object, names, check);
}

int kplug_plugin_check(struct kplug_plugin *plugin, struct kplug_check **ret_checks, size_t *ret_count)
{
	struct kp_kfunc_names *names = NULL;
	struct kplug_check *checks;
	char *logs = NULL;
	size_t count = 0;
	int i, err;

	if (plugin->consumed)
		return kp_err(-EALREADY, "plugin %s: this object was used for a load or a check before; open it again",
			      plugin->meta.name);
	checks = calloc(KP_PROGRAMS, sizeof(*checks));
	if (!checks)
		return kp_fail(-ENOMEM, NULL, "plugin %s", plugin->meta.name);
	plugin->consumed = true;
	err = kp_verify(plugin, LOG_INSTRUCTIONS | LOG_STATISTICS, &logs);
	if (err)
		goto cleanup;
	err = kp_kfunc_names_get(&names);
	for (i = 0; !err && i < KP_PROGRAMS; i++) {
		if (!plugin->prog[i])
			continue;
		snprintf(checks[count].program, sizeof(checks[count].program), "%s", kp_program_names[i]);
		err = inspect_program(plugin->prog[i], logs + i * KP_LOG_LEN, bpf_object__btf(plugin->obj), names,
				      &checks[count++]);
	}
	if (err) {
		kp_fail(err, NULL, "plugin %s: cannot inspect its verified programs", plugin->meta.name);
		goto cleanup;
	}
	*ret_checks = checks;
	*ret_count = count;
	checks = NULL;
cleanup:
	kp_kfunc_names_free(names);
	free(logs);
	free(checks);
	return err;
}
