/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A device that is played, for tests of the commands: the library's roots are a folder of ours, the node is a link to a
 * memfd, and ioctl() is ours. A read-only buffer is mapped far into the memfd, a writable one is a memfd of its own,
 * and records are read from the node's memfd. For one file per program: it defines ioctl().
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include "test_cli.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli/output/output.h"
#include "lib/base/base.h"

#define BYTES 0x2000
#define BUFFER_ID 3
#define DMA_ADDR 0xfffffff000000000ULL /* a double would lose it */
#define MANY 9007199254740993ULL /* 2^53 + 1, so is this */

static struct {
	char root[64];
	int node, map;
	bool has_plugin, has_previous, kept;
	uint32_t enabled, was_enabled, unmasked, triggered, resumed;
	struct kplug_buffer_alloc alloc;
	size_t alloc_max; /* bytes in one piece; 0: any */
	unsigned int accesses; /* begun and ended */
	int access_errno;
	uint64_t limit[KPLUG_LIMIT_COUNT];
	uint16_t parts; /* of the buffer; 0: one */
	struct kplug_call call;
	struct kplug_reg reg;
	struct kplug_irq_enable enable;
	int64_t answer;
	int call_errno;
	unsigned int api_version; /* 0: ours; 1: knows only larger structs */
	const char *manual;
} fake;

static inline int refuse(int err)
{
	errno = err;
	return -1;
}

static inline int take_away(bool *what)
{
	if (!*what)
		return refuse(ENOENT);
	*what = false;
	return 0;
}

static inline int give_info(struct kplug_info *i)
{
	if (fake.api_version == 1)
		return refuse(EINVAL);
	*i = (struct kplug_info){
		.size = sizeof(*i),
		.out_api_version = fake.api_version ?: KPLUG_API_VERSION,
		.out_bus = KPLUG_BUS_SOFT,
		.out_irq_mode = KPLUG_IRQ_SOFT,
		.out_vectors = 2,
		.out_buffers = 1,
		.out_dma_bits = 28,
		.out_vendor = 0x1234,
		.out_device = 0x11e8,
		.out_opens = 1,
		.out_bar_size = { 4096 },
		.out_interrupts = MANY,
		.out_unhandled = 4,
		.out_name = "soft0",
	};
	return 0;
}

static inline int give_buffer(struct kplug_buffer_info *b)
{
	if (b->name[0] ? strcmp(b->name, "dma") != 0 || (b->part && b->part >= fake.parts) : b->id > BUFFER_ID)
		return refuse(ENOENT);
	b->out_id = BUFFER_ID;
	b->out_bytes = BYTES;
	b->out_dma_addr = DMA_ADDR;
	b->out_kind = KPLUG_BUFFER_CONTIGUOUS;
	b->out_mode = 0640;
	b->out_uid = 4243;
	b->out_map_id = 77;
	b->out_flags = KPLUG_BUFFER_KEPT;
	b->out_fd = b->flags & KPLUG_BUFFER_FD ? dup(fake.map) : -1;
	b->out_part = (uint16_t)b->part;
	b->out_parts = fake.parts ?: 1;
	strcpy(b->out_name, "dma");
	return 0;
}

static inline int give_plugin(struct kplug_plugin_info *p)
{
	uint32_t *ids = (uint32_t *)(uintptr_t)p->prog_ids;

	if (!fake.has_plugin || (p->flags & KPLUG_PLUGIN_PREVIOUS && !fake.has_previous))
		return refuse(ENOENT);
	p->out_uid = 1000;
	for (uint32_t i = 0; i < p->prog_count; i++)
		ids[i] = i == KPLUG_HOOK_CALL ? 12 : i == KPLUG_HOOK_INTERRUPT ? 13 : 0;
	p->out_load_time = MANY;
	p->out_misses = 5;
	p->out_swaps = 3;
	p->out_last_error = -EINVAL;
	strcpy(p->out_name, "edu");
	strcpy(p->out_version, p->flags & KPLUG_PLUGIN_PREVIOUS ? "0.9" : "1.0");
	return 0;
}

static inline int take_alloc(struct kplug_buffer_alloc *b)
{
	if (!strcmp(b->name, "taken"))
		return refuse(EEXIST);
	if (fake.alloc_max && b->bytes > fake.alloc_max)
		return refuse(ENOSPC);
	fake.alloc = *b;
	b->out_dma_addr = DMA_ADDR;
	b->out_kind = KPLUG_BUFFER_PAGED;
	b->out_map_id = 78;
	b->out_id = 4;
	b->out_fd = dup(fake.map);
	return 0;
}

static inline int take_call(struct kplug_call *c)
{
	uint8_t *data = (uint8_t *)(uintptr_t)c->data;

	if (fake.call_errno)
		return refuse(fake.call_errno);
	fake.call = *c;
	for (uint32_t i = 0; i < c->data_size; i++)
		data[i]++;
	c->out_result = fake.answer;
	return 0;
}

static inline int take_reg(struct kplug_reg *r)
{
	fake.reg = *r;
	r->out_value = 0x10000ed;
	return 0;
}

static inline int take_switch(uint32_t vector, bool on)
{
	if (vector > 1)
		return refuse(ERANGE);
	if (!(fake.enabled & (1U << vector)) != on)
		return refuse(EALREADY);
	fake.enabled ^= 1U << vector;
	fake.was_enabled |= fake.enabled;
	return 0;
}

static inline int take_enable(struct kplug_irq_enable *e)
{
	fake.enable = *e;
	return take_switch(e->vector, true);
}

static inline int take_irq(struct kplug_irq *i, uint32_t *mask)
{
	if (i->vector > 1)
		return refuse(ERANGE);
	*mask |= 1U << i->vector;
	return 0;
}

static int give_irq(struct kplug_irq_info *v)
{
	if (v->vector > 1)
		return refuse(ERANGE);
	v->out_irq = 30 + v->vector;
	v->out_users = 1;
	v->out_stopped = v->vector ? KPLUG_STOP_SLOW : KPLUG_STOP_NONE;
	v->out_interrupts = v->vector ? 0 : MANY;
	v->out_unclaimed = 2;
	v->out_deferred = 3;
	v->out_wakeups = 4;
	v->out_longest = 5;
	return 0;
}

static inline int take_limit(struct kplug_limit *l)
{
	if (l->what >= KPLUG_LIMIT_COUNT)
		return refuse(EINVAL);
	if (l->flags & KPLUG_LIMIT_SET)
		fake.limit[l->what] = l->max;
	l->out_max = fake.limit[l->what];
	l->out_used = l->what + 1;
	return 0;
}

int ioctl(int fd, unsigned long command, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (command) {
	case KPLUG_INFO:
		return give_info(arg);
	case KPLUG_BUFFER_INFO:
		return give_buffer(arg);
	case KPLUG_BUFFER_ALLOC:
		return take_alloc(arg);
	case KPLUG_LIMIT:
		return take_limit(arg);
	case KPLUG_BUFFER_ACCESS:
		fake.accesses++;
		return fake.access_errno ? refuse(fake.access_errno) : 0;
	case KPLUG_BUFFER_KEEP:
		fake.kept = true;
		return 0;
	case KPLUG_BUFFER_FREE:
		return take_away(&fake.kept);
	case KPLUG_PLUGIN_INFO:
		return give_plugin(arg);
	case KPLUG_PLUGIN_ROLLBACK:
		return fake.has_previous ? 0 : refuse(ENOENT);
	case KPLUG_PLUGIN_UNLOAD:
		return take_away(&fake.has_plugin);
	case KPLUG_CALL:
		return take_call(arg);
	case KPLUG_REG:
		return take_reg(arg);
	case KPLUG_IRQ_ENABLE:
		return take_enable(arg);
	case KPLUG_IRQ_DISABLE:
		return take_switch(((struct kplug_irq *)arg)->vector, false);
	case KPLUG_IRQ_INFO:
		return give_irq(arg);
	case KPLUG_IRQ_RESUME:
		return take_irq(arg, &fake.resumed);
	case KPLUG_IRQ_UNMASK:
		return take_irq(arg, &fake.unmasked);
	case KPLUG_IRQ_TRIGGER:
		return take_irq(arg, &fake.triggered);
	default:
		return (int)syscall(SYS_ioctl, fd, command, arg);
	}
}

/* A file of the folder; with text NULL a folder. */
static inline __attribute__((format(printf, 2, 3))) void put(const char *text, const char *format, ...)
{
	char path[256], *p;
	va_list ap;
	FILE *f;

	p = path + sprintf(path, "%s/", fake.root);
	va_start(ap, format);
	vsnprintf(p, sizeof(path) - 64, format, ap);
	va_end(ap);
	if (!text) {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline int make_machine(void **state)
{
	static const char *const folders[] = { "kplug", "class",   "class/kplug",     "class/kplug/soft0",
					       "bus",	"bus/pci", "bus/pci/devices", "bus/pci/devices/0000:00:01.0" };
	char target[64], path[128];

	(void)state;
	strcpy(fake.root, "/tmp/kplug-cli-XXXXXX");
	assert_non_null(mkdtemp(fake.root));
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		put(NULL, "%s", folders[i]);
	put("0x8086\n", "bus/pci/devices/0000:00:01.0/vendor");
	put("0x1237\n", "bus/pci/devices/0000:00:01.0/device");
	fake.node = memfd_create("node", 0);
	fake.map = memfd_create("map", 0);
	assert_int_equal(ftruncate(fake.node, (off_t)(KPLUG_MMAP_BUFFER(BUFFER_ID) + BYTES)), 0);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", fake.node);
	snprintf(path, sizeof(path), "%s/kplug/soft0", fake.root);
	assert_int_equal(symlink(target, path), 0);
	kp_sys_root = kp_dev_root = module_dir = fake.root;
	fake.manual = read_source("cli/kplug.1");
	return 0;
}

static inline int drop_machine(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", fake.root);
	free((void *)fake.manual);
	close(fake.node);
	close(fake.map);
	return system(command);
}

static inline int reset(void **state)
{
	(void)state;
	fake.has_plugin = fake.has_previous = fake.kept = true;
	fake.enabled = fake.was_enabled = fake.unmasked = fake.triggered = fake.resumed = 0;
	fake.answer = 0;
	fake.call_errno = 0;
	fake.api_version = 0;
	assert_int_equal(ftruncate(fake.map, 0), 0);
	return ftruncate(fake.map, BYTES);
}

/* Every key must be in the manual page's section on JSON. */
static inline void check_keys(const cJSON *value)
{
	const cJSON *child;
	char word[64];

	cJSON_ArrayForEach(child, value)
	{
		/* below prog_ids, keys are hooks */
		if (child->string && !cJSON_GetObjectItem(value, "interrupt")) {
			snprintf(word, sizeof(word), "%s", child->string);
			if (!strstr(strstr(fake.manual, "\n.SH JSON"), word))
				fail_msg("cli/kplug.1, JSON: lacks %s", word);
		}
		check_keys(child);
	}
}

static inline cJSON *parse_output(const struct result *r)
{
	cJSON *value;

	assert_string_equal(r->err, "");
	assert_int_equal(r->code, 0);
	value = cJSON_Parse(r->out);
	if (!value)
		fail_msg("no JSON: %s", r->out);
	check_keys(value);
	return value;
}

static inline void assert_text(const cJSON *o, const char *key, const char *want)
{
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key)), want);
}

static inline void assert_done(const struct result *r, const char *out)
{
	assert_string_equal(r->err, "");
	assert_string_equal(r->out, out);
	assert_int_equal(r->code, 0);
}

#define FAKE_TEST(test) cmocka_unit_test_setup(test, reset)
#define FAKE_RUN(name, tests) cmocka_run_group_tests_name(name, tests, make_machine, drop_machine)

#endif /* FAKE_MACHINE_H */
