// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* WDC calls: scan and open devices; registers, plugin and interrupt of one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#include "wdc.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wdc_dev *list; /* last opened first */

HANDLE WDC_GetWDHandle(WDC_DEVICE_HANDLE hDev)
{
	struct wdc_dev *dev;
	HANDLE hWD = NULL;

	pthread_mutex_lock(&list_lock);
	for (dev = list; dev; dev = dev->next) {
		if (dev == hDev)
			hWD = dev->hWD;
	}
	pthread_mutex_unlock(&list_lock);
	return hWD;
}

HANDLE wdc_last(void)
{
	HANDLE hWD;

	pthread_mutex_lock(&list_lock);
	hWD = list ? list->hWD : NULL;
	pthread_mutex_unlock(&list_lock);
	return hWD;
}

/* Software devices have no slot: they are numbered by name. */
static WD_PCI_SLOT slot_of(const struct kplug_scan_entry *entry, DWORD soft)
{
	WD_PCI_SLOT slot = { .dwDomain = WD_SOFT_DOMAIN, .dwSlot = soft };

	if (!entry->soft)
		sscanf(entry->name, "%x:%x:%x.%x", &slot.dwDomain, &slot.dwBus, &slot.dwSlot, &slot.dwFunction);
	return slot;
}

/* Calls fn for each device until it returns true. */
static int each_device(bool (*fn)(const struct kplug_scan_entry *entry, WD_PCI_SLOT slot, void *arg), void *arg)
{
	struct kplug_scan_entry *entries;
	size_t count, i;
	DWORD soft = 0;
	int err = kplug_scan(&entries, &count);

	if (err)
		return err;
	err = -ENODEV;
	for (i = 0; err && i < count; i++) {
		if (fn(&entries[i], slot_of(&entries[i], soft), arg))
			err = 0;
		soft += entries[i].soft;
	}
	free(entries);
	return err;
}

struct scan {
	DWORD vendor, device;
	WDC_PCI_SCAN_RESULT *result;
};

static bool add_result(const struct kplug_scan_entry *entry, WD_PCI_SLOT slot, void *arg)
{
	WDC_PCI_SCAN_RESULT *result = ((struct scan *)arg)->result;
	const struct scan *scan = arg;

	if ((scan->vendor && scan->vendor != entry->vendor) || (scan->device && scan->device != entry->device))
		return false;
	result->deviceId[result->dwNumDevices] = (WD_PCI_ID){ entry->vendor, entry->device };
	result->deviceSlot[result->dwNumDevices++] = slot;
	return result->dwNumDevices == WD_PCI_CARDS;
}

DWORD WDC_PciScanDevices(DWORD dwVendorId, DWORD dwDeviceId, WDC_PCI_SCAN_RESULT *pPciScanResult)
{
	struct scan scan = { dwVendorId, dwDeviceId, pPciScanResult };
	int err;

	if (!pPciScanResult)
		return WD_INVALID_PARAMETER;
	BZERO(*pPciScanResult);
	err = each_device(add_result, &scan);
	return err == -ENODEV ? WD_STATUS_SUCCESS : wd_status(err); /* none is a success */
}

struct wanted {
	WD_PCI_SLOT slot;
	char name[KPLUG_NAME_LEN];
};

static bool is_wanted(const struct kplug_scan_entry *entry, WD_PCI_SLOT slot, void *arg)
{
	struct wanted *wanted = arg;

	if (memcmp(&slot, &wanted->slot, sizeof(slot)))
		return false;
	memcpy(wanted->name, entry->name, sizeof(wanted->name));
	return true;
}

DWORD WDC_PciDeviceOpen(WDC_DEVICE_HANDLE *phDev, const WD_PCI_CARD_INFO *pDeviceInfo, PVOID pDevCtx)
{
	struct wanted wanted = { 0 };
	struct wdc_dev *dev;
	int err;

	if (!phDev || !pDeviceInfo)
		return WD_INVALID_PARAMETER;
	wanted.slot = pDeviceInfo->pciSlot;
	err = each_device(is_wanted, &wanted);
	if (err)
		return wd_status(err);
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return WD_INSUFFICIENT_RESOURCES;
	dev->hWD = wd_open(wanted.name);
	if (dev->hWD == INVALID_HANDLE_VALUE) {
		free(dev);
		return WD_DEVICE_NOT_FOUND;
	}
	dev->context = pDevCtx;
	pthread_mutex_lock(&list_lock);
	dev->next = list;
	list = dev;
	pthread_mutex_unlock(&list_lock);
	*phDev = dev;
	return WD_STATUS_SUCCESS;
}

DWORD WDC_PciDeviceClose(WDC_DEVICE_HANDLE hDev)
{
	struct wdc_dev **link, *dev;

	pthread_mutex_lock(&list_lock);
	for (link = &list; *link && *link != hDev; link = &(*link)->next)
		;
	dev = *link;
	if (dev)
		*link = dev->next;
	pthread_mutex_unlock(&list_lock);
	if (!dev)
		return WD_INVALID_HANDLE;
	if (dev->thread)
		InterruptDisable(dev->thread);
	WD_Close(dev->hWD);
	wdc_forget(dev->hWD);
	free(dev);
	return WD_STATUS_SUCCESS;
}

PVOID WDC_GetDevContext(WDC_DEVICE_HANDLE hDev)
{
	return WDC_GetWDHandle(hDev) ? ((struct wdc_dev *)hDev)->context : NULL;
}

static DWORD access_reg(WDC_DEVICE_HANDLE hDev, DWORD bar, KPTR offset, DWORD width, UINT64 *value, bool write)
{
	struct wd *wd = wd_get(WDC_GetWDHandle(hDev));
	int err;

	if (!wd)
		return WD_INVALID_HANDLE;
	err = write ? kplug_reg_write(wd->dev, bar, offset, width, *value)
		    : kplug_reg_read(wd->dev, bar, offset, width, value);
	wd_put(wd);
	return wd_status(err);
}

#define WDC_ACCESS(bits, type)                                                                                         \
	DWORD WDC_ReadAddr##bits(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, type *pVal)                 \
	{                                                                                                              \
		UINT64 value = 0;                                                                                      \
		DWORD status = pVal ? access_reg(hDev, dwAddrSpace, dwOffset, sizeof(type), &value, false)             \
				    : WD_INVALID_PARAMETER;                                                            \
		if (!status)                                                                                           \
			*pVal = (type)value;                                                                           \
		return status;                                                                                         \
	}                                                                                                              \
	DWORD WDC_WriteAddr##bits(WDC_DEVICE_HANDLE hDev, DWORD dwAddrSpace, KPTR dwOffset, type val)                  \
	{                                                                                                              \
		UINT64 value = val;                                                                                    \
		return access_reg(hDev, dwAddrSpace, dwOffset, sizeof(type), &value, true);                            \
	}
WDC_ACCESS(8, BYTE)
WDC_ACCESS(16, WORD)
WDC_ACCESS(32, UINT32)
WDC_ACCESS(64, UINT64)

DWORD WDC_KernelPlugInOpen(WDC_DEVICE_HANDLE hDev, const CHAR *pcKPDriverName, PVOID pKPOpenData)
{
	WD_KERNEL_PLUGIN kp = { .pcDriverName = pcKPDriverName, .pOpenData = pKPOpenData };
	DWORD status = WD_KernelPlugInOpen(WDC_GetWDHandle(hDev), &kp);

	if (!status)
		((struct wdc_dev *)hDev)->hKernelPlugIn = kp.hKernelPlugIn;
	return status;
}

DWORD WDC_CallKerPlug(WDC_DEVICE_HANDLE hDev, DWORD dwMsg, PVOID pData, DWORD *pdwResult)
{
	WD_KERNEL_PLUGIN_CALL call = { .dwMessage = dwMsg, .pData = pData };
	HANDLE hWD = WDC_GetWDHandle(hDev);
	DWORD status;

	if (!pdwResult)
		return WD_INVALID_PARAMETER;
	if (hWD)
		call.hKernelPlugIn = ((struct wdc_dev *)hDev)->hKernelPlugIn;
	status = WD_KernelPlugInCall(hWD, &call);
	if (!status)
		*pdwResult = call.dwResult;
	return status;
}

DWORD WDC_IntEnable(WDC_DEVICE_HANDLE hDev, PVOID pTransCmds, DWORD dwNumCmds, DWORD dwOptions,
		    INT_HANDLER funcIntHandler, PVOID pData, BOOL fUseKP)
{
	WD_INTERRUPT interrupt = { .dwOptions = dwOptions };
	HANDLE hWD = WDC_GetWDHandle(hDev);
	struct wdc_dev *dev = hDev;

	if (!hWD)
		return WD_INVALID_HANDLE;
	if (pTransCmds || dwNumCmds)
		return WD_NOT_IMPLEMENTED; /* KP_IntAtIrql does their job */
	if (dev->thread)
		return WD_OPERATION_ALREADY_DONE;
	if (fUseKP) {
		if (!dev->hKernelPlugIn)
			return WD_INVALID_HANDLE;
		interrupt.kpCall.hKernelPlugIn = dev->hKernelPlugIn;
	}
	return InterruptEnable(&dev->thread, hWD, &interrupt, funcIntHandler, pData);
}

DWORD WDC_IntDisable(WDC_DEVICE_HANDLE hDev)
{
	struct wdc_dev *dev = hDev;
	HANDLE thread;

	if (!WDC_GetWDHandle(hDev))
		return WD_INVALID_HANDLE;
	if (!dev->thread)
		return WD_INTERRUPT_NOT_ENABLED;
	thread = dev->thread;
	dev->thread = NULL;
	return InterruptDisable(thread);
}
