// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The latency of an interrupt, in three steps. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "cli.h"
#include "output/output.h"

#define BUCKETS 64
#define BAR 50
#define COUNT_MAX 10000000

enum { TO_PLUGIN, TO_DEFERRED, TO_PROGRAM, STEPS };

static const struct {
	const char *key, *title;
} steps[STEPS] = {
	{ "interrupt_to_plugin", "interrupt to plugin" },
	{ "plugin_to_deferred", "plugin to deferred" },
	{ "deferred_to_program", "deferred to program" },
};

struct samples {
	uint64_t *ns;
	size_t count;
};

static void add_sample(struct samples *s, uint64_t ns)
{
	/* Double the array at each power of two. */
	if (!(s->count & (s->count - 1)))
		s->ns = must_have(realloc(s->ns, (s->count ? 2 * s->count : 1) * sizeof(*s->ns)));
	s->ns[s->count++] = ns;
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest of the sorted samples that per_mille of them do not exceed. */
static uint64_t percentile(const struct samples *s, unsigned int per_mille)
{
	return s->ns[(s->count * per_mille + 999) / 1000 - 1];
}

/* Bucket b counts samples from 2^(b-1) up to, but not including, 2^b. */
static void count_buckets(const struct samples *s, size_t ret_counts[BUCKETS], int *ret_first, int *ret_last)
{
	*ret_first = BUCKETS;
	*ret_last = -1;
	for (size_t i = 0; i < s->count; i++) {
		int b = s->ns[i] ? 64 - __builtin_clzll(s->ns[i]) : 0;

		b = b < BUCKETS ? b : BUCKETS - 1;
		ret_counts[b]++;
		*ret_first = b < *ret_first ? b : *ret_first;
		*ret_last = b > *ret_last ? b : *ret_last;
	}
}

static void print_step(const char *title, const struct samples *s)
{
	size_t counts[BUCKETS] = { 0 }, most = 0;
	int first, last;

	if (!s->count) {
		printf("%s: no samples\n", title);
		return;
	}
	printf("%s: p50 %" PRIu64 " p99 %" PRIu64 " p99.9 %" PRIu64 " max %" PRIu64 " ns\n", title, percentile(s, 500),
	       percentile(s, 990), percentile(s, 999), s->ns[s->count - 1]);
	count_buckets(s, counts, &first, &last);
	for (int b = first; b <= last; b++)
		most = counts[b] > most ? counts[b] : most;
	for (int b = first; b <= last; b++)
		printf("  < %12" PRIu64 " ns %9zu %.*s\n", UINT64_C(1) << b, counts[b],
		       (int)((counts[b] * BAR + most - 1) / most),
		       "##################################################");
}

static cJSON *step_object(const struct samples *s)
{
	size_t counts[BUCKETS] = { 0 }; /* one is not 0: there is a sample */
	cJSON *o = json_object(), *buckets = json_array();
	int first, last;

	json_unsigned(o, "count", s->count);
	json_unsigned(o, "p50_ns", percentile(s, 500));
	json_unsigned(o, "p99_ns", percentile(s, 990));
	json_unsigned(o, "p999_ns", percentile(s, 999));
	json_unsigned(o, "max_ns", s->ns[s->count - 1]);
	count_buckets(s, counts, &first, &last);
	for (int b = first; b <= last; b++) {
		cJSON *bucket = json_object();

		json_unsigned(bucket, "below_ns", UINT64_C(1) << b);
		json_unsigned(bucket, "count", counts[b]);
		json_append(buckets, bucket);
	}
	json_add(o, "buckets", buckets);
	return o;
}

static void take_samples(struct samples *all, const struct kplug_record *r)
{
	struct timespec now;
	uint64_t last = r->deferred ? r->deferred : r->answered;

	clock_gettime(CLOCK_MONOTONIC, &now);
	add_sample(&all[TO_PLUGIN], r->answered);
	if (r->deferred)
		add_sample(&all[TO_DEFERRED], r->deferred > r->answered ? r->deferred - r->answered : 0);
	add_sample(&all[TO_PROGRAM], (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - r->time - last);
}

static int measure_latency(const struct args *a, struct kplug_device *dev, uint32_t vector, struct samples *all)
{
	uint64_t left = has(a, OPT_COUNT) ? a->num[OPT_COUNT] : 1000;
	int timeout = has(a, OPT_TIMEOUT) ? (int)a->num[OPT_TIMEOUT] : 10000;
	struct kplug_record record;
	size_t count;
	int err;

	err = kplug_irq_enable(dev, vector, NULL, 0);
	while (!err && left) {
		if (!has(a, OPT_LISTEN))
			err = kplug_irq_trigger(dev, vector);
		err = err ? err : kplug_irq_wait(dev, timeout, &record, 1, &count);
		if (err == -ETIMEDOUT)
			return failed("%s: no interrupt of vector %u within %d ms; check that the plugin claims it and "
				      "notifies",
				      a->pos[0], vector, timeout);
		if (err || record.type != KPLUG_RECORD_IRQ)
			continue;
		if (record.flags & KPLUG_RECORD_STOPPED)
			return failed("%s: the watchdog stopped vector %u; see kplug info", a->pos[0], vector);
		take_samples(all, &record);
		left--;
	}
	return err ? fail_lib(a->pos[0], err) : 0;
}

static void print_steps(const struct args *a, struct samples *all)
{
	cJSON *o = json_object();

	for (int i = 0; i < STEPS; i++) {
		if (all[i].count)
			qsort(all[i].ns, all[i].count, sizeof(*all[i].ns), compare_ns);
		if (!has(a, OPT_JSON))
			print_step(steps[i].title, &all[i]);
		else if (all[i].count)
			json_add(o, steps[i].key, step_object(&all[i]));
		else
			json_null(o, steps[i].key);
	}
	if (has(a, OPT_JSON))
		json_print(o, stdout);
	else
		cJSON_Delete(o);
}

int irq_latency(const struct args *a)
{
	struct samples all[STEPS] = { 0 };
	struct kplug_device *dev = NULL;
	uint32_t vector = 0;
	int ret = 0;

	if (a->npos > 1)
		ret = arg_vector(a, a->pos[1], &vector);
	if (!ret && has(a, OPT_COUNT) && (!a->num[OPT_COUNT] || a->num[OPT_COUNT] > COUNT_MAX))
		ret = wrong_usage(a, "--count %s is not within 1..%d", a->text[OPT_COUNT], COUNT_MAX);
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	ret = measure_latency(a, dev, vector, all);
	if (!ret)
		print_steps(a, all);
	for (int i = 0; i < STEPS; i++)
		free(all[i].ns);
	kplug_device_close(dev);
	return ret;
}
