// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi rt */
/* shows: KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_ROLLBACK KPLUG_PLUGIN_UNLOAD hook:call hook:interrupt */
/* shows: kmod/plugin/plugin.c kmod/plugin/hook.c */
/* timeout: 600 */
/* A plugin is swapped while it runs: every call is answered, and nothing is left of the old version. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/held_run.h"
#include "bpf/swap.h"

#define SWAPS 300
#define CALLERS 4

static const char *const object_of[] = { NULL, "swap_1", "swap_2" };

static struct kplug_buffer *buf;
static volatile struct swap_buffer *counted;

static void setup(void)
{
	buf = rig_buffer(dev, "swap", 4096);
	counted = kplug_buffer_ptr(buf);
}

static void teardown(void)
{
	kplug_buffer_free(buf);
}

/* One version's programs, verified and ready; fds: for prog_plugin(). */
struct version {
	struct bpf_object *obj;
	int fds[KPLUG_HOOK_COUNT];
};

static void version_open(struct version *v, int number)
{
	memset(v->fds, 0xff, sizeof(v->fds));
	v->obj = prog_open(object_of[number], NULL);
	prog_use_buffer(v->obj, kplug_buffer_map_fd(buf));
	prog_loads(v->obj);
	v->fds[KPLUG_HOOK_CALL] = prog_fd(v->obj, "call");
	v->fds[KPLUG_HOOK_INTERRUPT] = prog_fd(v->obj, "interrupt");
}

static int64_t call(void)
{
	int64_t result;

	assert_ok(kplug_call(dev, 0, NULL, 0, &result));
	return result;
}

/* --- under load ------------------------------------------------------------------------------------------------ */

static volatile bool stop;

struct caller {
	pthread_t thread;
	uint64_t answers[3]; /* by version */
	int err; /* of the call that got none, and ended it */
};

static void *run_caller(void *arg)
{
	struct caller *c = arg;
	int64_t result;

	while (!stop && !c->err) {
		c->err = kplug_call(dev, 0, NULL, 0, &result);
		if (!c->err && result != 1 && result != 2)
			c->err = 1;
		if (!c->err)
			c->answers[result]++;
	}
	return NULL;
}

struct raiser {
	pthread_t thread;
	uint64_t raised;
	int err;
};

/* Each interrupt wakes its reader once. */
static void *run_raiser(void *arg)
{
	struct raiser *r = arg;
	struct kplug_record record;
	size_t count;

	while (!stop && !r->err) {
		r->err = kplug_irq_trigger(dev, 0);
		r->err = r->err ?: kplug_irq_wait(dev, 20000, &record, 1, &count);
		if (!r->err && (record.count != 1 || record.notify != 1))
			r->err = 1;
		r->raised++;
	}
	return NULL;
}

static void swap_often(void)
{
	struct version v[2];
	int i;

	version_open(&v[0], 1);
	version_open(&v[1], 2);
	for (i = 0; i < SWAPS; i++)
		assert_ok(prog_plugin(dev, v[i & 1 ? 0 : 1].fds, KPLUG_PLUGIN_REPLACE));
	bpf_object__close(v[0].obj);
	bpf_object__close(v[1].obj);
}

static void under_load(void)
{
	struct caller callers[CALLERS] = { 0 };
	struct raiser raiser = { 0 };
	uint64_t answers[3] = { 0 };
	int i;

	stop = false;
	rig_load(dev, "swap_1", "swap");
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&callers[i].thread, NULL, run_caller, &callers[i]), 0);
	assert_int_equal(pthread_create(&raiser.thread, NULL, run_raiser, &raiser), 0);
	swap_often();
	stop = true;
	pthread_join(raiser.thread, NULL);
	assert_int_equal(raiser.err, 0);
	for (i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].err, 0);
		answers[1] += callers[i].answers[1];
		answers[2] += callers[i].answers[2];
	}
	print_message("# %d swaps, %llu + %llu calls, %llu interrupts\n", SWAPS, (unsigned long long)answers[1],
		      (unsigned long long)answers[2], (unsigned long long)raiser.raised);
	assert_int_not_equal(answers[1], 0);
	assert_int_not_equal(answers[2], 0);
	assert_int_equal(counted->calls[1], answers[1]);
	assert_int_equal(counted->calls[2], answers[2]);
	assert_int_equal(counted->interrupts[1] + counted->interrupts[2], raiser.raised);
	assert_ok(kplug_irq_disable(dev, 0));
}

/* --- while a program runs --------------------------------------------------------------------------------------- */

static struct bpf_object *held_obj;
static int held_fds[KPLUG_HOOK_COUNT];
static volatile struct held_run *held;

static int swap_for_itself(void)
{
	return prog_plugin(dev, held_fds, KPLUG_PLUGIN_REPLACE);
}

static int roll_back(void)
{
	return kplug_plugin_rollback(dev);
}

static int unload(void)
{
	return kplug_plugin_unload(dev);
}

static int stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* The run keeps its CPU to itself. */
static void *call_once(void *arg)
{
	return stay_on(1) || kplug_call(dev, 0, NULL, 0, NULL) ? arg : NULL;
}

static bool runs(void *before)
{
	return held->begun > *(uint64_t *)before;
}

/* Does `leave` in the middle of a run. Has the run ended when that returns? */
static bool waits_for_the_run(int (*leave)(void))
{
	bool in_time = false, ended = false;
	uint64_t before;
	pthread_t thread;
	void *failed;
	int tries;

	for (tries = 0; tries < 10 && !in_time; tries++) { /* until this CPU is not too late for it */
		before = held->ended;
		assert_int_equal(pthread_create(&thread, NULL, call_once, dev), 0);
		rig_until(runs, &before);
		in_time = held->ended == before;
		if (in_time)
			assert_ok(leave());
		ended = held->ended > before;
		pthread_join(thread, &failed);
		assert_null(failed);
	}
	assert_true(in_time);
	return ended;
}

/* What replaces or ends a plugin returns when none of its programs runs. */
static void a_run_is_waited_for(void)
{
	cpu_set_t cpus;

	held_obj = prog_open("held_run", NULL);
	prog_loads(held_obj);
	held = prog_globals(held_obj);
	memset(held_fds, 0xff, sizeof(held_fds));
	held_fds[KPLUG_HOOK_CALL] = prog_fd(held_obj, "call");
	assert_ok(prog_plugin(dev, held_fds, 0));
	assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	assert_int_equal(stay_on(0), 0);
	assert_true(waits_for_the_run(swap_for_itself));
	assert_true(waits_for_the_run(roll_back));
	assert_true(waits_for_the_run(unload));
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	bpf_object__close(held_obj);
}

/* --- what is left ---------------------------------------------------------------------------------------------- */

struct ids {
	uint32_t prog[2];
	uint32_t map; /* the object's own */
};

static void ids_of(struct ids *ids, const int fds[KPLUG_HOOK_COUNT])
{
	static const int hooks[] = { KPLUG_HOOK_CALL, KPLUG_HOOK_INTERRUPT };
	uint32_t maps[4], buffer = kplug_buffer_map_id(buf), i, j;

	ids->map = 0;
	for (i = 0; i < 2; i++) {
		struct bpf_prog_info info = { .map_ids = (uintptr_t)maps, .nr_map_ids = 4 };
		__u32 len = sizeof(info);

		assert_ok(bpf_prog_get_info_by_fd(fds[hooks[i]], &info, &len));
		ids->prog[i] = info.id;
		for (j = 0; j < info.nr_map_ids; j++)
			if (maps[j] != buffer)
				ids->map = maps[j];
	}
	assert_int_not_equal(ids->map, 0);
}

static void until_gone(const struct ids *ids)
{
	prog_until_gone(ids->prog[0]);
	prog_until_gone(ids->prog[1]);
	prog_until_map_gone(ids->map);
}

/* A map that ends must end for want of users, not because it was never there. */
static void assert_alive(const struct ids *ids)
{
	int fd = bpf_map_get_fd_by_id(ids->map);

	assert_true(fd >= 0);
	close(fd);
}

static void old_version_ends(void)
{
	struct version v;
	struct ids old;

	version_open(&v, 1);
	ids_of(&old, v.fds);
	assert_ok(prog_plugin(dev, v.fds, 0));
	bpf_object__close(v.obj);
	assert_int_equal(call(), 1);
	assert_alive(&old);

	/* One version is kept for a rollback, and no more. */
	version_open(&v, 2);
	assert_ok(prog_plugin(dev, v.fds, KPLUG_PLUGIN_REPLACE));
	assert_alive(&old);
	assert_ok(prog_plugin(dev, v.fds, KPLUG_PLUGIN_REPLACE));
	until_gone(&old);
	assert_int_equal(call(), 2);
	ids_of(&old, v.fds);
	bpf_object__close(v.obj);
	assert_ok(kplug_plugin_unload(dev));
	until_gone(&old);
}

static void unload_ends_both(void)
{
	struct ids first, second;
	struct version v;

	version_open(&v, 1);
	ids_of(&first, v.fds);
	assert_ok(prog_plugin(dev, v.fds, 0));
	bpf_object__close(v.obj);
	version_open(&v, 2);
	ids_of(&second, v.fds);
	assert_ok(prog_plugin(dev, v.fds, KPLUG_PLUGIN_REPLACE));
	bpf_object__close(v.obj);
	assert_ok(kplug_plugin_rollback(dev));
	assert_int_equal(call(), 1);
	assert_alive(&second);
	assert_ok(kplug_plugin_unload(dev));
	until_gone(&first);
	until_gone(&second);
	assert_errno(ENOENT, kplug_plugin_rollback(dev));
}

/* Runs in a child: verifies version 2, reports its ids, and swaps for ever or does nothing more. */
static void load_in_child(int to, bool swap)
{
	struct version v;
	struct ids ids;

	version_open(&v, 2);
	ids_of(&ids, v.fds);
	if (write(to, &ids, sizeof(ids)) != sizeof(ids))
		_exit(1);
	while (swap && !prog_plugin(dev, v.fds, KPLUG_PLUGIN_REPLACE))
		;
	for (;;)
		pause();
}

static void kill_loader(bool swap, struct ids *ids)
{
	int pipes[2], status;
	pid_t pid;

	assert_ok(pipe(pipes));
	pid = fork();
	if (!pid)
		load_in_child(pipes[1], swap);
	assert_true(pid > 0);
	close(pipes[1]);
	assert_int_equal(read(pipes[0], ids, sizeof(*ids)), sizeof(*ids));
	close(pipes[0]);
	while (swap && call() != 2)
		;
	assert_ok(kill(pid, SIGKILL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void loader_killed_before(void)
{
	struct ids ids;

	rig_load(dev, "swap_1", "swap");
	kill_loader(false, &ids);
	assert_int_equal(call(), 1);
	until_gone(&ids);
	assert_int_equal(call(), 1);
}

static void loader_killed_during_swaps(void)
{
	struct ids ids;

	rig_load(dev, "swap_1", "swap");
	kill_loader(true, &ids);
	assert_int_equal(call(), 2);
	assert_alive(&ids);
	assert_ok(kplug_plugin_unload(dev));
	until_gone(&ids);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(under_load),	TEST(a_run_is_waited_for),  TEST(old_version_ends),
		TEST(unload_ends_both), TEST(loader_killed_before), TEST(loader_killed_during_swaps),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
