// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_PLUGIN_LOAD kmod/plugin/plugin.c lib/plugin/pin.c lib/plugin/state.c */
/* timeout: 600 */
/*
 * A process that swaps a plugin, with pins, is killed before each of its steps in turn: the system calls that change
 * something. Either version runs, wholly and with all its state, its pins are its own, and the next swap finds the way
 * free.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/state.h"

#define STOP_AT(call)                                                                                                  \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)

/* A filter, so that the hundreds of other calls cost nothing. */
static int stop_at_steps(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		STOP_AT(bpf),
		STOP_AT(ioctl),
		STOP_AT(flock),
		STOP_AT(mkdir),
		STOP_AT(rename),
		STOP_AT(unlink),
		STOP_AT(rmdir),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(filter) / sizeof(*filter), filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -errno : 0;
}

static void swap_and_exit(void)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts), .pin = true };
	struct kplug_plugin *plugin = NULL;
	struct kplug_device *own = NULL;
	int err;

	err = kplug_device_open("t0", NULL, &own);
	err = err ?: kplug_plugin_open(rig_object("state_2"), &plugin);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	err = err ?: stop_at_steps();
	err = err ?: kplug_plugin_swap(plugin, own, &opts);
	_exit(err != 0);
}

/* Of the many calls of bpf() those that only look at the kernel are left out. */
static bool is_step(pid_t pid)
{
	struct __ptrace_syscall_info info;

	assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
	return info.seccomp.nr != SYS_bpf || info.seccomp.args[0] == BPF_MAP_CREATE ||
	       info.seccomp.args[0] == BPF_PROG_LOAD || info.seccomp.args[0] == BPF_OBJ_PIN ||
	       info.seccomp.args[0] == BPF_PROG_TEST_RUN;
}

/* Lets a child make so many steps and kills it before the next. False: it came to its end, with success. */
static bool kill_after(int steps)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		swap_and_exit();
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_ok(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP));
	do {
		assert_ok(ptrace(PTRACE_CONT, pid, NULL, NULL));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	} while (!is_step(pid) || steps--);
	assert_ok(kill(pid, SIGKILL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return true;
}

static int64_t ask(uint32_t message)
{
	int64_t result = -1;

	assert_ok(kplug_call(dev, message, NULL, 0, &result));
	return result;
}

static void interrupt_is_handled(void)
{
	struct kplug_record record;
	size_t count;

	assert_ok(kplug_irq_trigger(dev, 0));
	assert_ok(kplug_irq_wait(dev, 20000, &record, 1, &count));
	assert_int_equal(record.count, 1);
}

/* Gives the version that runs, after looking that it is nothing but that. */
static int64_t look(int64_t total)
{
	int64_t version = ask(STATE_VERSION);
	struct kplug_plugin_info info;

	interrupt_is_handled();
	assert_int_equal(ask(STATE_COUNT), total);
	assert_int_equal(ask(STATE_COUNTED), total);
	assert_ok(kplug_plugin_info(dev, &info));
	assert_int_equal(info.out_version[0] - '0', version);
	return version;
}

static void at_each_step(void)
{
	int64_t total = 0, version = 1;
	int steps, old = 0, new = 0;
	size_t count;

	rig_load(dev, "state_1", NULL);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (steps = 0; kill_after(steps); steps++) {
		version = look(++total);
		old += version == 1;
		new += version == 2;
		if (version == 2)
			assert_ok(kplug_plugin_rollback(dev));
		assert_int_equal(look(++total), 1);
	}
	printf("# killed before each of %d steps: %d times the old version went on, %d times the new one\n", steps, old,
	       new);
	assert_true(old > 10 && new > 0);
	assert_int_equal(look(++total), 2);
	assert_ok(kplug_plugin_unload(dev));
	assert_ok(kplug_plugin_clean(&count));
	assert_int_equal(count, 0);
	assert_int_not_equal(access("/sys/fs/bpf/kplug/t0", F_OK), 0);
	assert_int_not_equal(access("/sys/fs/bpf/kplug/t0:new", F_OK), 0);
}

int main(void)
{
	const struct rig_test tests[] = { TEST(at_each_step) };

	return RIG_RUN(tests, RIG_SOFT);
}
