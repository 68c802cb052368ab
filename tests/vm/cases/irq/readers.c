// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* quick: KPLUG_SCALE=0.2 */
/* shows: KPLUG_IRQ_INFO kmod/irq/reader.c bpf/coalesce.bpf.c */
/* timeout: 300 */
/*
 * 1,000,000 interrupts (times $KPLUG_SCALE, which may be a fraction) on four vectors, to three readers of different
 * speeds: each reader's sums are those of the vectors. And a delayed wake-up comes in time.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bpf/irq_batch.h"
#include "lib/rig.h"

#define INTERRUPTS 1000000

struct reader {
	struct kplug_device *dev;
	useconds_t pause;
	pthread_t thread;
	const char *wrong; /* NULL: nothing was */
	uint64_t records;
	struct totals {
		uint64_t first, last, count, notify, coalesced, wakeups; /* the first two: sequences */
	} vector[BATCH_VECTORS];
};

static uint64_t raised; /* per vector, by this test program */
static volatile bool over;

static void setup(void)
{
	rig_load(dev, "irq_batch", NULL);
	over = false;
	raised = 0;
}

static void teardown(void)
{
	assert_ok(kplug_plugin_unload(dev));
}

static struct kplug_irq_info look(uint32_t vector)
{
	struct kplug_irq_info info = {};

	assert_ok(kplug_irq_info(dev, vector, &info));
	return info;
}

static double scale(void)
{
	const char *text = getenv("KPLUG_SCALE");

	return text && atof(text) > 0 ? atof(text) : 1;
}

static void enable_all(struct kplug_device *who)
{
	uint32_t v;

	for (v = 0; v < BATCH_VECTORS; v++)
		assert_ok(kplug_irq_enable(who, v, NULL, 0));
}

static void raise_batch(void)
{
	assert_ok(kplug_call(dev, BATCH_RAISE, NULL, 0, NULL));
	raised += BATCH_RAISES;
}

/* What one record must be, in a thread where cmocka's checks do not work. */
static const char *check(const struct kplug_record *rec, const struct totals *t)
{
	const struct batch_data *data = (const void *)rec->data;

	if (rec->type != KPLUG_RECORD_IRQ || rec->vector >= BATCH_VECTORS || rec->flags)
		return "not a record of these vectors";
	if (rec->sequence < t->last + rec->count || (t->last && rec->sequence != t->last + rec->count))
		return "sequences and counts do not fit";
	if (rec->coalesced > rec->count)
		return "more coalesced than counted";
	if (rec->data_size != sizeof(*data) || data->sequence != rec->sequence || data->vector != rec->vector ||
	    data->check != ~rec->vector)
		return "the attached bytes are another interrupt's";
	return NULL;
}

static void take(struct reader *r, const struct kplug_record *rec)
{
	struct totals *t = &r->vector[rec->vector % BATCH_VECTORS];

	r->wrong = check(rec, t);
	if (!t->first)
		t->first = rec->sequence - rec->count + 1;
	t->last = rec->sequence;
	t->count += rec->count;
	t->notify += rec->notify;
	t->coalesced += rec->coalesced;
	t->wakeups += rec->lost + 1;
	r->records++;
}

static void *reading(void *arg)
{
	struct kplug_record records[8];
	struct reader *r = arg;
	size_t count, i;
	int err;

	while (!r->wrong) {
		err = kplug_irq_wait(r->dev, 100, records, 8, &count);
		if (err == -ETIMEDOUT && over)
			break;
		if (err == -ETIMEDOUT)
			continue;
		if (err)
			r->wrong = "kplug_irq_wait() failed";
		for (i = 0; !err && !r->wrong && i < count; i++)
			take(r, &records[i]);
		if (r->pause)
			usleep(r->pause);
	}
	return NULL;
}

static bool all_handled(void *arg)
{
	uint32_t v;

	(void)arg;
	for (v = 0; v < BATCH_VECTORS; v++)
		if (look(v).out_interrupts < raised)
			return false;
	return true;
}

static struct batch_counts plugins_counts(void)
{
	struct batch_counts counts;

	assert_ok(kplug_call(dev, BATCH_COUNTS, &counts, sizeof(counts), NULL));
	return counts;
}

static void sums_agree(const struct reader *r)
{
	struct batch_counts plugin = plugins_counts();
	struct kplug_irq_info info;
	const struct totals *t;
	uint64_t late;
	uint32_t v;

	if (r->wrong)
		fail_msg("%s", r->wrong);
	for (v = 0; v < BATCH_VECTORS; v++) {
		t = &r->vector[v];
		info = look(v);
		assert_int_equal(plugin.interrupts[v], raised);
		assert_int_equal(info.out_interrupts, raised);
		assert_int_equal(t->count, raised);
		assert_int_equal(t->first, 1);
		assert_int_equal(t->last, raised);
		assert_int_equal(t->coalesced, plugin.held[v]);
		assert_int_equal(t->wakeups, info.out_wakeups);
		late = info.out_wakeups - (raised - plugin.held[v]); /* after the delay that the plugin asked for */
		assert_int_equal(t->notify, plugin.notify[v] + late);
	}
}

static void a_million(void)
{
	struct reader readers[3] = { { .pause = 0 }, { .pause = 1000 }, { .pause = 100000 } };
	uint64_t batches = scale() * INTERRUPTS / BATCH_VECTORS / BATCH_RAISES, i, handled = 0;
	struct timespec begin, end;
	double seconds;

	for (i = 0; i < 3; i++) {
		readers[i].dev = rig_open(at);
		enable_all(readers[i].dev);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&readers[i].thread, NULL, reading, &readers[i]), 0);
	for (i = 0; i < batches; i++)
		raise_batch();
	rig_until(all_handled, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	usleep(200000); /* the held ones' wake-up */
	over = true;
	for (i = 0; i < 3; i++)
		pthread_join(readers[i].thread, NULL);
	for (i = 0; i < 3; i++) {
		sums_agree(&readers[i]);
		kplug_device_close(readers[i].dev);
	}
	for (i = 0; i < BATCH_VECTORS; i++)
		handled += look(i).out_interrupts;
	seconds = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
	assert_int_equal(handled, batches * BATCH_RAISES * BATCH_VECTORS);
	printf("# %llu interrupts in %.1f s, in %llu, %llu and %llu records\n", (unsigned long long)handled, seconds,
	       (unsigned long long)readers[0].records, (unsigned long long)readers[1].records,
	       (unsigned long long)readers[2].records);
}

/* One who does not read for a second finds one record, which says what it stands for. */
static void stopped_for_a_second(void)
{
	struct kplug_device *slow = rig_open(at);
	uint64_t before[BATCH_VECTORS], wakeups[BATCH_VECTORS];
	struct kplug_record record;
	uint32_t v, seen = 0;
	size_t count;
	int i;

	assert_ok(kplug_call(dev, BATCH_EACH_WAKES, NULL, 0, NULL));
	for (v = 0; v < BATCH_VECTORS; v++) {
		before[v] = look(v).out_interrupts;
		wakeups[v] = look(v).out_wakeups;
	}
	raised = before[0];
	enable_all(slow);
	for (i = 0; i < 10; i++) {
		raise_batch();
		usleep(100000);
	}
	rig_until(all_handled, NULL);
	for (i = 0; i < BATCH_VECTORS; i++) {
		assert_ok(kplug_irq_wait(slow, 10000, &record, 1, &count));
		v = record.vector;
		seen |= 1U << v;
		assert_int_equal(record.count, look(v).out_interrupts - before[v]);
		assert_int_equal(record.count, 10 * BATCH_RAISES);
		assert_int_equal(record.lost + 1, look(v).out_wakeups - wakeups[v]);
		assert_int_equal(record.coalesced + record.lost + 1, record.count);
	}
	assert_int_equal(seen, (1U << BATCH_VECTORS) - 1);
	assert_errno(ETIMEDOUT, kplug_irq_wait(slow, 0, &record, 1, &count));
	kplug_device_close(slow);
}

/* Vectors that are always ready take turns: a reader with room for one record sees all of them. */
static void none_is_starved(void)
{
	uint32_t seen = 0, i;

	assert_ok(kplug_call(dev, BATCH_EACH_WAKES, NULL, 0, NULL));
	raised = look(0).out_interrupts;
	enable_all(dev);
	for (i = 0; i < BATCH_VECTORS; i++) {
		struct kplug_record record;
		size_t count;

		raise_batch();
		assert_ok(kplug_irq_wait(dev, 10000, &record, 1, &count));
		seen |= 1U << record.vector;
		rig_until(all_handled, NULL);
	}
	assert_int_equal(seen, (1U << BATCH_VECTORS) - 1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Raises until the delayed wake-up comes. Have there been interrupts all the time? */
static bool woken_meanwhile(uint64_t delay)
{
	uint64_t begin = now(), last = begin, end;
	struct kplug_record record;
	int i, err = -ETIMEDOUT;
	size_t count;

	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	for (i = 0; i < 400 && err == -ETIMEDOUT; i++) {
		last = now();
		assert_ok(kplug_irq_trigger(dev, 0));
		err = kplug_irq_wait(dev, 5, &record, 1, &count);
	}
	end = now();
	assert_ok(err);
	assert_true(end - begin >= delay);
	assert_ok(kplug_irq_disable(dev, 0));
	return end - last < delay;
}

/* kplug_wake_after() counts from the first interrupt: those that follow do not push the wake-up out. */
static void delay_counts_from_the_first(void)
{
	int tries;

	assert_ok(kplug_plugin_unload(dev));
	rig_load(dev, "coalesce", NULL);
	assert_ok(kplug_setting_set(dev, "events", 1000000));
	assert_ok(kplug_setting_set(dev, "usecs", 200000));
	for (tries = 0; tries < 10; tries++) /* until the host does not hold up this program for so long */
		if (woken_meanwhile(200000000))
			return;
	fail_msg("woken only when no interrupt came");
}

/* a_million comes first: its vectors begin at 0. */
int main(void)
{
	const struct rig_test tests[] = {
		TEST(a_million),
		TEST(stopped_for_a_second),
		TEST(none_is_starved),
		TEST(delay_counts_from_the_first),
	};

	return RIG_RUN(tests, RIG_SOFT, .setup = setup, .teardown = teardown);
}
