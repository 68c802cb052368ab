// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets a function of the kernel fail when kplug calls it: "FUNCTION NTH VALUE" written to the parameter `arm` makes
 * the NTH call (from 1; 0: none) return VALUE at once, without its doing anything; reading gives how many calls came;
 * "none" ends it. Only calls from the text of the modules kplug and kplug_soft count, whatever thread makes them.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

static char name[64];
static long value;
static unsigned int nth;
static atomic_t calls;

static notrace noinline void nothing(void)
{
	asm volatile("");
}

static int before(struct kprobe *probe, struct pt_regs *regs)
{
	char caller[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(caller,
				*(unsigned long *)regs->sp - 1); /* the return address, at the function's entry */
	if (!strstr(caller, "[kplug") || atomic_inc_return(&calls) != nth)
		return 0;
	regs_set_return_value(regs, value);
	instruction_pointer_set(regs, (unsigned long)nothing);
	return 1;
}

/* A probe without one may become a jump, which cannot skip the function. */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe;
static bool armed;

static void disarm(void)
{
	if (armed)
		unregister_kprobe(&probe);
	armed = false;
}

static int arm(const char *text, const struct kernel_param *kp)
{
	int err;

	disarm();
	atomic_set(&calls, 0);
	if (sysfs_streq(text, "none"))
		return 0;
	if (sscanf(text, "%63s %u %ld", name, &nth, &value) != 3)
		return -EINVAL;
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

MODULE_DESCRIPTION("lets functions fail that kplug calls");
MODULE_LICENSE("GPL");
