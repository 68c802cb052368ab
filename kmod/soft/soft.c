// SPDX-License-Identifier: GPL-2.0-only
/* Software devices: made and deleted through /dev/kplug_soft, with an interrupt domain of their own. */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/dma-mapping.h>
#include <linux/irq.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/compat.h"
#include "soft/soft.h"

#define SOFT_BURST 64 /* interrupts delivered in one go */
#define SOFT_PAUSE_NS 20000

#define SOFT_NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

static DEFINE_MUTEX(soft_mutex);
static LIST_HEAD(soft_list); /* under soft_mutex */

/* Is there an interrupt to deliver? */
static bool soft_ready(struct soft *soft)
{
	lockdep_assert_held(&soft->lock);
	return !soft->dead && !bitmap_subset(soft->raised, soft->masked, soft->vectors);
}

/* The first vector that has one, from `from` on, with wraparound. */
static u32 soft_next(struct soft *soft, u32 from)
{
	u32 vector = find_next_andnot_bit(soft->raised, soft->masked, soft->vectors, from);

	return vector < soft->vectors ? vector : find_next_andnot_bit(soft->raised, soft->masked, soft->vectors, 0);
}

/*
 * Delivers on one CPU at a time, whether called by the work or the timer: handle_simple_irq() drops an interrupt that
 * arrives on another CPU while the handler runs. Hard IRQ.
 */
static void soft_deliver(struct soft *soft)
{
	unsigned int budget = SOFT_BURST;
	u32 vector = 0;

	raw_spin_lock(&soft->lock);
	if (soft->delivering)
		goto unlock;

	soft->delivering = true;
	while (soft_ready(soft)) {
		/*
		 * A handler that raises would keep this CPU here forever. So would a work that queues itself again: its
		 * interrupt has precedence over the timer's. Hence a pause by a timer.
		 */
		if (!budget--) {
			hrtimer_start(&soft->pause, ns_to_ktime(SOFT_PAUSE_NS), HRTIMER_MODE_REL_HARD);
			break;
		}
		vector = soft_next(soft, vector);
		if (!--soft->pending[vector])
			__clear_bit(vector, soft->raised);

		raw_spin_unlock(&soft->lock);
		generic_handle_domain_irq(soft->domain, vector);
		raw_spin_lock(&soft->lock);
		vector++; /* in turn: none is starved */
	}
	soft->delivering = false;
unlock:
	raw_spin_unlock(&soft->lock);
}

static void soft_work(struct irq_work *work)
{
	soft_deliver(container_of(work, struct soft, work));
}

static enum hrtimer_restart soft_pause_over(struct hrtimer *timer)
{
	soft_deliver(container_of(timer, struct soft, pause));
	return HRTIMER_NORESTART;
}

/* A CPU that delivers sees a new interrupt without a work, which would also cut the next pause short. */
static void soft_kick(struct soft *soft)
{
	if (!soft->delivering && soft_ready(soft))
		irq_work_queue(&soft->work);
}

void soft_raise(struct soft *soft, u32 vector)
{
	lockdep_assert_held(&soft->lock);
	/* A masked vector keeps one pending, as an MSI-X one does. */
	if (test_bit(vector, soft->masked) && test_bit(vector, soft->raised))
		return;
	soft->pending[vector] = min(soft->pending[vector] + 1, U16_MAX); /* a backlog of any length would never end */
	__set_bit(vector, soft->raised);
	soft_kick(soft);
}

static void soft_irq_mask(struct irq_data *data)
{
	struct soft *soft = irq_data_get_irq_chip_data(data);

	guard(raw_spinlock_irqsave)(&soft->lock);
	__set_bit(irqd_to_hwirq(data), soft->masked);
}

static void soft_irq_unmask(struct irq_data *data)
{
	struct soft *soft = irq_data_get_irq_chip_data(data);

	guard(raw_spinlock_irqsave)(&soft->lock);
	__clear_bit(irqd_to_hwirq(data), soft->masked);
	soft_kick(soft);
}

/* The last handler is freed: the next one finds at most one older interrupt. */
static void soft_irq_shutdown(struct irq_data *data)
{
	struct soft *soft = irq_data_get_irq_chip_data(data);
	u32 vector = irqd_to_hwirq(data);

	guard(raw_spinlock_irqsave)(&soft->lock);
	__set_bit(vector, soft->masked);
	soft->pending[vector] = min(soft->pending[vector], 1);
}

/* Raises an interrupt again that was in flight when its vector was disabled; else a tasklet would run the handler. */
static int soft_irq_retrigger(struct irq_data *data)
{
	struct soft *soft = irq_data_get_irq_chip_data(data);

	guard(raw_spinlock_irqsave)(&soft->lock);
	soft_raise(soft, irqd_to_hwirq(data));
	return 1;
}

/*
 * With enable and disable, disable_irq() masks at once; with mask and unmask alone it would wait for the next
 * interrupt.
 */
static struct irq_chip soft_irq_chip = {
	.name = "kplug-soft",
	.irq_shutdown = soft_irq_shutdown,
	.irq_enable = soft_irq_unmask,
	.irq_disable = soft_irq_mask,
	.irq_mask = soft_irq_mask,
	.irq_unmask = soft_irq_unmask,
	.irq_retrigger = soft_irq_retrigger,
};

static int soft_domain_map(struct irq_domain *domain, unsigned int irq, irq_hw_number_t vector)
{
	irq_set_chip_and_handler(irq, &soft_irq_chip, handle_simple_irq);
	irq_set_chip_data(irq, domain->host_data);
	irq_modify_status(irq, IRQ_NOREQUEST | IRQ_NOAUTOEN, IRQ_NOPROBE);
	return 0;
}

static const struct irq_domain_ops soft_domain_ops = {
	.map = soft_domain_map,
};

static void soft_irq_exit(struct soft *soft)
{
	u32 vector;

	for (vector = 0; vector < soft->vectors; vector++)
		irq_dispose_mapping(irq_find_mapping(soft->domain, vector));
	irq_domain_remove(soft->domain);
}

static int soft_irq_init(struct soft *soft)
{
	u32 vector;

	soft->domain = irq_domain_create_simple(NULL, soft->vectors, 0, &soft_domain_ops, soft);
	if (!soft->domain)
		return -ENOMEM;
	for (vector = 0; vector < soft->vectors; vector++) {
		if (!irq_create_mapping(soft->domain, vector)) {
			soft_irq_exit(soft);
			return -ENOMEM;
		}
	}
	return 0;
}

static int soft_irq(struct kplug_device *kdev, u32 vector)
{
	struct soft *soft = kdev->desc.priv;

	return irq_find_mapping(soft->domain, vector);
}

static int soft_trigger(struct kplug_device *kdev, u32 vector)
{
	struct soft *soft = kdev->desc.priv;

	guard(raw_spinlock_irqsave)(&soft->lock);
	soft_raise(soft, vector);
	return 0;
}

static void soft_silence(struct kplug_device *kdev)
{
	struct soft *soft = kdev->desc.priv;

	scoped_guard(raw_spinlock_irq, &soft->lock)
		soft->dead = true;

	hrtimer_cancel(&soft->pause);
	irq_work_sync(&soft->work);
	/* When two CPUs ran the work, irq_work_sync() has waited for one. Both are in hard IRQ, an RCU read section. */
	synchronize_rcu();
}

static const struct kplug_bus_ops soft_bus_ops = {
	.owner = THIS_MODULE,
	.bus = KPLUG_BUS_SOFT,
	.reg_read = soft_edu_read,
	.reg_write = soft_edu_write,
	.irq = soft_irq,
	.raise = soft_trigger,
	.silence = soft_silence,
};

static int soft_register(struct soft *soft)
{
	struct kplug_device_desc desc = {
		.ops = &soft_bus_ops,
		.parent = &soft->pdev->dev,
		.priv = soft,
		.name = soft->name,
		.irq_mode = KPLUG_IRQ_SOFT,
		.vectors = soft->vectors,
		.dma_bits_max = fls64(soft->dma_mask),
		.vendor = 0x1234,
		.device = 0x11e8,
		.bar_size = { SOFT_BAR_SIZE },
	};

	soft->kdev = kplug_device_register(&desc);
	return PTR_ERR_OR_ZERO(soft->kdev);
}

static int soft_create(const struct kplug_soft *req)
{
	struct platform_device_info info = { .name = "kplug-soft", .id = PLATFORM_DEVID_AUTO };
	u32 dma_bits = req->dma_bits ?: 28;
	struct soft *soft;
	int ret;

	if (!req->vectors || req->vectors > KPLUG_VECTOR_MAX || dma_bits < 20 || dma_bits > 64)
		return -EINVAL;
	info.dma_mask = DMA_BIT_MASK(dma_bits);

	soft = kzalloc(struct_size(soft, pending, req->vectors), GFP_KERNEL);
	if (!soft)
		return -ENOMEM;
	raw_spin_lock_init(&soft->lock);
	soft->vectors = req->vectors;
	soft->dma_mask = info.dma_mask;
	strscpy(soft->name, req->name);
	bitmap_fill(soft->masked, KPLUG_VECTOR_MAX);
	soft->work = IRQ_WORK_INIT_HARD(soft_work);
	hrtimer_setup(&soft->pause, soft_pause_over, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);

	soft->pdev = platform_device_register_full(&info);
	ret = PTR_ERR_OR_ZERO(soft->pdev);
	if (ret)
		goto free_soft;

	ret = soft_irq_init(soft);
	if (ret)
		goto unregister_pdev;

	ret = soft_register(soft);
	if (ret)
		goto exit_irq;

	scoped_guard(mutex, &soft_mutex)
		list_add_tail(&soft->node, &soft_list);
	return 0;

exit_irq: /* nothing is raised: nobody could, or the core has silenced the device */
	soft_irq_exit(soft);
unregister_pdev:
	platform_device_unregister(soft->pdev);
free_soft:
	kfree(soft);
	return ret;
}

/* Removes a device from the list; NULL: any. */
static struct soft *soft_unlink(const char *name)
{
	struct soft *soft;

	guard(mutex)(&soft_mutex);
	list_for_each_entry(soft, &soft_list, node) {
		if (!name || !strcmp(name, soft->name)) {
			list_del(&soft->node);
			return soft;
		}
	}
	return NULL;
}

/* NULL: any. No lock is held: the core waits for hooks and ioctls, which may take long. */
static int soft_delete(const char *name)
{
	struct soft *soft = soft_unlink(name);

	if (!soft)
		return -ENOENT;
	kplug_device_unregister(soft->kdev);
	soft_irq_exit(soft);
	platform_device_unregister(soft->pdev);
	kfree(soft);
	return 0;
}

static bool soft_name_valid(const char *name)
{
	return strnlen(name, KPLUG_NAME_LEN) < KPLUG_NAME_LEN && name[0] && name[0] != '.' &&
	       !name[strspn(name, SOFT_NAME_CHARS)];
}

/* Ignores the size: a struct that has grown is still the same command. */
static bool same_command(unsigned int cmd, unsigned int known)
{
	return (cmd & ~IOCSIZE_MASK) == (known & ~IOCSIZE_MASK);
}

static long soft_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kplug_soft __user *user = (void __user *)arg;
	struct kplug_soft req;
	u32 size;
	int ret;

	if (in_compat_syscall()) /* the ABI is for 64-bit programs only */
		return -EOPNOTSUPP;
	if (!same_command(cmd, KPLUG_SOFT_CREATE) && !same_command(cmd, KPLUG_SOFT_DELETE))
		return -ENOTTY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(size, &user->size))
		return -EFAULT;
	if (size < sizeof(req))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&req, sizeof(req), user, size);
	if (ret)
		return ret;
	if (req.reserved || !soft_name_valid(req.name))
		return -EINVAL;
	return same_command(cmd, KPLUG_SOFT_CREATE) ? soft_create(&req) : soft_delete(req.name);
}

static const struct file_operations soft_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = soft_ioctl,
	.compat_ioctl = soft_ioctl,
};

static struct miscdevice soft_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kplug_soft",
	.fops = &soft_fops,
	.mode = 0600,
};

static int __init soft_init(void)
{
	return misc_register(&soft_misc);
}

static void __exit soft_exit(void)
{
	misc_deregister(&soft_misc);
	while (!soft_delete(NULL))
		;
}

module_init(soft_init);
module_exit(soft_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kplug: software devices with the registers of QEMU's edu");
MODULE_VERSION(KPLUG_VERSION);
