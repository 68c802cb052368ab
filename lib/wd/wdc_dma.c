// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* WDC calls for buffers. They take no device handle: a list maps buffers to sessions. */
#include <stdlib.h>

#include "internal.h"

#include "wdc.h"

struct locked {
	struct locked *next;
	HANDLE hWD;
	bool own_session; /* opened for a shared buffer, as no device was open */
	WD_DMA dma;
	WD_KERNEL_BUFFER kernel;
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct locked *list;

static void add_locked(struct locked *l)
{
	pthread_mutex_lock(&list_lock);
	l->next = list;
	list = l;
	pthread_mutex_unlock(&list_lock);
}

/* The entry of a WD_DMA or WD_KERNEL_BUFFER that the program holds; NULL: freed, or not one. */
static struct locked *find_locked(const void *held, bool take)
{
	struct locked **link, *l;

	pthread_mutex_lock(&list_lock);
	for (link = &list; (l = *link); link = &l->next) {
		if (held == &l->dma || held == &l->kernel)
			break;
	}
	if (l && take)
		*link = l->next;
	pthread_mutex_unlock(&list_lock);
	return l;
}

void wdc_forget(HANDLE hWD)
{
	struct locked **link, *l;

	pthread_mutex_lock(&list_lock);
	for (link = &list; (l = *link);) {
		if (l->hWD == hWD) {
			*link = l->next;
			free(l);
		} else {
			link = &l->next;
		}
	}
	pthread_mutex_unlock(&list_lock);
}

static DWORD lock_buffer(HANDLE hWD, PVOID buf, DWORD options, DWORD bytes, struct locked **ret)
{
	struct locked *l = calloc(1, sizeof(*l));
	DWORD status;

	if (!l)
		return WD_INSUFFICIENT_RESOURCES;
	l->hWD = hWD;
	l->dma.pUserAddr = buf;
	l->dma.dwBytes = bytes;
	l->dma.dwOptions = options;
	status = WD_DMALock(hWD, &l->dma);
	if (status) {
		free(l);
		return status;
	}
	add_locked(l);
	*ret = l;
	return WD_STATUS_SUCCESS;
}

DWORD WDC_DMAContigBufLock(WDC_DEVICE_HANDLE hDev, PVOID *ppBuf, DWORD dwOptions, DWORD dwDMABufSize, WD_DMA **ppDma)
{
	struct locked *l;
	DWORD status;

	if (!ppBuf || !ppDma)
		return WD_INVALID_PARAMETER;
	status = lock_buffer(WDC_GetWDHandle(hDev), NULL, dwOptions | DMA_KERNEL_BUFFER_ALLOC, dwDMABufSize, &l);
	if (!status) {
		*ppBuf = l->dma.pUserAddr;
		*ppDma = &l->dma;
	}
	return status;
}

DWORD WDC_DMASGBufLock(WDC_DEVICE_HANDLE hDev, PVOID pBuf, DWORD dwOptions, DWORD dwDMABufSize, WD_DMA **ppDma)
{
	struct locked *l;
	DWORD status;

	if (!pBuf || !ppDma || (dwOptions & DMA_KERNEL_BUFFER_ALLOC))
		return WD_INVALID_PARAMETER;
	status = lock_buffer(WDC_GetWDHandle(hDev), pBuf, dwOptions, dwDMABufSize, &l);
	if (!status)
		*ppDma = &l->dma;
	return status;
}

DWORD WDC_DMABufUnlock(WD_DMA *pDma)
{
	struct locked *l = pDma ? find_locked(pDma, true) : NULL;
	DWORD status;

	if (!l)
		return pDma ? WD_INVALID_HANDLE : WD_INVALID_PARAMETER;
	status = WD_DMAUnlock(l->hWD, &l->dma);
	if (l->own_session)
		WD_Close(l->hWD);
	free(l);
	return status;
}

static DWORD sync_buffer(WD_DMA *pDma, DWORD (*fn)(HANDLE, WD_DMA *))
{
	struct locked *l = pDma ? find_locked(pDma, false) : NULL;

	if (!l)
		return pDma ? WD_INVALID_HANDLE : WD_INVALID_PARAMETER;
	return fn(l->hWD, &l->dma);
}

DWORD WDC_DMASyncCpu(WD_DMA *pDma)
{
	return sync_buffer(pDma, WD_DMASyncCpu);
}

DWORD WDC_DMASyncIo(WD_DMA *pDma)
{
	return sync_buffer(pDma, WD_DMASyncIo);
}

DWORD WDC_SharedBufferAlloc(UINT64 qwBytes, DWORD dwOptions, WD_KERNEL_BUFFER **ppBuf)
{
	DWORD how = dwOptions & ~KER_BUF_ALLOC_CACHED, status;
	HANDLE hWD = wdc_last();
	bool own = !hWD;
	struct locked *l;

	if (!ppBuf || !qwBytes || (how != KER_BUF_ALLOC_CONTIG && how != KER_BUF_ALLOC_NON_CONTIG))
		return WD_INVALID_PARAMETER;
	if (qwBytes > KPLUG_BUFFER_MAX)
		return WD_INSUFFICIENT_RESOURCES;
	if (own)
		hWD = WD_Open();
	if (hWD == INVALID_HANDLE_VALUE)
		return WD_DEVICE_NOT_FOUND;
	status = lock_buffer(hWD, NULL, DMA_KERNEL_BUFFER_ALLOC, (DWORD)qwBytes, &l);
	if (status) {
		if (own)
			WD_Close(hWD);
		return status;
	}
	l->own_session = own;
	l->kernel = (WD_KERNEL_BUFFER){ .hKerBuf = l->dma.hDma,
					.dwOptions = dwOptions,
					.qwBytes = qwBytes,
					.pKernelAddr = l->dma.pKernelAddr,
					.pUserAddr = l->dma.pUserAddr };
	*ppBuf = &l->kernel;
	return WD_STATUS_SUCCESS;
}

DWORD WDC_SharedBufferFree(WD_KERNEL_BUFFER *pBuf)
{
	struct locked *l = pBuf ? find_locked(pBuf, false) : NULL;

	if (!l)
		return pBuf ? WD_INVALID_HANDLE : WD_INVALID_PARAMETER;
	return WDC_DMABufUnlock(&l->dma);
}
