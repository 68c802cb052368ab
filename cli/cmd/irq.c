// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"
#include "output/json.h"

#define BATCH 16

static int parse_vector(const struct args *a, const char *text, uint32_t *ret_vector)
{
	uint64_t value;
	int ret;

	ret = arg_number(a, "VECTOR", text, 0, KPLUG_VECTOR_MAX - 1, &value);
	if (!ret)
		*ret_vector = (uint32_t)value;
	return ret;
}

/* Blocks SIGINT and SIGTERM and gives an fd that tells of them, or -1. */
static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Until a signal comes. Records are taken and dropped: that is how we hear of the device's end. */
static int stay(struct kplug_device *dev, int signals)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN }, { .fd = kplug_device_fd(dev), .events = POLLIN } };
	struct kplug_record records[BATCH];
	size_t count;
	int err;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return failed("%s: poll: %m", kplug_device_name(dev));
		if (fds[0].revents)
			return CLI_DONE;
		if (!fds[1].revents)
			continue;
		err = kplug_irq_wait(dev, 0, records, BATCH, &count);
		if (err && err != -ETIMEDOUT && err != -EINTR)
			return fail_lib(kplug_device_name(dev), err);
	}
}

int irq_enable(const struct args *a)
{
	uint8_t data[KPLUG_CALL_MAX];
	struct kplug_device *dev = NULL;
	int ret, signals = -1;
	uint32_t vector;
	size_t size = 0;

	ret = parse_vector(a, a->pos[1], &vector);
	if (!ret && has(a, OPT_DATA))
		ret = arg_hex(a, "--data", a->text[OPT_DATA], data, sizeof(data), &size);
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	signals = catch_signals();
	if (signals < 0) {
		ret = failed("signals: %m");
		goto out;
	}
	ret = kplug_irq_enable(dev, vector, size ? data : NULL, size);
	if (ret) {
		ret = fail_lib(a->pos[0], ret);
		goto out;
	}
	printf("%s: vector %u is enabled until this command ends\n", a->pos[0], vector);
	fflush(stdout);
	ret = stay(dev, signals);
	if (!ret) {
		ret = kplug_irq_disable(dev, vector);
		if (ret)
			ret = fail_lib(a->pos[0], ret);
	}
out:
	if (signals >= 0)
		close(signals);
	kplug_device_close(dev);
	return ret;
}

static int open_vector(const struct args *a, struct kplug_device **ret_dev, uint32_t *ret_vector)
{
	int ret = parse_vector(a, a->pos[1], ret_vector);

	return ret ? ret : open_device(a, false, ret_dev);
}

int irq_trigger(const struct args *a)
{
	struct kplug_device *dev = NULL;
	uint32_t vector = 0;
	int ret;

	ret = open_vector(a, &dev, &vector);
	return ret ? ret : close_device(dev, a->pos[0], kplug_irq_trigger(dev, vector));
}

int irq_resume(const struct args *a)
{
	struct kplug_device *dev = NULL;
	uint32_t vector = 0;
	int ret;

	ret = open_vector(a, &dev, &vector);
	return ret ? ret : close_device(dev, a->pos[0], kplug_irq_resume(dev, vector));
}

/* Of what the plugin attached; "" if nothing. free() it. */
static char *data_text(const struct kplug_record *r)
{
	char *text = must_have(malloc(2 * sizeof(r->data) + 1));
	uint32_t i;

	for (i = 0; i < r->data_size && i < sizeof(r->data); i++)
		sprintf(text + 2 * i, "%02x", r->data[i]);
	text[2 * i] = '\0';
	return text;
}

static void print_record(const struct kplug_record *r)
{
	char *data;

	if (r->type != KPLUG_RECORD_IRQ) {
		printf("event %s count %" PRIu64 " time %" PRIu64 "\n", event_name(r->vector), (uint64_t)r->count,
		       (uint64_t)r->time);
		return;
	}
	data = data_text(r);
	printf("irq vector %u count %" PRIu64 " notify %" PRIu64 " sequence %" PRIu64 " time %" PRIu64
	       " coalesced %" PRIu64 " lost %" PRIu64 "%s%s%s\n",
	       r->vector, (uint64_t)r->count, (uint64_t)r->notify, (uint64_t)r->sequence, (uint64_t)r->time,
	       (uint64_t)r->coalesced, (uint64_t)r->lost, data[0] ? " data " : "", data,
	       r->flags & KPLUG_RECORD_STOPPED ? " stopped" : "");
	free(data);
}

static void print_record_json(const struct kplug_record *r)
{
	bool irq = r->type == KPLUG_RECORD_IRQ;
	cJSON *o = json_object();
	char *data;

	json_string(o, "type", irq ? "irq" : "event");
	if (irq)
		json_unsigned(o, "vector", r->vector);
	else
		json_string(o, "event", event_name(r->vector));
	json_unsigned(o, "count", r->count);
	if (irq) {
		data = data_text(r);
		json_unsigned(o, "notify", r->notify);
		json_unsigned(o, "sequence", r->sequence);
		json_unsigned(o, "coalesced", r->coalesced);
		json_unsigned(o, "lost", r->lost);
		json_string(o, "data", data);
		json_bool(o, "stopped", r->flags & KPLUG_RECORD_STOPPED);
		free(data);
	}
	json_unsigned(o, "time_ns", r->time);
	json_print_line(o, stdout);
}

static int handle_record(const struct args *a, struct kplug_device *dev, const struct kplug_record *r)
{
	int err = 0;

	if (has(a, OPT_JSON))
		print_record_json(r);
	else
		print_record(r);
	if (has(a, OPT_UNMASK) && r->type == KPLUG_RECORD_IRQ)
		err = kplug_irq_unmask(dev, r->vector);
	return err ? fail_lib(a->pos[0], err) : 0;
}

static int wait_records(const struct args *a, struct kplug_device *dev)
{
	int timeout = has(a, OPT_TIMEOUT) ? (int)a->num[OPT_TIMEOUT] : -1;
	uint64_t left = has(a, OPT_COUNT) ? a->num[OPT_COUNT] : 1;
	bool forever = !left;
	struct kplug_record records[BATCH];
	size_t count, max;
	int ret = 0;

	while (!ret && (forever || left)) {
		max = forever || left > BATCH ? BATCH : (size_t)left;
		ret = kplug_irq_wait(dev, timeout, records, max, &count);
		if (ret == -EINTR) {
			ret = 0;
			continue;
		}
		if (ret == -ETIMEDOUT)
			return failed("%s: no interrupt within %d ms", a->pos[0], timeout);
		if (ret)
			return fail_lib(a->pos[0], ret);
		for (size_t i = 0; i < count && !ret; i++)
			ret = handle_record(a, dev, &records[i]);
		left -= forever ? 0 : count;
		if (fflush(stdout)) /* whoever reads has gone, or the disk is full */
			break;
	}
	return ret;
}

int irq_wait(const struct args *a)
{
	uint32_t vectors[KPLUG_VECTOR_MAX] = { 0 };
	unsigned int count = a->npos > 1 ? a->npos - 1 : 1;
	struct kplug_device *dev = NULL;
	int ret = 0;

	for (unsigned int i = 1; i < a->npos && !ret; i++)
		ret = parse_vector(a, a->pos[i], &vectors[i - 1]);
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < count && !ret; i++)
		ret = kplug_irq_enable(dev, vectors[i], NULL, 0);
	if (ret)
		return close_device(dev, a->pos[0], ret);
	if (is_verbose())
		fprintf(stderr, "kplug: %s: waiting\n", a->pos[0]);
	ret = wait_records(a, dev);
	kplug_device_close(dev);
	return ret;
}
