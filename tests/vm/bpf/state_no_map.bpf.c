// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define NO_MAP
#include "state.bpf.h"
