// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* also: iommu */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_FREE KPLUG_CALL KPLUG_PLUGIN_LOAD */
/* shows: KPLUG_PLUGIN_UNLOAD KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE KPLUG_IRQ_UNMASK KPLUG_IRQ_TRIGGER KPLUG_REG */
/* shows: KPLUG_SOFT_CREATE KPLUG_SOFT_DELETE kmod/node/registry.c kmod/buffer/buffer.c kmod/plugin/plugin.c */
/* shows: kmod/plugin/hook.c kmod/irq/irq.c kmod/irq/reader.c kmod/soft/soft.c */
/* timeout: 900 */
/*
 * Everything at once: buffers, plugins, calls, interrupts, devices that come and go, forks and kills. KPLUG_SECONDS
 * (20), KPLUG_SEED. What it proves: the kernel survives, each kind of work gets done, and nothing is left behind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/chance.h"
#include "lib/kind.h"
#include "lib/prog.h"

#define DEVICES 3
#define USERS 3

enum deed {
	CREATE,
	DELETE,
	BIND,
	UNBIND,
	OPEN,
	ALLOC,
	KEEP,
	FREE,
	WRITE,
	CALL,
	ENABLE,
	RAISE,
	WAIT,
	LOAD,
	REPLACE,
	UNLOAD,
	FORK,
	KILL,
	DEEDS
};
static const char *const deed_names[DEEDS] = { "create", "delete", "bind",    "unbind", "open",	  "alloc",
					       "keep",	 "free",   "write",   "call",	"enable", "raise",
					       "wait",	 "load",   "replace", "unload", "fork",	  "kill" };

static char names[DEVICES][KPLUG_NAME_LEN] = { "s0", "s1" }; /* the last one is edu */
static uint64_t *done; /* by deed; shared */
static int prog_fds[2][KPLUG_HOOK_COUNT];
static time_t end;

/* Not before each deed was done once: a slow machine must not decide. */
static bool over(void)
{
	struct timespec now;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < end)
		return false;
	for (i = 0; i < DEEDS; i++)
		if (!__atomic_load_n(&done[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

static void did(enum deed deed, bool success)
{
	if (success)
		__atomic_add_fetch(&done[deed], 1, __ATOMIC_RELAXED);
}

/* --- devices */

static int device_worker(struct chance *c)
{
	while (!over()) {
		unsigned int i = chance_below(c, DEVICES);

		if (i < DEVICES - 1) {
			if (!kplug_soft_create(names[i], 1 + chance_below(c, 8), 0))
				did(CREATE, true);
			else if (chance_once_in(c, 2))
				did(DELETE, !kplug_soft_delete(names[i]));
		} else if (!kplug_bind(names[i], false)) {
			did(BIND, true);
		} else if (chance_once_in(c, 2)) {
			did(UNBIND, !kplug_unbind(names[i]));
		}
		usleep(chance_below(c, 100000));
	}
	return 0;
}

/* --- users of a device */

struct user {
	struct chance *c;
	struct kplug_device *dev;
	struct kplug_buffer *buf[4];
	bool msi;
};

static void buffer_deed(struct user *u)
{
	static const char *const buffer_names[] = { "one", "two", "three", "four", "five" };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = chance_once_in(u->c, 2) ? 28 : 0 };
	unsigned int i = chance_below(u->c, 4);
	const char *name = CHANCE_OF(u->c, buffer_names);
	size_t bytes = 1 + chance_below(u->c, chance_once_in(u->c, 50) ? 8 << 20 : 1 << 17);

	if (u->buf[i]) {
		kplug_buffer_free(u->buf[i]);
		u->buf[i] = NULL;
		did(FREE, true);
		return;
	}
	switch (chance_below(u->c, 6)) {
	case 0:
		kplug_buffer_drop(u->dev, name);
		return;
	case 1:
		kplug_buffer_open(u->dev, name, &u->buf[i]);
		return;
	case 2:
		opts.keep = true;
		did(KEEP, !kplug_buffer_alloc(u->dev, name, bytes, &opts, &u->buf[i]));
		return;
	default:
		did(ALLOC, !kplug_buffer_alloc(u->dev, name, bytes, &opts, &u->buf[i]));
	}
}

static void write_deed(struct user *u)
{
	struct kplug_buffer *buf = u->buf[chance_below(u->c, 4)];
	uint8_t *mem;

	if (!buf)
		return;
	mem = kplug_buffer_ptr(buf);
	mem[chance_below(u->c, kplug_buffer_size(buf))]++;
	did(WRITE, true);
}

static void call_deed(struct user *u)
{
	uint8_t data[4096];
	int64_t result;

	memset(data, 0x5a, sizeof(data));
	did(CALL,
	    !kplug_call(u->dev, 1, data, chance_once_in(u->c, 2) ? chance_below(u->c, 64) : sizeof(data), &result));
}

/* As the hardware does it; by the ioctl, since a mapped BAR goes with its device, by SIGBUS. */
static int raise_status(struct kplug_device *device)
{
	struct kplug_reg req = {
		.size = sizeof(req), .flags = KPLUG_REG_WRITE, .width = 4, .offset = EDU_IRQ_RAISE, .value = 1
	};

	return ioctl(kplug_device_fd(device), KPLUG_REG, &req);
}

static void irq_deed(struct user *u)
{
	struct kplug_record records[4];
	uint32_t vector = chance_below(u->c, 2);
	size_t count;

	switch (chance_below(u->c, 6)) {
	case 0:
		did(ENABLE, !kplug_irq_enable(u->dev, vector, NULL, 0));
		break;
	case 1:
		kplug_irq_disable(u->dev, vector);
		break;
	case 2:
		did(WAIT, !kplug_irq_wait(u->dev, chance_below(u->c, 3), records, 4, &count));
		break;
	case 3:
		kplug_irq_unmask(u->dev, vector);
		break;
	case 4:
		/* Only a plugin acknowledges a line. */
		if (u->msi)
			did(RAISE, !raise_status(u->dev));
		break;
	default:
		did(RAISE, !kplug_irq_trigger(u->dev, vector));
	}
}

static void user_close(struct user *u)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		kplug_buffer_free(u->buf[i]);
		u->buf[i] = NULL;
	}
	kplug_device_close(u->dev);
	u->dev = NULL;
}

static void user_open(struct user *u)
{
	struct kplug_info info;

	if (kplug_device_open(CHANCE_OF(u->c, names), NULL, &u->dev)) {
		usleep(1000);
		return;
	}
	did(OPEN, true);
	u->msi = !kplug_device_info(u->dev, &info) && info.out_irq_mode != KPLUG_IRQ_INTX;
}

static int user_worker(struct chance *c)
{
	struct user u = { .c = c };

	while (!over()) {
		if (!u.dev) {
			user_open(&u);
			continue;
		}
		switch (chance_below(c, 32)) {
		case 0:
			user_close(&u);
			break;
		case 1 ... 8:
			buffer_deed(&u);
			break;
		case 9 ... 16:
			write_deed(&u);
			break;
		case 17 ... 24:
			call_deed(&u);
			break;
		default:
			irq_deed(&u);
		}
	}
	user_close(&u);
	return 0;
}

/* --- plugins */

static int plugin_worker(struct chance *c)
{
	while (!over()) {
		uint32_t flags = chance_below(c, 2) ? KPLUG_PLUGIN_REPLACE : 0;
		int times;

		if (kplug_device_open(CHANCE_OF(c, names), NULL, &dev)) {
			usleep(1000);
			continue;
		}
		for (times = chance_below(c, 20); times; times--) {
			if (chance_once_in(c, 4))
				did(UNLOAD, !kplug_plugin_unload(dev));
			else
				did(flags ? REPLACE : LOAD, !prog_plugin(dev, CHANCE_OF(c, prog_fds), flags));
		}
		rig_close();
	}
	return 0;
}

/* --- forks and kills */

static int fork_worker(struct chance *c)
{
	while (!over()) {
		struct chance mine = { chance_next(c) };
		pid_t pid = fork();
		int status;

		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(user_worker(&mine));
		}
		if (pid < 0)
			return 1;
		did(FORK, true);
		usleep(chance_below(c, 200000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		did(KILL, WIFSIGNALED(status));
	}
	return 0;
}

/* --- */

static int (*const workers[])(struct chance *c) = {
	device_worker, plugin_worker, fork_worker, fork_worker, user_worker, user_worker, user_worker,
};
#define WORKERS (sizeof(workers) / sizeof(workers[0]))

static void clean_up(void)
{
	struct kplug_scan_entry *entries;
	size_t count, i;

	assert_ok(kplug_scan(&entries, &count));
	for (i = 0; i < count; i++)
		if (entries[i].bound)
			assert_ok(entries[i].soft ? kplug_soft_delete(entries[i].name) : kplug_unbind(entries[i].name));
	free(entries);
}

static void everything(void)
{
	unsigned long seconds = chance_budget("KPLUG_SECONDS", 20);
	uint64_t seed = chance_seed();
	struct timespec now;
	pid_t pid[WORKERS];
	int status;
	size_t i;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (time_t)seconds;
	fflush(stdout);
	for (i = 0; i < WORKERS; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			struct chance c = chance_stream(seed, i);

			/* cmocka's handlers would go on with its next test. */
			signal(SIGSEGV, SIG_DFL);
			signal(SIGBUS, SIG_DFL);
			_exit(workers[i](&c));
		}
	}
	for (i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		if (status)
			fail_msg("worker %zu ended with %#x", i, status);
	}
	clean_up();
	printf("# %lu s:", seconds);
	for (i = 0; i < DEEDS; i++)
		printf(" %s %llu", deed_names[i], (unsigned long long)done[i]);
	printf("\n");
}

int main(void)
{
	const struct rig_test tests[] = { TEST(everything) };
	static const char *const objects[] = { "event_log", "event_ignored" };
	struct bpf_object *obj[2];
	int i, hook, failed;

	if (sscanf(getenv("KPLUG_EDU"), "%31s", names[DEVICES - 1]) != 1)
		return 1;
	done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < 2; i++) {
		obj[i] = bpf_object__open_file(rig_object(objects[i]), NULL);
		if (!obj[i] || bpf_object__load(obj[i]))
			return 1;
		for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++) {
			struct bpf_program *prog = bpf_object__find_program_by_name(obj[i], kplug_hook_name(hook));

			prog_fds[i][hook] = prog ? bpf_program__fd(prog) : -1;
		}
	}
	failed = RIG_RUN(tests, RIG_NONE);
	for (i = 0; i < 2; i++)
		bpf_object__close(obj[i]);
	return failed;
}
