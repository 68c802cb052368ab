// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* quick: KPLUG_CALLS=300 */
/* shows: hook:open hook:close hook:call hook:int_enable hook:int_disable hook:interrupt hook:deferred */
/* shows: hook:event KPLUG_PLUGIN_LOAD kmod/plugin/kfuncs.c kmod/plugin/plugin.c kmod/plugin/hook.c */
/* timeout: 600 */
/*
 * Random BPF programs on the hooks and elsewhere, valid and not: our functions with every kind of argument, other
 * program types, freplace, tail calls, and direct links beside. KPLUG_CALLS (1,000 programs), KPLUG_SEED. The verifier or the
 * module accepts or refuses each, what is accepted runs, and the kernel survives.
 */
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/kind.h"
#include "lib/prog.h"

#define MOST 128 /* instructions */
#define LINKS 4

enum { EVENT_DATA = 1, DMA_ADDR = 4, ATTACH = 5 };
static const char *const functions[] = { "kplug_answer",   "kplug_event_data", "kplug_reg_read",  "kplug_reg_write",
					 "kplug_dma_addr", "kplug_attach",     "kplug_wake_after" };
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static struct kplug_buffer *buf;
static struct bpf_object *good; /* a plugin that freplace can go for */
static int good_fds[KPLUG_HOOK_COUNT];
static int function_id[FUNCTIONS], hook_id[KPLUG_HOOK_COUNT], target_id[KPLUG_HOOK_COUNT];
static int module_btf, jump;

struct program {
	struct chance c;
	bool replaces; /* for freplace, which gets no event: it has numbers and the buffer only */
	struct bpf_insn insn[MOST];
	int count;
};

static void emit(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (p->count < MOST)
		p->insn[p->count++] = (struct bpf_insn){ code, dst, src, off, imm };
}

static void emit_map_value(struct program *p, uint8_t reg, int fd, int32_t offset)
{
	emit(p, BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_VALUE, 0, fd);
	emit(p, 0, 0, 0, 0, offset);
}

static int32_t some(struct program *p)
{
	static const int32_t edges[] = { 0,  1,	  2,	3,    4,    8,	16,	   31,	     32,
					 64, 255, 4095, 4096, 4097, -1, INT32_MAX, INT32_MIN };

	return chance_once_in(&p->c, 4) ? (int32_t)chance_next(&p->c) : CHANCE_OF(&p->c, edges);
}

/* Puts something into an argument's register: the right thing mostly. */
static void argument(struct program *p, uint8_t reg, bool event)
{
	bool wrong = chance_once_in(&p->c, 16);

	switch (wrong ? chance_below(&p->c, 5) : event ? 0 : 3 + chance_below(&p->c, 2)) {
	case 0:
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, reg, BPF_REG_6, 0, 0);
		break;
	case 1:
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, reg, BPF_REG_10, 0, 0);
		emit(p, BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, -8 * (int32_t)(1 + chance_below(&p->c, 16)));
		break;
	case 2:
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, reg, BPF_REG_9, 0, 0);
		break;
	case 3:
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, reg, BPF_REG_7, 0, 0);
		break;
	default:
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, some(p));
	}
}

static void call_function(struct program *p)
{
	uint32_t f = chance_below(&p->c, FUNCTIONS);
	int reg;

	for (reg = BPF_REG_1; reg <= BPF_REG_5; reg++)
		argument(p, (uint8_t)reg, reg == BPF_REG_1);
	/* Two more kinds of what is often right. */
	if (f == EVENT_DATA)
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 1 + (int32_t)chance_below(&p->c, 64));
	if ((f == DMA_ADDR || f == ATTACH) && chance_once_in(&p->c, 2)) {
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_9, 0, 0);
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, (int32_t)chance_below(&p->c, 5000));
	}
	emit(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, chance_once_in(&p->c, 64) ? 0 : 1,
	     chance_once_in(&p->c, 64) ? some(p) : function_id[f]);
	if (f == EVENT_DATA && !chance_once_in(&p->c, 8)) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, 0);
		emit(p, BPF_ST | BPF_B | BPF_MEM, BPF_REG_0, 0, (int16_t)chance_below(&p->c, 66), 0x11);
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
}

/* Not those that act on the current task, or write to the kernel's log. */
static void call_helper(struct program *p)
{
	static const uint8_t acts[] = { 6, 36, 53, 58, 109, 117, 177 };
	static const uint8_t usual[] = { 1, 5, 7, 8, 12, 14, 15, 35, 125, 130 };
	int32_t id = CHANCE_OF(&p->c, usual);
	int reg;
	size_t i;

	if (chance_once_in(&p->c, 2))
		id = 1 + (int32_t)chance_below(&p->c, 215);
	for (i = 0; i < sizeof(acts); i++)
		if (id == acts[i])
			return;
	for (reg = BPF_REG_1; reg <= BPF_REG_5; reg++)
		argument(p, (uint8_t)reg, false);
	if (id == 12) { /* tail call */
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_8, 0, 0);
		emit(p, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, jump);
		emit(p, 0, 0, 0, 0, 0);
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, (int32_t)chance_below(&p->c, 3));
	}
	emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, id);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
}

static void touch(struct program *p)
{
	static const uint8_t sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	static const uint8_t widths[] = { 1, 2, 4, 8 };
	uint32_t i = chance_below(&p->c, 4);
	uint8_t base = !p->replaces && chance_once_in(&p->c, 2) ? BPF_REG_6 : BPF_REG_9;
	int16_t off = (int16_t)(widths[i] * chance_below(&p->c, base == BPF_REG_6 ? 12 : 600));

	if (chance_once_in(&p->c, 16))
		off = (int16_t)some(p);
	if (base == BPF_REG_9 && chance_once_in(&p->c, 2))
		emit(p, BPF_ST | sizes[i] | BPF_MEM, base, 0, off, some(p));
	else if (chance_once_in(&p->c, 16))
		emit(p, BPF_STX | sizes[i] | BPF_MEM, base, BPF_REG_7, off, 0);
	else
		emit(p, BPF_LDX | sizes[i] | BPF_MEM, BPF_REG_7, base, off, 0);
}

static void reckon(struct program *p)
{
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR,  BPF_AND,
				       BPF_XOR, BPF_LSH, BPF_RSH, BPF_MOD, BPF_MOV };
	uint8_t dst = chance_once_in(&p->c, 16) ? (uint8_t)chance_below(&p->c, 11) : BPF_REG_7;

	emit(p, (chance_once_in(&p->c, 2) ? BPF_ALU : BPF_ALU64) | CHANCE_OF(&p->c, ops) | BPF_K, dst, 0, 0,
	     chance_once_in(&p->c, 4) ? some(p) : 1 + (int32_t)chance_below(&p->c, 30));
}

static void write_program(struct program *p)
{
	uint32_t items = 1 + chance_below(&p->c, 10);
	uint64_t bits;

	p->count = 0;
	p->replaces = chance_once_in(&p->c, 16);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_8, BPF_REG_1, 0, 0);
	/* Now and then there is no event. */
	if (p->replaces || chance_once_in(&p->c, 8))
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_6, 0, 0, some(p));
	else
		emit(p, BPF_LDX | BPF_DW | BPF_MEM, BPF_REG_6, BPF_REG_1, 0, 0);
	if (!chance_once_in(&p->c, 32)) {
		emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_6, 0, 2, 0);
		emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
		emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_7, 0, 0, some(p));
	emit_map_value(p, BPF_REG_9, kplug_buffer_map_fd(buf), chance_once_in(&p->c, 16) ? some(p) : 0);
	while (items--) {
		switch ((p->replaces ? 7 : 0) + chance_below(&p->c, p->replaces ? 9 : 16)) {
		case 0 ... 5:
			call_function(p);
			break;
		case 6:
			call_helper(p);
			break;
		case 7 ... 11:
			touch(p);
			break;
		case 12: /* over what follows */
			emit(p, BPF_JMP | BPF_JGT | BPF_K, BPF_REG_7, 0, 1, some(p));
			reckon(p);
			break;
		default:
			reckon(p);
		}
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	if (chance_once_in(&p->c, 8)) {
		bits = chance_next(&p->c);
		memcpy(&p->insn[chance_below(&p->c, p->count)], &bits, sizeof(bits));
	}
}

static int load(struct program *p, uint32_t hook, enum bpf_prog_type *ret_type)
{
	struct bpf_func_info function = { .type_id = target_id[hook] };
	int fds[] = { kplug_buffer_map_fd(buf), module_btf };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .fd_array = fds, .attach_btf_obj_fd = module_btf,
		    .attach_btf_id = hook_id[hook], .expected_attach_type = BPF_TRACE_RAW_TP);

	*ret_type = BPF_PROG_TYPE_TRACING;
	if (p->replaces) {
		*ret_type = BPF_PROG_TYPE_EXT;
		opts.expected_attach_type = 0;
		opts.attach_btf_obj_fd = 0;
		opts.attach_prog_fd = prog_fd(good, kplug_hook_name(hook));
		opts.attach_btf_id = target_id[hook];
		/* What it says that it is must be what it replaces. */
		opts.prog_btf_fd = bpf_object__btf_fd(good);
		opts.func_info = &function;
		opts.func_info_cnt = 1;
		opts.func_info_rec_size = sizeof(function);
	} else if (chance_once_in(&p->c, 4)) {
		*ret_type = chance_below(&p->c, 34);
		if (chance_once_in(&p->c, 2)) { /* most have none of these */
			opts.attach_btf_obj_fd = opts.attach_btf_id = 0;
			opts.expected_attach_type = chance_below(&p->c, 60);
		}
		if (chance_once_in(&p->c, 8))
			opts.prog_flags = 1U << chance_below(&p->c, 8);
	}
	return bpf_prog_load(*ret_type, "random", "GPL", p->insn, p->count, &opts);
}

/* Fires hooks, with whatever plugin and links there are. */
static void fire(struct chance *c)
{
	struct kplug_device *second;
	uint8_t data[64] = { 0 };
	int64_t result;

	kplug_call(dev, chance_below(c, 3), data, chance_below(c, sizeof(data) + 1), &result);
	if (chance_once_in(c, 4) && !kplug_device_open(kplug_device_name(dev), NULL, &second)) {
		kplug_irq_enable(second, 0, data, 8);
		kplug_irq_trigger(second, 0);
		kplug_device_close(second);
	}
}

static struct {
	unsigned int refused, taken, plugins, not_plugins, links, freplaced, tails;
} sum;

static void use(struct program *p, int fd, uint32_t hook, enum bpf_prog_type type, int links[LINKS])
{
	uint32_t slot = chance_below(&p->c, LINKS), key = chance_below(&p->c, 2);
	int fds[KPLUG_HOOK_COUNT], link = -1;
	/* Named again: loading forgets the target where that is on a tracepoint (check_attach_btf_id() in verifier.c). */
	LIBBPF_OPTS(bpf_link_create_opts, target, .target_btf_id = target_id[hook]);

	memset(fds, 0xff, sizeof(fds));
	fds[chance_once_in(&p->c, 8) ? chance_below(&p->c, KPLUG_HOOK_COUNT) : hook] = fd;
	/* What another one has replaced, or will, runs as a plugin, too. */
	if (chance_once_in(&p->c, 8))
		prog_plugin(dev, good_fds, KPLUG_PLUGIN_REPLACE);
	else if (prog_plugin(dev, fds, KPLUG_PLUGIN_REPLACE))
		sum.not_plugins++;
	else
		sum.plugins++;
	if (!bpf_map_update_elem(jump, &key, &fd, 0))
		sum.tails++;
	if (type == BPF_PROG_TYPE_TRACING && chance_once_in(&p->c, 4))
		link = bpf_raw_tracepoint_open(NULL, fd);
	else if (type == BPF_PROG_TYPE_EXT)
		link = bpf_link_create(fd, good_fds[hook], 0, &target);
	if (link >= 0) {
		sum.links++;
		sum.freplaced += type == BPF_PROG_TYPE_EXT;
		if (links[slot] >= 0)
			close(links[slot]);
		links[slot] = link;
	}
	fire(&p->c);
}

static void random_programs(void)
{
	struct program p = { .c = chance_stream(chance_seed(), 0) };
	unsigned long i, budget = chance_budget("KPLUG_CALLS", 1000);
	int links[LINKS] = { -1, -1, -1, -1 }, fd, key;
	enum bpf_prog_type type;
	uint32_t hook;

	for (i = 0; i < budget; i++) {
		hook = chance_once_in(&p.c, 2) ? KPLUG_HOOK_CALL : chance_below(&p.c, KPLUG_HOOK_COUNT);
		write_program(&p);
		fd = load(&p, hook, &type);
		if (fd < 0) {
			sum.refused++;
			continue;
		}
		sum.taken++;
		use(&p, fd, hook, type, links);
		close(fd);
	}
	for (key = 0; key < LINKS; key++)
		if (links[key] >= 0)
			close(links[key]);
	for (key = 0; key < 2; key++)
		bpf_map_delete_elem(jump, &key);
	kplug_plugin_unload(dev);
	printf("# %lu programs: %u refused by the verifier, %u taken; as plugins %u taken, %u refused; %u links, %u of "
	       "them "
	       "freplace; %u in the tail-call map\n",
	       i, sum.refused, sum.taken, sum.plugins, sum.not_plugins, sum.links, sum.freplaced, sum.tails);
	assert_true(sum.refused && sum.plugins && sum.not_plugins && sum.links > sum.freplaced);
	assert_true(sum.freplaced && sum.tails);
}

static int find_ids(void)
{
	struct btf *vmlinux = btf__load_vmlinux_btf(), *module = NULL;
	struct bpf_btf_info info;
	char name[64];
	uint32_t id = 0;
	size_t i;

	while (!bpf_btf_get_next_id(id, &id)) {
		uint32_t len = sizeof(info);

		module_btf = bpf_btf_get_fd_by_id(id);
		memset(&info, 0, sizeof(info));
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		if (!bpf_btf_get_info_by_fd(module_btf, &info, &len) && info.kernel_btf && !strcmp(name, "kplug"))
			break;
		close(module_btf);
		module_btf = -1;
	}
	if (module_btf < 0 || !vmlinux)
		return -1;
	module = btf__load_from_kernel_by_id_split(id, vmlinux);
	if (!module)
		return -1;
	for (i = 0; i < FUNCTIONS; i++) {
		function_id[i] = btf__find_by_name_kind(module, functions[i], BTF_KIND_FUNC);
		if (function_id[i] < 0)
			return -1;
	}
	for (i = 0; i < KPLUG_HOOK_COUNT; i++) {
		snprintf(name, sizeof(name), "btf_trace_kplug_%s", kplug_hook_name(i));
		hook_id[i] = btf__find_by_name_kind(module, name, BTF_KIND_TYPEDEF);
		if (hook_id[i] < 0)
			return -1;
	}
	btf__free(module);
	btf__free(vmlinux);
	return 0;
}

static void setup(void)
{
	size_t i;

	buf = rig_buffer(dev, "random", 4096);
	jump = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "jump", 4, 4, 2, NULL);
	good = prog_open("replaced", NULL);
	prog_loads(good);
	for (i = 0; i < KPLUG_HOOK_COUNT; i++) {
		good_fds[i] = prog_fd(good, kplug_hook_name(i));
		target_id[i] = btf__find_by_name_kind(bpf_object__btf(good), kplug_hook_name(i), BTF_KIND_FUNC);
	}
	assert_true(jump >= 0);
	assert_int_equal(find_ids(), 0);
}

static void teardown(void)
{
	close(module_btf);
	close(jump);
	bpf_object__close(good);
	kplug_buffer_free(buf);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(random_programs) };

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
