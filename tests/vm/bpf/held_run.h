/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/held_run.bpf.c tells its test. */
#ifndef HELD_RUN_H
#define HELD_RUN_H

#define HELD_RUN_MS 300

struct held_run {
	__u64 begun, ended; /* runs of its hook `call`, each of which takes HELD_RUN_MS */
};

#endif /* HELD_RUN_H */
