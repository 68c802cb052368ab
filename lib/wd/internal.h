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

/* A locked buffer of the kernel's, or memory of the program's. */
struct wd_dma {
	struct wd_dma *next;
	DWORD handle;
	bool lent; /* the program has it; else it was made for the plugin, and waits for a program that asks */
	struct kplug_buffer *buf; /* or NULL, and */
	struct kplug_lock *lock;
	char name[KPLUG_BUFFER_NAME_LEN];
};

/* A session. Its lock guards all but the device, which has its own rules, and what only one call at a time touches. */
struct wd {
	struct wd *next; /* under the list's lock */
	unsigned int users; /* calls under way, under the list's lock */
	struct kplug_device *dev;
	pthread_mutex_t lock;
	struct wd_dma *dmas;
	DWORD plugin; /* hKernelPlugIn, 0: none */
	DWORD interrupt; /* hInterrupt, 0: not enabled */
	DWORD kind; /* INTERRUPT_MESSAGE and so on */
	atomic_bool stopped; /* the interrupt; waiters go */
	atomic_uint waiters;
	int stop, due; /* eventfds: that it is stopped; wake-ups that nobody has had yet */
	UINT64 counter, lost; /* of the interrupt */
};

/* session.c. NULL: hWD is no open session. Between the two it stays one. */
struct wd *wd_get(HANDLE hWD);
void wd_put(struct wd *wd);
HANDLE wd_open(const char *name);
DWORD wd_handle(void); /* a number that none has had, not 0 */
DWORD wd_status(int err); /* of a negative errno */

/* dma.c */
struct wd_dma *wd_dma_alloc(struct wd *wd, size_t bytes, DWORD options, int *ret_err);
void wd_dma_free_all(struct wd *wd);
/* The handle of the buffer of which this is pKernelAddr, under wd->lock. */
bool wd_is_kernel_addr(struct wd *wd, const void *value);

/* plugin.c */
void wd_plugin_close(struct wd *wd);
void wd_fill(struct wd *wd, struct wd_wire *wire, const WD_KERNEL_PLUGIN_CALL *call);

/* interrupt.c */
DWORD wd_int_disable(struct wd *wd);

#endif /* KPLUG_WD_INTERNAL_H */
