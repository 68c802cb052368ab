// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* libFuzzer: a plugin's object file that comes from anywhere. Metadata first, then all that opening it does. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/plugin/plugin.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/elf_object.h"

/* Without it nearly all inputs would end at the first check. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct elf_object object = { .section = { META_SECTION(elf_meta), CODE_SECTION("tp_btf/kplug_call") },
				     .function = { { "call", 2, 0, 16 } } };
	unsigned char *file;
	size_t made;

	if (size > sizeof(Elf64_Ehdr) || seed % 64)
		return LLVMFuzzerMutate(data, size, max_size);
	file = elf_make(&object, &made);
	if (made > max_size)
		made = max_size;
	memcpy(data, file, made);
	free(file);
	return made;
}

static void whole(const uint8_t *data, size_t size)
{
	struct kplug_plugin *plugin;
	char path[32];
	int fd = memfd_create("x.bpf.o", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!kplug_plugin_open(path, &plugin)) {
		if (!kplug_plugin_name(plugin)[0] || !kplug_plugin_hooks(plugin) ||
		    !memchr(kplug_plugin_version(plugin), 0, KPLUG_NAME_LEN))
			abort();
		kplug_plugin_buffer_size(plugin);
		kplug_plugin_close(plugin);
	} else if (!kplug_error()[0]) {
		abort();
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kplug_plugin_meta meta;
	int err = kp_meta_parse(data, size, "x.bpf.o", &meta);

	if (err && err != -ENOEXEC && err != -EBADMSG && err != -EPROTO)
		abort();
	if (!err)
		whole(data, size);
	return 0;
}
