/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef KPLUG_CLI_RIGHTS_H
#define KPLUG_CLI_RIGHTS_H

#include "cli.h"

/* What --mode, --owner and --group say; without them, as the library's default. 0 or an exit status. */
int rights_parse(const struct args *a, struct kplug_buffer_rights *ret);

/* A name, or the number if it has none; free() it. */
char *owner_text(uint32_t uid);
char *group_text(uint32_t gid);

#endif
