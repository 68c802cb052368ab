// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define FLAGS 1 /* BPF_F_NO_PREALLOC */
#include "state.bpf.h"
