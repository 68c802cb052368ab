// SPDX-License-Identifier: GPL-2.0-only
/* What a PCI function is fenced for (resets, errors of it or its link, the machine's end), and what a suspend asks. */
#include <linux/pci.h>

#include "core/device.h"
#include "pci/pci.h"

/* Returns when nobody accesses a register, or can. */
static void side_fence(struct pci_side *side, u32 why)
{
	lockdep_assert_held_write(&side->reset_lock);
	scoped_guard(raw_spinlock_irqsave, &side->command_lock) {
		WRITE_ONCE(side->fence, side->fence | why);
		kplug_pci_apply_command(side); /* nobody could acknowledge its line */
	}
	synchronize_rcu(); /* hooks that access registers */
	if (side->kdev) /* else probe fails, and clears up */
		kplug_device_zap(side->kdev);
}

/* The kernel has restored the configuration that it saved; who uses DMA or the line may have changed since. */
static void side_unfence(struct pci_side *side, u32 why)
{
	guard(raw_spinlock_irqsave)(&side->command_lock);
	WRITE_ONCE(side->fence, side->fence & ~why);
	if (!side->fence)
		kplug_pci_apply_command(side);
}

void kplug_pci_fence_off(struct pci_side *side)
{
	down_write(&side->reset_lock);
	side_fence(side, FENCE_OFF);
	up_write(&side->reset_lock);
}

/* Around each reset, ours and root's (sysfs). */
static void side_reset_prepare(struct pci_dev *pdev)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	down_write(&side->reset_lock);
	side_fence(side, FENCE_RESET);
}

static void side_reset_done(struct pci_dev *pdev)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	if (!(side->fence & FENCE_ERROR))
		pci_save_state(pdev); /* some kernels forget it in a reset */
	side_unfence(side, FENCE_RESET);
	up_write(&side->reset_lock);
	if (side->kdev && !(side->fence & FENCE_OFF)) /* fenced off, it cannot be set up again */
		kplug_device_event(side->kdev, KPLUG_EVENT_RESET);
}

/*
 * Recovery from an error that the device or its link reports (Documentation/PCI/pci-error-recovery.rst). After a fatal
 * one the link is reset. The device is fenced until its configuration is restored, and for good if the recovery fails.
 * After another one it goes on, unless one of its neighbours needs that reset.
 */
static pci_ers_result_t side_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	side->slot_reset = false;
	if (state != pci_channel_io_normal) {
		down_write(&side->reset_lock);
		side_fence(side, FENCE_ERROR);
		up_write(&side->reset_lock);
	}
	kplug_device_event(side->kdev, KPLUG_EVENT_ERROR);
	switch (state) {
	case pci_channel_io_normal:
		return PCI_ERS_RESULT_CAN_RECOVER;
	case pci_channel_io_frozen:
		return PCI_ERS_RESULT_NEED_RESET;
	default:
		return PCI_ERS_RESULT_DISCONNECT;
	}
}

static pci_ers_result_t side_slot_reset(struct pci_dev *pdev)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	if (!pci_device_is_present(pdev))
		return PCI_ERS_RESULT_DISCONNECT;
	pci_restore_state(pdev);
	pci_save_state(pdev); /* 6.12 restores a state only once */
	scoped_guard(raw_spinlock_irqsave, &side->command_lock)
		kplug_pci_apply_command(side);
	side->slot_reset = true;
	return PCI_ERS_RESULT_RECOVERED;
}

static void side_error_resume(struct pci_dev *pdev)
{
	struct pci_side *side = pci_get_drvdata(pdev);

	if (!side->slot_reset) /* or an earlier error still fences it */
		return;
	down_write(&side->reset_lock);
	side_unfence(side, FENCE_ERROR);
	up_write(&side->reset_lock);
	kplug_device_event(side->kdev, KPLUG_EVENT_RESET);
}

const struct pci_error_handlers kplug_pci_error_handlers = {
	.error_detected = side_error_detected,
	.slot_reset = side_slot_reset,
	.resume = side_error_resume,
	.reset_prepare = side_reset_prepare,
	.reset_done = side_reset_done,
};

static int side_suspend(struct device *dev)
{
	struct pci_side *side = dev_get_drvdata(dev);

	kplug_device_event(side->kdev, KPLUG_EVENT_SUSPEND);
	return 0;
}

static int side_resume(struct device *dev)
{
	struct pci_side *side = dev_get_drvdata(dev);

	pci_save_state(side->pdev); /* as in side_reset_done() */
	side_unfence(side, 0);
	kplug_device_event(side->kdev, KPLUG_EVENT_RESUME);
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(kplug_pci_pm_ops, side_suspend, side_resume);
