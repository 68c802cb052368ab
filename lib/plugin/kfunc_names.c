// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Names kfuncs: a call instruction holds an id in the BTF of the kernel or of a module. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/plugin.h"

struct kp_kfunc_names {
	struct btf *kernel, *module;
};

/* 1: the BTF of the module kplug, 0: another, or -errno. */
static int is_kplug_btf(uint32_t id)
{
	char name[16] = "";
	struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
	__u32 len = sizeof(info);
	int fd = bpf_btf_get_fd_by_id(id), err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_btf_get_info_by_fd(fd, &info, &len))
		err = errno == ENOSPC ? 0 : -errno; /* ENOSPC: a longer name */
	close(fd);
	return err ?: info.kernel_btf && !strcmp(name, "kplug");
}

/* From the kernel, not from the module's file: loading a module changes its ids. */
static int load_module(struct kp_kfunc_names *names)
{
	uint32_t id = 0;
	int ours = 0;

	while (!ours) {
		if (bpf_btf_get_next_id(id, &id))
			return -errno;
		ours = is_kplug_btf(id);
	}
	if (ours < 0)
		return ours;
	names->module = btf__load_from_kernel_by_id_split(id, names->kernel);
	return names->module ? 0 : -errno;
}

int kp_kfunc_names_get(struct kp_kfunc_names **ret_names)
{
	struct kp_kfunc_names *names = calloc(1, sizeof(*names));
	int err;

	if (!names)
		return -ENOMEM;
	kp_libbpf_begin(KPLUG_LOG_DEBUG);
	names->kernel = btf__load_vmlinux_btf();
	err = names->kernel ? load_module(names) : -errno;
	kp_libbpf_end();
	if (err) {
		kp_kfunc_names_free(names);
		return err;
	}
	*ret_names = names;
	return 0;
}

void kp_kfunc_names_free(struct kp_kfunc_names *names)
{
	if (!names)
		return;
	btf__free(names->module);
	btf__free(names->kernel);
	free(names);
}

/* insn->off: 0 is the kernel, else a module: kplug, if the object declares the name found there. */
const char *kp_kfunc_name(const struct kp_kfunc_names *names, const struct bpf_insn *insn, const struct btf *object)
{
	const struct btf *btf = insn->off ? names->module : names->kernel;
	const struct btf_type *t = btf__type_by_id(btf, insn->imm);
	const char *name = t && btf_is_func(t) ? btf__name_by_offset(btf, t->name_off) : NULL;

	return name && btf__find_by_name_kind(object, name, BTF_KIND_FUNC) > 0 ? name : "another module's";
}
