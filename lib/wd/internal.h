/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the porting layer's files share. */
#ifndef KPLUG_WD_INTERNAL_H
#define KPLUG_WD_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "libkplug.h"

#include "windrvr.h"
#include "wire.h"

#ifndef KPLUG_PLUGIN_DIR
#define KPLUG_PLUGIN_DIR "/usr/local/share/kplug/plugins"
#endif

/* A kernel buffer, or locked user memory. */
struct wd_dma {
	struct wd_dma *next;
	DWORD handle;
	bool claimed; /* by the program; else allocated for the plugin, before the program asked */
	struct kplug_buffer *buf; /* either */
	struct kplug_lock *lock; /* or */
	char name[KPLUG_BUFFER_NAME_LEN];
};

/*
 * A session. `lock` guards all members except dev (thread-safe as libkplug.h says), atomics, and what
 * only one call at a time uses.
 */
struct wd {
	struct wd *next; /* under the list's lock */
	unsigned int users; /* calls in progress, under the list's lock */
	struct kplug_device *dev;
	pthread_mutex_t lock;
	struct wd_dma *dmas;
	DWORD plugin; /* hKernelPlugIn, 0: none */
	DWORD interrupt; /* hInterrupt, 0: not enabled */
	DWORD kind; /* INTERRUPT_MESSAGE and so on */
	atomic_bool stopped; /* the interrupt; waiters return */
	atomic_uint waiters;
	int stop, due; /* eventfds: stopped; pending wake-ups */
	UINT64 counter, lost; /* of the interrupt */
};

/* session.c. A reference on an open session; NULL: hWD is not one. */
struct wd *wd_get(HANDLE hWD);
void wd_put(struct wd *wd);
HANDLE wd_open(const char *name);
DWORD wd_handle(void); /* a new handle, not 0 */
DWORD wd_status(int err); /* the status for a negative errno, or 0 */

/* dma.c */
struct wd_dma *wd_dma_alloc(struct wd *wd, size_t bytes, DWORD options, int *ret_err);
void wd_dma_free_all(struct wd *wd);
/* True if value is the pKernelAddr of a buffer. Under wd->lock. */
bool wd_is_kernel_addr(struct wd *wd, const void *value);

/* plugin.c */
void wd_plugin_close(struct wd *wd);
void wd_fill(struct wd *wd, struct wd_wire *wire, const WD_KERNEL_PLUGIN_CALL *call);

/* interrupt.c */
DWORD wd_int_disable(struct wd *wd);

#endif /* KPLUG_WD_INTERNAL_H */
