// SPDX-License-Identifier: GPL-2.0-only
/* Fires the hooks and runs the device's plugin on them. */
#include <linux/bpf.h>
#include <linux/filter.h>

#include "core/compat.h"
#include "core/device.h"
#include "plugin/plugin.h"

#define CREATE_TRACE_POINTS
#include "plugin/trace.h"

/* As __bpf_trace_run() in kernel/trace/bpf_trace.c. Not served: skipped, since the program was running on this CPU. */
static void hook_run(struct bpf_prog *prog, struct kplug_hook_ctx *f)
{
	struct bpf_trace_run_ctx run_ctx = {};
	u64 args[1] = { (unsigned long)&f->ev };
	struct bpf_run_ctx *old;

	guard(rcu)();
	f->served = bpf_prog_get_recursion_context(prog);
	if (f->served) {
		old = bpf_set_run_ctx(&run_ctx.run_ctx);
		(void)bpf_prog_run(prog, args);
		bpf_reset_run_ctx(old);
	}
	bpf_prog_put_recursion_context(prog);
}

/* The module's probe on each of its tracepoints. Preemption is off: kplug_hook_fire(). */
static void hook_probe(void *unused, struct kplug_event *ev)
{
	struct kplug_hook_ctx *f = kplug_hook_ctx_of(ev);
	struct kplug_plugin *plugin = rcu_dereference_sched(f->kdev->plugin);
	struct bpf_prog *prog;

	if (!plugin)
		return;
	prog = plugin->prog[ev->hook];
	if (prog) {
		/* A skipped program has not answered: the default answer holds. */
		hook_run(prog, f);
		if (!f->served)
			atomic64_inc(&plugin->misses);
		if (ev->result < 0)
			WRITE_ONCE(plugin->last_error, ev->result);
	}
	f->closed = true;
}

#define FIRE(hook, HOOK)                                                                                               \
	case KPLUG_HOOK_##HOOK:                                                                                        \
		trace_kplug_##hook(ev);                                                                                \
		break;

int kplug_hook_fire(struct kplug_hook_ctx *f)
{
	struct kplug_event *ev = &f->ev;

	/*
	 * Newer kernels fire tracepoints with preemption on. If a program were preempted here, the next thread on this
	 * CPU would skip it silently; and one plugin must serve the whole event.
	 */
	preempt_disable_notrace();
	switch (ev->hook) {
		KPLUG_HOOKS(FIRE)
	}
	preempt_enable_notrace();
	return clamp_t(s64, ev->result, -MAX_ERRNO, 0);
}

#define TRACEPOINT(hook, HOOK) [KPLUG_HOOK_##HOOK] = &__tracepoint_kplug_##hook,
struct tracepoint *const kplug_hooks[KPLUG_HOOK_COUNT] = { KPLUG_HOOKS(TRACEPOINT) };

/* Unregisters the probes of the first `count` hooks and waits until none runs. */
static void hook_unregister(unsigned int count)
{
	while (count--)
		tracepoint_probe_unregister(kplug_hooks[count], hook_probe, NULL);
	tracepoint_synchronize_unregister();
}

int kplug_hook_init(void)
{
	unsigned int i;
	int err = 0;

	/* Runs before all other probes, so that they record the answered event. */
	for (i = 0; i < KPLUG_HOOK_COUNT && !err; i++)
		err = tracepoint_probe_register_prio(kplug_hooks[i], hook_probe, NULL, TRACEPOINT_DEFAULT_PRIO + 1);
	if (err)
		hook_unregister(i - 1);
	return err;
}

void kplug_hook_exit(void)
{
	hook_unregister(KPLUG_HOOK_COUNT);
}
