/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Porting layer: the low-level calls of WinDriver programs, on libkplug. Names and meanings are
 * that interface's; texts and values are not. kplug-wd(7) lists each name with its counterpart and
 * the differences.
 *
 * Functions return a WD_ status; WD_STATUS_SUCCESS is 0. A NULL pointer, a size of 0 and an unknown
 * option return WD_INVALID_PARAMETER, a handle that is not open WD_INVALID_HANDLE. The session owns
 * all allocations; WD_Close() frees them. Functions on one session may run in several threads.
 */
#ifndef KPLUG_WINDRVR_H
#define KPLUG_WINDRVR_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef uint8_t BYTE;
typedef uint16_t WORD;
typedef uint32_t DWORD, UINT32;
typedef uint64_t UINT64, DMA_ADDR;
typedef int BOOL;
typedef char CHAR, *PCHAR;
typedef void *PVOID, *HANDLE;
typedef uintptr_t KPTR, UPTR;

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif
#define INVALID_HANDLE_VALUE ((HANDLE)(intptr_t)-1)
#define BZERO(object) memset(&(object), 0, sizeof(object))
#define __cdecl
#define DLLCALLCONV

enum {
	WD_STATUS_SUCCESS = 0,
	WD_WINDRIVER_STATUS_ERROR = 0x20000000,
	WD_INVALID_HANDLE = 0x20000001,
	WD_INSUFFICIENT_RESOURCES = 0x20000005, /* memory, within the device's reach */
	WD_SYSTEM_INTERNAL_ERROR = 0x20000007, /* kplug_error() has the reason */
	WD_NOT_IMPLEMENTED = 0x2000000a,
	WD_KERPLUG_FAILURE = 0x2000000b, /* no such plugin, it refused, or did not answer */
	WD_FAILED_ENABLING_INTERRUPT = 0x2000000c,
	WD_INTERRUPT_NOT_ENABLED = 0x2000000d,
	WD_RESOURCE_OVERLAP = 0x2000000e, /* the device has another program's plugin */
	WD_DEVICE_NOT_FOUND = 0x2000000f,
	WD_OPERATION_ALREADY_DONE = 0x20000011,
	WD_TIME_OUT_EXPIRED = 0x20000015,
	WD_INVALID_PARAMETER = 0x2000001b,
};

/* The name of a status; static storage. */
const char *Stat2Str(DWORD dwStatus);

/*
 * Opens a session on a device: $KPLUG_WD_DEVICE, else the only one bound to kplug.
 * INVALID_HANDLE_VALUE: no such device, several devices, or no permission.
 */
HANDLE WD_Open(void);
/* Closes the session; disables its interrupt, unloads its plugin, frees its buffers. */
void WD_Close(HANDLE hWD);

/* --- DMA --- */

#define DMA_KERNEL_BUFFER_ALLOC 0x1U /* a kernel buffer; else locks memory at pUserAddr */
#define DMA_KBUF_BELOW_16M 0x2U
#define DMA_LARGE_BUFFER 0x4U /* accepted, no effect: there is no limit */
#define DMA_ALLOW_CACHE 0x8U /* accepted, no effect: buffers are coherent */
#define DMA_ALLOW_64BIT_ADDRESS 0x10U /* accepted, no effect: the DMA mask decides */
#define DMA_FROM_DEVICE 0x20U /* directions: accepted, no effect */
#define DMA_TO_DEVICE 0x40U
#define DMA_TO_FROM_DEVICE (DMA_FROM_DEVICE | DMA_TO_DEVICE)

#define WD_DMA_PAGES 256

typedef struct {
	DMA_ADDR pPhysicalAddr; /* device address */
	DWORD dwBytes;
} WD_DMA_PAGE;

typedef struct {
	DWORD hDma; /* 0: nothing is locked */
	PVOID pUserAddr;
	PVOID pKernelAddr; /* to pass to the plugin as pData; not an address */
	DWORD dwBytes;
	DWORD dwOptions;
	DWORD dwPages;
	DWORD hCard; /* ignored: the session has one device */
	WD_DMA_PAGE Page[WD_DMA_PAGES];
} WD_DMA;

DWORD WD_DMALock(HANDLE hWD, WD_DMA *pDma);
DWORD WD_DMAUnlock(HANDLE hWD, WD_DMA *pDma);
DWORD WD_DMASyncCpu(HANDLE hWD, WD_DMA *pDma);
DWORD WD_DMASyncIo(HANDLE hWD, WD_DMA *pDma);

/* --- the plugin --- */

typedef struct {
	DWORD hKernelPlugIn; /* 0: not open */
	const CHAR *pcDriverName; /* NAME: NAME.bpf.o, in $KPLUG_PLUGIN_PATH or installed */
	const CHAR *pcDriverPath; /* NULL, or the folder to search */
	PVOID pOpenData; /* for KP_Open */
} WD_KERNEL_PLUGIN;

typedef struct {
	DWORD hKernelPlugIn;
	DWORD dwMessage;
	PVOID pData; /* a pKernelAddr, memory (4072 bytes are copied in and back), or any value */
	DWORD dwResult;
} WD_KERNEL_PLUGIN_CALL;

DWORD WD_KernelPlugInOpen(HANDLE hWD, WD_KERNEL_PLUGIN *pKernelPlugIn);
DWORD WD_KernelPlugInClose(HANDLE hWD, WD_KERNEL_PLUGIN *pKernelPlugIn);
DWORD WD_KernelPlugInCall(HANDLE hWD, WD_KERNEL_PLUGIN_CALL *pKernelPlugInCall);

/* --- interrupts: the device's vector 0 --- */

#define INTERRUPT_LATCHED 0x0U /* the device's own kind is used anyway */
#define INTERRUPT_LEVEL_SENSITIVE 0x1U
#define INTERRUPT_INTERRUPT 0x1U /* kinds, in dwEnabledIntType */
#define INTERRUPT_MESSAGE 0x2U
#define INTERRUPT_MESSAGE_X 0x4U

typedef struct {
	DWORD hInterrupt;
	DWORD dwOptions; /* 0 or INTERRUPT_LEVEL_SENSITIVE */
	WD_KERNEL_PLUGIN_CALL kpCall; /* for KP_IntEnable, unless hKernelPlugIn is 0 */
	DWORD fEnableOk;
	DWORD dwCounter; /* interrupts since the enable */
	DWORD dwLost; /* of these, those without their own wake-up */
	DWORD fStopped; /* disabled during the wait */
	DWORD dwLastMessage; /* vector */
	DWORD dwEnabledIntType;
} WD_INTERRUPT;

typedef void (*INT_HANDLER)(PVOID pData);

DWORD WD_IntEnable(HANDLE hWD, WD_INTERRUPT *pInt);
DWORD WD_IntDisable(HANDLE hWD, WD_INTERRUPT *pInt);
/* Waits for one of the wake-ups that KP_IntAtDpc returned; or, with fStopped, for the disable. */
DWORD WD_IntWait(HANDLE hWD, WD_INTERRUPT *pInt);
/* Updates the counters without waiting. */
DWORD WD_IntCount(HANDLE hWD, WD_INTERRUPT *pInt);
/* Enables, and calls func(pData) in its own thread at each wake-up, until InterruptDisable(). */
DWORD InterruptEnable(HANDLE *phThread, HANDLE hWD, WD_INTERRUPT *pInt, INT_HANDLER func, PVOID pData);
DWORD InterruptDisable(HANDLE hThread);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* KPLUG_WINDRVR_H */
