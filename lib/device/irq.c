// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "device/device.h"

static const struct kp_reason enable_reasons[] = {
	{ ERANGE, "the device has no such vector" },	   { EALREADY, "already enabled here" },
	{ EFAULT, "its data is not readable memory" },	   { EBADF, "the eventfd is not open" },
	{ EINVAL, "the eventfd is another kind of file" }, { 0, NULL },
};

static const struct kp_reason disable_reasons[] = {
	{ ERANGE, "the device has no such vector" },
	{ EALREADY, "not enabled here" },
	{ 0, NULL },
};

static const struct kp_reason act_reasons[] = {
	{ ERANGE, "the device has no such vector" },
	{ EOPNOTSUPP, "this kernel or device cannot raise it by software" },
	{ EBUSY, "the watchdog stopped it; see kplug info, and kplug irq resume" },
	{ EALREADY, "not stopped" },
	{ EPERM, KP_NEEDS_CAPS },
	{ EAGAIN, "no open file has enabled it; enable it first" },
	{ 0, NULL },
};

int kplug_irq_enable(struct kplug_device *dev, uint32_t vector, const void *data, size_t size)
{
	return kplug_irq_enable_eventfd(dev, vector, data, size, -1);
}

int kplug_irq_enable_eventfd(struct kplug_device *dev, uint32_t vector, const void *data, size_t size, int eventfd)
{
	struct kplug_irq_enable req = {
		.size = sizeof(req),
		.vector = vector,
		.data = (uintptr_t)data,
		.data_size = (uint32_t)size,
		.flags = eventfd < 0 ? 0 : KPLUG_IRQ_EVENTFD,
		.eventfd = eventfd,
	};
	int err;

	/* The kernel checks too, but data_size is narrower than size. */
	if (size > KPLUG_CALL_MAX)
		return kp_err(-E2BIG, "vector %u of device %s: %zu bytes of data; at most %d", vector, dev->name, size,
			      KPLUG_CALL_MAX);
	err = kp_ioctl(dev->fd, KPLUG_IRQ_ENABLE, &req);
	if (err)
		return kp_fail(err, enable_reasons, "vector %u of device %s", vector, dev->name);
	__atomic_store_n(&dev->enabled[vector], true, __ATOMIC_RELAXED);
	return 0;
}

int kplug_irq_disable(struct kplug_device *dev, uint32_t vector)
{
	struct kplug_irq req = { .size = sizeof(req), .vector = vector };
	int err = kp_ioctl(dev->fd, KPLUG_IRQ_DISABLE, &req);

	if (err)
		return kp_fail(err, disable_reasons, "vector %u of device %s", vector, dev->name);
	__atomic_store_n(&dev->enabled[vector], false, __ATOMIC_RELAXED);
	return 0;
}

void kp_irq_disable_all(struct kplug_device *dev)
{
	struct kplug_irq req = { .size = sizeof(req) };

	for (req.vector = 0; dev->enabled && req.vector < dev->info.out_vectors; req.vector++)
		if (dev->enabled[req.vector])
			kp_ioctl(dev->fd, KPLUG_IRQ_DISABLE, &req);
}

static int act(struct kplug_device *dev, unsigned long command, uint32_t vector)
{
	struct kplug_irq req = { .size = sizeof(req), .vector = vector };
	int err = kp_ioctl(dev->fd, command, &req);

	return err ? kp_fail(err, act_reasons, "vector %u of device %s", vector, dev->name) : 0;
}

int kplug_irq_unmask(struct kplug_device *dev, uint32_t vector)
{
	return act(dev, KPLUG_IRQ_UNMASK, vector);
}

int kplug_irq_trigger(struct kplug_device *dev, uint32_t vector)
{
	return act(dev, KPLUG_IRQ_TRIGGER, vector);
}

int kplug_irq_resume(struct kplug_device *dev, uint32_t vector)
{
	return act(dev, KPLUG_IRQ_RESUME, vector);
}

int kplug_irq_info(struct kplug_device *dev, uint32_t vector, struct kplug_irq_info *ret_info)
{
	struct kplug_irq_info info = { .size = sizeof(info), .vector = vector };
	int err = kp_ioctl(dev->fd, KPLUG_IRQ_INFO, &info);

	if (err)
		return kp_fail(err, act_reasons, "vector %u of device %s", vector, dev->name);
	*ret_info = info;
	return 0;
}

int kplug_irq_spin(const uint64_t *word, uint64_t old, int64_t timeout_us, uint64_t *ret_value)
{
	int64_t end = kp_now_us();
	uint64_t value;
	bool late;

	end = timeout_us < 0 || timeout_us > INT64_MAX - end ? INT64_MAX : end + timeout_us;
	do {
		late = kp_now_us() >= end; /* read the clock first: a change just in time counts */
		value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		if (value != old) {
			*ret_value = value;
			return 0;
		}
	} while (!late);
	return kp_err(-ETIMEDOUT, "the word did not change within %lld us", (long long)timeout_us);
}

int kplug_irq_wait(struct kplug_device *dev, int timeout_ms, struct kplug_record *ret_records, size_t max,
		   size_t *ret_count)
{
	struct pollfd pollfd = { .fd = dev->fd, .events = POLLIN };
	int64_t end = kp_deadline_ms(timeout_ms);
	ssize_t n;

	if (!max)
		return kp_err(-EINVAL, "device %s: waiting for interrupts: max is 0; give room for one record or more",
			      dev->name);
	for (;;) {
		n = poll(&pollfd, 1, kp_remaining_ms(end));
		if (n < 0)
			return kp_fail(-errno, NULL, "device %s: waiting for interrupts", dev->name);
		if (!n)
			return kp_err(-ETIMEDOUT, "device %s: no interrupt within %d ms", dev->name, timeout_ms);

		n = read(dev->fd, ret_records, max * sizeof(*ret_records));
		if (n >= (ssize_t)sizeof(*ret_records))
			break;
		if (n >= 0 || errno != EAGAIN)
			return kp_fail(n < 0 ? -errno : -EIO, NULL, "device %s: waiting for interrupts", dev->name);
		/* Another thread took the records; wait for the remaining time. */
	}
	*ret_count = n / sizeof(*ret_records);
	return 0;
}
