// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* shows: kmod/plugin/kfuncs.c */
/* timeout: 400 */
/*
 * What the verifier must refuse: programs of other types that call the functions of plugins, calls with something else
 * than the event, and misuse of the event.
 */
#include "lib/prog.h"

/* The kernels word it differently; an errno and some words of the reason are the same. */
static void refused(const char *object, const char *program, int err, const char *reason)
{
	struct bpf_object *obj = prog_open(object, program);
	int got = prog_load(obj);

	bpf_object__close(obj);
	if (got != -err || !strstr(prog_log, reason))
		fail_msg("%s: got %d, want %d and '%s' in:\n%s", program, got, -err, reason, prog_log);
}

/* Since some version after 6.12 these may call what tracing programs may; they still have no event. */
static void raw_tp_calls(void)
{
	bool old = !strncmp(getenv("KPLUG_KERNEL"), "6.12.", 5);

	refused("bad_use", "raw_tp_calls", old ? EACCES : EINVAL, old ? "is not allowed" : "STRUCT kplug_event");
}

static void event_from_typed_map(void)
{
	refused("bad_kptr", "event_from_typed_map", EINVAL, "must be referenced or trusted");
}

#define PROGRAMS(X)                                                                                                    \
	X(kprobe_calls, EACCES, "is not allowed")                                                                      \
	X(raw_tp_w_calls, EACCES, "is not allowed")                                                                    \
	X(syscall_calls, EACCES, "is not allowed")                                                                     \
	X(xdp_calls, EACCES, "is not allowed")                                                                         \
	X(socket_calls, EACCES, "is not allowed")                                                                      \
	X(fentry_calls, EINVAL, "must be referenced or trusted")                                                       \
	X(fexit_calls, EINVAL, "must be referenced or trusted")                                                        \
	X(tp_calls, EINVAL, "STRUCT kplug_event")                                                                      \
	X(perf_event_calls, EINVAL, "STRUCT kplug_event")                                                              \
	X(lsm_calls, EINVAL, "expected pointer to STRUCT kplug_event")                                                 \
	X(sched_switch_calls, EINVAL, "expected pointer to STRUCT kplug_event")                                        \
	X(null_as_event, EACCES, "Possibly NULL pointer passed to trusted")                                            \
	X(integer_as_event, EINVAL, "STRUCT kplug_event")                                                              \
	X(context_as_event, EINVAL, "STRUCT kplug_event")                                                              \
	X(stack_as_event, EINVAL, "STRUCT kplug_event")                                                                \
	X(map_value_as_event, EINVAL, "STRUCT kplug_event")                                                            \
	X(bytes_as_event, EINVAL, "STRUCT kplug_event")                                                                \
	X(stack_as_event_elsewhere, EINVAL, "STRUCT kplug_event")                                                      \
	X(moved_event, EINVAL, "expected pointer to STRUCT kplug_event")                                               \
	X(unchecked_event, EACCES, "invalid mem access 'trusted_ptr_or_null_'")                                        \
	X(unchecked_event_given, EACCES, "Possibly NULL pointer passed to trusted")                                    \
	X(writes_event, EACCES, "only read is supported")                                                              \
	X(reads_past_event, EACCES, "access beyond struct kplug_event")                                                \
	X(reads_before_event, EACCES, "invalid negative access")                                                       \
	X(second_argument, EACCES, "doesn't have 2-th argument")                                                       \
	X(writes_context, EACCES, "invalid bpf_context access")                                                        \
	X(event_from_map, EINVAL, "STRUCT kplug_event")                                                                \
	X(bytes_of_variable_size, EINVAL, "is not a const")                                                            \
	X(reads_past_bytes, EACCES, "mem_size=4 off=4 size=1")                                                         \
	X(writes_past_bytes, EACCES, "unbounded memory access")                                                        \
	X(unchecked_bytes, EACCES, "invalid mem access 'mem_or_null'")                                                 \
	X(address_of_bytes_past_the_end, EACCES, "invalid access to map value")

#define DEFINE(program, err, reason)                                                                                   \
	static void program(void)                                                                                      \
	{                                                                                                              \
		refused("bad_use", #program, err, reason);                                                             \
	}
PROGRAMS(DEFINE)

int main(void)
{
#define LIST(program, err, reason) TEST(program),
	const struct rig_test tests[] = {
		PROGRAMS(LIST) TEST(raw_tp_calls),
		TEST(event_from_typed_map),
	};

	return RIG_RUN(tests, RIG_SOFT);
}
