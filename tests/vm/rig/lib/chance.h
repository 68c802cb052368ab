/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that can be had again, and how long a random test goes on: for the fuzzers and the stress. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* $KPLUG_SEED, or a new one; prints it. */
uint64_t chance_seed(void);
/* $KPLUG_SECONDS or $KPLUG_CALLS, or the default. */
unsigned long chance_budget(const char *variable, unsigned long by_default);

struct chance {
	uint64_t state;
};
/* A stream of its own for each process of a run. */
struct chance chance_stream(uint64_t seed, unsigned int number);
uint64_t chance_next(struct chance *c);

/* 0..below-1 */
static inline uint32_t chance_below(struct chance *c, uint32_t below)
{
	return (uint32_t)(chance_next(c) >> 33) % below;
}

/* True once in `times`. */
static inline bool chance_once_in(struct chance *c, uint32_t times)
{
	return !chance_below(c, times);
}

#define CHANCE_OF(c, array) ((array)[chance_below(c, sizeof(array) / sizeof((array)[0]))])

#endif /* CHANCE_H */
