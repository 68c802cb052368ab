// SPDX-License-Identifier: GPL-2.0-only
#include "chance.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t chance_seed(void)
{
	const char *given = getenv("KPLUG_SEED");
	uint64_t seed = 0;

	if (given && *given)
		seed = strtoull(given, NULL, 0);
	else if (getrandom(&seed, 4, 0) != 4)
		abort();
	printf("# seed %llu; again: SEED=%llu\n", (unsigned long long)seed, (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

unsigned long chance_budget(const char *variable, unsigned long by_default)
{
	const char *given = getenv(variable);

	return given && *given ? strtoul(given, NULL, 0) : by_default;
}

struct chance chance_stream(uint64_t seed, unsigned int number)
{
	/* Not by chance_next()'s own step, of which the next seed's numbers would be these but for the first. */
	struct chance c = { seed * 0xd1342543de82ef95 + number };

	chance_next(&c);
	return c;
}

/* splitmix64 */
uint64_t chance_next(struct chance *c)
{
	uint64_t x = c->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}
