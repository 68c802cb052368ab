// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define MORE_GLOBALS
#include "state.bpf.h"
