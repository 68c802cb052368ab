/* SPDX-License-Identifier: GPL-2.0-only */
/* Which setting bpf/settings.bpf.c answers a call with. */
#ifndef SETTINGS_H
#define SETTINGS_H

enum { SETTING_LEVEL, SETTING_OFFSET, SETTING_SMALL, SETTING_LIMIT, SETTING_WIDE, SETTING_ON };

#endif /* SETTINGS_H */
