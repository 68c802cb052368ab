// SPDX-License-Identifier: GPL-2.0-only
/* Fires the hooks and runs the device's plugin on them. */
#include <linux/bpf.h>
#include <linux/filter.h>

#include "core/compat.h"
#include "core/device.h"
#include "plugin/hook.h"
#include "plugin/plugin.h"

#define CREATE_TRACE_POINTS
#include "plugin/trace.h"

/* As __bpf_trace_run() in kernel/trace/bpf_trace.c. False: the program was running already on this CPU. */
static bool run(struct bpf_prog *prog, struct kplug_event *ev)
{
	struct bpf_trace_run_ctx run_ctx = {};
	u64 args[1] = { (unsigned long)ev };
	struct bpf_run_ctx *old;
	bool entered;

	rcu_read_lock();
	entered = kplug_prog_enter(prog);
	if (entered) {
		old = bpf_set_run_ctx(&run_ctx.run_ctx);
		(void)bpf_prog_run(prog, args);
		bpf_reset_run_ctx(old);
	}
	kplug_prog_leave(prog);
	rcu_read_unlock();
	return entered;
}

/* The module's probe on each of its tracepoints. Preemption is off: kplug_hook_fire(). */
static void probe(void *unused, struct kplug_event *ev)
{
	struct kplug_frame *f = kplug_frame_of(ev);
	struct kplug_plugin *plugin = rcu_dereference_sched(f->kdev->plugin);
	struct bpf_prog *prog;

	if (!plugin)
		return;
	prog = plugin->prog[ev->hook];
	if (prog) {
		/* Skipped, it has not answered: what is done without a plugin is done. */
		f->served = run(prog, ev);
		if (!f->served)
			atomic64_inc(&plugin->misses);
		if (ev->result < 0)
			WRITE_ONCE(plugin->last_error, ev->result);
	}
	f->closed = true;
}

void kplug_hook_fire(struct kplug_frame *f)
{
	struct kplug_event *ev = &f->ev;

	/*
	 * Newer kernels fire tracepoints preemptible. A program preempted inside would be skipped in silence for the
	 * next thread on this CPU, and one plugin must serve the whole event.
	 */
	preempt_disable_notrace();
	switch (ev->hook) {
	case KPLUG_HOOK_OPEN:
		trace_kplug_open(ev);
		break;
	case KPLUG_HOOK_CLOSE:
		trace_kplug_close(ev);
		break;
	case KPLUG_HOOK_CALL:
		trace_kplug_call(ev);
		break;
	case KPLUG_HOOK_INT_ENABLE:
		trace_kplug_int_enable(ev);
		break;
	case KPLUG_HOOK_INT_DISABLE:
		trace_kplug_int_disable(ev);
		break;
	case KPLUG_HOOK_INTERRUPT:
		trace_kplug_interrupt(ev);
		break;
	case KPLUG_HOOK_DEFERRED:
		trace_kplug_deferred(ev);
		break;
	case KPLUG_HOOK_EVENT:
		trace_kplug_event(ev);
		break;
	}
	preempt_enable_notrace();
}

static struct tracepoint *const tracepoints[KPLUG_HOOK_COUNT] = {
	[KPLUG_HOOK_OPEN] = &__tracepoint_kplug_open,
	[KPLUG_HOOK_CLOSE] = &__tracepoint_kplug_close,
	[KPLUG_HOOK_CALL] = &__tracepoint_kplug_call,
	[KPLUG_HOOK_INT_ENABLE] = &__tracepoint_kplug_int_enable,
	[KPLUG_HOOK_INT_DISABLE] = &__tracepoint_kplug_int_disable,
	[KPLUG_HOOK_INTERRUPT] = &__tracepoint_kplug_interrupt,
	[KPLUG_HOOK_DEFERRED] = &__tracepoint_kplug_deferred,
	[KPLUG_HOOK_EVENT] = &__tracepoint_kplug_event,
};

/* Unregisters the probes of the first `count` hooks and waits until none runs. */
static void unregister(unsigned int count)
{
	while (count--)
		tracepoint_probe_unregister(tracepoints[count], probe, NULL);
	tracepoint_synchronize_unregister();
}

int kplug_hook_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < KPLUG_HOOK_COUNT; i++) {
		/* Before all others, so that they record the answered event. */
		err = tracepoint_probe_register_prio(tracepoints[i], probe, NULL, TRACEPOINT_DEFAULT_PRIO + 1);
		if (err) {
			unregister(i);
			return err;
		}
	}
	return 0;
}

void kplug_hook_exit(void)
{
	unregister(KPLUG_HOOK_COUNT);
}
