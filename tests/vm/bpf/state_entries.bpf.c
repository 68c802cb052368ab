// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define ENTRIES 8
#include "state.bpf.h"
