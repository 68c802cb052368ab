// SPDX-License-Identifier: GPL-2.0-only
/* Test plugin written with the porting layer's names; for cases/wd/. */
#include "lib/wd/kp.bpf.h"
#include "wd_calls.h"

KP_DRIVER("wd_calls", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
KP_SHARED_BUFFER(struct wd_calls, shared);

BOOL __cdecl KP_Open(KP_OPEN_CALL *kpOpenCall, HANDLE hWD, PVOID pOpenData, PVOID *ppDrvContext)
{
	BYTE first;

	kpOpenCall->funcIntAtIrqlMSI = KP_IntAtIrqlMSI;
	COPY_FROM_USER(&first, pOpenData, 1);
	if (first == 0xff)
		return FALSE;
	shared.opens++;
	return TRUE;
}

VOID __cdecl KP_Close(PVOID pDrvContext)
{
	shared.closes++;
}

VOID __cdecl KP_Call(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall)
{
	UINT64 words[2];

	switch (kpCall->dwMessage) {
	case WD_CALLS_DOUBLE:
		COPY_FROM_USER(words, kpCall->pData, sizeof(words));
		words[0] *= 2;
		words[1] *= 2;
		COPY_TO_USER(kpCall->pData, words, sizeof(words));
		kpCall->dwResult = sizeof(words);
		break;
	case WD_CALLS_VALUE:
		kpCall->dwResult = kpCall->dwBytes ? 0 : kpCall->qwValue;
		break;
	case WD_CALLS_BUFFER:
		kpCall->dwResult = kpCall->pData == &shared;
		break;
	case WD_CALLS_REGISTER:
		WDC_WriteAddr32(pDrvContext, 0, 0x04, 0x12345678);
		WDC_ReadAddr32(pDrvContext, 0, 0x04, &kpCall->dwResult);
		break;
	}
}

BOOL __cdecl KP_IntEnable(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall, PVOID *ppIntContext)
{
	shared.enables++;
	return kpCall->dwMessage != WD_CALLS_REFUSE;
}

VOID __cdecl KP_IntDisable(PVOID pIntContext)
{
	shared.disables++;
}

static BOOL acknowledge(PVOID pIntContext)
{
	UINT32 status;

	WDC_ReadAddr32(pIntContext, 0, 0x24, &status);
	if (status)
		WDC_WriteAddr32(pIntContext, 0, 0x64, status);
	return status != 0;
}

BOOL __cdecl KP_IntAtIrql(PVOID pIntContext, BOOL *pfIsMyInterrupt)
{
	*pfIsMyInterrupt = acknowledge(pIntContext);
	shared.irqls += *pfIsMyInterrupt;
	return *pfIsMyInterrupt;
}

DWORD __cdecl KP_IntAtDpc(PVOID pIntContext, DWORD dwCount)
{
	shared.dpcs += dwCount;
	return shared.silent ? 0 : dwCount;
}

BOOL __cdecl KP_IntAtIrqlMSI(PVOID pIntContext, ULONG dwLastMessage, DWORD dwReserved)
{
	acknowledge(pIntContext);
	shared.irqls_msi++;
	return TRUE;
}

DWORD __cdecl KP_IntAtDpcMSI(PVOID pIntContext, DWORD dwCount, ULONG dwLastMessage, DWORD dwReserved)
{
	shared.dpcs_msi += dwCount;
	return shared.silent ? 0 : dwCount;
}

BOOL __cdecl KP_Event(PVOID pDrvContext, WD_EVENT *wd_event)
{
	return TRUE;
}
