// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Loads a plugin's programs into the kernel, and explains why the verifier refused one. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugin/plugin.h"

int kp_libbpf_failed(const struct kplug_plugin *plugin, int err)
{
	return kp_err(err, "plugin %s: libbpf cannot load it: %s", plugin->meta.name,
		      kp_libbpf_warning()[0] ? kp_libbpf_warning() : strerror(-err));
}

static bool has_caps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	static const int needed[] = { CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF };
	size_t i;

	if (syscall(SYS_capget, &header, data))
		return true; /* unknown: look for another cause */
	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (!(data[CAP_TO_INDEX(needed[i])].effective & CAP_TO_MASK(needed[i])))
			return false;
	}
	return true;
}

/* libbpf's errno says little: -ESRCH may mean a missing capability, BTF or function. */
static int explain(const struct kplug_plugin *plugin, int err, int refused)
{
	const char *name = plugin->meta.name;
	char path[KP_PATH_LEN], lines[1200];

	if (err == -EPERM || !has_caps())
		return kp_err(-EPERM, "plugin %s: loading " KP_NEEDS_CAPS, name);
	kp_path(path, "%s/kernel/btf/vmlinux", kp_sys_root);
	if (access(path, F_OK))
		return kp_err(-EOPNOTSUPP,
			      "plugin %s: the kernel has no BTF (%s is missing); use one built with "
			      "CONFIG_DEBUG_INFO_BTF",
			      name, path);
	kp_path(path, "%s/kernel/btf/kplug", kp_sys_root);
	if (access(path, F_OK))
		return kp_err(-EOPNOTSUPP,
			      "plugin %s: the module kplug has no BTF (%s is missing); rebuild it where "
			      "pahole and the kernel's vmlinux are installed",
			      name, path);
	if (refused >= 0 && err != -ENOMEM) {
		kp_verifier_summary(plugin->log, lines, sizeof(lines));
		return kp_err(-EACCES, "plugin %s: %s %s is refused by the verifier:\n%s", name,
			      refused < KPLUG_HOOK_COUNT ? "hook" : "program", kp_program_names[refused], lines);
	}
	return kp_libbpf_failed(plugin, err <= -__LIBBPF_ERRNO__START ? -EINVAL : err);
}

/* libbpf loads programs in the object's order and stops at a refused one: the last with a log. */
static int find_refused(const struct kplug_plugin *plugin, const char *logs)
{
	struct bpf_program *prog;
	int i, refused = -1;

	bpf_object__for_each_program(prog, plugin->obj) for (i = 0; i < KP_PROGRAMS;
							     i++) if (plugin->prog[i] == prog && logs[i * KP_LOG_LEN])
		refused = i;
	return refused;
}

/* One log per program tells which was refused. Only pages that the kernel writes take memory. */
int kp_verify(struct kplug_plugin *plugin, unsigned int level, char **ret_logs)
{
	char *logs = malloc(KP_PROGRAMS * KP_LOG_LEN);
	int i, refused, err;

	if (!logs)
		return kp_fail(-ENOMEM, NULL, "plugin %s", plugin->meta.name);
	kp_libbpf_begin(KPLUG_LOG_WARN);
	for (i = 0; i < KP_PROGRAMS; i++) {
		logs[i * KP_LOG_LEN] = '\0';
		if (!plugin->prog[i])
			continue;
		bpf_program__set_log_buf(plugin->prog[i], logs + i * KP_LOG_LEN, KP_LOG_LEN);
		bpf_program__set_log_level(plugin->prog[i], level);
	}
	err = bpf_object__load(plugin->obj);
	kp_libbpf_end();

	refused = err ? find_refused(plugin, logs) : -1;
	if (refused >= 0) {
		plugin->log = strdup(logs + refused * KP_LOG_LEN);
		if (!plugin->log)
			err = -ENOMEM;
	}
	if (!err && ret_logs)
		*ret_logs = logs;
	else
		free(logs);
	return err ? explain(plugin, err, refused) : 0;
}
