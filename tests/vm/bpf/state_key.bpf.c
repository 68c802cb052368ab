// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define KEY u64
#include "state.bpf.h"
