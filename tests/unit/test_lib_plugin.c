// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Opening plugin files: what libkplug and libbpf make of them, without a kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf_object.h"

/* Tests run in a folder of their own, so that the texts are known. */
static char folder[] = "/tmp/kplug-test-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder);
}

static int tear_down(void **state)
{
	(void)state;
	return chdir("/") || rmdir(folder);
}

static void write_file(const void *bytes, size_t size)
{
	FILE *file = fopen("x.bpf.o", "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void expect_file(int err, const char *text)
{
	struct kplug_plugin *plugin = (void *)1;

	assert_int_equal(kplug_plugin_open("x.bpf.o", &plugin), err);
	assert_string_equal(kplug_error(), text);
	assert_ptr_equal(plugin, (void *)1);
	unlink("x.bpf.o");
}

static void write_object(const struct elf_object *object)
{
	size_t size;
	unsigned char *file = elf_make(object, &size);

	write_file(file, size);
	free(file);
}

static void test_good(void **state)
{
	struct elf_object object = {
		.section = { META_SECTION(elf_meta),
			     CODE_SECTION("tp_btf/kplug_call"),
			     CODE_SECTION("tp_btf/kplug_event"),
			     { "license", "GPL", 4, false, 0 },
			     { ".bss.kplug", NULL, 4096, false, SHT_NOBITS } },
		.function = { { "call", 2, 0, 16 }, { "event", 3, 0, 16 } },
	};
	struct kplug_plugin *plugin;

	(void)state;
	write_object(&object);
	assert_int_equal(kplug_plugin_open("x.bpf.o", &plugin), 0);
	assert_string_equal(kplug_plugin_name(plugin), "edu");
	assert_string_equal(kplug_plugin_version(plugin), "1.2");
	assert_int_equal(kplug_plugin_vendor(plugin), 0x1234);
	assert_int_equal(kplug_plugin_device(plugin), 0x11e8);
	assert_int_equal(kplug_plugin_hooks(plugin), 1 << KPLUG_HOOK_CALL | 1 << KPLUG_HOOK_EVENT);
	assert_int_equal(kplug_plugin_buffer_size(plugin), 4096);
	assert_string_equal(kplug_plugin_log(plugin), "");
	kplug_plugin_close(plugin);
	unlink("x.bpf.o");
}

static void test_no_buffer(void **state)
{
	struct elf_object object = {
		.section = { META_SECTION(elf_meta), CODE_SECTION("tp_btf/kplug_open") },
		.function = { { "open", 2, 0, 16 } },
	};
	struct kplug_plugin *plugin;

	(void)state;
	write_object(&object);
	assert_int_equal(kplug_plugin_open("x.bpf.o", &plugin), 0);
	assert_int_equal(kplug_plugin_hooks(plugin), 1 << KPLUG_HOOK_OPEN);
	assert_int_equal(kplug_plugin_buffer_size(plugin), 0);
	kplug_plugin_close(plugin);
	unlink("x.bpf.o");
}

static void test_missing_file(void **state)
{
	(void)state;
	expect_file(-ENOENT, "x.bpf.o: no such file");
}

static void test_folder(void **state)
{
	(void)state;
	assert_int_equal(mkdir("x.bpf.o", 0700), 0);
	expect_file(-ENOEXEC, "x.bpf.o: not a regular file; give a plugin's .bpf.o");
	rmdir("x.bpf.o");
}

/* Opening one must not wait for a writer. */
static void test_fifo(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("x.bpf.o", 0600), 0);
	expect_file(-ENOEXEC, "x.bpf.o: not a regular file; give a plugin's .bpf.o");
}

static void test_huge_file(void **state)
{
	(void)state;
	write_file("", 0);
	assert_int_equal(truncate("x.bpf.o", (64 << 20) + 1), 0);
	expect_file(-EFBIG, "x.bpf.o: too large for a plugin; give a plugin's .bpf.o");
}

static void test_empty_file(void **state)
{
	(void)state;
	write_file("", 0);
	expect_file(-ENOEXEC, "x.bpf.o: not an ELF file; give a plugin's .bpf.o");
}

static void test_no_hooks(void **state)
{
	struct elf_object object = { .section = { META_SECTION(elf_meta), { "license", "GPL", 4, false, 0 } } };

	(void)state;
	write_object(&object);
	expect_file(-EBADMSG, "x.bpf.o: serves no hook; write one with KPLUG_HOOK()");
}

static void test_other_program_type(void **state)
{
	struct elf_object object = {
		.section = { META_SECTION(elf_meta), CODE_SECTION("xdp") },
		.function = { { "filter", 2, 0, 16 } },
	};

	(void)state;
	write_object(&object);
	expect_file(-EBADMSG, "x.bpf.o: program filter is in section xdp, which is not a hook; use KPLUG_HOOK()");
}

static void test_unknown_hook(void **state)
{
	struct elf_object object = {
		.section = { META_SECTION(elf_meta), CODE_SECTION("tp_btf/kplug_calls") },
		.function = { { "calls", 2, 0, 16 } },
	};

	(void)state;
	write_object(&object);
	expect_file(-EBADMSG,
		    "x.bpf.o: program calls is in section tp_btf/kplug_calls, which is not a hook; use KPLUG_HOOK()");
}

static void test_two_programs_for_a_hook(void **state)
{
	static const uint64_t code[4] = { 0xb7, 0x95, 0xb7, 0x95 };
	struct elf_object object = {
		.section = { META_SECTION(elf_meta), { "tp_btf/kplug_call", code, sizeof(code), true, 0 } },
		.function = { { "one", 2, 0, 16 }, { "two", 2, 16, 16 } },
	};

	(void)state;
	write_object(&object);
	expect_file(-EBADMSG, "x.bpf.o: programs one and two both serve hook call; remove one");
}

static unsigned int warnings;

static void count_warning(enum kplug_log_level level, const char *text, void *arg)
{
	assert_ptr_equal(arg, &warnings);
	if (level == KPLUG_LOG_WARN && !strncmp(text, "libbpf: ", 8) && !strchr(text, '\n'))
		warnings++;
}

/* The function is said to be larger than its section. The reason is libbpf's, and its messages reach the callback. */
static void test_refused_by_libbpf(void **state)
{
	struct elf_object object = {
		.section = { META_SECTION(elf_meta), CODE_SECTION("tp_btf/kplug_call") },
		.function = { { "call", 2, 0, 1024 } },
	};

	(void)state;
	write_object(&object);
	kplug_set_log(count_warning, &warnings);
	expect_file(-ENOEXEC,
		    "x.bpf.o: libbpf cannot open it: sec 'tp_btf/kplug_call': program at offset 0 crosses section "
		    "boundary");
	kplug_set_log(NULL, NULL);
	assert_int_equal(warnings, 1);
}

static void test_close_null(void **state)
{
	(void)state;
	kplug_plugin_close(NULL);
}

static void test_hook_names(void **state)
{
	(void)state;
	assert_string_equal(kplug_hook_name(KPLUG_HOOK_OPEN), "open");
	assert_string_equal(kplug_hook_name(KPLUG_HOOK_EVENT), "event");
	assert_null(kplug_hook_name(KPLUG_HOOK_COUNT));
	assert_null(kplug_hook_name((enum kplug_hook) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_no_buffer),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_huge_file),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_no_hooks),
		cmocka_unit_test(test_other_program_type),
		cmocka_unit_test(test_unknown_hook),
		cmocka_unit_test(test_two_programs_for_a_hook),
		cmocka_unit_test(test_refused_by_libbpf),
		cmocka_unit_test(test_close_null),
		cmocka_unit_test(test_hook_names),
	};

	return cmocka_run_group_tests_name("lib plugin", tests, set_up, tear_down);
}
