/* SPDX-License-Identifier: GPL-2.0-only */
/* What wd_calls.bpf.c and the tests of the porting layer agree on. */
#ifndef WD_CALLS_H
#define WD_CALLS_H

struct wd_calls {
	unsigned long long opens, closes, enables, disables;
	unsigned long long irqls, dpcs, irqls_msi, dpcs_msi;
	unsigned long long silent; /* the deferred callbacks ask for no wake-up */
};

enum { WD_CALLS_DOUBLE = 1, WD_CALLS_VALUE, WD_CALLS_BUFFER, WD_CALLS_REGISTER, WD_CALLS_REFUSE };

#endif /* WD_CALLS_H */
