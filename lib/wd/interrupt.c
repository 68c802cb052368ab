// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The device's vector 0: enable, wait, and a thread that calls the program's handler. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "internal.h"

#define BATCH 16

static DWORD interrupt_kind(struct wd *wd)
{
	struct kplug_info info;

	if (kplug_device_info(wd->dev, &info))
		return 0;
	return info.out_irq_mode == KPLUG_IRQ_INTX  ? INTERRUPT_INTERRUPT
	       : info.out_irq_mode == KPLUG_IRQ_MSI ? INTERRUPT_MESSAGE
						    : INTERRUPT_MESSAGE_X;
}

static DWORD int_enable(struct wd *wd, WD_INTERRUPT *pInt)
{
	struct wd_wire wire = { 0 };
	bool by_plugin = pInt->kpCall.hKernelPlugIn;
	eventfd_t old;
	int err = 0;

	if (by_plugin && pInt->kpCall.hKernelPlugIn != wd->plugin)
		return WD_INVALID_HANDLE;
	if (by_plugin)
		wd_fill(wd, &wire, &pInt->kpCall);
	pthread_mutex_lock(&wd->lock);
	if (wd->interrupt)
		err = -EALREADY;
	else
		err = kplug_irq_enable(wd->dev, 0, by_plugin ? &wire : NULL, by_plugin ? sizeof(wire) : 0);
	if (!err) {
		eventfd_read(wd->stop, &old);
		eventfd_read(wd->due, &old);
		wd->counter = wd->lost = 0;
		atomic_store(&wd->stopped, false);
		wd->interrupt = wd_handle();
		wd->kind = interrupt_kind(wd);
		pInt->hInterrupt = wd->interrupt;
		pInt->dwEnabledIntType = wd->kind;
		pInt->fEnableOk = TRUE;
	}
	pthread_mutex_unlock(&wd->lock);
	return !err || err == -EALREADY || err == -ENODEV ? wd_status(err) : WD_FAILED_ENABLING_INTERRUPT;
}

DWORD WD_IntEnable(HANDLE hWD, WD_INTERRUPT *pInt)
{
	struct wd *wd;
	DWORD status;

	if (!pInt || (pInt->dwOptions & ~INTERRUPT_LEVEL_SENSITIVE))
		return WD_INVALID_PARAMETER;
	wd = wd_get(hWD);
	if (!wd)
		return WD_INVALID_HANDLE;
	pInt->fEnableOk = FALSE;
	pInt->fStopped = pInt->dwCounter = pInt->dwLost = 0;
	status = int_enable(wd, pInt);
	wd_put(wd);
	return status;
}

DWORD wd_int_disable(struct wd *wd)
{
	bool enabled;

	atomic_store(&wd->stopped, true);
	eventfd_write(wd->stop, 1);
	while (atomic_load(&wd->waiters))
		sched_yield();
	pthread_mutex_lock(&wd->lock);
	enabled = wd->interrupt;
	if (enabled)
		kplug_irq_disable(wd->dev, 0);
	wd->interrupt = 0;
	pthread_mutex_unlock(&wd->lock);
	return enabled ? WD_STATUS_SUCCESS : WD_INTERRUPT_NOT_ENABLED;
}

/* A reference on the session, if this handle enabled the interrupt; else *ret_status says why. */
static struct wd *get_enabled(HANDLE hWD, const WD_INTERRUPT *pInt, DWORD *ret_status)
{
	struct wd *wd = pInt ? wd_get(hWD) : NULL;

	*ret_status = WD_STATUS_SUCCESS;
	if (!pInt)
		*ret_status = WD_INVALID_PARAMETER;
	else if (!wd)
		*ret_status = WD_INVALID_HANDLE;
	else if (!wd->interrupt || wd->interrupt != pInt->hInterrupt)
		*ret_status = WD_INTERRUPT_NOT_ENABLED;
	if (wd && *ret_status) {
		wd_put(wd);
		wd = NULL;
	}
	return wd;
}

DWORD WD_IntDisable(HANDLE hWD, WD_INTERRUPT *pInt)
{
	DWORD status;
	struct wd *wd = get_enabled(hWD, pInt, &status);

	if (!wd)
		return status;
	status = wd_int_disable(wd);
	wd_put(wd);
	return status;
}

static void report_state(struct wd *wd, WD_INTERRUPT *pInt)
{
	pthread_mutex_lock(&wd->lock);
	pInt->dwCounter = (DWORD)wd->counter;
	pInt->dwLost = (DWORD)wd->lost;
	pInt->dwLastMessage = 0;
	pInt->dwEnabledIntType = wd->kind;
	pInt->fStopped = atomic_load(&wd->stopped);
	pthread_mutex_unlock(&wd->lock);
}

/* A record stands for as many wake-ups as KP_IntAtDpc answered. */
static void add_record(struct wd *wd, const struct kplug_record *record)
{
	pthread_mutex_lock(&wd->lock);
	wd->counter += record->count;
	wd->lost += record->count > record->notify ? record->count - record->notify : 0;
	pthread_mutex_unlock(&wd->lock);
	eventfd_write(wd->due, record->notify);
}

static int read_records(struct wd *wd)
{
	struct kplug_record records[BATCH];
	size_t count, i;
	int err = kplug_irq_wait(wd->dev, 0, records, BATCH, &count);

	for (i = 0; !err && i < count; i++) {
		if (records[i].type == KPLUG_RECORD_IRQ)
			add_record(wd, &records[i]);
	}
	return err == -ETIMEDOUT || err == -EINTR ? 0 : err;
}

/* Takes one wake-up; puts the others back for later calls and other threads. */
static bool take_due(struct wd *wd)
{
	eventfd_t due;
	bool taken;

	pthread_mutex_lock(&wd->lock);
	taken = !eventfd_read(wd->due, &due);
	if (taken && due > 1)
		eventfd_write(wd->due, due - 1);
	pthread_mutex_unlock(&wd->lock);
	return taken;
}

static int wait_for_one(struct wd *wd)
{
	struct pollfd fds[] = { { .fd = wd->stop, .events = POLLIN },
				{ .fd = wd->due, .events = POLLIN },
				{ .fd = kplug_device_fd(wd->dev), .events = POLLIN } };
	int err = 0;

	while (!err && !atomic_load(&wd->stopped) && !take_due(wd)) {
		if (poll(fds, 3, -1) > 0 && fds[2].revents)
			err = read_records(wd);
	}
	return err;
}

DWORD WD_IntWait(HANDLE hWD, WD_INTERRUPT *pInt)
{
	DWORD status;
	struct wd *wd = get_enabled(hWD, pInt, &status);
	int err;

	if (!wd)
		return status;
	atomic_fetch_add(&wd->waiters, 1);
	err = wait_for_one(wd);
	report_state(wd, pInt);
	atomic_fetch_sub(&wd->waiters, 1);
	wd_put(wd);
	return pInt->fStopped ? WD_STATUS_SUCCESS : wd_status(err);
}

DWORD WD_IntCount(HANDLE hWD, WD_INTERRUPT *pInt)
{
	DWORD status;
	struct wd *wd = get_enabled(hWD, pInt, &status);

	if (!wd)
		return status;
	report_state(wd, pInt);
	wd_put(wd);
	return WD_STATUS_SUCCESS;
}

/* --- a thread that calls the program's handler --- */

struct int_thread {
	struct int_thread *next;
	DWORD handle;
	pthread_t thread;
	HANDLE hWD;
	WD_INTERRUPT interrupt;
	INT_HANDLER func;
	PVOID data;
};

static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static struct int_thread *threads;

static void *int_thread_main(void *arg)
{
	struct int_thread *t = arg;

	while (!WD_IntWait(t->hWD, &t->interrupt) && !t->interrupt.fStopped)
		t->func(t->data);
	return NULL;
}

DWORD InterruptEnable(HANDLE *phThread, HANDLE hWD, WD_INTERRUPT *pInt, INT_HANDLER func, PVOID pData)
{
	struct int_thread *t;
	DWORD status;

	if (!phThread || !pInt || !func)
		return WD_INVALID_PARAMETER;
	t = calloc(1, sizeof(*t));
	if (!t)
		return WD_INSUFFICIENT_RESOURCES;
	status = WD_IntEnable(hWD, pInt);
	if (status) {
		free(t);
		return status;
	}
	t->hWD = hWD;
	t->interrupt = *pInt;
	t->func = func;
	t->data = pData;
	if (pthread_create(&t->thread, NULL, int_thread_main, t)) {
		WD_IntDisable(hWD, pInt);
		free(t);
		return WD_INSUFFICIENT_RESOURCES;
	}
	pthread_mutex_lock(&threads_lock);
	t->next = threads;
	threads = t;
	pthread_mutex_unlock(&threads_lock);
	*phThread = t;
	return WD_STATUS_SUCCESS;
}

DWORD InterruptDisable(HANDLE hThread)
{
	struct int_thread **link, *t;

	pthread_mutex_lock(&threads_lock);
	for (link = &threads; *link && *link != hThread; link = &(*link)->next)
		;
	t = *link;
	if (t)
		*link = t->next;
	pthread_mutex_unlock(&threads_lock);
	if (!t)
		return WD_INVALID_HANDLE;
	WD_IntDisable(t->hWD, &t->interrupt);
	pthread_join(t->thread, NULL);
	free(t);
	return WD_STATUS_SUCCESS;
}
