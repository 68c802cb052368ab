/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A benchmark measures two things in turn, RUNS times, so that both meet the same noise, and prints one JSON object:
 * the medians, their ratio, and the spread of the ratios ((largest - smallest) / median).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS 7

static inline double bench_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static inline int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline double bench_median(double *values)
{
	qsort(values, RUNS, sizeof(*values), bench_compare);
	return values[RUNS / 2];
}

/* Each function measures once and gives a figure in `unit`, or a negative one on failure, which ends the program. */
static inline void bench_pair(const char *name, const char *unit, double (*measure)(void *arg), const char *against,
			      double (*other)(void *arg), void *arg)
{
	double value[RUNS], other_value[RUNS], ratio[RUNS], median;
	int i;

	for (i = 0; i < RUNS; i++) {
		value[i] = measure(arg);
		other_value[i] = other(arg);
		if (value[i] <= 0 || other_value[i] <= 0) {
			fprintf(stderr, "%s: could not be measured\n", name);
			exit(1);
		}
		ratio[i] = value[i] / other_value[i];
	}
	median = bench_median(ratio);
	printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"against\":\"%s\",\"against_value\":%.4g,"
	       "\"ratio\":%.3f,\"runs\":%d,\"spread\":%.3f}\n",
	       name, bench_median(value), unit, against, bench_median(other_value), median, RUNS,
	       (ratio[RUNS - 1] - ratio[0]) / median);
}

#endif /* BENCH_H */
