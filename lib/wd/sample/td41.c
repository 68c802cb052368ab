// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The technical note's sample as a complete program: allocates a buffer of 0x10000 bytes, opens the
 * plugin by name, and passes the buffer by a call (1) and by the enable of the interrupt (2). Each
 * side checks what the other wrote. The note leaves out synchronisation: see snapshot_read().
 *
 *   KPLUG_WD_DEVICE=soft0 td41      KPLUG_PLUGIN_PATH: the folder of KP_SAMPLE.bpf.o, unless installed
 */
#include <stdio.h>

#include "kp_sample.h"
#include "windrvr.h"

static HANDLE hWD;
static WD_DMA dma;
static WD_KERNEL_PLUGIN kerPlug;
static WD_KERNEL_PLUGIN_CALL kpCall;

static int failed(const char *what, DWORD status)
{
	fprintf(stderr, "%s: %s\n", what, Stat2Str(status));
	WD_Close(hWD);
	return 1;
}

static void write_buffer(BYTE first)
{
	struct shared *shared = dma.pUserAddr;
	DWORD i;

	for (i = 0; i < sizeof(shared->user); i++)
		shared->user[i] = (BYTE)(first + i * 7);
}

/* The number of calls that the plugin counted; 0: it did not write the expected bytes. */
static unsigned long long read_buffer(void)
{
	struct shared *shared = dma.pUserAddr;
	struct both counters;
	DWORD i;

	for (i = 0; i < sizeof(shared->user); i++) {
		if (shared->kernel[i] != (BYTE)~shared->user[i])
			return 0;
	}
	return snapshot_read(&shared->counters, &counters, 1000) ? counters.words[0] : 0;
}

int main(void)
{
	WD_INTERRUPT interrupt;
	DWORD status;

	hWD = WD_Open();
	if (hWD == INVALID_HANDLE_VALUE)
		return failed("opening the device", WD_DEVICE_NOT_FOUND);

	BZERO(dma);
	dma.pUserAddr = NULL;
	dma.dwBytes = 0x10000;
	dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	status = WD_DMALock(hWD, &dma);
	if (!dma.hDma)
		return failed("failed allocating dma buffer", status);

	BZERO(kerPlug);
	kerPlug.pcDriverName = KP_DRIVER_NAME;
	status = WD_KernelPlugInOpen(hWD, &kerPlug);
	if (!kerPlug.hKernelPlugIn)
		return failed("failed opening a handle to the Kernel PlugIn", status);

	/* 1. By a call. */
	write_buffer(1);
	BZERO(kpCall);
	kpCall.hKernelPlugIn = kerPlug.hKernelPlugIn;
	kpCall.dwMessage = YOUR_MESSAGE;
	kpCall.pData = dma.pKernelAddr;
	status = WD_KernelPlugInCall(hWD, &kpCall);
	if (status || kpCall.dwResult != sizeof(((struct shared *)0)->user) || read_buffer() != 1)
		return failed("the call", status);
	printf("call: the plugin wrote %u bytes\n", kpCall.dwResult);

	/* 2. By the interrupt's enable. */
	write_buffer(2);
	BZERO(interrupt);
	interrupt.kpCall = kpCall;
	status = WD_IntEnable(hWD, &interrupt);
	if (status || !interrupt.fEnableOk || read_buffer() != 2)
		return failed("the interrupt's enable", status);
	printf("interrupt enable: the plugin wrote them again\n");

	WD_IntDisable(hWD, &interrupt);
	WD_KernelPlugInClose(hWD, &kerPlug);
	WD_DMAUnlock(hWD, &dma);
	WD_Close(hWD);
	return 0;
}
