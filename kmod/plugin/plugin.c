// SPDX-License-Identifier: GPL-2.0-only
/* A device's plugin: checks programs, attaches, swaps and detaches them. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint-defs.h>

#include "call/pending.h"
#include "core/device.h"
#include "plugin/plugin.h"

/* Is the last of the tracepoint's two parameters (the first is the probe's data) a pointer to an event of our size? */
static bool takes_event(const struct bpf_prog_aux *aux)
{
	const struct btf_type *t = aux->attach_func_proto;

	if (!t || !aux->attach_btf || btf_type_vlen(t) != 2)
		return false;
	t = btf_type_by_id(aux->attach_btf, btf_params(t)[1].type);
	if (!t || !btf_type_is_ptr(t))
		return false;
	t = btf_type_by_id(aux->attach_btf, t->type);
	return t && btf_type_is_struct(t) && t->size == sizeof(struct kplug_event);
}

/*
 * What the verifier proved holds only at the attach point that the program was verified for, so check each part of "a
 * tp_btf program of this hook".
 */
static bool serves_hook(const struct bpf_prog *prog, enum kplug_hook hook)
{
	const struct bpf_prog_aux *aux = prog->aux;

	return prog->expected_attach_type == BPF_TRACE_RAW_TP && aux->attach_btf_trace && !prog->sleepable &&
	       aux->attach_func_name && !strcmp(aux->attach_func_name, kplug_hooks[hook]->name) && takes_event(aux);
}

static void plugin_put(struct kplug_plugin *plugin)
{
	enum kplug_hook hook;

	if (IS_ERR_OR_NULL(plugin))
		return;
	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		if (plugin->prog[hook])
			bpf_prog_put(plugin->prog[hook]);
	kplug_device_release(plugin->kdev);
	kfree(plugin);
}

DEFINE_FREE(plugin_put, struct kplug_plugin *, plugin_put(_T))

static struct kplug_plugin *plugin_get(struct kplug_device *kdev, const struct kplug_plugin_load *arg, const s32 *fds)
{
	struct kplug_plugin *plugin __free(plugin_put) = kzalloc(sizeof(*plugin), GFP_KERNEL_ACCOUNT);
	struct bpf_prog *prog;
	enum kplug_hook hook;

	if (!plugin)
		return ERR_PTR(-ENOMEM);
	plugin->kdev = kplug_device_hold(kdev);
	strscpy(plugin->name, arg->name);
	strscpy(plugin->version, arg->version);
	plugin->uid = current_uid();
	plugin->load_time = ktime_get_boottime_ns();
	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++) {
		if (fds[hook] == -1)
			continue;
		prog = bpf_prog_get_type_dev(fds[hook], BPF_PROG_TYPE_TRACING, false);
		if (IS_ERR(prog))
			return ERR_CAST(prog);
		plugin->prog[hook] = prog;
		if (!serves_hook(prog, hook))
			return ERR_PTR(-EPROTOTYPE);
	}
	return_ptr(plugin);
}

bool kplug_may_load(void)
{
	return capable(CAP_BPF) && capable(CAP_PERFMON) && capable(CAP_SYS_ADMIN);
}

/*
 * Publishes `plugin` (NULL: none) for all hooks at one instant, and returns when no program of the old one runs. The
 * old one is kept for a rollback, and the one kept until now is freed; without a plugin nothing is kept.
 */
static void plugin_publish(struct kplug_device *kdev, struct kplug_plugin *plugin)
{
	struct kplug_plugin *kept = kdev->previous, *old;

	old = rcu_replace_pointer(kdev->plugin, plugin, lockdep_is_held(&kdev->plugin_lock));
	if (old)
		synchronize_rcu();
	if (!plugin) /* nobody would complete them */
		kplug_pending_cancel(kdev, READ_ONCE(kdev->dead) ? -ENODEV : -ECANCELED);
	kdev->swaps += old && plugin;
	kdev->previous = plugin ? old : NULL;
	if (!plugin)
		plugin_put(old);
	if (kept != plugin)
		plugin_put(kept);
}

int kplug_plugin_load(struct kplug_device *kdev, const struct kplug_plugin_load *arg, const s32 fds[KPLUG_HOOK_COUNT])
{
	struct kplug_plugin *plugin __free(plugin_put) = NULL;

	if (!kplug_may_load())
		return -EPERM;
	if (arg->flags & ~KPLUG_PLUGIN_REPLACE || arg->reserved || !arg->name[0] ||
	    strnlen(arg->name, KPLUG_NAME_LEN) == KPLUG_NAME_LEN ||
	    strnlen(arg->version, KPLUG_NAME_LEN) == KPLUG_NAME_LEN ||
	    !memchr_inv(fds, 0xff, KPLUG_HOOK_COUNT * sizeof(*fds))) /* all are -1 */
		return -EINVAL;
	/* It could have the device write any memory, and raise any interrupt. */
	if (!kplug_device_confined(kdev) && !(kdev->translated && kdev->desc.isolated) &&
	    security_locked_down(LOCKDOWN_PCI_ACCESS))
		return -EPERM;
	plugin = plugin_get(kdev, arg, fds);
	if (IS_ERR(plugin))
		return PTR_ERR(plugin);

	guard(mutex)(&kdev->plugin_lock);
	if (rcu_access_pointer(kdev->plugin) && !(arg->flags & KPLUG_PLUGIN_REPLACE))
		return -EBUSY;
	plugin_publish(kdev, no_free_ptr(plugin));
	return 0;
}

int kplug_plugin_unload(struct kplug_device *kdev, const struct kplug_plugin_unload *arg)
{
	if (arg->reserved)
		return -EINVAL;
	if (!kplug_may_load())
		return -EPERM;
	guard(mutex)(&kdev->plugin_lock);
	if (!rcu_access_pointer(kdev->plugin))
		return -ENOENT;
	plugin_publish(kdev, NULL);
	return 0;
}

int kplug_plugin_rollback(struct kplug_device *kdev, const struct kplug_plugin_unload *arg)
{
	if (arg->reserved)
		return -EINVAL;
	if (!kplug_may_load())
		return -EPERM;
	guard(mutex)(&kdev->plugin_lock);
	if (!kdev->previous)
		return -ENOENT;
	plugin_publish(kdev, kdev->previous);
	return 0;
}

void kplug_plugin_remove(struct kplug_device *kdev)
{
	guard(mutex)(&kdev->plugin_lock);
	plugin_publish(kdev, NULL);
}

int kplug_plugin_info(struct kplug_device *kdev, struct kplug_plugin_info *arg, u32 ids[KPLUG_HOOK_COUNT])
{
	const struct kplug_plugin *plugin;
	enum kplug_hook hook;

	if (arg->flags & ~KPLUG_PLUGIN_PREVIOUS)
		return -EINVAL;
	guard(mutex)(&kdev->plugin_lock);
	plugin = rcu_dereference_protected(kdev->plugin, lockdep_is_held(&kdev->plugin_lock));
	if (arg->flags & KPLUG_PLUGIN_PREVIOUS)
		plugin = kdev->previous;
	if (!plugin)
		return -ENOENT;
	arg->out_uid = from_kuid_munged(current_user_ns(), plugin->uid);
	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		ids[hook] = plugin->prog[hook] ? plugin->prog[hook]->aux->id : 0;
	arg->out_load_time = plugin->load_time;
	arg->out_misses = atomic64_read(&plugin->misses);
	arg->out_last_error = READ_ONCE(plugin->last_error);
	arg->out_swaps = kdev->swaps;
	arg->out_reserved = 0;
	strscpy(arg->out_name, plugin->name);
	strscpy(arg->out_version, plugin->version);
	return 0;
}
