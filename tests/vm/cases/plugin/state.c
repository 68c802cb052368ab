// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_ROLLBACK KPLUG_PLUGIN_INFO kmod/plugin/plugin.c lib/plugin/state.c */
/* shows: lib/plugin/running.c */
/* timeout: 400 */
/* A plugin's state over swaps and rollbacks: carried, refused, left behind, migrated. A refusal changes nothing. */
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/state.h"

static void setup(void)
{
	rig_load(dev, "state_1", NULL);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
}

static int64_t ask_bytes(uint32_t message, size_t bytes)
{
	uint8_t data[16] = { 0 };
	int64_t result = -1;

	assert_ok(kplug_call(dev, message, data, bytes, &result));
	return result;
}

static int64_t ask(uint32_t message)
{
	return ask_bytes(message, 0);
}

static void interrupt_is_handled(void)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_trigger(dev, 0));
	assert_ok(kplug_irq_wait(dev, 20000, &record, 1, &count));
	assert_int_equal(record.count, 1);
}

static int swap(const char *object, bool fresh)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .fresh = fresh };
	struct kplug_plugin *plugin = NULL;
	int err;

	assert_ok(kplug_plugin_open(rig_object(object), &plugin));
	err = kplug_plugin_swap(plugin, dev, &opts);
	kplug_plugin_close(plugin);
	return err;
}

/* What the plugin knows, in all its kinds of map. */
static void assert_state(int version, int64_t counted, int64_t total)
{
	assert_int_equal(ask(STATE_VERSION), version);
	assert_int_equal(ask(STATE_COUNTED), counted);
	assert_int_equal(ask(STATE_TOTAL), total);
	interrupt_is_handled();
}

static void carries_over_swaps_and_rollbacks(void)
{
	assert_int_equal(ask(STATE_COUNT), 1);
	assert_int_equal(ask_bytes(STATE_STEP, 10), 10); /* .data: not what the object file says */
	assert_ok(swap("state_2", false));
	assert_state(2, 1, 1);
	assert_int_equal(ask(STATE_COUNT), 11);
	assert_ok(swap("state_3", false));
	assert_state(3, 2, 11);
	assert_int_equal(ask(STATE_COUNT), 21);
	assert_ok(kplug_plugin_rollback(dev));
	assert_state(2, 3, 21);
	assert_int_equal(ask(STATE_COUNT), 31);
	assert_ok(kplug_plugin_rollback(dev));
	assert_state(3, 4, 31);
}

static void fresh_starts_empty(void)
{
	ask(STATE_COUNT);
	assert_ok(swap("state_2", true));
	assert_state(2, 0, 0);
	assert_int_equal(ask(STATE_COUNT), 1);
	assert_int_equal(ask(STATE_COUNT), 2);
	assert_ok(kplug_plugin_rollback(dev));
	assert_state(1, 1, 1); /* its own, as it left them */
}

static void refused(const char *object, int err, const char *text)
{
	ask(STATE_COUNT);
	assert_int_equal(swap(object, false), -err);
	if (!strstr(kplug_error(), text))
		fail_msg("'%s' is not in: %s", text, kplug_error());
	assert_state(1, 1, 1);
	assert_int_equal(ask(STATE_COUNT), 2);
	assert_errno(ENOENT, kplug_plugin_rollback(dev));
}

#define REFUSED(X)                                                                                                     \
	X(state_type, "map counts_of_messa of the running version does not carry over: its type is 2 and was 1")       \
	X(state_key, "map counts_of_messa of the running version does not carry over: its key size is 8 and was 4")    \
	X(state_key_type, "map counts_of_messa of the running version does not carry over: a number is int and was "   \
			  "unsigned int")                                                                              \
	X(state_value,                                                                                                 \
	  "map counts_of_messa of the running version does not carry over: its value size is 8 and was 16")            \
	X(state_entries,                                                                                               \
	  "map counts_of_messa of the running version does not carry over: its number of entries is 8 and was 4")      \
	X(state_flags, "map counts_of_messa of the running version does not carry over: its flags is 1 and was 0")     \
	X(state_member, "map counts_of_messa of the running version does not carry over: member spare was calls")      \
	X(state_globals, "map .bss of the running version does not carry over: .bss has 2 variables and had 1")        \
	X(state_no_map,                                                                                                \
	  "map counts_of_messa of the running version does not carry over: the new version has no map of this "        \
	  "name")
#define DEFINE(object, text)                                                                                           \
	static void object(void)                                                                                       \
	{                                                                                                              \
		refused(#object, ESTALE, text);                                                                        \
		assert_ok(swap(#object, true));                                                                        \
		assert_state(4, 0, 0);                                                                                 \
	}
REFUSED(DEFINE)

static void probe_refuses(void)
{
	refused("state_probe", ECANCELED, "plugin state: its program probe refuses device t0 with 7");
}

static void probe_refuses_a_load(void)
{
	struct kplug_plugin *plugin = NULL;
	struct kplug_plugin_info info;

	assert_ok(kplug_plugin_unload(dev));
	assert_ok(kplug_plugin_open(rig_object("state_probe"), &plugin));
	assert_errno(ECANCELED, kplug_plugin_load(plugin, dev, NULL));
	kplug_plugin_close(plugin);
	assert_errno(ENOENT, kplug_plugin_info(dev, &info));
}

static void migrates(void)
{
	assert_int_equal(ask_bytes(STATE_STEP, 10), 10);
	ask(STATE_COUNT);
	ask(STATE_COUNT);
	assert_ok(swap("state_migrate", false));
	assert_state(6, 2, 20);
	assert_int_equal(ask(STATE_STEP), 10); /* .data is the same, and carries over */
	assert_int_equal(ask(STATE_COUNT), 30);
	assert_ok(kplug_plugin_rollback(dev));
	assert_state(1, 2, 20);
}

/* Nothing was counted, so migrate finds no element. */
static void migrate_fails(void)
{
	assert_errno(ENOTRECOVERABLE, swap("state_migrate", false));
	assert_non_null(strstr(kplug_error(), "its program migrate refuses device t0 with -2"));
	assert_state(1, 0, 0);
}

static void migrate_is_not_run_when_fresh(void)
{
	ask(STATE_COUNT);
	assert_ok(swap("state_migrate", true));
	assert_state(6, 0, 0);
}

static void migrate_wants_other_maps(void)
{
	assert_ok(swap("state_no_map", true));
	assert_errno(ESTALE, swap("state_migrate", false));
	assert_non_null(strstr(kplug_error(), "old_counts_of_messages"));
	assert_state(4, 0, 0);
}

static void migrate_wants_another_type(void)
{
	ask(STATE_COUNT);
	assert_errno(ESTALE, swap("state_migrate_type", false));
	assert_non_null(strstr(kplug_error(),
			       "map counts_of_messa of the running version does not carry over: its type, key size "
			       "or value size differs from the migrate program's declaration"));
	assert_state(1, 1, 1);
}

/* Of some types of map the kernel keeps no type information: sizes and flags are all that is compared. */
static void map_without_type_information(void)
{
	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "state_untyped", NULL);
	assert_int_equal(ask(STATE_COUNT), 1);
	assert_ok(swap("state_untyped", false));
	assert_int_equal(ask(STATE_TOTAL), 1);
}

/* A plugin that has a migrate program may also be the first. */
static void loads_with_migrate(void)
{
	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "state_migrate", NULL);
	assert_state(6, 0, 0);
}

static void swap_of_none(void)
{
	assert_ok(kplug_plugin_unload(dev));
	assert_errno(ENOENT, swap("state_2", false));
	assert_string_equal(kplug_error(), "device t0: no plugin is loaded");
	assert_errno(ENOENT, kplug_plugin_rollback(dev));
}

static void tells_what_runs(void)
{
	struct kplug_program_info *programs;
	struct kplug_plugin_info info;
	uint32_t ids[KPLUG_HOOK_COUNT];
	size_t count;

	assert_ok(swap("state_2", false));
	assert_ok(kplug_plugin_info(dev, &info));
	assert_string_equal(info.out_version, "2");
	assert_int_equal(info.out_last_error, 0);
	assert_ok(kplug_plugin_previous(dev, &info));
	assert_string_equal(info.out_version, "1");
	assert_int_equal(ask(99), -ENOSYS);
	assert_ok(kplug_plugin_info(dev, &info));
	assert_int_equal(info.out_last_error, -ENOSYS);
	assert_ok(kplug_plugin_programs(dev, &programs, &count));
	assert_int_equal(count, 2);
	assert_int_equal(programs[0].hook, KPLUG_HOOK_CALL);
	assert_ok(kplug_plugin_prog_ids(dev, ids, KPLUG_HOOK_COUNT));
	assert_int_equal(programs[0].id, ids[KPLUG_HOOK_CALL]);
	assert_int_equal(programs[0].map_count, 4); /* counts_of_messages, .bss, .data, .rodata */
	assert_int_equal(programs[1].hook, KPLUG_HOOK_INTERRUPT);
	assert_true(programs[0].instructions > programs[1].instructions);
	free(programs);
}

static void runs_are_counted(void)
{
	struct kplug_program_info *programs;
	size_t count;
	int fd, i;

	fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	assert_true(fd >= 0);
	for (i = 0; i < 10; i++)
		ask(STATE_COUNT);
	assert_ok(kplug_plugin_programs(dev, &programs, &count));
	assert_true(programs[0].counted);
	assert_int_equal(programs[0].runs, 10);
	assert_true(programs[0].run_time > 0);
	free(programs);
	close(fd);
}

#define LIST(object, text) TEST(object),

int main(void)
{
	const struct rig_test tests[] = {
		TEST(carries_over_swaps_and_rollbacks),
		TEST(fresh_starts_empty),
		REFUSED(LIST) TEST(probe_refuses),
		TEST(probe_refuses_a_load),
		TEST(migrates),
		TEST(migrate_fails),
		TEST(migrate_is_not_run_when_fresh),
		TEST(migrate_wants_other_maps),
		TEST(migrate_wants_another_type),
		TEST(map_without_type_information),
		TEST(loads_with_migrate),
		TEST(swap_of_none),
		TEST(tells_what_runs),
		TEST(runs_are_counted),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup);
}
