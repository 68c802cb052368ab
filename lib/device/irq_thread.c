// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* A thread that waits for a vector and calls the program's callback. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "device/device.h"

#define BATCH 16

struct kplug_irq_thread {
	struct kplug_device *dev; /* its own open file: it shares no records with other readers */
	kplug_irq_fn fn;
	void *arg;
	pthread_t thread;
	int stop; /* eventfd: kplug_irq_stop() was called */
};

/* Delivers all pending records; false: the device was removed. */
static bool deliver_records(struct kplug_irq_thread *t)
{
	struct kplug_record records[BATCH];
	size_t count, i;
	int err;

	err = kplug_irq_wait(t->dev, 0, records, BATCH, &count);
	for (i = 0; !err && i < count; i++)
		t->fn(&records[i], t->arg);
	return !err || err == -ETIMEDOUT || err == -EINTR;
}

static void *thread_main(void *arg)
{
	struct kplug_irq_thread *t = arg;
	struct pollfd fds[] = { { .fd = t->stop, .events = POLLIN }, { .fd = t->dev->fd, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue; /* EINTR */
		if (fds[0].revents)
			return NULL;
		if (!deliver_records(t))
			break;
	}
	t->fn(NULL, t->arg);
	return NULL;
}

static void thread_free(struct kplug_irq_thread *t)
{
	if (t->stop >= 0)
		close(t->stop);
	kplug_device_close(t->dev);
	free(t);
}

int kplug_irq_start(struct kplug_device *dev, uint32_t vector, kplug_irq_fn fn, void *arg,
		    struct kplug_irq_thread **ret_thread)
{
	struct kplug_irq_thread *t;
	int err;

	t = calloc(1, sizeof(*t));
	if (!t)
		return kp_fail(-ENOMEM, NULL, "vector %u of device %s", vector, dev->name);
	t->fn = fn;
	t->arg = arg;
	t->stop = eventfd(0, EFD_CLOEXEC);
	err = t->stop < 0 ? kp_fail(-errno, NULL, "vector %u of device %s", vector, dev->name) : 0;
	err = err ?: kplug_device_open(dev->name, NULL, &t->dev);
	err = err ?: kplug_irq_enable(t->dev, vector, NULL, 0);
	if (!err) {
		err = -pthread_create(&t->thread, NULL, thread_main, t);
		if (err)
			kp_fail(err, NULL, "vector %u of device %s: cannot create a thread", vector, dev->name);
	}
	if (err)
		thread_free(t);
	else
		*ret_thread = t;
	return err;
}

int kplug_irq_stop(struct kplug_irq_thread *t)
{
	if (!t)
		return 0;
	if (pthread_equal(pthread_self(), t->thread))
		return kp_err(-EDEADLK, "device %s: the callback of kplug_irq_start() cannot stop its own thread",
			      t->dev->name);
	eventfd_write(t->stop, 1);
	pthread_join(t->thread, NULL);
	thread_free(t);
	return 0;
}
