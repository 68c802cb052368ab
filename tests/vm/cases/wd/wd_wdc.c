// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: lib/wd/wdc.c lib/wd/wdc_dma.c */
/* The porting layer: the WDC calls of wdc_lib.h. */
#include <stdatomic.h>
#include <stdio.h>

#include "lib/wd/wdc_lib.h"

#include "bpf/wd_calls.h"
#include "lib/wd.h"

static atomic_int handled;

static void handler(PVOID pData)
{
	atomic_fetch_add((atomic_int *)pData, 1);
}

static bool handled_is(void *arg)
{
	return atomic_load(&handled) >= *(int *)arg;
}

/* Finds the device that the test is on. */
static WDC_DEVICE_HANDLE wdc_open(const struct rig_dev *d)
{
	WDC_PCI_SCAN_RESULT result;
	WD_PCI_CARD_INFO info;
	WDC_DEVICE_HANDLE hDev = NULL;
	char name[KPLUG_NAME_LEN];
	DWORD i;

	assert_done(WDC_PciScanDevices(0x1234, 0x11e8, &result));
	for (i = 0; i < result.dwNumDevices; i++) {
		info.pciSlot = result.deviceSlot[i];
		snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", info.pciSlot.dwDomain, info.pciSlot.dwBus,
			 info.pciSlot.dwSlot, info.pciSlot.dwFunction);
		if (d->soft ? info.pciSlot.dwDomain == WD_SOFT_DOMAIN : !strcmp(name, d->name))
			break;
	}
	assert_true(i < result.dwNumDevices);
	assert_done(WDC_PciDeviceOpen(&hDev, &info, &wd_dma));
	return hDev;
}

static void wdc_devices(void)
{
	WDC_DEVICE_HANDLE hDev = wdc_open(at);
	WD_PCI_CARD_INFO info = { .pciSlot = { .dwBus = 0xff, .dwSlot = 31 } };
	WDC_PCI_SCAN_RESULT result;

	assert_ptr_equal(WDC_GetDevContext(hDev), &wd_dma);
	assert_non_null(WDC_GetWDHandle(hDev));
	assert_done(WDC_PciDeviceClose(hDev));
	assert_status(WD_INVALID_HANDLE, WDC_PciDeviceClose(hDev)); /* twice */
	assert_status(WD_INVALID_HANDLE, WDC_PciDeviceClose(NULL));
	assert_null(WDC_GetWDHandle(hDev));
	assert_null(WDC_GetDevContext(hDev));
	assert_done(WDC_PciScanDevices(0, 0, &result));
	assert_true(result.dwNumDevices > 2);
	assert_done(WDC_PciScanDevices(0xdead, 0xbeef, &result));
	assert_int_equal(result.dwNumDevices, 0);
	assert_status(WD_INVALID_PARAMETER, WDC_PciScanDevices(0, 0, NULL));
	assert_status(WD_DEVICE_NOT_FOUND, WDC_PciDeviceOpen(&hDev, &info, NULL));
	assert_status(WD_INVALID_PARAMETER, WDC_PciDeviceOpen(NULL, &info, NULL));
	assert_status(WD_INVALID_PARAMETER, WDC_PciDeviceOpen(&hDev, NULL, NULL));
}

static void wdc_registers(void)
{
	WDC_DEVICE_HANDLE hDev = wdc_open(at);
	UINT32 value = 0;
	UINT64 wide = 0;
	BYTE byte;
	WORD word;

	assert_done(WDC_WriteAddr32(hDev, AD_PCI_BAR0, EDU_LIVENESS, 5));
	assert_done(WDC_ReadAddr32(hDev, AD_PCI_BAR0, EDU_LIVENESS, &value));
	assert_int_equal(value, ~5U);
	assert_done(WDC_WriteAddr64(hDev, AD_PCI_BAR0, EDU_DMA_SRC, 0x1122334455));
	assert_done(WDC_ReadAddr64(hDev, AD_PCI_BAR0, EDU_DMA_SRC, &wide));
	assert_int_equal(wide, 0x1122334455);
	assert_done(WDC_ReadAddr8(hDev, AD_PCI_BAR0, 0, &byte));
	assert_done(WDC_ReadAddr16(hDev, AD_PCI_BAR0, 0, &word));
	assert_done(WDC_WriteAddr8(hDev, AD_PCI_BAR0, 0, 0));
	assert_done(WDC_WriteAddr16(hDev, AD_PCI_BAR0, 0, 0));
	assert_status(WD_INVALID_PARAMETER, WDC_ReadAddr32(hDev, AD_PCI_BAR1, 0, &value));
	assert_status(WD_INVALID_PARAMETER, WDC_ReadAddr32(hDev, AD_PCI_BAR0, 1 << 20, &value));
	assert_status(WD_INVALID_PARAMETER, WDC_WriteAddr32(hDev, AD_PCI_BAR0, 2, 0));
	assert_status(WD_INVALID_PARAMETER, WDC_ReadAddr32(hDev, AD_PCI_BAR0, 0, NULL));
	assert_status(WD_INVALID_HANDLE, WDC_ReadAddr32(NULL, AD_PCI_BAR0, 0, &value));
	assert_status(WD_INVALID_HANDLE, WDC_WriteAddr64(NULL, AD_PCI_BAR0, 0, 0));
	assert_done(WDC_PciDeviceClose(hDev));
}

static void wdc_buffers(void)
{
	WDC_DEVICE_HANDLE hDev = wdc_open(at);
	WD_KERNEL_BUFFER *kernel = NULL;
	WD_DMA *locked = NULL, *left = NULL;
	PVOID mem = NULL;

	assert_done(WDC_DMAContigBufLock(hDev, &mem, 0, 0x10000, &locked));
	assert_ptr_equal(mem, locked->pUserAddr);
	memset(mem, 2, 0x10000);
	assert_done(WDC_DMASyncCpu(locked));
	assert_done(WDC_DMASyncIo(locked));
	assert_done(WDC_DMABufUnlock(locked));
	assert_status(WD_INVALID_HANDLE, WDC_DMABufUnlock(locked)); /* twice */
	assert_status(WD_INVALID_PARAMETER, WDC_DMABufUnlock(NULL));
	assert_status(WD_INVALID_PARAMETER, WDC_DMASyncCpu(NULL));
	assert_status(WD_INVALID_HANDLE, WDC_DMASyncIo(&wd_dma));
	assert_status(WD_INVALID_PARAMETER, WDC_DMAContigBufLock(hDev, NULL, 0, 4096, &locked));
	assert_status(WD_INVALID_PARAMETER, WDC_DMAContigBufLock(hDev, &mem, 0, 4096, NULL));
	assert_status(WD_INVALID_PARAMETER, WDC_DMAContigBufLock(hDev, &mem, 0x80000000, 4096, &locked));
	assert_status(WD_INVALID_HANDLE, WDC_DMAContigBufLock(NULL, &mem, 0, 4096, &locked));
	assert_status(WD_INVALID_PARAMETER, WDC_DMASGBufLock(hDev, NULL, 0, 4096, &locked));
	assert_status(WD_INVALID_PARAMETER, WDC_DMASGBufLock(hDev, &wd_dma, DMA_KERNEL_BUFFER_ALLOC, 4096, &locked));
	assert_status(WD_INVALID_HANDLE, WDC_DMASGBufLock(NULL, &wd_dma, 0, sizeof(wd_dma), &locked));
	assert_status(WD_SYSTEM_INTERNAL_ERROR, WDC_DMASGBufLock(hDev, (PVOID)8, 0, 4096, &locked));

	assert_done(WDC_SharedBufferAlloc(8192, KER_BUF_ALLOC_CONTIG | KER_BUF_ALLOC_CACHED, &kernel));
	assert_int_equal(kernel->qwBytes, 8192);
	assert_non_null(kernel->pKernelAddr);
	memset(kernel->pUserAddr, 3, 8192);
	assert_done(WDC_SharedBufferFree(kernel));
	assert_status(WD_INVALID_HANDLE, WDC_SharedBufferFree(kernel));
	assert_status(WD_INVALID_PARAMETER, WDC_SharedBufferFree(NULL));
	assert_status(WD_INVALID_PARAMETER, WDC_SharedBufferAlloc(0, KER_BUF_ALLOC_CONTIG, &kernel));
	assert_status(WD_INVALID_PARAMETER, WDC_SharedBufferAlloc(4096, 0, &kernel));
	assert_status(WD_INVALID_PARAMETER, WDC_SharedBufferAlloc(4096, 0x80000000, &kernel));
	assert_status(WD_INVALID_PARAMETER, WDC_SharedBufferAlloc(4096, KER_BUF_ALLOC_CONTIG, NULL));
	assert_status(WD_INSUFFICIENT_RESOURCES, WDC_SharedBufferAlloc(1ULL << 40, KER_BUF_ALLOC_CONTIG, &kernel));

	assert_done(WDC_DMAContigBufLock(hDev, &mem, 0, 4096, &left));
	assert_done(WDC_PciDeviceClose(hDev));
	assert_status(WD_INVALID_HANDLE, WDC_DMABufUnlock(left)); /* went with its device */
	assert_done(WDC_SharedBufferAlloc(4096, KER_BUF_ALLOC_NON_CONTIG, &kernel)); /* of WD_Open()'s device */
	assert_done(WDC_SharedBufferFree(kernel));
	setenv("KPLUG_WD_DEVICE", "nobody", 1);
	assert_status(WD_DEVICE_NOT_FOUND, WDC_SharedBufferAlloc(4096, KER_BUF_ALLOC_CONTIG, &kernel));
}

static void wdc_plugin(void)
{
	WDC_DEVICE_HANDLE hDev = wdc_open(at);
	UINT64 words[2] = { 1, 2 };
	DWORD result = 0;
	int one = 1;

	assert_status(WD_INVALID_HANDLE, WDC_CallKerPlug(hDev, WD_CALLS_DOUBLE, words, &result)); /* not open */
	assert_status(WD_KERPLUG_FAILURE, WDC_KernelPlugInOpen(hDev, "no_such_plugin", NULL));
	assert_status(WD_INVALID_PARAMETER, WDC_KernelPlugInOpen(hDev, NULL, NULL));
	assert_status(WD_INVALID_HANDLE, WDC_KernelPlugInOpen(NULL, "wd_calls", NULL));
	assert_done(WDC_KernelPlugInOpen(hDev, "wd_calls", NULL));
	assert_done(WDC_CallKerPlug(hDev, WD_CALLS_DOUBLE, words, &result));
	assert_int_equal(result, 16);
	assert_int_equal(words[1], 4);
	assert_status(WD_INVALID_PARAMETER, WDC_CallKerPlug(hDev, WD_CALLS_DOUBLE, words, NULL));
	assert_status(WD_INVALID_HANDLE, WDC_CallKerPlug(NULL, WD_CALLS_DOUBLE, words, &result));

	atomic_store(&handled, 0);
	assert_status(WD_NOT_IMPLEMENTED, WDC_IntEnable(hDev, words, 1, 0, handler, &handled, TRUE));
	assert_status(WD_INVALID_HANDLE, WDC_IntEnable(NULL, NULL, 0, 0, handler, &handled, TRUE));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WDC_IntDisable(hDev));
	assert_done(WDC_IntEnable(hDev, NULL, 0, 0, handler, &handled, TRUE));
	assert_status(WD_OPERATION_ALREADY_DONE, WDC_IntEnable(hDev, NULL, 0, 0, handler, &handled, TRUE));
	rig_raise(dev, 1);
	rig_until(handled_is, &one);
	assert_done(WDC_IntDisable(hDev));
	assert_status(WD_INTERRUPT_NOT_ENABLED, WDC_IntDisable(hDev));
	assert_status(WD_INVALID_HANDLE, WDC_IntDisable(NULL));
	assert_done(WDC_IntEnable(hDev, NULL, 0, 0, handler, &handled, TRUE));
	assert_done(WDC_PciDeviceClose(hDev)); /* with all that it has */
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(wdc_devices),
		TEST(wdc_registers),
		TEST(wdc_buffers),
		TEST(wdc_plugin),
	};

	return WD_RUN(tests);
}
