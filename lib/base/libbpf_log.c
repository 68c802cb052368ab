// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * Routes libbpf's messages to the log callback. libbpf's print function is process-wide, and the
 * program may use libbpf itself: ours is installed only while one of our calls is in libbpf, and
 * passes other threads' messages on to the function it replaced.
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define PREFIX "libbpf: " /* most messages start with it already */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users; /* threads between begin and end; under lock */
static libbpf_print_fn_t previous; /* written under lock, while print_message() is not installed */
static __thread bool inside;
static __thread enum kplug_log_level most_urgent;
static __thread char first_warning[512];

static KP_PRINTF(2, 0) int print_message(enum libbpf_print_level level, const char *fmt, va_list args)
{
	libbpf_print_fn_t other = __atomic_load_n(&previous, __ATOMIC_ACQUIRE);
	enum kplug_log_level ours;
	char buf[2048], *text = buf;
	size_t len;

	if (!inside)
		return other ? other(level, fmt, args) : 0;

	vsnprintf(buf, sizeof(buf), fmt, args);
	if (!strncmp(text, PREFIX, strlen(PREFIX)))
		text += strlen(PREFIX);
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	if (level == LIBBPF_WARN && !first_warning[0])
		snprintf(first_warning, sizeof(first_warning), "%.*s", (int)sizeof(first_warning) - 1, text);
	ours = level == LIBBPF_WARN ? KPLUG_LOG_WARN : level == LIBBPF_INFO ? KPLUG_LOG_INFO : KPLUG_LOG_DEBUG;
	kp_log(ours > most_urgent ? ours : most_urgent, PREFIX "%s", text);
	return 0;
}

void kp_libbpf_begin(enum kplug_log_level most)
{
	libbpf_print_fn_t old;

	first_warning[0] = '\0';
	inside = true;
	most_urgent = most;
	pthread_mutex_lock(&lock);
	if (!users++) {
		/* Publish the previous function first: print_message() calls it. */
		old = libbpf_set_print(NULL);
		__atomic_store_n(&previous, old, __ATOMIC_RELEASE);
		libbpf_set_print(print_message);
	}
	pthread_mutex_unlock(&lock);
}

void kp_libbpf_end(void)
{
	pthread_mutex_lock(&lock);
	if (!--users)
		libbpf_set_print(previous);
	pthread_mutex_unlock(&lock);
	inside = false;
}

const char *kp_libbpf_warning(void)
{
	return first_warning;
}
