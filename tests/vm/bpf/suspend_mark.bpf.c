// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin: marks a register of edu when the machine is about to stop. Loaded by cases/pci/kexec.c. */
#include "kplug.bpf.h"
#include "edu_regs.h"
#include "suspend_mark.h"

KPLUG_PLUGIN("suspend_mark", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

KPLUG_HOOK(event)
{
	if (ev->message == KPLUG_EVENT_SUSPEND)
		kplug_reg_write(ev, EDU_BAR, EDU_LIVENESS, 4, SUSPEND_MARK);
}
