/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KPLUG_RIGHTS_H
#define KPLUG_RIGHTS_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "kplug_uapi.h"

/* Who may use a buffer, beside the rights of the device's node: as a file's owner, group and mode. */
struct kplug_rights {
	kuid_t uid;
	kgid_t gid;
	umode_t mode;
};

/* What the caller asks for. Errors: as of KPLUG_BUFFER_ALLOC. */
int kplug_rights_init(struct kplug_rights *rights, const struct kplug_buffer_alloc *arg);

/* May the caller? wanted: MAY_READ, MAY_WRITE or both. 0 or -EACCES. */
int kplug_rights_check(const struct kplug_rights *rights, int wanted);

#endif /* KPLUG_RIGHTS_H */
