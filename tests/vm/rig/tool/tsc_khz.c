// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the rate of the counter that QEMU's emulation gives its guests as TSC, in kHz: the host's own, or nanoseconds
 * where there is none. A guest that measures it on a busy host may be wrong by half, and all its clocks with it.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TRIES 16

struct moment {
	uint64_t ns, ticks;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Both clocks at one time: the try with the least between two looks at the one has not been interrupted. */
static struct moment look(void)
{
	struct moment best = {};
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < TRIES; i++) {
		uint64_t before = now(), ticks, after;

#ifdef __x86_64__
		ticks = __builtin_ia32_rdtsc();
		after = now();
#else
		ticks = after = now();
#endif
		if (after - before < least) {
			least = after - before;
			best = (struct moment){ before + least / 2, ticks };
		}
	}
	return best;
}

int main(void)
{
	struct moment first = look(), second;

	usleep(100000);
	second = look();
	printf("%.0f\n", (second.ticks - first.ticks) * 1e6 / (second.ns - first.ns));
	return 0;
}
