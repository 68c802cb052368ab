// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define KEY s32
#include "state.bpf.h"
