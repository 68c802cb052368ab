// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Opens a plugin's object file: its metadata, programs, maps and buffer. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/plugin.h"

#define FILE_MAX (64 << 20) /* a plugin's object has tens of kilobytes */
#define HOOK_SECTION "tp_btf/kplug_"
#define BUFFER_SECTION ".bss.kplug"
#define ARENA "kplug_arena" /* as KPLUG_ARENA() names it */

const char *const kp_program_names[KP_PROGRAMS] = {
	[KPLUG_HOOK_OPEN] = "open",
	[KPLUG_HOOK_CLOSE] = "close",
	[KPLUG_HOOK_CALL] = "call",
	[KPLUG_HOOK_INT_ENABLE] = "int_enable",
	[KPLUG_HOOK_INT_DISABLE] = "int_disable",
	[KPLUG_HOOK_INTERRUPT] = "interrupt",
	[KPLUG_HOOK_DEFERRED] = "deferred",
	[KPLUG_HOOK_EVENT] = "event",
	[KP_PROBE] = "probe",
	[KP_MIGRATE] = "migrate",
};

static const struct kp_reason file_reasons[] = {
	{ ENOENT, "no such file" },
	{ EACCES, "no permission to read it" },
	{ EFBIG, "too large for a plugin; give a plugin's .bpf.o" },
	{ ENOEXEC, "not a regular file; give a plugin's .bpf.o" },
	{ EIO, "it changed while it was read, or cannot be read; retry" },
	{ 0, NULL },
};

/* A copy, not mmap(): changes to the file cannot crash libelf, or mix two versions. */
static int read_file(const char *path, void **ret_mem, size_t *ret_size)
{
	size_t done = 0, size = 0;
	void *mem = NULL;
	struct stat st;
	int fd, err = 0;
	ssize_t n;

	/* O_NONBLOCK: opening a FIFO would wait for a writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -ENOEXEC;
	else if (st.st_size > FILE_MAX)
		err = -EFBIG;
	if (err)
		goto cleanup;

	size = st.st_size;
	mem = malloc(size + 1);
	if (!mem)
		err = -ENOMEM;
	while (!err && done < size) {
		n = read(fd, (char *)mem + done, size - done);
		if (n > 0)
			done += n;
		else
			err = -EIO;
	}
cleanup:
	if (fd >= 0)
		close(fd);
	if (err) {
		free(mem);
		return kp_fail(err, file_reasons, "%s", path);
	}
	*ret_mem = mem;
	*ret_size = size;
	return 0;
}

static int open_object(struct kplug_plugin *plugin, const char *path, const void *mem, size_t size)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = plugin->meta.name);
	int err = 0;

	kp_libbpf_begin(KPLUG_LOG_WARN);
	plugin->obj = bpf_object__open_mem(mem, size, &opts);
	if (!plugin->obj)
		err = -errno;
	kp_libbpf_end();

	if (err == -ENOMEM)
		return kp_fail(err, NULL, "%s", path);
	if (err)
		return kp_err(-ENOEXEC, "%s: libbpf cannot open it: %s", path,
			      kp_libbpf_warning()[0] ? kp_libbpf_warning() : strerror(-err));
	return 0;
}

/* A program's index in kplug_plugin.prog[], or -1. */
static int prog_index(const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog), *name;
	int i;

	for (i = 0; i < KP_PROGRAMS; i++) {
		if (i >= KPLUG_HOOK_COUNT)
			name = strcmp(section, "syscall") ? "" : bpf_program__name(prog);
		else
			name = strncmp(section, HOOK_SECTION, strlen(HOOK_SECTION)) ? ""
										    : section + strlen(HOOK_SECTION);
		if (!strcmp(name, kp_program_names[i]))
			return i;
	}
	return -1;
}

static int find_programs(struct kplug_plugin *plugin, const char *path)
{
	struct bpf_program *prog;
	int place;

	bpf_object__for_each_program(prog, plugin->obj)
	{
		if (!bpf_program__autoload(prog))
			continue;
		place = prog_index(prog);
		if (place < 0)
			return kp_err(-EBADMSG,
				      "%s: program %.64s is in section %.64s, which is not a hook; use "
				      "KPLUG_HOOK()",
				      path, bpf_program__name(prog), bpf_program__section_name(prog));
		if (plugin->prog[place])
			return kp_err(-EBADMSG, "%s: programs %.64s and %.64s both serve hook %s; remove one", path,
				      bpf_program__name(plugin->prog[place]), bpf_program__name(prog),
				      kp_program_names[place]);
		plugin->prog[place] = prog;
	}
	if (!kplug_plugin_hooks(plugin))
		return kp_err(-EBADMSG, "%s: serves no hook; write one with KPLUG_HOOK()", path);
	return 0;
}

/*
 * The kernel keeps 15 characters of a map's name, and a swap finds maps by them, so they must be
 * unique. Maps of globals are found by their section's name, which begins with a '.'.
 */
static int check_map_names(const struct kplug_plugin *plugin, const char *path)
{
	struct bpf_map *map, *other;
	const char *name;

	bpf_object__for_each_map(map, plugin->obj)
	{
		name = kp_map_name(plugin, map);
		other = map;
		while (name[0] != '.' && (other = bpf_object__next_map(plugin->obj, other)))
			if (!strncmp(name, kp_map_name(plugin, other), BPF_OBJ_NAME_LEN - 1))
				return kp_err(-EBADMSG,
					      "%s: maps %.64s and %.64s have the same first %d characters, and "
					      "the kernel keeps no more; rename one",
					      path, name, kp_map_name(plugin, other), BPF_OBJ_NAME_LEN - 1);
	}
	return 0;
}

static int find_buffer(struct kplug_plugin *plugin, const char *path)
{
	struct bpf_map *arena = bpf_object__find_map_by_name(plugin->obj, ARENA);

	plugin->buffer = bpf_object__find_map_by_name(plugin->obj, BUFFER_SECTION);
	if (!arena)
		return 0;
	if (plugin->buffer)
		return kp_err(-EBADMSG, "%s: has both KPLUG_BUFFER() and KPLUG_ARENA(); use one", path);
	/* The device would keep using a freed page. */
	if (btf__find_by_name_kind(bpf_object__btf(plugin->obj), "bpf_arena_free_pages", BTF_KIND_FUNC) > 0)
		return kp_err(
			-EBADMSG,
			"%s: calls bpf_arena_free_pages(), but the device uses the arena's pages; remove the call",
			path);
	plugin->buffer = arena;
	return 0;
}

int kplug_plugin_open(const char *path, struct kplug_plugin **ret_plugin)
{
	struct kplug_plugin *plugin;
	void *mem = NULL;
	size_t size = 0;
	int err;

	plugin = calloc(1, sizeof(*plugin));
	if (!plugin)
		return kp_fail(-ENOMEM, NULL, "%s", path);

	err = read_file(path, &mem, &size);
	err = err ?: kp_meta_parse(mem, size, path, &plugin->meta);
	err = err ?: open_object(plugin, path, mem, size);
	err = err ?: find_programs(plugin, path);
	err = err ?: check_map_names(plugin, path);
	if (err)
		goto cleanup;
	err = find_buffer(plugin, path);
	if (err)
		goto cleanup;
	*ret_plugin = plugin;
	plugin = NULL;
cleanup:
	kplug_plugin_close(plugin);
	free(mem);
	return err;
}

void kplug_plugin_close(struct kplug_plugin *plugin)
{
	if (!plugin)
		return;
	bpf_object__close(plugin->obj);
	free(plugin->log);
	free(plugin);
}

const char *kplug_hook_name(enum kplug_hook hook)
{
	return (unsigned int)hook < KPLUG_HOOK_COUNT ? kp_program_names[hook] : NULL;
}

const char *kplug_plugin_name(const struct kplug_plugin *plugin)
{
	return plugin->meta.name;
}

const char *kplug_plugin_version(const struct kplug_plugin *plugin)
{
	return plugin->meta.version;
}

uint32_t kplug_plugin_vendor(const struct kplug_plugin *plugin)
{
	return plugin->meta.vendor;
}

uint32_t kplug_plugin_device(const struct kplug_plugin *plugin)
{
	return plugin->meta.device;
}

uint32_t kplug_plugin_hooks(const struct kplug_plugin *plugin)
{
	uint32_t hooks = 0;
	int hook;

	for (hook = 0; hook < KPLUG_HOOK_COUNT; hook++)
		hooks |= plugin->prog[hook] ? 1U << hook : 0;
	return hooks;
}

size_t kplug_plugin_buffer_size(const struct kplug_plugin *plugin)
{
	if (!plugin->buffer)
		return 0;
	if (bpf_map__type(plugin->buffer) == BPF_MAP_TYPE_ARENA)
		return bpf_map__max_entries(plugin->buffer) * kp_page_round(1);
	return bpf_map__value_size(plugin->buffer);
}

const char *kplug_plugin_log(const struct kplug_plugin *plugin)
{
	return plugin->log ? plugin->log : "";
}
