// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_RELOADS=10 */
/* shows: kmod/core/main.c kmod/memory/main.c kmod/soft/soft.c */
/* timeout: 600 */
/* Loads the modules, uses them and unloads them, KPLUG_RELOADS times (100), and looks for what is left. */
#include <stdio.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/prog.h"

#define BUFFER (1 << 20) /* a leak of these would show: 40 of them are more than MEMORY_SLACK_KIB */

static void use(void)
{
	struct kplug_record record;
	struct kplug_buffer *buf;
	int64_t result;
	size_t count;

	assert_ok(kplug_soft_create("reload", 2, 0));
	assert_ok(kplug_device_open("reload", NULL, &dev));
	buf = rig_buffer(dev, "reload", BUFFER);
	rig_load(dev, "swap_1", "reload");
	assert_ok(kplug_call(dev, 0, NULL, 0, &result));
	assert_int_equal(result, 1);
	assert_ok(kplug_irq_enable(dev, 1, NULL, 0));
	assert_ok(kplug_irq_trigger(dev, 1));
	assert_ok(kplug_irq_wait(dev, 20000, &record, 1, &count));
	assert_ok(kplug_plugin_unload(dev));
	kplug_buffer_free(buf);
	rig_close(); /* with the vector enabled */
}

static void unload(void)
{
	module_until_unloaded("kplug_memory");
	module_until_unloaded("kplug_soft");
	module_until_unloaded("kplug_pci");
	module_until_unloaded("kplug");
}

static unsigned int count_ids(int (*next)(uint32_t id, uint32_t *ret_id))
{
	unsigned int count = 0;
	uint32_t id = 0;

	while (!next(id, &id))
		count++;
	return count;
}

/* What the kernel has of BPF. */
struct bpf {
	unsigned int progs, maps, btfs;
};

static struct bpf count_bpf(void)
{
	return (struct bpf){
		.progs = count_ids(bpf_prog_get_next_id),
		.maps = count_ids(bpf_map_get_next_id),
		.btfs = count_ids(bpf_btf_get_next_id),
	};
}

static bool as_before(void *before)
{
	struct bpf now = count_bpf();

	return !memcmp(before, &now, sizeof(now));
}

static void again_and_again(void)
{
	unsigned long times = chance_budget("KPLUG_RELOADS", 100), i;
	struct bpf before;
	long available;

	/* The first round fills the kernel's caches. */
	use();
	unload();
	before = count_bpf();
	available = memory_available_kib();
	for (i = 0; i < times; i++) {
		module_load();
		use();
		unload();
	}
	assert_false(module_loaded("kplug"));
	assert_false(module_loaded("kplug_soft"));
	assert_int_equal(access("/dev/kplug", F_OK), -1);
	assert_int_equal(access("/sys/class/kplug", F_OK), -1);
	print_message("# memory after %lu times: %ld KiB less\n", times, available - memory_available_kib());
	rig_until(as_before, &before);
	rig_until(memory_is_back, &available);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(again_and_again),
	};

	return RIG_RUN(tests, RIG_NONE);
}
