// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The plugin: finds it by name, loads it on the session's device, calls it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "internal.h"

#define PAGE 4096UL

_Static_assert(sizeof(struct wd_wire) == KPLUG_CALL_MAX, "must fill a call");

/*
 * Copies from or to an address that the program passed as memory, by process_vm_*(), which stop at
 * an unmapped page instead of faulting. Crosses at most one page boundary. Returns the bytes
 * copied.
 */
static size_t copy_user(ssize_t (*fn)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
				      unsigned long),
			void *mine, uintptr_t theirs, size_t bytes)
{
	size_t first = PAGE - theirs % PAGE < bytes ? PAGE - theirs % PAGE : bytes;
	struct iovec local = { mine, bytes };
	struct iovec remote[2] = { { (void *)theirs, first }, { (void *)(theirs + first), bytes - first } };
	ssize_t done = fn(getpid(), &local, 1, remote, first < bytes ? 2 : 1, 0);

	return done > 0 ? done : 0;
}

void wd_fill(struct wd *wd, struct wd_wire *wire, const WD_KERNEL_PLUGIN_CALL *call)
{
	wire->value = (uintptr_t)call->pData;
	wire->message = call->dwMessage;
	pthread_mutex_lock(&wd->lock);
	wire->is_buffer = wd_is_kernel_addr(wd, call->pData);
	pthread_mutex_unlock(&wd->lock);
	if (call->pData && !wire->is_buffer)
		wire->bytes = copy_user(process_vm_readv, wire->data, (uintptr_t)call->pData, sizeof(wire->data));
}

/* Writes only the changed bytes: other threads of the program may use those around them. */
static void write_back(const struct wd_wire *before, struct wd_wire *after)
{
	size_t i, n;

	for (i = 0; i < before->bytes; i += n) {
		for (n = 0; i + n < before->bytes && before->data[i + n] != after->data[i + n]; n++)
			;
		if (n)
			copy_user(process_vm_writev, after->data + i, (uintptr_t)before->value + i, n);
		else
			n = 1;
	}
}

static int send_wire(struct wd *wd, __u32 op, const WD_KERNEL_PLUGIN_CALL *call, int64_t *ret_result)
{
	struct wd_wire before = { .op = op }, after;
	int err;

	wd_fill(wd, &before, call);
	after = before;
	err = kplug_call(wd->dev, call->dwMessage, &after, sizeof(after), ret_result);
	if (!err)
		write_back(&before, &after);
	return err;
}

/* Searches pcDriverPath, else $KPLUG_PLUGIN_PATH (separated by ':'), else the installed plugins. */
static int find_file(const WD_KERNEL_PLUGIN *kp, char path[PATH_MAX])
{
	const char *dirs = kp->pcDriverPath ?: getenv("KPLUG_PLUGIN_PATH") ?: KPLUG_PLUGIN_DIR;
	int len;

	if (!kp->pcDriverName[0] || strchr(kp->pcDriverName, '/'))
		return -ENOENT;
	for (;; dirs += len + 1) {
		len = (int)strcspn(dirs, ":");
		if (snprintf(path, PATH_MAX, "%.*s/%s.bpf.o", len, dirs, kp->pcDriverName) < PATH_MAX &&
		    !access(path, R_OK))
			return 0;
		if (!dirs[len])
			return -ENOENT;
	}
}

/* The session's oldest buffer that is large enough, or a new one for the program to claim. */
static int choose_buffer(struct wd *wd, size_t bytes, const char **ret_name)
{
	struct wd_dma *dma, *fit = NULL;
	int err = 0;

	for (dma = wd->dmas; bytes && dma; dma = dma->next) {
		if (dma->buf && kplug_buffer_size(dma->buf) >= bytes)
			fit = dma; /* the oldest is last */
	}
	if (bytes && !fit)
		fit = wd_dma_alloc(wd, bytes, 0, &err);
	*ret_name = fit ? fit->name : NULL;
	return err;
}

/* Unloads a plugin of this name if the device has no other opener: its program was killed. */
static int unload_stale(struct wd *wd, const char *name)
{
	struct kplug_plugin_info plugin;
	struct kplug_info info;

	if (kplug_plugin_info(wd->dev, &plugin))
		return 0;
	if (strcmp(plugin.out_name, name) || kplug_device_info(wd->dev, &info) || info.out_opens > 1)
		return -EBUSY;
	return kplug_plugin_unload(wd->dev);
}

static int load_plugin(struct wd *wd, const char *path)
{
	struct kplug_load_opts opts = { .sz = sizeof(opts) };
	struct kplug_plugin *plugin = NULL;
	int err = kplug_plugin_open(path, &plugin);

	err = err ?: choose_buffer(wd, kplug_plugin_buffer_size(plugin), &opts.buffer);
	err = err ?: unload_stale(wd, kplug_plugin_name(plugin));
	err = err ?: kplug_plugin_load(plugin, wd->dev, &opts);
	kplug_plugin_close(plugin);
	return err;
}

static DWORD plugin_open(struct wd *wd, WD_KERNEL_PLUGIN *kp)
{
	WD_KERNEL_PLUGIN_CALL call = { .pData = kp->pOpenData };
	int64_t result = 0;
	char path[PATH_MAX];
	int err;

	pthread_mutex_lock(&wd->lock);
	err = wd->plugin ? -EALREADY : 0;
	if (!err && find_file(kp, path))
		err = -ENOMSG;
	err = err ?: load_plugin(wd, path);
	if (!err)
		wd->plugin = wd_handle();
	pthread_mutex_unlock(&wd->lock);
	if (err)
		return err == -EBUSY || err == -EALREADY || err == -ENOMEM ? wd_status(err) : WD_KERPLUG_FAILURE;

	err = send_wire(wd, WD_WIRE_OPEN, &call, &result);
	if (err || result != 1) {
		pthread_mutex_lock(&wd->lock);
		kplug_plugin_unload(wd->dev);
		wd->plugin = 0;
		pthread_mutex_unlock(&wd->lock);
		return WD_KERPLUG_FAILURE;
	}
	kp->hKernelPlugIn = wd->plugin;
	return WD_STATUS_SUCCESS;
}

DWORD WD_KernelPlugInOpen(HANDLE hWD, WD_KERNEL_PLUGIN *pKernelPlugIn)
{
	struct wd *wd;
	DWORD status;

	if (!pKernelPlugIn || !pKernelPlugIn->pcDriverName)
		return WD_INVALID_PARAMETER;
	pKernelPlugIn->hKernelPlugIn = 0;
	wd = wd_get(hWD);
	if (!wd)
		return WD_INVALID_HANDLE;
	status = plugin_open(wd, pKernelPlugIn);
	wd_put(wd);
	return status;
}

void wd_plugin_close(struct wd *wd)
{
	WD_KERNEL_PLUGIN_CALL call = { 0 };

	if (!wd->plugin)
		return;
	send_wire(wd, WD_WIRE_CLOSE, &call, NULL);
	kplug_plugin_unload(wd->dev);
	wd->plugin = 0;
}

DWORD WD_KernelPlugInClose(HANDLE hWD, WD_KERNEL_PLUGIN *pKernelPlugIn)
{
	struct wd *wd;
	bool ours;

	if (!pKernelPlugIn)
		return WD_INVALID_PARAMETER;
	wd = wd_get(hWD);
	if (!wd)
		return WD_INVALID_HANDLE;
	ours = wd->plugin && wd->plugin == pKernelPlugIn->hKernelPlugIn;
	if (ours)
		wd_plugin_close(wd);
	wd_put(wd);
	return ours ? WD_STATUS_SUCCESS : WD_INVALID_HANDLE;
}

DWORD WD_KernelPlugInCall(HANDLE hWD, WD_KERNEL_PLUGIN_CALL *pKernelPlugInCall)
{
	int64_t result = 0;
	struct wd *wd;
	int err;

	if (!pKernelPlugInCall)
		return WD_INVALID_PARAMETER;
	wd = wd_get(hWD);
	if (!wd)
		return WD_INVALID_HANDLE;
	err = wd->plugin && wd->plugin == pKernelPlugInCall->hKernelPlugIn ? 0 : -EBADF;
	err = err ?: send_wire(wd, WD_WIRE_CALL, pKernelPlugInCall, &result);
	if (!err && result < 0)
		err = result == -EINVAL ? -EINVAL : -ENOMSG;
	if (!err)
		pKernelPlugInCall->dwResult = (DWORD)result;
	wd_put(wd);
	return wd_status(err);
}
