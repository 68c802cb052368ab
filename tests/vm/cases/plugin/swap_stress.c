// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_SWAPS=1000 */
/* shows: KPLUG_PLUGIN_LOAD hook:call hook:interrupt kmod/plugin/plugin.c kmod/plugin/hook.c */
/* timeout: 600 */
/*
 * Ten thousand swaps in a row, while one CPU raises interrupts and the other calls, both as fast as they can: each
 * event is served once, by one version, and never by one that was replaced before. KPLUG_SWAPS is another number, for
 * kernels that are slow.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/swap_stress.h"

#define SWAPS 10000
#define RCU_EXPEDITED "/sys/kernel/rcu_expedited"

struct own {
	uint64_t generation, handled[FIRE_HOOKS];
};

static struct kplug_buffer *buf;
static volatile struct fire_buffer *seen;
static struct {
	struct bpf_object *obj;
	int fds[KPLUG_HOOK_COUNT];
	volatile struct own *own;
} set[2];
static volatile uint64_t published; /* generation of the last swap that has returned */
static volatile bool stop;

/* Without it each swap waits for a normal grace period, some 10 ms, and the case would take minutes (swap.c). */
static void expedite(const char *value)
{
	int fd = open(RCU_EXPEDITED, O_WRONLY);

	assert_int_equal(write(fd, value, 1), 1);
	close(fd);
}

static void open_set(int i)
{
	memset(set[i].fds, 0xff, sizeof(set[i].fds));
	set[i].obj = prog_open("swap_stress", NULL);
	prog_use_buffer(set[i].obj, kplug_buffer_map_fd(buf));
	prog_loads(set[i].obj);
	set[i].fds[KPLUG_HOOK_CALL] = prog_fd(set[i].obj, "call");
	set[i].fds[KPLUG_HOOK_INTERRUPT] = prog_fd(set[i].obj, "interrupt");
	set[i].own = prog_globals(set[i].obj);
}

static void setup(void)
{
	buf = rig_buffer(dev, "fire", 4096);
	seen = kplug_buffer_ptr(buf);
	open_set(0);
	open_set(1);
	expedite("1");
}

static void teardown(void)
{
	expedite("0");
	bpf_object__close(set[0].obj);
	bpf_object__close(set[1].obj);
	kplug_buffer_free(buf);
}

struct worker {
	pthread_t thread;
	int cpu;
	uint64_t count;
	const char *wrong;
};

/* On its CPU, which it yields at once to the swapping thread: otherwise each swap waits for some time slices. */
static void stay(const struct worker *w)
{
	const struct sched_param param = { 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(w->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	sched_setscheduler(0, SCHED_IDLE, &param);
}

static void *run_caller(void *arg)
{
	struct worker *w = arg;
	int64_t generation;

	stay(w);
	for (; !stop && !w->wrong; w->count++) {
		uint64_t was_published = published, was_seen = seen->hook[FIRE_INTERRUPT].last;

		if (kplug_call(dev, 0, NULL, 0, &generation))
			w->wrong = "a call was not answered";
		else if ((uint64_t)generation < was_published)
			w->wrong = "a call was served by a version that had been replaced";
		else if ((uint64_t)generation < was_seen)
			w->wrong = "a call was served by an older version than an interrupt before it";
	}
	return NULL;
}

static void *run_raiser(void *arg)
{
	struct worker *w = arg;

	stay(w);
	for (; !stop && !w->wrong; w->count++)
		if (kplug_irq_trigger(dev, 0))
			w->wrong = "an interrupt could not be raised";
	return NULL;
}

static void swap(uint64_t generation)
{
	int i = generation & 1;

	set[i].own->generation = generation;
	assert_ok(prog_plugin(dev, set[i].fds, generation > 1 ? KPLUG_PLUGIN_REPLACE : 0));
	published = generation;
}

static uint64_t handled(int hook)
{
	return set[0].own->handled[hook] + set[1].own->handled[hook];
}

static bool all_handled(void *raised)
{
	return handled(FIRE_INTERRUPT) == *(uint64_t *)raised;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void under_fire(void)
{
	const char *other = getenv("KPLUG_SWAPS");
	uint64_t swaps = other && atoi(other) > 1 ? atoi(other) : SWAPS, i;
	struct worker raiser = { .cpu = 0 }, caller = { .cpu = 1 };
	struct kplug_plugin_info plugin;
	struct kplug_info info;
	double start, took;

	swap(1);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_int_equal(pthread_create(&raiser.thread, NULL, run_raiser, &raiser), 0);
	assert_int_equal(pthread_create(&caller.thread, NULL, run_caller, &caller), 0);
	start = seconds();
	for (i = 2; i <= swaps + 1; i++)
		swap(i);
	took = seconds() - start;
	stop = true;
	pthread_join(raiser.thread, NULL);
	pthread_join(caller.thread, NULL);
	if (raiser.wrong || caller.wrong)
		fail_msg("%s", raiser.wrong ?: caller.wrong);
	rig_until(all_handled, &raiser.count);
	printf("# %llu swaps in %.1f s, %llu interrupts (%llu + %llu), %llu calls (%llu + %llu)\n",
	       (unsigned long long)swaps, took, (unsigned long long)raiser.count,
	       (unsigned long long)set[0].own->handled[FIRE_INTERRUPT],
	       (unsigned long long)set[1].own->handled[FIRE_INTERRUPT], (unsigned long long)caller.count,
	       (unsigned long long)set[0].own->handled[FIRE_CALL], (unsigned long long)set[1].own->handled[FIRE_CALL]);

	assert_int_equal(handled(FIRE_CALL), caller.count);
	for (i = 0; i < FIRE_HOOKS; i++) {
		assert_int_equal(seen->hook[i].backward, 0);
		assert_int_not_equal(set[0].own->handled[i], 0);
		assert_int_not_equal(set[1].own->handled[i], 0);
	}
	assert_int_equal(seen->torn, 0);
	assert_ok(kplug_device_info(dev, &info));
	assert_int_equal(info.out_interrupts, raiser.count);
	assert_int_equal(info.out_unhandled, 0);
	assert_ok(kplug_plugin_info(dev, &plugin));
	assert_int_equal(plugin.out_swaps, swaps);
	assert_int_equal(plugin.out_misses, 0);
	assert_ok(kplug_irq_disable(dev, 0));
}

int main(void)
{
	const struct rig_test tests[] = { TEST(under_fire) };

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
