/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>

/*
 * The machine's unused memory, in KiB, with what the kernel could give up at once: caches, which are dropped first, and
 * each CPU's free pages, which may be many.
 */
long memory_available_kib(void);

/* For rig_until(): is no more than the slack missing of what there was before (a long, KiB)? */
#define MEMORY_SLACK_KIB (24 << 10)
bool memory_is_back(void *before);

#endif /* MEMORY_H */
