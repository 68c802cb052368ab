// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Plugin metadata, from good and hostile object files in memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "elf_object.h"

static const struct kplug_plugin_meta untouched = { .name = "untouched" };

static int parse(const void *bytes, size_t size, struct kplug_plugin_meta *ret)
{
	/* A copy of exactly that size, so that the sanitizer sees a read past it. */
	void *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, bytes, size);
	*ret = untouched;
	err = kp_meta_parse(copy, size, "x.bpf.o", ret);
	free(copy);
	return err;
}

static void expect_bytes(const void *bytes, size_t size, int err, const char *text)
{
	struct kplug_plugin_meta meta;

	assert_int_equal(parse(bytes, size, &meta), err);
	assert_string_equal(kplug_error(), text);
	assert_memory_equal(&meta, &untouched, sizeof(meta));
}

static void expect_section(const struct elf_section *section, int err, const char *text)
{
	struct elf_object object = { .section = { *section } };
	size_t size;
	unsigned char *file = elf_make(&object, &size);

	expect_bytes(file, size, err, text);
	free(file);
}

static void expect_meta(const struct kplug_plugin_meta *meta, int err, const char *text)
{
	struct elf_section section = META_SECTION(*meta);

	expect_section(&section, err, text);
}

static unsigned char *good_file(size_t *ret_size)
{
	struct elf_object object = { .section = { META_SECTION(elf_meta) } };

	return elf_make(&object, ret_size);
}

#define NOT_ELF "x.bpf.o: not an ELF file; give a plugin's .bpf.o"
#define NOT_BPF "x.bpf.o: not a BPF object file; compile it with clang -target bpf"
#define DAMAGED "x.bpf.o: a damaged or truncated ELF file; build or copy it again"
#define NO_SECTION "x.bpf.o: not a kplug plugin: no section .kplug; add KPLUG_PLUGIN()"
#define NOT_ONE "x.bpf.o: section .kplug must be one section of data; use KPLUG_PLUGIN() once"
#define BAD_NAME "x.bpf.o: the plugin's name is not 1 to 31 visible characters"
#define BAD_VERSION "x.bpf.o: the plugin's version is not 0 to 31 visible characters"

static void test_good(void **state)
{
	struct kplug_plugin_meta meta;
	size_t size;
	unsigned char *file = good_file(&size);

	(void)state;
	assert_int_equal(parse(file, size, &meta), 0);
	assert_memory_equal(&meta, &elf_meta, sizeof(meta));
	free(file);
}

static void test_any_device_no_version(void **state)
{
	struct kplug_plugin_meta want = elf_meta, meta;
	struct elf_object object = { .section = { META_SECTION(want) } };
	unsigned char *file;
	size_t size;

	(void)state;
	want.vendor = want.device = KP_ANY_ID;
	memset(want.version, 0, sizeof(want.version));
	file = elf_make(&object, &size);
	assert_int_equal(parse(file, size, &meta), 0);
	assert_memory_equal(&meta, &want, sizeof(meta));
	free(file);
}

static void test_empty_file(void **state)
{
	(void)state;
	expect_bytes("", 0, -ENOEXEC, NOT_ELF);
}

static void test_text_file(void **state)
{
	static const char text[] = "#!/bin/sh\necho this is a script, and longer than an ELF header would be\n";

	(void)state;
	expect_bytes(text, sizeof(text), -ENOEXEC, NOT_ELF);
}

static void test_magic_only(void **state)
{
	struct kplug_plugin_meta meta;

	(void)state;
	assert_int_equal(parse("\177ELF", 4, &meta), -ENOEXEC);
}

/* Whatever the place of the cut, it is an error, and nothing is read past it. */
static void test_truncated_anywhere(void **state)
{
	struct kplug_plugin_meta meta;
	size_t size, cut;
	unsigned char *file = good_file(&size);

	(void)state;
	for (cut = 0; cut < size; cut++) {
		assert_int_equal(parse(file, cut, &meta), -ENOEXEC);
		assert_memory_equal(&meta, &untouched, sizeof(meta));
	}
	free(file);
}

static void test_truncated_text(void **state)
{
	size_t size;
	unsigned char *file = good_file(&size);

	(void)state;
	expect_bytes(file, size - 1, -ENOEXEC, DAMAGED);
	free(file);
}

/* Any byte may be wrong: an error or not, but nothing out of bounds (the sanitizer looks) and no unchecked text. */
static void test_every_byte_changed(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct kplug_plugin_meta meta;
	size_t size, at, i;
	unsigned char *file = good_file(&size), old;
	int err;

	(void)state;
	for (at = 0; at < size; at++) {
		old = file[at];
		for (i = 0; i < sizeof(values); i++) {
			file[at] = values[i];
			err = parse(file, size, &meta);
			if (!err)
				assert_true(meta.name[0] && memchr(meta.name, 0, sizeof(meta.name)));
			else
				assert_true(err == -ENOEXEC || err == -EBADMSG || err == -EPROTO);
		}
		file[at] = old;
	}
	free(file);
}

static void expect_header(size_t offset, unsigned char value, int err, const char *text)
{
	size_t size;
	unsigned char *file = good_file(&size);

	file[offset] = value;
	expect_bytes(file, size, err, text);
	free(file);
}

static void test_other_machine(void **state)
{
	(void)state;
	expect_header(offsetof(Elf64_Ehdr, e_machine), EM_X86_64, -ENOEXEC, NOT_BPF);
}

static void test_executable(void **state)
{
	(void)state;
	expect_header(offsetof(Elf64_Ehdr, e_type), ET_EXEC, -ENOEXEC, NOT_BPF);
}

static void test_no_section_table(void **state)
{
	(void)state;
	expect_header(offsetof(Elf64_Ehdr, e_shnum), 0, -ENOEXEC, DAMAGED);
}

static void test_no_kplug_section(void **state)
{
	struct elf_section section = { ".data", &elf_meta, sizeof(elf_meta), false, 0 };

	(void)state;
	expect_section(&section, -EBADMSG, NO_SECTION);
}

static void test_two_kplug_sections(void **state)
{
	struct elf_object object = { .section = { META_SECTION(elf_meta), META_SECTION(elf_meta) } };
	size_t size;
	unsigned char *file = elf_make(&object, &size);

	(void)state;
	expect_bytes(file, size, -EBADMSG, NOT_ONE);
	free(file);
}

static void test_section_without_bytes(void **state)
{
	struct elf_section section = { ".kplug", NULL, sizeof(elf_meta), false, SHT_NOBITS };

	(void)state;
	expect_section(&section, -EBADMSG, NOT_ONE);
}

static void test_empty_section(void **state)
{
	struct elf_section section = { ".kplug", NULL, 0, false, 0 };

	(void)state;
	expect_section(&section, -EBADMSG,
		       "x.bpf.o: section .kplug has 0 bytes instead of 80; use KPLUG_PLUGIN() once");
}

static void test_short_section(void **state)
{
	struct elf_section section = { ".kplug", &elf_meta, 79, false, 0 };

	(void)state;
	expect_section(&section, -EBADMSG,
		       "x.bpf.o: section .kplug has 79 bytes instead of 80; use KPLUG_PLUGIN() once");
}

static void test_long_section(void **state)
{
	struct kplug_plugin_meta two[2] = { elf_meta, elf_meta };
	struct elf_section section = { ".kplug", two, sizeof(two), false, 0 };

	(void)state;
	expect_section(&section, -EBADMSG,
		       "x.bpf.o: section .kplug has 160 bytes instead of 80; use KPLUG_PLUGIN() once");
}

static void test_wrong_size_member(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	meta.size = 88;
	expect_meta(&meta, -EBADMSG, "x.bpf.o: its metadata has size 88 instead of 80; use KPLUG_PLUGIN()");
}

static void test_other_api(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	meta.api_version = KPLUG_API_VERSION + 1;
	expect_meta(&meta, -EPROTO,
		    "x.bpf.o: built for API version 3, but this library has 2; build it with this kplug.bpf.h");
}

/* Another version may have another layout, so it is told before the size is looked at. */
static void test_other_api_other_size(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;
	struct elf_section section = { ".kplug", &meta, 24, false, 0 };

	(void)state;
	meta.api_version = 0;
	expect_section(&section, -EPROTO,
		       "x.bpf.o: built for API version 0, but this library has 2; build it with this kplug.bpf.h");
}

static void test_name_without_nul(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	memset(meta.name, 'a', sizeof(meta.name));
	expect_meta(&meta, -EBADMSG, BAD_NAME);
}

static void test_empty_name(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	meta.name[0] = '\0';
	expect_meta(&meta, -EBADMSG, BAD_NAME);
}

static void test_escape_in_name(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	memcpy(meta.name, "\033[2J", 5);
	expect_meta(&meta, -EBADMSG, BAD_NAME);
}

static void test_version_without_nul(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	memset(meta.version, '1', sizeof(meta.version));
	expect_meta(&meta, -EBADMSG, BAD_VERSION);
}

static void test_vendor_too_large(void **state)
{
	struct kplug_plugin_meta meta = elf_meta;

	(void)state;
	meta.vendor = 0x10000;
	expect_meta(&meta, -EBADMSG, "x.bpf.o: vendor 0x10000 or device 0x11e8 is neither a PCI id nor KPLUG_ANY_ID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_any_device_no_version),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_text_file),
		cmocka_unit_test(test_magic_only),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_truncated_text),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_other_machine),
		cmocka_unit_test(test_executable),
		cmocka_unit_test(test_no_section_table),
		cmocka_unit_test(test_no_kplug_section),
		cmocka_unit_test(test_two_kplug_sections),
		cmocka_unit_test(test_section_without_bytes),
		cmocka_unit_test(test_empty_section),
		cmocka_unit_test(test_short_section),
		cmocka_unit_test(test_long_section),
		cmocka_unit_test(test_wrong_size_member),
		cmocka_unit_test(test_other_api),
		cmocka_unit_test(test_other_api_other_size),
		cmocka_unit_test(test_name_without_nul),
		cmocka_unit_test(test_empty_name),
		cmocka_unit_test(test_escape_in_name),
		cmocka_unit_test(test_version_without_nul),
		cmocka_unit_test(test_vendor_too_large),
	};

	return cmocka_run_group_tests_name("lib meta", tests, NULL, NULL);
}
