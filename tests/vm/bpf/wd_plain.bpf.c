// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin with the plain interrupt callbacks only, which serve messages, too; for cases/wd/wd_plain.c. */
#include "lib/wd/kp.bpf.h"
#include "wd_plain.h"

KP_DRIVER("wd_plain", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KP_SHARED_BUFFER(struct wd_plain, shared);

BOOL __cdecl KP_IntAtIrql(PVOID pIntContext, BOOL *pfIsMyInterrupt)
{
	UINT32 status;

	WDC_ReadAddr32(pIntContext, 0, 0x24, &status);
	if (!status)
		return FALSE; /* the line's other device */
	if (shared.deny) {
		shared.deny--;
		shared.denied++;
		return TRUE; /* without the claim it says nothing */
	}
	WDC_WriteAddr32(pIntContext, 0, 0x64, status);
	*pfIsMyInterrupt = TRUE;
	shared.claimed++;
	return !shared.keep;
}

DWORD __cdecl KP_IntAtDpc(PVOID pIntContext, DWORD dwCount)
{
	shared.dpcs++;
	shared.dpc_interrupts += dwCount;
	return shared.wakes;
}
