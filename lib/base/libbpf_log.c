// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbpf's messages. Its print function is process-wide, and the program may use libbpf itself: ours is in place only
 * while a thread of ours is in libbpf, and hands other threads' messages to the one before.
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define PREFIX "libbpf: " /* most messages have it already */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int users; /* under lock */
static libbpf_print_fn_t before; /* written under lock, while ours is not in place */
static __thread bool inside;
static __thread enum kplug_log_level most_urgent;
static __thread char first_warning[512];

static KP_PRINTF(2, 0) int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	libbpf_print_fn_t other = __atomic_load_n(&before, __ATOMIC_ACQUIRE);
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
		/* Learnt before ours is in place, since ours calls it. */
		old = libbpf_set_print(NULL);
		__atomic_store_n(&before, old, __ATOMIC_RELEASE);
		libbpf_set_print(print);
	}
	pthread_mutex_unlock(&lock);
}

void kp_libbpf_end(void)
{
	pthread_mutex_lock(&lock);
	if (!--users)
		libbpf_set_print(before);
	pthread_mutex_unlock(&lock);
	inside = false;
}

const char *kp_libbpf_warning(void)
{
	return first_warning;
}
