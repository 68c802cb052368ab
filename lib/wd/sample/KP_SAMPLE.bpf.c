// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plugin of the technical note's sample: gets the shared buffer by a call, and by the enable of
 * the interrupt, and writes its bytes inverted.
 *
 * Not for other devices than QEMU's edu. Loaded by td41, its program.
 */
#include "kp.bpf.h"
#include "kp_sample.h"

KP_DRIVER(KP_DRIVER_NAME, "1.0", 0x1234, 0x11e8);
KP_SHARED_BUFFER(struct shared, shared);

#define IRQ_STATUS 0x24
#define IRQ_ACK 0x64

static struct both counters; /* calls and enables, interrupts */

/* Writes what the program will check. */
static DWORD answer_in_buffer(PVOID pData)
{
	DWORD i;

	if (pData != &shared)
		return 0; /* not the shared buffer */
	for (i = 0; i < sizeof(shared.user); i++)
		shared.kernel[i] = ~shared.user[i];
	counters.words[0]++;
	snapshot_write(&shared.counters, &counters);
	return i;
}

BOOL __cdecl KP_Open(KP_OPEN_CALL *kpOpenCall, HANDLE hWD, PVOID pOpenData, PVOID *ppDrvContext)
{
	kpOpenCall->funcClose = KP_Close;
	kpOpenCall->funcCall = KP_Call;
	kpOpenCall->funcIntEnable = KP_IntEnable;
	kpOpenCall->funcIntAtIrql = KP_IntAtIrql;
	kpOpenCall->funcIntAtDpc = KP_IntAtDpc;
	return TRUE;
}

VOID __cdecl KP_Call(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall)
{
	if (kpCall->dwMessage == YOUR_MESSAGE)
		kpCall->dwResult = answer_in_buffer(kpCall->pData);
}

BOOL __cdecl KP_IntEnable(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall, PVOID *ppIntContext)
{
	return answer_in_buffer(kpCall->pData) != 0;
}

BOOL __cdecl KP_IntAtIrql(PVOID pIntContext, BOOL *pfIsMyInterrupt)
{
	UINT32 status;

	WDC_ReadAddr32(pIntContext, 0, IRQ_STATUS, &status);
	*pfIsMyInterrupt = status != 0;
	if (!status)
		return FALSE;
	WDC_WriteAddr32(pIntContext, 0, IRQ_ACK, status);
	return TRUE;
}

DWORD __cdecl KP_IntAtDpc(PVOID pIntContext, DWORD dwCount)
{
	counters.words[1] += dwCount;
	snapshot_write(&shared.counters, &counters);
	return dwCount;
}
