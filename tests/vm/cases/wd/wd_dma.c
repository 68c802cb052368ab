// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: lib/wd/session.c lib/wd/dma.c */
/* The porting layer: sessions and buffers, and each wrong use with the status that it gives. */
#include "lib/wd.h"

static void sessions(void)
{
	HANDLE closed;

	setenv("KPLUG_WD_DEVICE", "nobody", 1);
	assert_ptr_equal(WD_Open(), INVALID_HANDLE_VALUE);
	unsetenv("KPLUG_WD_DEVICE"); /* two are bound */
	assert_ptr_equal(WD_Open(), INVALID_HANDLE_VALUE);
	closed = wd_session;
	WD_Close(wd_session);
	WD_Close(closed); /* nothing */
	WD_Close(NULL);
	WD_Close(INVALID_HANDLE_VALUE);
	wd_dma.dwBytes = 4096;
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	assert_status(WD_INVALID_HANDLE, WD_DMALock(closed, &wd_dma));
	assert_status(WD_INVALID_HANDLE, WD_DMALock(NULL, &wd_dma));
	assert_status(WD_INVALID_HANDLE, WD_DMALock(INVALID_HANDLE_VALUE, &wd_dma));
	assert_string_equal(Stat2Str(WD_INVALID_HANDLE), "Invalid handle");
	assert_string_equal(Stat2Str(12345), "Unknown status");
}

static void kernel_buffers(void)
{
	WD_DMA second = { .dwBytes = 100, .dwOptions = DMA_KERNEL_BUFFER_ALLOC | DMA_TO_FROM_DEVICE };

	wd_dma.dwBytes = 0x10000;
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	assert_done(WD_DMALock(wd_session, &wd_dma));
	assert_int_not_equal(wd_dma.hDma, 0);
	assert_non_null(wd_dma.pUserAddr);
	assert_non_null(wd_dma.pKernelAddr);
	assert_int_equal(wd_dma.dwPages, 1);
	assert_int_equal(wd_dma.Page[0].dwBytes, 0x10000);
	assert_int_not_equal(wd_dma.Page[0].pPhysicalAddr, 0);
	memset(wd_dma.pUserAddr, 1, 0x10000);
	assert_done(WD_DMALock(wd_session, &second));
	assert_int_not_equal(second.hDma, wd_dma.hDma);
	assert_ptr_not_equal(second.pUserAddr, wd_dma.pUserAddr);
	assert_done(WD_DMASyncCpu(wd_session, &wd_dma));
	assert_done(WD_DMASyncIo(wd_session, &wd_dma));
	assert_done(WD_DMAUnlock(wd_session, &wd_dma));
	assert_status(WD_INVALID_HANDLE, WD_DMAUnlock(wd_session, &wd_dma)); /* twice */
	assert_status(WD_INVALID_HANDLE, WD_DMASyncCpu(wd_session, &wd_dma));
	assert_status(WD_INVALID_HANDLE, WD_DMASyncIo(wd_session, &wd_dma));
	assert_done(WD_DMAUnlock(wd_session, &second));
	second.hDma = 0;
	assert_status(WD_INVALID_HANDLE, WD_DMAUnlock(wd_session, &second));
	assert_status(WD_INVALID_PARAMETER, WD_DMAUnlock(wd_session, NULL));
	assert_status(WD_INVALID_HANDLE, WD_DMAUnlock(NULL, &wd_dma));
	assert_status(WD_INVALID_PARAMETER, WD_DMASyncCpu(wd_session, NULL));
	assert_status(WD_INVALID_PARAMETER, WD_DMASyncIo(wd_session, NULL));
}

static void bad_locks(void)
{
	assert_status(WD_INVALID_PARAMETER, WD_DMALock(wd_session, NULL));
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	assert_status(WD_INVALID_PARAMETER, WD_DMALock(wd_session, &wd_dma)); /* no bytes */
	wd_dma.dwBytes = 4096;
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC | 0x80000000;
	wd_dma.hDma = 7;
	assert_status(WD_INVALID_PARAMETER, WD_DMALock(wd_session, &wd_dma));
	assert_int_equal(wd_dma.hDma, 0);
	wd_dma.dwOptions = 0;
	assert_status(WD_INVALID_PARAMETER, WD_DMALock(wd_session, &wd_dma)); /* no memory */
	wd_dma.dwOptions = DMA_KERNEL_BUFFER_ALLOC;
	wd_dma.dwBytes = 0xffffffff;
	assert_status(WD_INVALID_PARAMETER, WD_DMALock(wd_session, &wd_dma)); /* more than a buffer may have */
}

/* On a device that reaches all memory. */
static void user_memory(void)
{
	static BYTE memory[3 * 4096] __attribute__((aligned(4096)));
	DWORD i, bytes = 0;
	HANDLE wide;

	memset(memory, 1, sizeof(memory));
	assert_ok(kplug_soft_create("wide", 1, 64));
	setenv("KPLUG_WD_DEVICE", "wide", 1);
	wide = WD_Open();
	assert_ptr_not_equal(wide, INVALID_HANDLE_VALUE);
	wd_dma.pUserAddr = memory + 100;
	wd_dma.dwBytes = sizeof(memory) - 200;
	assert_done(WD_DMALock(wide, &wd_dma));
	assert_ptr_equal(wd_dma.pUserAddr, memory + 100);
	assert_null(wd_dma.pKernelAddr);
	for (i = 0; i < wd_dma.dwPages; i++)
		bytes += wd_dma.Page[i].dwBytes;
	assert_int_equal(bytes, sizeof(memory) - 200);
	assert_done(WD_DMASyncIo(wide, &wd_dma));
	assert_done(WD_DMAUnlock(wide, &wd_dma));
	assert_status(WD_INVALID_HANDLE, WD_DMAUnlock(wide, &wd_dma));
	wd_dma.pUserAddr = (PVOID)8;
	assert_status(WD_SYSTEM_INTERNAL_ERROR, WD_DMALock(wide, &wd_dma));
	assert_int_equal(wd_dma.hDma, 0);
	WD_Close(wide);
	assert_ok(kplug_soft_delete("wide"));
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(sessions),
		TEST(kernel_buffers),
		TEST(bad_locks),
		TEST(user_memory),
	};

	return WD_RUN(tests);
}
