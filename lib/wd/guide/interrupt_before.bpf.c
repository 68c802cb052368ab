// SPDX-License-Identifier: GPL-2.0-only
#include "kp.bpf.h"

KP_DRIVER("interrupt_before", "1.0", 0x1234, 0x11e8);

BOOL __cdecl KP_IntAtIrql(PVOID pIntContext, BOOL *pfIsMyInterrupt)
{
	UINT32 status;

	WDC_ReadAddr32(pIntContext, 0, 0x24, &status);
	*pfIsMyInterrupt = status != 0;
	WDC_WriteAddr32(pIntContext, 0, 0x64, status);
	return TRUE;
}

DWORD __cdecl KP_IntAtDpc(PVOID pIntContext, DWORD dwCount)
{
	return dwCount;
}
