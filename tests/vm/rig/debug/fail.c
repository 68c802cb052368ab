// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets a function fail when kplug calls it: "FUNCTION NTH VALUE" written to the parameter `arm` makes the NTH call
 * (from 1; 0: none) return VALUE at once, without its doing anything; with "held" in place of VALUE it does its work,
 * and returns when the next order comes. Reading gives how many calls came; "none" ends it. Only calls from the text
 * of the modules kplug and kplug_soft count, whatever thread makes them.
 */
#include <linux/completion.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

static char name[64];
static long value;
static bool held;
static unsigned int nth;
static atomic_t calls;
static DECLARE_COMPLETION(go);
static struct kprobe probe;
static bool armed;

static notrace noinline void nothing(void)
{
	asm volatile("");
}

/* In the function's place: it has up to six arguments, in registers. */
static long hold(long a, long b, long c, long d, long e, long f)
{
	long (*function)(long, long, long, long, long, long) = (void *)probe.addr;
	long ret = function(a, b, c, d, e, f); /* not a call of kplug's */

	wait_for_completion(&go);
	return ret;
}

static int before(struct kprobe *p, struct pt_regs *regs)
{
	char caller[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(caller,
				*(unsigned long *)regs->sp - 1); /* the return address, at the function's entry */
	if (!strstr(caller, "[kplug") || atomic_inc_return(&calls) != nth)
		return 0;
	regs_set_return_value(regs, value);
	instruction_pointer_set(regs, (unsigned long)(held ? (void *)hold : (void *)nothing));
	return 1;
}

/* A probe without one may become a jump, which cannot skip the function. */
static void after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static void disarm(void)
{
	complete_all(&go);
	if (armed)
		unregister_kprobe(&probe);
	armed = false;
}

static int arm(const char *text, const struct kernel_param *kp)
{
	char what[16];
	int err;

	disarm();
	atomic_set(&calls, 0);
	if (sysfs_streq(text, "none"))
		return 0;
	if (sscanf(text, "%63s %u %15s", name, &nth, what) != 3)
		return -EINVAL;
	held = !strcmp(what, "held");
	if (!held && kstrtol(what, 10, &value))
		return -EINVAL;
	reinit_completion(&go);
	probe = (struct kprobe){ .symbol_name = name, .pre_handler = before, .post_handler = after };
	err = register_kprobe(&probe);
	armed = !err;
	return err;
}

static int count(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%d\n", atomic_read(&calls));
}

static const struct kernel_param_ops ops = { .set = arm, .get = count };
module_param_cb(arm, &ops, NULL, 0600);

static int __init fail_init(void)
{
	return 0;
}
module_init(fail_init);

static void __exit fail_exit(void)
{
	disarm();
}
module_exit(fail_exit);

MODULE_DESCRIPTION("lets functions fail, or holds them, that kplug calls");
MODULE_LICENSE("GPL");
