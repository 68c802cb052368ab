// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "3"
#include "state.bpf.h"
