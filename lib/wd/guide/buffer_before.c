// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <stdio.h>
#include <windrvr.h>

int main(void)
{
	WD_KERNEL_PLUGIN plugin = { .pcDriverName = "call_before" };
	WD_DMA dma = { .dwBytes = 0x10000, .dwOptions = DMA_KERNEL_BUFFER_ALLOC };
	WD_KERNEL_PLUGIN_CALL call = { .dwMessage = 1 };
	HANDLE hWD = WD_Open();
	DWORD status;

	status = WD_DMALock(hWD, &dma);
	if (!status)
		status = WD_KernelPlugInOpen(hWD, &plugin);
	if (!status) {
		call.hKernelPlugIn = plugin.hKernelPlugIn;
		call.pData = dma.pKernelAddr;
		status = WD_KernelPlugInCall(hWD, &call);
	}
	if (status)
		printf("%s\n", Stat2Str(status));
	else
		printf("result %u, in the buffer %llu\n", call.dwResult, *(unsigned long long *)dma.pUserAddr);
	WD_Close(hWD);
	return status != 0;
}
