/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of state.bpf.h. */
#ifndef STATE_H
#define STATE_H

enum {
	STATE_COUNT, /* counts one call in the map and adds the step to the total; result: the total */
	STATE_COUNTED, /* what the map says */
	STATE_TOTAL,
	STATE_STEP, /* sets the step to the number of bytes, if there are any; result: it */
	STATE_VERSION,
};

#endif /* STATE_H */
