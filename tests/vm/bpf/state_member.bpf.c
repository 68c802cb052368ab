// SPDX-License-Identifier: GPL-2.0-only
#define VERSION "4"
struct count {
	unsigned long long spare;
	unsigned long long calls;
};
#define VALUE struct count
#include "state.bpf.h"
