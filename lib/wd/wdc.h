/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What wdc.c and wdc_dma.c share. */
#ifndef KPLUG_WD_WDC_H
#define KPLUG_WD_WDC_H

#include "wdc_lib.h"

struct wdc_dev {
	struct wdc_dev *next;
	HANDLE hWD, thread;
	PVOID context;
	DWORD hKernelPlugIn;
};

HANDLE wdc_last(void); /* the session of the device opened last, or NULL */
void wdc_forget(HANDLE hWD); /* frees the entries of a closed session's buffers */

#endif /* KPLUG_WD_WDC_H */
