// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Sessions: an open device each, and the list by which handles are checked. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wd *list;
static atomic_uint last_handle;

static const struct {
	DWORD status;
	int err; /* the errno that it stands for, or 0 */
	const char *name;
} statuses[] = {
	{ WD_STATUS_SUCCESS, 0, "Success" },
	{ WD_WINDRIVER_STATUS_ERROR, 0, "Error" },
	{ WD_INVALID_HANDLE, EBADF, "Invalid handle" },
	{ WD_INSUFFICIENT_RESOURCES, ENOMEM, "Insufficient resources" },
	{ WD_INSUFFICIENT_RESOURCES, EMSGSIZE, "Insufficient resources" },
	{ WD_SYSTEM_INTERNAL_ERROR, 0, "System internal error" },
	{ WD_NOT_IMPLEMENTED, EOPNOTSUPP, "Not implemented" },
	{ WD_KERPLUG_FAILURE, ENOMSG, "Kernel plugin failure" },
	{ WD_FAILED_ENABLING_INTERRUPT, 0, "Failed enabling interrupt" },
	{ WD_INTERRUPT_NOT_ENABLED, 0, "Interrupt not enabled" },
	{ WD_RESOURCE_OVERLAP, EBUSY, "Resource overlap" },
	{ WD_DEVICE_NOT_FOUND, ENODEV, "Device not found" },
	{ WD_DEVICE_NOT_FOUND, ENOENT, "Device not found" },
	{ WD_OPERATION_ALREADY_DONE, EALREADY, "Operation already done" },
	{ WD_TIME_OUT_EXPIRED, ETIMEDOUT, "Time out expired" },
	{ WD_INVALID_PARAMETER, EINVAL, "Invalid parameter" },
	{ WD_INVALID_PARAMETER, ERANGE, "Invalid parameter" },
};
#define STATUSES (sizeof(statuses) / sizeof(*statuses))

const char *Stat2Str(DWORD dwStatus)
{
	size_t i;

	for (i = 0; i < STATUSES; i++) {
		if (statuses[i].status == dwStatus)
			return statuses[i].name;
	}
	return "Unknown status";
}

DWORD wd_status(int err)
{
	size_t i;

	if (!err)
		return WD_STATUS_SUCCESS;
	for (i = 0; i < STATUSES; i++) {
		if (statuses[i].err == -err)
			return statuses[i].status;
	}
	return WD_SYSTEM_INTERNAL_ERROR;
}

DWORD wd_handle(void)
{
	DWORD handle;

	do
		handle = atomic_fetch_add(&last_handle, 1) + 1;
	while (!handle);
	return handle;
}

struct wd *wd_get(HANDLE hWD)
{
	struct wd *wd;

	pthread_mutex_lock(&list_lock);
	for (wd = list; wd && wd != hWD; wd = wd->next)
		;
	if (wd)
		wd->users++;
	pthread_mutex_unlock(&list_lock);
	return wd;
}

void wd_put(struct wd *wd)
{
	pthread_mutex_lock(&list_lock);
	wd->users--;
	pthread_mutex_unlock(&list_lock);
}

static void wd_free(struct wd *wd)
{
	kplug_device_close(wd->dev);
	if (wd->stop >= 0)
		close(wd->stop);
	if (wd->due >= 0)
		close(wd->due);
	pthread_mutex_destroy(&wd->lock);
	free(wd);
}

HANDLE wd_open(const char *name)
{
	struct wd *wd = calloc(1, sizeof(*wd));

	if (!wd)
		return INVALID_HANDLE_VALUE;
	pthread_mutex_init(&wd->lock, NULL);
	wd->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	wd->due = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wd->stop < 0 || wd->due < 0 || kplug_device_open(name, NULL, &wd->dev)) {
		wd_free(wd);
		return INVALID_HANDLE_VALUE;
	}
	pthread_mutex_lock(&list_lock);
	wd->next = list;
	list = wd;
	pthread_mutex_unlock(&list_lock);
	return wd;
}

HANDLE WD_Open(void)
{
	const char *name = getenv("KPLUG_WD_DEVICE");
	struct kplug_scan_entry *entries = NULL;
	HANDLE hWD = INVALID_HANDLE_VALUE;
	size_t count = 0, i, bound = 0;

	if (name)
		return wd_open(name);
	if (kplug_scan(&entries, &count))
		return hWD;
	for (i = 0; i < count; i++) {
		if (entries[i].bound && !bound++)
			name = entries[i].name;
	}
	if (bound == 1)
		hWD = wd_open(name);
	free(entries);
	return hWD;
}

/* Removes the session from the list, unless a call is in progress. */
static bool unlink_idle(struct wd *wd)
{
	struct wd **link;
	bool idle;

	pthread_mutex_lock(&list_lock);
	idle = wd->users == 1; /* WD_Close() itself */
	if (idle) {
		for (link = &list; *link != wd; link = &(*link)->next)
			;
		*link = wd->next;
	}
	pthread_mutex_unlock(&list_lock);
	return idle;
}

void WD_Close(HANDLE hWD)
{
	struct wd *wd = wd_get(hWD);

	if (!wd)
		return;
	wd_int_disable(wd);
	while (!unlink_idle(wd))
		sched_yield();
	wd_plugin_close(wd);
	wd_dma_free_all(wd);
	wd_free(wd);
}
