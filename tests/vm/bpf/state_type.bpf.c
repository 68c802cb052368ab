// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
#define MAP_TYPE BPF_MAP_TYPE_ARRAY
#include "state.bpf.h"
