/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Porting layer: the WDC calls, on libkplug. See windrvr.h and kplug-wd(7). */
#ifndef KPLUG_WDC_LIB_H
#define KPLUG_WDC_LIB_H

#include "windrvr.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef PVOID WDC_DEVICE_HANDLE;

#define WD_PCI_CARDS 100
#define WD_SOFT_DOMAIN 0x10000U /* dwDomain of software devices; dwSlot numbers them */

typedef struct {
	DWORD dwVendorId;
	DWORD dwDeviceId;
} WD_PCI_ID;

typedef struct {
	DWORD dwDomain;
	DWORD dwBus;
	DWORD dwSlot;
	DWORD dwFunction;
} WD_PCI_SLOT;

typedef struct {
	DWORD dwNumDevices;
	WD_PCI_ID deviceId[WD_PCI_CARDS];
	WD_PCI_SLOT deviceSlot[WD_PCI_CARDS];
} WDC_PCI_SCAN_RESULT;

typedef struct {
	WD_PCI_SLOT pciSlot;
} WD_PCI_CARD_INFO;

/* Ids: 0 matches any. Lists the first 100 devices, bound to kplug or not. */
DWORD WDC_PciScanDevices(DWORD dwVendorId, DWORD dwDeviceId, WDC_PCI_SCAN_RESULT *pPciScanResult);
DWORD WDC_PciDeviceOpen(WDC_DEVICE_HANDLE *phDev, const WD_PCI_CARD_INFO *pDeviceInfo, PVOID pDevCtx);
DWORD WDC_PciDeviceClose(WDC_DEVICE_HANDLE hDev);
PVOID WDC_GetDevContext(WDC_DEVICE_HANDLE hDev);
/* The device's WD_ session, for the low-level calls; NULL if hDev is not open. */
HANDLE WDC_GetWDHandle(WDC_DEVICE_HANDLE hDev);

enum { AD_PCI_BAR0, AD_PCI_BAR1, AD_PCI_BAR2, AD_PCI_BAR3, AD_PCI_BAR4, AD_PCI_BAR5 };
DWORD WDC_ReadAddr8(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, BYTE *pbVal);
DWORD WDC_ReadAddr16(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, WORD *pwVal);
DWORD WDC_ReadAddr32(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, UINT32 *pdwVal);
DWORD WDC_ReadAddr64(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, UINT64 *pqwVal);
DWORD WDC_WriteAddr8(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, BYTE bVal);
DWORD WDC_WriteAddr16(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, WORD wVal);
DWORD WDC_WriteAddr32(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, UINT32 dwVal);
DWORD WDC_WriteAddr64(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, UINT64 qwVal);

/* dwOptions: as in WD_DMA. */
DWORD WDC_DMAContigBufLock(WDC_DEVICE_HANDLE hDev, PVOID *ppBuf, DWORD dwOptions, DWORD dwDMABufSize, WD_DMA **ppDma);
DWORD WDC_DMASGBufLock(WDC_DEVICE_HANDLE hDev, PVOID pBuf, DWORD dwOptions, DWORD dwDMABufSize, WD_DMA **ppDma);
DWORD WDC_DMABufUnlock(WD_DMA *pDma);
DWORD WDC_DMASyncCpu(WD_DMA *pDma);
DWORD WDC_DMASyncIo(WD_DMA *pDma);

typedef struct {
	DWORD hKerBuf;
	DWORD dwOptions;
	UINT64 qwBytes;
	PVOID pKernelAddr; /* as in WD_DMA */
	PVOID pUserAddr;
} WD_KERNEL_BUFFER;

#define KER_BUF_ALLOC_NON_CONTIG 0x1U /* one of the two; both are contiguous for the device */
#define KER_BUF_ALLOC_CONTIG 0x2U
#define KER_BUF_ALLOC_CACHED 0x4U

/* A DMA buffer of the device opened last by WDC_PciDeviceOpen(), else of WD_Open()'s. */
DWORD WDC_SharedBufferAlloc(UINT64 qwBytes, DWORD dwOptions, WD_KERNEL_BUFFER **ppBuf);
DWORD WDC_SharedBufferFree(WD_KERNEL_BUFFER *pBuf);

DWORD WDC_KernelPlugInOpen(WDC_DEVICE_HANDLE hDev, const CHAR *pcKPDriverName, PVOID pKPOpenData);
DWORD WDC_CallKerPlug(WDC_DEVICE_HANDLE hDev, DWORD dwMsg, PVOID pData, DWORD *pdwResult);

/* pTransCmds, dwNumCmds: NULL, 0. fUseKP: calls the plugin's KP_IntEnable, with pData NULL. */
DWORD WDC_IntEnable(WDC_DEVICE_HANDLE hDev, PVOID pTransCmds, DWORD dwNumCmds, DWORD dwOptions,
		    INT_HANDLER funcIntHandler, PVOID pData, BOOL fUseKP);
DWORD WDC_IntDisable(WDC_DEVICE_HANDLE hDev);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* KPLUG_WDC_LIB_H */
