// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Inspects a program's instructions: the functions it calls, and its longest path. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/plugin.h"

#define CALL_DEPTH 9 /* the verifier allows 8 nested calls */

#define HELPER_NAME(name) [BPF_FUNC_##name] = "bpf_" #name
static const char *const helper_names[] = { __BPF_FUNC_MAPPER(HELPER_NAME) };

/* They act on the current task, which in an interrupt is any task. */
static const char *const task_calls[] = { "bpf_send_signal", "bpf_probe_write_user", "bpf_override_return", NULL };
/* They start work that may run after the plugin is detached. */
static const char *const later_calls[] = { "bpf_timer_start", "bpf_wq_start", "bpf_task_work_schedule", NULL };

static bool has_prefix_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strncmp(name, *list, strlen(*list)))
			return true;
	return false;
}

void kp_list_add(char *list, size_t size, const char *name)
{
	size_t used = strlen(list), len = strlen(name);
	const char *found = list;

	while ((found = strstr(found, name))) {
		if ((found == list || found[-1] == ',') && (!found[len] || found[len] == ','))
			return;
		found += len;
	}
	if (used + len + 2 <= size)
		snprintf(list + used, size - used, "%s%s", used ? "," : "", name);
}

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL);
}

static void add_helper(uint32_t id, struct kplug_check *check, char name[64])
{
	snprintf(name, 64, "helper#%u", id);
	if (id < sizeof(helper_names) / sizeof(*helper_names) && helper_names[id])
		snprintf(name, 64, "%s", helper_names[id]);
	kp_list_add(check->helpers, sizeof(check->helpers), name);
}

static void add_call(const struct bpf_insn *insn, const struct btf *object, const struct kp_kfunc_names *names,
		     struct kplug_check *check)
{
	char name[64];

	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL) {
		snprintf(name, sizeof(name), "%s", kp_kfunc_name(names, insn, object));
		kp_list_add(check->kfuncs, sizeof(check->kfuncs), name);
	} else {
		add_helper(insn->imm, check, name);
	}
	if (has_prefix_of(name, task_calls))
		check->flags |= KPLUG_CHECK_TASK;
	if (has_prefix_of(name, later_calls))
		check->flags |= KPLUG_CHECK_LATER;
}

/* A jump's target; for other instructions the next one. */
static size_t target_of(const struct bpf_insn *insn, size_t i)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if ((class != BPF_JMP && class != BPF_JMP32) || op == BPF_CALL || op == BPF_EXIT)
		return i + 1;
	return i + 1 + (class == BPF_JMP32 && op == BPF_JA ? insn->imm : insn->off);
}

/*
 * One pass of a fixed point: the longest path from each instruction, from the lengths of the
 * functions that it calls. False if nothing changed.
 */
static bool measure_paths(const struct bpf_insn *insns, size_t count, uint64_t *length)
{
	bool changed = false;
	size_t i = count;

	while (i--) {
		const struct bpf_insn *insn = &insns[i];
		size_t next = i + 1 + (insn->code == (BPF_LD | BPF_IMM | BPF_DW)), to = target_of(insn, i);
		uint64_t value = 1;

		if (insn->code != (BPF_JMP | BPF_EXIT)) {
			if (insn->code == (BPF_JMP | BPF_JA) || insn->code == (BPF_JMP32 | BPF_JA))
				next = to;
			value += length[next] > length[to] || to == i + 1 ? length[next] : length[to];
		}
		if (is_call(insn) && insn->src_reg == BPF_PSEUDO_CALL)
			value += length[i + 1 + insn->imm];
		changed |= length[i] != value;
		length[i] = value;
	}
	return changed;
}

static bool has_loops(const struct bpf_insn *insns, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (target_of(&insns[i], i) <= i || target_of(&insns[i], i) > count)
			return true;
		/* A callback: a helper may call it any number of times. */
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].src_reg == BPF_PSEUDO_FUNC)
			return true;
		if (is_call(&insns[i]) && insns[i].src_reg == BPF_PSEUDO_CALL &&
		    (insns[i].imm < -(int64_t)i - 1 || i + 1 + insns[i].imm >= count))
			return true;
	}
	return false;
}

int kp_insns_inspect(const struct bpf_program *prog, const struct btf *object, const struct kp_kfunc_names *names,
		     struct kplug_check *check)
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	size_t count = bpf_program__insn_cnt(prog), i;
	uint64_t *length;

	check->instructions = count;
	for (i = 0; i < count; i++)
		if (is_call(&insns[i]) && insns[i].src_reg != BPF_PSEUDO_CALL)
			add_call(&insns[i], object, names, check);
	if (has_loops(insns, count)) {
		check->flags |= KPLUG_CHECK_LOOPS;
		return 0;
	}
	length = calloc(count + 2, sizeof(*length));
	if (!length)
		return -ENOMEM;
	for (i = 0; i < CALL_DEPTH && measure_paths(insns, count, length); i++)
		;
	check->longest = length[0] < UINT32_MAX ? length[0] : UINT32_MAX;
	free(length);
	return 0;
}
