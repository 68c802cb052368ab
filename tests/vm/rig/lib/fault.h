/* SPDX-License-Identifier: GPL-2.0-only */
/* Failures by order: of this thread's allocations in the kernel, and of functions that kplug calls (debug/fail.c). */
#ifndef FAULT_H
#define FAULT_H

#include "rig.h"

/* All allocations may fail, those that may sleep too. Once, before the others. Needs the debug kernel. */
void fault_init(void);
void fault_exit(void);

/* The nth allocation (from 1) fails that this thread makes in the kernel from now on. */
void fault_alloc(unsigned int nth);
/* No more: has it come to that allocation? */
bool fault_alloc_end(void);

/* The nth call (from 1) of the kernel's function by kplug returns value. -errno: there is no such function. */
int fault_call(const char *function, unsigned int nth, long value);
/* The nth call is held at its end, before it returns to kplug. Its caller must be able to sleep. */
int fault_hold(const char *function, unsigned int nth);
/* Waits until a call of the function has come. */
void fault_wait(void);
/* No more: has it come to that call? What is held goes on. */
bool fault_call_end(unsigned int nth);

#endif /* FAULT_H */
