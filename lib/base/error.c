// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The thread's error text, and messages for the log callback. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define TEXT_LEN 2048

static __thread char error_text[TEXT_LEN];
static kplug_log_fn log_fn;
static void *log_arg;

/* The errnos that kplug_uapi.h defines for all commands. */
static const struct kp_reason common_reasons[] = {
	{ E2BIG, "the module kplug is older than this library and lacks this feature; update the module" },
	{ ENOTTY, "the module kplug is older than this library and lacks this feature; update the module" },
	{ EACCES, "it is open read-only, or a security policy refuses it; open it for writing, or change the policy" },
	{ EPERM, "a capability is missing; run it as root" },
	{ ENODEV, "the device was removed; open it again when it is back" },
	{ ENOMEM, "not enough memory" },
	{ EINTR, "interrupted by a signal; retry" },
	{ 0, NULL },
};

const char *kplug_error(void)
{
	return error_text;
}

/* Formats into a copy: an argument may be the current error text. */
static KP_PRINTF(1, 0) void set_text(const char *fmt, va_list args)
{
	char text[TEXT_LEN];

	vsnprintf(text, sizeof(text), fmt, args);
	memcpy(error_text, text, sizeof(text));
}

int kp_err(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_text(fmt, args);
	va_end(args);
	return err;
}

static const char *find_reason(const struct kp_reason *table, int err)
{
	for (; table && table->err; table++) {
		if (table->err == -err)
			return table->text;
	}
	return NULL;
}

int kp_fail(int err, const struct kp_reason *own, const char *object_fmt, ...)
{
	const char *reason = find_reason(own, err);
	char other[128];
	va_list args;
	size_t len;

	if (!reason)
		reason = find_reason(common_reasons, err);
	if (!reason)
		reason = strerror_r(-err, other, sizeof(other));

	va_start(args, object_fmt);
	set_text(object_fmt, args);
	va_end(args);
	len = strlen(error_text);
	snprintf(error_text + len, sizeof(error_text) - len, ": %s", reason);
	return err;
}

void kplug_set_log(kplug_log_fn fn, void *arg)
{
	log_fn = fn;
	log_arg = arg;
}

void kp_log(enum kplug_log_level level, const char *fmt, ...)
{
	char text[TEXT_LEN];
	va_list args;

	if (!log_fn)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_fn(level, text, log_arg);
}
