// SPDX-License-Identifier: GPL-2.0-only
/* Does one thing wrong, for watch.sh: is the debug kernel's watcher of it awake? Its load fails, so nothing stays. */
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

static char *what;
module_param(what, charp, 0);

static DEFINE_MUTEX(a);
static DEFINE_MUTEX(b);
static DEFINE_SPINLOCK(s);

static void leak(void)
{
	void *p = kmalloc(1024, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
}

static void use_after_free(void)
{
	char *p = kmalloc(100, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	(void)READ_ONCE(p[10]);
}

static void out_of_bounds(void)
{
	char *p = vmalloc(PAGE_SIZE / 2); /* past a whole page no memory is: that would be an oops, too */

	if (!p)
		return;
	(void)READ_ONCE(p[PAGE_SIZE / 2 + 8]);
	vfree(p);
}

static void shift(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	by = 1 << by;
	OPTIMIZER_HIDE_VAR(by);
}

static void corrupt_list(void)
{
	LIST_HEAD(head);
	struct list_head one = { NULL, NULL };

	list_add(&one, &head);
	list_add(&one, &head);
}

static void sleep_in_atomic(void)
{
	spin_lock(&s);
	might_sleep();
	spin_unlock(&s);
}

/* A device address that is mapped and never unmapped would be found late; one unmapped that never was, at once. */
static void unmap_nothing(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, NULL);

	if (!pdev)
		return;
	dma_unmap_page(&pdev->dev, 0x123000, PAGE_SIZE, DMA_TO_DEVICE);
	pci_dev_put(pdev);
}

static void deadlock(void)
{
	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static const struct {
	const char *name;
	void (*commit)(void);
} sins[] = {
	{ "leak", leak },
	{ "use_after_free", use_after_free },
	{ "out_of_bounds", out_of_bounds },
	{ "shift", shift },
	{ "corrupt_list", corrupt_list },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "unmap_nothing", unmap_nothing },
	{ "deadlock", deadlock },
};

static int __init wrong_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sins); i++) {
		if (what && !strcmp(what, sins[i].name)) {
			sins[i].commit();
			return -EAGAIN;
		}
	}
	return -EINVAL;
}
module_init(wrong_init);

MODULE_DESCRIPTION("does one thing wrong");
MODULE_LICENSE("GPL");
