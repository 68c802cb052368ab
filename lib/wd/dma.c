// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Buffers. pKernelAddr is the buffer's device address: the plugin compares it with its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

#define KNOWN_OPTIONS                                                                                                  \
	(DMA_KERNEL_BUFFER_ALLOC | DMA_KBUF_BELOW_16M | DMA_LARGE_BUFFER | DMA_ALLOW_CACHE | DMA_ALLOW_64BIT_ADDRESS | \
	 DMA_TO_FROM_DEVICE)

struct wd_dma *wd_dma_alloc(struct wd *wd, size_t bytes, DWORD options, int *ret_err)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = options & DMA_KBUF_BELOW_16M ? 24 : 0 };
	struct wd_dma *dma = calloc(1, sizeof(*dma));

	*ret_err = -ENOMEM;
	if (!dma)
		return NULL;
	dma->handle = wd_handle();
	snprintf(dma->name, sizeof(dma->name), "wd%d_%u", getpid(), dma->handle % 10000);
	*ret_err = kplug_buffer_alloc(wd->dev, dma->name, bytes, &opts, &dma->buf);
	if (*ret_err) {
		free(dma);
		return NULL;
	}
	dma->next = wd->dmas;
	wd->dmas = dma;
	return dma;
}

static void free_dma(struct wd_dma *dma)
{
	kplug_buffer_free(dma->buf);
	kplug_dma_unlock(dma->lock);
	free(dma);
}

void wd_dma_free_all(struct wd *wd)
{
	struct wd_dma *dma;

	while ((dma = wd->dmas)) {
		wd->dmas = dma->next;
		free_dma(dma);
	}
}

static void *kernel_addr(const struct wd_dma *dma)
{
	return (void *)(uintptr_t)kplug_buffer_dma_addr(dma->buf);
}

bool wd_is_kernel_addr(struct wd *wd, const void *value)
{
	struct wd_dma *dma;

	for (dma = wd->dmas; dma; dma = dma->next) {
		if (value && dma->buf && kernel_addr(dma) == value)
			return true;
	}
	return false;
}

/* A buffer that was allocated for the plugin, and that the program does not have yet. */
static struct wd_dma *find_unclaimed(struct wd *wd, size_t bytes)
{
	struct wd_dma *dma;

	for (dma = wd->dmas; dma; dma = dma->next) {
		if (!dma->claimed && dma->buf && kplug_buffer_size(dma->buf) >= bytes)
			return dma;
	}
	return NULL;
}

static int lock_kernel_buffer(struct wd *wd, WD_DMA *pDma)
{
	struct wd_dma *dma = find_unclaimed(wd, pDma->dwBytes);
	int err = 0;

	if (!dma)
		dma = wd_dma_alloc(wd, pDma->dwBytes, pDma->dwOptions, &err);
	if (err)
		return err;
	dma->claimed = true;
	pDma->hDma = dma->handle;
	pDma->pUserAddr = kplug_buffer_ptr(dma->buf);
	pDma->pKernelAddr = kernel_addr(dma);
	pDma->dwPages = 1;
	pDma->Page[0].pPhysicalAddr = kplug_buffer_dma_addr(dma->buf);
	pDma->Page[0].dwBytes = pDma->dwBytes;
	return 0;
}

static int lock_user_memory(struct wd *wd, WD_DMA *pDma)
{
	const struct kplug_dma_entry *entries;
	struct wd_dma *dma;
	size_t count, i;
	int err;

	dma = calloc(1, sizeof(*dma));
	if (!dma)
		return -ENOMEM;
	err = kplug_dma_lock(wd->dev, pDma->pUserAddr, pDma->dwBytes, NULL, &dma->lock);
	if (err)
		goto failed;
	entries = kplug_dma_entries(dma->lock, &count);
	err = count > WD_DMA_PAGES ? -ENOMEM : 0;
	if (err)
		goto failed;
	for (i = 0; i < count; i++) {
		pDma->Page[i].pPhysicalAddr = entries[i].addr;
		pDma->Page[i].dwBytes = (DWORD)entries[i].bytes;
	}
	pDma->dwPages = (DWORD)count;
	pDma->pKernelAddr = NULL;
	dma->handle = wd_handle();
	dma->claimed = true;
	dma->next = wd->dmas;
	wd->dmas = dma;
	pDma->hDma = dma->handle;
	return 0;

failed:
	free_dma(dma);
	return err;
}

DWORD WD_DMALock(HANDLE hWD, WD_DMA *pDma)
{
	struct wd *wd;
	int err;

	if (!pDma)
		return WD_INVALID_PARAMETER;
	pDma->hDma = 0;
	wd = wd_get(hWD);
	if (!wd)
		return WD_INVALID_HANDLE;
	pthread_mutex_lock(&wd->lock);
	if (!pDma->dwBytes || (pDma->dwOptions & ~KNOWN_OPTIONS))
		err = -EINVAL;
	else if (pDma->dwOptions & DMA_KERNEL_BUFFER_ALLOC) /* it has one page entry */
		err = pDma->dwBytes > KPLUG_BUFFER_MAX ? -EINVAL : lock_kernel_buffer(wd, pDma);
	else
		err = pDma->pUserAddr ? lock_user_memory(wd, pDma) : -EINVAL;
	pthread_mutex_unlock(&wd->lock);
	wd_put(wd);
	return wd_status(err);
}

static struct wd_dma **find_dma(struct wd *wd, DWORD handle)
{
	struct wd_dma **link;

	for (link = &wd->dmas; *link; link = &(*link)->next) {
		if (handle && (*link)->handle == handle && (*link)->claimed)
			return link;
	}
	return NULL;
}

/* Looks up a locked buffer by its handle, and calls fn under the session's lock. */
static DWORD with_dma(HANDLE hWD, const WD_DMA *pDma, void (*fn)(struct wd_dma **link))
{
	struct wd_dma **link;
	struct wd *wd;

	if (!pDma)
		return WD_INVALID_PARAMETER;
	wd = wd_get(hWD);
	if (!wd)
		return WD_INVALID_HANDLE;
	pthread_mutex_lock(&wd->lock);
	link = find_dma(wd, pDma->hDma);
	if (link)
		fn(link);
	pthread_mutex_unlock(&wd->lock);
	wd_put(wd);
	return link ? WD_STATUS_SUCCESS : WD_INVALID_HANDLE;
}

static void unlock_dma(struct wd_dma **link)
{
	struct wd_dma *dma = *link;

	*link = dma->next;
	free_dma(dma);
}

DWORD WD_DMAUnlock(HANDLE hWD, WD_DMA *pDma)
{
	return with_dma(hWD, pDma, unlock_dma);
}

/* Buffers are coherent: only order the accesses before and after the call. */
static void fence_dma(struct wd_dma **link)
{
	(void)link;
	atomic_thread_fence(memory_order_seq_cst);
}

DWORD WD_DMASyncCpu(HANDLE hWD, WD_DMA *pDma)
{
	return with_dma(hWD, pDma, fence_dma);
}

DWORD WD_DMASyncIo(HANDLE hWD, WD_DMA *pDma)
{
	return with_dma(hWD, pDma, fence_dma);
}
