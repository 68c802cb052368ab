// SPDX-License-Identifier: GPL-2.0-only
/* The registry of devices: names, numbers, nodes, and the order in which a device is set up and torn down. */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait_bit.h>

#include "buffer/buffer.h"
#include "call/pending.h"
#include "node/node.h"
#include "core/device.h"
#include "dma/dma.h"
#include "irq/irq.h"
#include "plugin/plugin.h"

#define MINORS 1024

static dev_t first_devt;
static DEFINE_IDA(numbers);
static DEFINE_MUTEX(names_lock); /* makes check and add of a name one step */
static atomic_t alive_devices = ATOMIC_INIT(0); /* structs not yet freed */

int kplug_device_enter(struct kplug_device *kdev)
{
	percpu_down_read(&kdev->alive);
	if (!kdev->dead)
		return 0;
	percpu_up_read(&kdev->alive);
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(kplug_device_enter);

void kplug_device_leave(struct kplug_device *kdev)
{
	percpu_up_read(&kdev->alive);
}
EXPORT_SYMBOL_GPL(kplug_device_leave);

struct kplug_device *kplug_device_hold(struct kplug_device *kdev)
{
	/* The caller holds a reference already: through an open file, or as the bus side. */
	__module_get(kdev->desc.ops->owner);
	get_device(&kdev->dev);
	return kdev;
}

void kplug_device_release(struct kplug_device *kdev)
{
	struct module *owner = kdev->desc.ops->owner;

	put_device(&kdev->dev);
	module_put(owner);
}

int kplug_device_reg_right(const struct kplug_device *kdev)
{
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	/* As for sysfs's resourceN files. */
	return kdev->desc.ops->bus == KPLUG_BUS_PCI ? security_locked_down(LOCKDOWN_PCI_ACCESS) : 0;
}

int kplug_device_reg(struct kplug_device *kdev, u32 bar, u64 offset, u32 width, u64 *value, bool write)
{
	const struct kplug_bus_ops *ops = kdev->desc.ops;
	u64 size;

	if (bar >= KPLUG_BAR_MAX)
		return -ERANGE;
	bar = array_index_nospec(bar, KPLUG_BAR_MAX);
	if (!is_power_of_2(width) || width > 8 || !IS_ALIGNED(offset, width))
		return -EINVAL;
	size = kdev->desc.bar_size[bar];
	if (width > size || offset > size - width)
		return -ERANGE;
	guard(rcu)(); /* a reset waits for it */
	if (write)
		ops->reg_write(kdev, bar, offset, width, *value);
	else
		*value = ops->reg_read(kdev, bar, offset, width);
	return 0;
}

static void registry_wake_files(struct kplug_device *kdev)
{
	struct kplug_file *kfile;

	guard(mutex)(&kdev->files_lock);
	list_for_each_entry(kfile, &kdev->files, list)
		wake_up_interruptible_all(&kfile->reader.wait);
}

void kplug_device_event(struct kplug_device *kdev, enum kplug_event_code code)
{
	struct kplug_hook_ctx f = KPLUG_HOOK_CTX(kdev, KPLUG_HOOK_EVENT, 0);

	if (READ_ONCE(kdev->dead))
		return;
	f.ev.message = code;
	f.ev.time = ktime_get_ns();
	kplug_hook_fire(&f);
	/* Forward the event unless a plugin answered without KPLUG_FORWARD. */
	if (f.answered && !(f.ev.flags & KPLUG_FORWARD))
		return;
	spin_lock(&kdev->event_lock);
	WRITE_ONCE(kdev->events, kdev->events + 1);
	kdev->event_code = code;
	kdev->event_time = f.ev.time;
	spin_unlock(&kdev->event_lock);
	registry_wake_files(kdev);
}
EXPORT_SYMBOL_GPL(kplug_device_event);

static char *kplug_devnode(const struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0600;
	return kasprintf(GFP_KERNEL, "kplug/%s", dev_name(dev));
}

static struct class kplug_class = {
	.name = "kplug",
	.devnode = kplug_devnode,
};

static void registry_free(struct device *dev)
{
	struct kplug_device *kdev = container_of(dev, struct kplug_device, dev);

	kplug_irq_free(kdev);
	kplug_pending_free(kdev);
	percpu_free_rwsem(&kdev->alive);
	ida_free(&numbers, kdev->number);
	xa_destroy(&kdev->by_virt); /* one that could not grow keeps empty nodes */
	xa_destroy(&kdev->by_dma);
	xa_destroy(&kdev->umems);
	put_device(kdev->desc.parent);
	kfree(kdev);
	if (atomic_dec_and_test(&alive_devices))
		wake_up_var(&alive_devices);
}

/* put_device() undoes everything, by registry_free(). */
static struct kplug_device *registry_alloc(const struct kplug_device_desc *desc)
{
	struct kplug_device *kdev = kzalloc(sizeof(*kdev), GFP_KERNEL);

	if (!kdev)
		return NULL;
	kdev->desc = *desc;
	mutex_init(&kdev->plugin_lock);
	kplug_buffer_init(kdev);
	mutex_init(&kdev->irq_lock);
	spin_lock_init(&kdev->event_lock);
	INIT_LIST_HEAD(&kdev->files);
	mutex_init(&kdev->files_lock);
	cdev_init(&kdev->cdev, &kplug_fops);
	kdev->cdev.owner = desc->ops->owner; /* no open while that module is unloaded; open files hold kplug.ko */
	device_initialize(&kdev->dev);
	kdev->dev.class = &kplug_class;
	kdev->dev.parent = get_device(desc->parent);
	kdev->dev.release = registry_free;
	atomic_inc(&alive_devices);
	return kdev;
}

/* What may fail. Each part can be freed if it is not there: a zeroed semaphore, no vectors, a negative number. */
static int registry_fill(struct kplug_device *kdev)
{
	int number = ida_alloc_max(&numbers, MINORS - 1, GFP_KERNEL);

	kdev->number = number;
	if (number < 0)
		return number;
	kdev->dev.devt = first_devt + number;
	return percpu_init_rwsem(&kdev->alive) ?: kplug_pending_alloc(kdev) ?: kplug_irq_alloc(kdev) ?:
	       dev_set_name(&kdev->dev, "%s", kdev->desc.name);
}

void kplug_device_zap(struct kplug_device *kdev)
{
	struct kplug_file *kfile;

	/* A mapping holds its file open, so this finds all; each node made by mknod has an address_space of its own. */
	guard(mutex)(&kdev->files_lock);
	list_for_each_entry(kfile, &kdev->files, list)
		unmap_mapping_range(kfile->file->f_mapping, KPLUG_MMAP_BAR(0),
				    KPLUG_MMAP_BAR(KPLUG_BAR_MAX) - KPLUG_MMAP_BAR(0), 1);
}
EXPORT_SYMBOL_GPL(kplug_device_zap);

/* Tears a device down that no program can open any more. */
static void registry_teardown(struct kplug_device *kdev)
{
	const struct kplug_bus_ops *ops = kdev->desc.ops;

	/* Waits for all ioctls, mmaps and page faults in flight, and refuses new ones. */
	percpu_down_write(&kdev->alive);
	kdev->dead = true;
	percpu_up_write(&kdev->alive);

	/* First the device is quiet, then no interrupt hook runs, then no other hook, then its view of memory goes. */
	ops->silence(kdev);
	kplug_irq_remove(kdev);
	kplug_plugin_remove(kdev);
	kplug_memory_end(kdev, 0);
	/* Silenced, a device may still have a transfer to end when its next driver lets it. */
	if (!kplug_device_confined(kdev) && kplug_quarantine_pages(kdev))
		ops->reset(kdev, true);
	kplug_quarantine_end(kdev, 0);
	kplug_dma_uninit(kdev);

	registry_wake_files(kdev);
	kplug_device_zap(kdev);
}

/* Looks for the name first: the driver core would refuse it too, but with a warning and a stack trace. */
static int registry_add(struct kplug_device *kdev)
{
	guard(mutex)(&names_lock);
	struct device *same __free(put_device) = class_find_device_by_name(&kplug_class, dev_name(&kdev->dev));

	return same ? -EEXIST : cdev_device_add(&kdev->cdev, &kdev->dev);
}

struct kplug_device *kplug_device_register(const struct kplug_device_desc *desc)
{
	struct kplug_device *kdev;
	int err;

	kdev = registry_alloc(desc);
	if (!kdev)
		return ERR_PTR(-ENOMEM);
	err = registry_fill(kdev);
	if (err)
		goto err_put;
	kdev->desc.name = dev_name(&kdev->dev);
	kplug_dma_init(kdev);
	err = registry_add(kdev);
	if (err)
		goto err_teardown;
	return kdev;

err_teardown: /* a program with an old node of this number may have opened it meanwhile */
	registry_teardown(kdev);
err_put:
	put_device(&kdev->dev);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(kplug_device_register);

void kplug_device_unregister(struct kplug_device *kdev)
{
	cdev_device_del(&kdev->cdev, &kdev->dev); /* no new open */
	kplug_device_event(kdev, KPLUG_EVENT_REMOVE); /* the device still answers: its plugin may stop it */
	registry_teardown(kdev);
	put_device(&kdev->dev);
}
EXPORT_SYMBOL_GPL(kplug_device_unregister);

int kplug_device_init(void)
{
	int err;

	err = alloc_chrdev_region(&first_devt, 0, MINORS, "kplug");
	if (err)
		return err;
	err = class_register(&kplug_class);
	if (err)
		unregister_chrdev_region(first_devt, MINORS);
	return err;
}

void kplug_device_exit(void)
{
	wait_var_event(&alive_devices, !atomic_read(&alive_devices));
	class_unregister(&kplug_class);
	unregister_chrdev_region(first_devt, MINORS);
}
