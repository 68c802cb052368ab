// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "5"
#include "state.bpf.h"

/* The software device is 1234:11e8. */
KPLUG_PROBE()
{
	return info->out_vendor == 0x1234 ? 7 : 0;
}
