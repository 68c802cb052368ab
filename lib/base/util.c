// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

int kp_ioctl(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) < 0 ? -errno : 0;
}

int kp_opts(void *known, size_t known_size, const void *opts, const char *type)
{
	const unsigned char *bytes = opts;
	size_t size, i;

	memset(known, 0, known_size);
	if (!opts)
		return 0;

	memcpy(&size, opts, sizeof(size));
	if (size < sizeof(size))
		return kp_err(-EINVAL, "struct %s: sz is %zu; set it to the struct's size", type, size);
	for (i = known_size; i < size; i++) {
		if (bytes[i])
			return kp_err(
				-EINVAL,
				"struct %s: byte %zu is set, but this library knows only %zu bytes; update the library",
				type, i, known_size);
	}
	memcpy(known, opts, size < known_size ? size : known_size);
	return 0;
}

size_t kp_page_round(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) & ~(page - 1);
}

int64_t kp_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t kp_deadline_ms(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : kp_now_us() / 1000 + timeout_ms;
}

int kp_remaining_ms(int64_t deadline)
{
	int64_t left = deadline - kp_now_us() / 1000;

	if (deadline < 0)
		return -1;
	return left > 0 ? (int)left : 0;
}
