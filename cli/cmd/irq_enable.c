// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"

#define BATCH 16

/* Blocks SIGINT and SIGTERM; returns a signalfd for them, or -1. */
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

/* Reads and discards records meanwhile: a read that fails reports the device's removal. */
static int wait_for_signal(struct kplug_device *dev, int signals)
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

	ret = arg_vector(a, a->pos[1], &vector);
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
	ret = wait_for_signal(dev, signals);
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
