// SPDX-License-Identifier: GPL-2.0-only
#include "kp.bpf.h"

KP_DRIVER("call_before", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);

struct shared {
	UINT64 calls;
};
KP_SHARED_BUFFER(struct shared, shared);

VOID __cdecl KP_Call(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall)
{
	if (kpCall->pData == &shared)
		kpCall->dwResult = ++shared.calls;
}
