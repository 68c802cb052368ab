// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Observes a device's events: attaches bpf/observe.bpf.c and reads its ring buffer. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "bpf/observe.h"
#include "plugin/plugin.h"

_Static_assert(sizeof(struct kplug_observed) == sizeof(struct observe_record), "must match the BPF program's");

struct kplug_observer {
	struct bpf_object *obj;
	struct bpf_link *link[KPLUG_HOOK_COUNT];
	struct ring_buffer *ring;
	const volatile uint64_t *lost;
	struct kplug_observed *to; /* during a wait: max records, count of them filled */
	size_t count, max;
};

static const struct kp_reason reasons[] = {
	{ ENOENT, "no such file" },
	{ EPERM, KP_NEEDS_CAPS },
	{ 0, NULL },
};

static struct bpf_map *find_map_by_suffix(const struct bpf_object *obj, const char *end)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
	{
		const char *name = bpf_map__name(map);

		if (strlen(name) >= strlen(end) && !strcmp(name + strlen(name) - strlen(end), end))
			return map;
	}
	return NULL;
}

/* -ENOSPC stops the walk when `to` is full; the record it was called for is consumed all the same. */
static int take_record(void *arg, void *data, size_t size)
{
	struct kplug_observer *o = arg;

	if (size != sizeof(*o->to))
		return 0;
	memcpy(&o->to[o->count++], data, size);
	return o->count < o->max ? 0 : -ENOSPC;
}

/* Sets the object's only constant, `device`: the module numbers devices by their node's minor. */
static int set_device(const struct kplug_observer *o, const struct kplug_device *dev)
{
	struct bpf_map *map = find_map_by_suffix(o->obj, ".rodata");
	uint32_t *device;
	struct stat st;
	size_t size = 0;

	device = map ? bpf_map__initial_value(map, &size) : NULL;
	if (!device || size != sizeof(*device))
		return -EINVAL;
	if (fstat(dev->fd, &st))
		return -errno;
	*device = minor(st.st_rdev);
	return 0;
}

static int attach_programs(struct kplug_observer *o)
{
	struct bpf_program *prog;
	int i = 0;

	bpf_object__for_each_program(prog, o->obj)
	{
		if (i == KPLUG_HOOK_COUNT)
			return -EINVAL;
		o->link[i] = bpf_program__attach(prog);
		if (!o->link[i++])
			return -errno;
	}
	return 0;
}

static int start_observer(struct kplug_observer *o, const struct kplug_device *dev, const char *path)
{
	struct bpf_map *ring, *globals;
	size_t size = 0;
	int err;

	o->obj = bpf_object__open_file(path, NULL);
	if (!o->obj)
		return -errno;
	err = set_device(o, dev);
	err = err ?: bpf_object__load(o->obj);
	if (err)
		return err;
	ring = find_map_by_suffix(o->obj, "records");
	globals = find_map_by_suffix(o->obj, ".bss");
	o->lost = globals ? bpf_map__initial_value(globals, &size) : NULL;
	if (!ring || !o->lost || size != sizeof(*o->lost))
		return -EINVAL;
	o->ring = ring_buffer__new(bpf_map__fd(ring), take_record, o, NULL);
	return o->ring ? attach_programs(o) : -errno;
}

int kplug_observer_open(struct kplug_device *dev, const char *path, struct kplug_observer **ret_observer)
{
	struct kplug_observer *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return kp_fail(-ENOMEM, NULL, "%s", path);
	kp_libbpf_begin(KPLUG_LOG_DEBUG);
	err = start_observer(o, dev, path);
	kp_libbpf_end();
	if (err) {
		kplug_observer_close(o);
		if (err == -ENOENT || err == -EPERM || !kp_libbpf_warning()[0])
			return kp_fail(err, reasons, "%s: cannot observe device %s", path, dev->name);
		return kp_err(err, "%s: cannot observe device %s: %s", path, dev->name, kp_libbpf_warning());
	}
	*ret_observer = o;
	return 0;
}

void kplug_observer_close(struct kplug_observer *o)
{
	int i;

	if (!o)
		return;
	for (i = 0; i < KPLUG_HOOK_COUNT; i++)
		bpf_link__destroy(o->link[i]);
	ring_buffer__free(o->ring);
	bpf_object__close(o->obj);
	free(o);
}

/* poll() also returns for a record that is reserved but not yet submitted; poll again until it is. */
static int fetch(struct kplug_observer *o, int timeout_ms)
{
	int64_t deadline = kp_deadline_ms(timeout_ms);
	int err, left;

	err = ring_buffer__consume(o->ring);
	while (!o->count && err >= 0) {
		left = kp_remaining_ms(deadline);
		err = ring_buffer__poll(o->ring, left);
		if (!left)
			break;
	}
	return o->count || err > 0 ? 0 : err;
}

int kplug_observer_wait(struct kplug_observer *o, int timeout_ms, struct kplug_observed *ret_events, size_t max,
			size_t *ret_count)
{
	int err;

	if (!max)
		return kp_err(-EINVAL, "observer: max is 0; give room for one event or more");
	o->to = ret_events;
	o->max = max;
	o->count = 0;
	err = fetch(o, timeout_ms);
	if (err)
		return kp_fail(err, NULL, "observer");
	if (!o->count)
		return kp_err(-ETIMEDOUT, "observer: no event within %d ms", timeout_ms);
	*ret_count = o->count;
	return 0;
}

uint64_t kplug_observer_lost(const struct kplug_observer *o)
{
	return *o->lost;
}
