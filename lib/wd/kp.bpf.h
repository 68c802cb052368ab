/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Porting layer for plugins: compiles KP_ callbacks under their own names to one plugin.
 *
 *   #include "kp.bpf.h"
 *   KP_DRIVER("KP_SAMPLE", "1.0", KPLUG_ANY_ID, KPLUG_ANY_ID);
 *   KP_SHARED_BUFFER(struct layout, shared);
 *   VOID __cdecl KP_Call(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall) { ... }
 *
 * Callbacks, all optional, with these parameters:
 *   BOOL  KP_Open(KP_OPEN_CALL *kpOpenCall, HANDLE hWD, PVOID pOpenData, PVOID *ppDrvContext)    TRUE: opened
 *   VOID  KP_Close(PVOID pDrvContext)
 *   VOID  KP_Call(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall)                              answers in dwResult
 *   BOOL  KP_Event(PVOID pDrvContext, WD_EVENT *wd_event)                                        TRUE: forward it
 *   BOOL  KP_IntEnable(PVOID pDrvContext, WD_KERNEL_PLUGIN_CALL *kpCall, PVOID *ppIntContext)    TRUE: enabled
 *   VOID  KP_IntDisable(PVOID pIntContext)
 *   BOOL  KP_IntAtIrql(PVOID pIntContext, BOOL *pfIsMyInterrupt)                                 TRUE: run KP_IntAtDpc
 *   DWORD KP_IntAtDpc(PVOID pIntContext, DWORD dwCount)                                          returns wake-ups
 *   BOOL  KP_IntAtIrqlMSI(PVOID pIntContext, ULONG dwLastMessage, DWORD dwReserved)
 *   DWORD KP_IntAtDpcMSI(PVOID pIntContext, DWORD dwCount, ULONG dwLastMessage, DWORD dwReserved)
 *
 * Differences. A context is the running callback's event, for the register macros only; values set
 * at ppDrvContext or ppIntContext are ignored: a device has one plugin, with its state in globals.
 * The shared buffer is a global, too. pData is never NULL: it points to that global if the program
 * passed the buffer's pKernelAddr, else to 4072 bytes, a copy of the program's memory that is
 * copied back after KP_Call. Pointers cannot be stored in globals. Without KP_IntAtIrql and
 * KP_IntAtIrqlMSI each MSI wakes the program; INTx needs KP_IntAtIrql.
 */
#ifndef KPLUG_KP_BPF_H
#define KPLUG_KP_BPF_H

#include "kplug.bpf.h"
#include "kplug_sync.h"
#include "wire.h"

typedef void VOID;
typedef void *PVOID, *HANDLE;
typedef int BOOL;
typedef u8 BYTE;
typedef u16 WORD;
typedef u32 DWORD, UINT32, ULONG;
typedef u64 UINT64;
#define TRUE 1
#define FALSE 0
#define __cdecl
#define WD_STATUS_SUCCESS 0

typedef struct {
	DWORD dwMessage;
	PVOID pData;
	DWORD dwBytes; /* at pData; 0: the program passed no memory, see qwValue */
	UINT64 qwValue; /* pData as the program passed it */
	DWORD dwResult;
} WD_KERNEL_PLUGIN_CALL;

typedef struct {
	DWORD dwAction; /* enum kplug_event_code */
} WD_EVENT;

/* Ignored; lets a KP_Open that fills it compile. Callbacks are found by their names. */
enum {
	KP_Close,
	KP_Call,
	KP_Event,
	KP_IntEnable,
	KP_IntDisable,
	KP_IntAtIrql,
	KP_IntAtDpc,
	KP_IntAtIrqlMSI,
	KP_IntAtDpcMSI,
};
typedef struct {
	int funcClose, funcCall, funcEvent, funcIntEnable, funcIntDisable;
	int funcIntAtIrql, funcIntAtDpc, funcIntAtIrqlMSI, funcIntAtDpcMSI;
} KP_OPEN_CALL;

#define KP_DRIVER KPLUG_PLUGIN

/* The program's buffer (DMA_KERNEL_BUFFER_ALLOC), of at least this size. At most one. */
#define KP_SHARED_BUFFER(type, var)                                                                                    \
	KPLUG_BUFFER(type, var);                                                                                       \
	static const int kp_has_buffer = 1;                                                                            \
	static __always_inline PVOID kp_buffer(struct kplug_event *ev, u64 value)                                      \
	{                                                                                                              \
		return kplug_dma_addr(ev, &(var), sizeof(var)) == value ? &(var) : (PVOID)0;                           \
	}                                                                                                              \
	static const int kp_has_buffer

#define COPY_FROM_USER(dst, src, bytes) __builtin_memcpy(dst, src, bytes)
#define COPY_TO_USER(dst, src, bytes) __builtin_memcpy(dst, src, bytes)

/* Registers. context: the callback's pDrvContext or pIntContext. */
#define WDC_ReadAddr8(context, bar, offset, value) (*(value) = kplug_read8(context, bar, offset), WD_STATUS_SUCCESS)
#define WDC_ReadAddr16(context, bar, offset, value) (*(value) = kplug_read16(context, bar, offset), WD_STATUS_SUCCESS)
#define WDC_ReadAddr32(context, bar, offset, value) (*(value) = kplug_read32(context, bar, offset), WD_STATUS_SUCCESS)
#define WDC_ReadAddr64(context, bar, offset, value) (*(value) = kplug_read64(context, bar, offset), WD_STATUS_SUCCESS)
#define WDC_WriteAddr8(context, bar, offset, value) kplug_write8(context, bar, offset, value)
#define WDC_WriteAddr16(context, bar, offset, value) kplug_write16(context, bar, offset, value)
#define WDC_WriteAddr32(context, bar, offset, value) kplug_write32(context, bar, offset, value)
#define WDC_WriteAddr64(context, bar, offset, value) kplug_write64(context, bar, offset, value)

/*
 * A callback's name is a macro that turns its definition into that of a static function, and
 * defines kp_has_NAME, whose tentative definition here is 0, as 1. The compiler drops the calls of
 * undefined callbacks.
 */
#pragma clang diagnostic ignored "-Wundefined-internal"
#pragma clang diagnostic ignored "-Wunused-function"
#define KP_CALLBACK(type, name, ...)                                                                                   \
	static const int kp_has_##name;                                                                                \
	static __attribute__((unused)) type kp_##name(__VA_ARGS__)
KP_CALLBACK(BOOL, open, KP_OPEN_CALL *, HANDLE, PVOID, PVOID *);
KP_CALLBACK(VOID, close, PVOID);
KP_CALLBACK(VOID, call, PVOID, WD_KERNEL_PLUGIN_CALL *);
KP_CALLBACK(BOOL, event, PVOID, WD_EVENT *);
KP_CALLBACK(BOOL, int_enable, PVOID, WD_KERNEL_PLUGIN_CALL *, PVOID *);
KP_CALLBACK(VOID, int_disable, PVOID);
KP_CALLBACK(BOOL, irql, PVOID, BOOL *);
KP_CALLBACK(DWORD, dpc, PVOID, DWORD);
KP_CALLBACK(BOOL, irql_msi, PVOID, ULONG, DWORD);
KP_CALLBACK(DWORD, dpc_msi, PVOID, DWORD, ULONG, DWORD);
static const int kp_has_buffer;
static __attribute__((unused)) PVOID kp_buffer(struct kplug_event *ev, u64 value);

#define KP_DEFINE(type, name, ...)                                                                                     \
	kp_seen_##name(void);                                                                                          \
	static const int kp_has_##name = 1;                                                                            \
	static __always_inline type kp_##name(__VA_ARGS__)
#define KP_Open(...) KP_DEFINE(BOOL, open, __VA_ARGS__)
#define KP_Close(...) KP_DEFINE(VOID, close, __VA_ARGS__)
#define KP_Call(...) KP_DEFINE(VOID, call, __VA_ARGS__)
#define KP_Event(...) KP_DEFINE(BOOL, event, __VA_ARGS__)
#define KP_IntEnable(...) KP_DEFINE(BOOL, int_enable, __VA_ARGS__)
#define KP_IntDisable(...) KP_DEFINE(VOID, int_disable, __VA_ARGS__)
#define KP_IntAtIrql(...) KP_DEFINE(BOOL, irql, __VA_ARGS__)
#define KP_IntAtDpc(...) KP_DEFINE(DWORD, dpc, __VA_ARGS__)
#define KP_IntAtIrqlMSI(...) KP_DEFINE(BOOL, irql_msi, __VA_ARGS__)
#define KP_IntAtDpcMSI(...) KP_DEFINE(DWORD, dpc_msi, __VA_ARGS__)

/* False: the program passed another buffer than the plugin's. */
static __always_inline bool kp_fill(struct kplug_event *ev, struct wd_wire *w, WD_KERNEL_PLUGIN_CALL *call)
{
	call->dwMessage = w->message;
	call->qwValue = w->value;
	call->dwBytes = w->bytes;
	call->pData = w->data;
	if (kp_has_buffer && w->is_buffer)
		call->pData = kp_buffer(ev, w->value);
	else if (w->is_buffer)
		return false;
	return call->pData;
}

static __always_inline s64 kp_open_or_call(struct kplug_event *ev, struct wd_wire *w)
{
	WD_KERNEL_PLUGIN_CALL call = {};
	KP_OPEN_CALL functions = {};
	PVOID context = (PVOID)0;

	if (!kp_fill(ev, w, &call))
		return -EINVAL;
	switch (w->op) {
	case WD_WIRE_OPEN:
		return kp_has_open ? !!kp_open(&functions, ev, call.pData, &context) : 1;
	case WD_WIRE_CLOSE:
		if (kp_has_close)
			kp_close(ev);
		return 1;
	case WD_WIRE_CALL:
		if (!kp_has_call)
			return -ENOSYS;
		kp_call(ev, &call);
		return call.dwResult;
	}
	return -EINVAL;
}

KPLUG_HOOK(call)
{
	struct wd_wire *w = (void *)kplug_event_data(ev, 0, sizeof(*w));

	kplug_answer(ev, w ? kp_open_or_call(ev, w) : -EMSGSIZE, 0, 0);
}

KPLUG_HOOK(int_enable)
{
	struct wd_wire *w = (void *)kplug_event_data(ev, 0, sizeof(*w));
	WD_KERNEL_PLUGIN_CALL call = {};
	PVOID context = (PVOID)0;

	if (!w || !kp_has_int_enable)
		return; /* the program enabled without the plugin, or does not use this layer */
	if (!kp_fill(ev, w, &call))
		kplug_answer(ev, -EINVAL, 0, 0);
	else
		kplug_answer(ev, kp_int_enable(ev, &call, &context) ? 0 : -EACCES, 0, 0);
}

KPLUG_HOOK(int_disable)
{
	if (kp_has_int_disable)
		kp_int_disable(ev);
}

KPLUG_HOOK(interrupt)
{
	BOOL mine = FALSE, defer = FALSE;

	if (!ev->shared && kp_has_irql_msi) {
		mine = TRUE;
		defer = kp_irql_msi(ev, ev->vector, 0);
	} else if (kp_has_irql) {
		defer = kp_irql(ev, &mine);
	} else {
		/* As without a plugin; but INTx is not claimed: no callback clears it. */
		kplug_answer(ev, 0, ev->shared ? 0 : KPLUG_MINE, !ev->shared);
		return;
	}
	kplug_answer(ev, 0, (mine ? KPLUG_MINE : 0) | (defer ? KPLUG_DEFER : 0), 0);
}

KPLUG_HOOK(deferred)
{
	u32 wakes = ev->count;

	if (!ev->shared && kp_has_dpc_msi)
		wakes = kp_dpc_msi(ev, ev->count, ev->vector, 0);
	else if (kp_has_dpc)
		wakes = kp_dpc(ev, ev->count);
	kplug_answer(ev, 0, 0, wakes);
}

KPLUG_HOOK(event)
{
	WD_EVENT wd_event = { .dwAction = ev->message };

	if (kp_has_event && kp_event(ev, &wd_event))
		kplug_answer(ev, 0, KPLUG_FORWARD, 0);
}

#endif /* KPLUG_KP_BPF_H */
