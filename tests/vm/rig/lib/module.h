/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading and unloading the modules from a test program. */
#ifndef MODULE_H
#define MODULE_H

#include "rig.h"

/* All modules, from $KPLUG_KMOD; those that are loaded stay. Fails the running test on error. */
void module_load(void);
bool module_loaded(const char *name);
/* One try, as `rmmod` does it: 0, or -EAGAIN if it is in use. */
int module_unload(const char *name);
/* Tries until it is gone: the kernel lets programs, maps and files go some time after their last user. */
void module_until_unloaded(const char *name);

#endif /* MODULE_H */
