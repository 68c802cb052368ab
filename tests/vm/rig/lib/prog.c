// SPDX-License-Identifier: GPL-2.0-only
#include "prog.h"

#include <sys/ioctl.h>
#include <unistd.h>

char prog_log[1 << 20];

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

struct bpf_object *prog_open(const char *object, const char *program)
{
	struct bpf_program *prog;
	struct bpf_object *obj;
	bool found = !program;

	libbpf_set_print(silent);
	obj = bpf_object__open_file(rig_object(object), NULL);
	assert_non_null(obj);
	bpf_object__for_each_program(prog, obj)
	{
		bool wanted = !program || !strcmp(bpf_program__name(prog), program);

		found |= wanted;
		assert_ok(bpf_program__set_autoload(prog, wanted));
	}
	assert_true(found);
	return obj;
}

void prog_use_buffer(struct bpf_object *obj, int map_fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, ".bss.kplug");
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	assert_non_null(map);
	assert_ok(bpf_map_get_info_by_fd(map_fd, &info, &len));
	/* First the size: at the end libbpf unmaps as many bytes of its scratch memory as the map has then. */
	assert_ok(bpf_map__set_value_size(map, info.value_size));
	assert_ok(bpf_map__reuse_fd(map, map_fd));
}

int prog_load(struct bpf_object *obj)
{
	struct bpf_program *prog;

	prog_log[0] = '\0';
	bpf_object__for_each_program(prog, obj) if (bpf_program__autoload(prog))
		assert_ok(bpf_program__set_log_buf(prog, prog_log, sizeof(prog_log)));
	return bpf_object__load(obj);
}

void prog_loads(struct bpf_object *obj)
{
	int err = prog_load(obj);

	if (err)
		fail_msg("%s: %s\n%s", bpf_object__name(obj), strerror(-err), prog_log);
}

struct bpf_program *prog_find(struct bpf_object *obj, const char *program)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, program);

	assert_non_null(prog);
	return prog;
}

int prog_fd(struct bpf_object *obj, const char *program)
{
	int fd = bpf_program__fd(prog_find(obj, program));

	assert_true(fd >= 0);
	return fd;
}

void *prog_globals(struct bpf_object *obj)
{
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map(map, obj)
	{
		const char *name = bpf_map__name(map);

		if (strlen(name) > 4 && !strcmp(name + strlen(name) - 4, ".bss"))
			return bpf_map__initial_value(map, &size);
	}
	fail_msg("no section .bss");
	return NULL;
}

void prog_attach(struct prog_links *links, const char *object, int map_fd)
{
	struct bpf_program *prog;
	int n = 0;

	links->obj = prog_open(object, NULL);
	if (map_fd >= 0)
		prog_use_buffer(links->obj, map_fd);
	prog_loads(links->obj);
	bpf_object__for_each_program(prog, links->obj)
	{
		assert_true(n < KPLUG_HOOK_COUNT);
		links->link[n] = bpf_program__attach(prog);
		assert_non_null(links->link[n++]);
	}
}

void prog_detach(struct prog_links *links)
{
	int i;

	for (i = 0; i < KPLUG_HOOK_COUNT; i++)
		bpf_link__destroy(links->link[i]);
	bpf_object__close(links->obj);
	memset(links, 0, sizeof(*links));
}

int prog_plugin(struct kplug_device *device, const int prog_fd[KPLUG_HOOK_COUNT], uint32_t flags)
{
	struct kplug_plugin_load req = {
		.size = sizeof(req),
		.flags = flags,
		.prog_fds = (uintptr_t)prog_fd,
		.prog_count = KPLUG_HOOK_COUNT,
		.name = "test",
		.version = "1",
	};

	return ioctl(kplug_device_fd(device), KPLUG_PLUGIN_LOAD, &req) ? -errno : 0;
}

int prog_call_plugin(struct kplug_device *device, int fd)
{
	int fds[KPLUG_HOOK_COUNT];
	int hook;

	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		fds[hook] = hook == KPLUG_HOOK_CALL ? fd : -1;
	return prog_plugin(device, fds, 0);
}

static bool gone(int fd)
{
	if (fd < 0)
		return errno == ENOENT;
	close(fd);
	return false;
}

static bool prog_gone(void *id)
{
	return gone(bpf_prog_get_fd_by_id(*(uint32_t *)id));
}

static bool map_gone(void *id)
{
	return gone(bpf_map_get_fd_by_id(*(uint32_t *)id));
}

void prog_until_gone(uint32_t prog_id)
{
	rig_until(prog_gone, &prog_id);
}

void prog_until_map_gone(uint32_t map_id)
{
	rig_until(map_gone, &map_id);
}
