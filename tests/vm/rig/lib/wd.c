// SPDX-License-Identifier: GPL-2.0-only
#include "wd.h"

HANDLE wd_session;
WD_DMA wd_dma;
WD_KERNEL_PLUGIN wd_kp;

void wd_setup(void)
{
	setenv("KPLUG_WD_DEVICE", at->name, 1);
	setenv("KPLUG_PLUGIN_PATH", getenv("KPLUG_TEST"), 1);
	wd_session = WD_Open();
	assert_ptr_not_equal(wd_session, INVALID_HANDLE_VALUE);
	BZERO(wd_dma);
	BZERO(wd_kp);
}

void wd_teardown(void)
{
	WD_Close(wd_session);
}

void *wd_open_plugin(const char *name)
{
	wd_dma.dwBytes = 4096;
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	assert_done(WD_DMALock(wd_session, &wd_dma));
	wd_kp.pcDriverName = name;
	assert_done(WD_KernelPlugInOpen(wd_session, &wd_kp));
	assert_int_not_equal(wd_kp.hKernelPlugIn, 0);
	return wd_dma.pUserAddr;
}
