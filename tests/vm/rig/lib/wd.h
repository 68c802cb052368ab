/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the porting layer share: a session on the test's device. */
#ifndef WD_H
#define WD_H

#include "lib/wd/windrvr.h"
#include "rig.h"

#define assert_status(expected, call)                                                                                  \
	do {                                                                                                           \
		DWORD status_ = (call);                                                                                \
		if (status_ != (expected))                                                                             \
			fail_msg("%s: %s, want %s (%s)", #call, Stat2Str(status_), Stat2Str(expected), kplug_error()); \
	} while (0)
#define assert_done(call) assert_status(WD_STATUS_SUCCESS, call)

/* The running test's. */
extern HANDLE wd_session;
extern WD_DMA wd_dma;
extern WD_KERNEL_PLUGIN wd_kp;

void wd_setup(void);
void wd_teardown(void);
#define WD_RUN(tests) RIG_RUN(tests, RIG_BOTH, .setup = wd_setup, .teardown = wd_teardown)

/* Opens the test plugin with a buffer of a page, wd_dma: the program's view of it. */
void *wd_open_plugin(const char *name);

#endif /* WD_H */
