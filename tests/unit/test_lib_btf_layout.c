// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Which differences between two types of two versions of a plugin are told, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bpf/btf.h>
#include <cmocka.h>

#include "lib/plugin/plugin.h"

/* Of each side: numbers, and the type that is compared. */
static struct side {
	struct btf *btf;
	int u32, s32, u64, type;
} is, was;

static int add(struct side *s, int id)
{
	assert_true(id > 0);
	return s->type = id;
}

static void begin(struct side *s)
{
	s->btf = btf__new_empty();
	assert_non_null(s->btf);
	s->u32 = add(s, btf__add_int(s->btf, "u32", 4, 0));
	s->s32 = add(s, btf__add_int(s->btf, "s32", 4, BTF_INT_SIGNED));
	s->u64 = add(s, btf__add_int(s->btf, "u64", 8, 0));
}

static int set_up(void **state)
{
	(void)state;
	begin(&is);
	begin(&was);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	btf__free(is.btf);
	btf__free(was.btf);
	return 0;
}

static void expect_same(void)
{
	char text[256] = "";

	assert_true(kp_btf_same(is.btf, (uint32_t)is.type, was.btf, (uint32_t)was.type, text, sizeof(text)));
	assert_string_equal(text, "");
}

static void expect(const char *want)
{
	char text[256] = "";

	assert_false(kp_btf_same(is.btf, (uint32_t)is.type, was.btf, (uint32_t)was.type, text, sizeof(text)));
	assert_string_equal(text, want);
}

/* struct pair { first; second; }, the second member at these bits. */
static int pair(struct side *s, int first, int second, const char *name, uint32_t bit, uint32_t width)
{
	int id = add(s, btf__add_struct(s->btf, "pair", 16));

	assert_int_equal(btf__add_field(s->btf, "first", first, 0, 0), 0);
	assert_int_equal(btf__add_field(s->btf, name, second, bit, width), 0);
	return id;
}

static int array(struct side *s, int of, uint32_t count)
{
	return add(s, btf__add_array(s->btf, s->u32, of, count));
}

/* A section of one variable. */
static void section(struct side *s, const char *name, int type, uint32_t offset, uint32_t size)
{
	int var = add(s, btf__add_var(s->btf, name, BTF_VAR_GLOBAL_ALLOCATED, type));

	add(s, btf__add_datasec(s->btf, ".data", 0));
	assert_int_equal(btf__add_datasec_var_info(s->btf, var, offset, size), 0);
}

static void test_same(void **state)
{
	(void)state;
	pair(&is, is.u32, is.u64, "second", 64, 0);
	pair(&was, was.u32, was.u64, "second", 64, 0);
	expect_same();
	array(&is, is.type, 4);
	array(&was, was.type, 4);
	expect_same();
	section(&is, "x", is.type, 0, 64);
	section(&was, "x", was.type, 0, 64);
	expect_same();
}

/* What a type is called, and whether it is const, is not its layout; nor is what is behind a pointer. */
static void test_names_do_not_matter(void **state)
{
	(void)state;
	add(&is, btf__add_typedef(is.btf, "count_t", is.u32));
	add(&is, btf__add_const(is.btf, is.type));
	was.type = was.u32;
	expect_same();
	add(&is, btf__add_ptr(is.btf, is.u32));
	add(&was, btf__add_ptr(was.btf, was.u64));
	expect_same();
}

static void test_numbers(void **state)
{
	(void)state;
	is.type = is.u64;
	was.type = was.u32;
	expect("a type differs in kind or size (u64, was u32)");
	is.type = is.s32;
	expect("a number is s32 and was u32");
}

static void test_kinds(void **state)
{
	(void)state;
	is.type = is.u64;
	pair(&was, was.u32, was.u32, "second", 32, 0);
	expect("a type differs in kind or size (u64, was pair)");
	is.type = 0; /* void */
	was.type = was.u32;
	expect("a type differs in kind or size (, was u32)");
	is.type = 99; /* none */
	expect("a type differs in kind or size (, was u32)");
}

static void test_members(void **state)
{
	(void)state;
	pair(&is, is.u32, is.u32, "second", 32, 0);
	pair(&was, was.u32, was.u32, "other", 32, 0);
	expect("member second was other");
	pair(&was, was.u32, was.u32, "second", 64, 0);
	expect("member second has another offset");
	pair(&was, was.u32, was.s32, "second", 32, 0);
	expect("a number is u32 and was s32");
}

static void test_bitfields(void **state)
{
	(void)state;
	pair(&is, is.u32, is.u32, "second", 32, 4);
	pair(&was, was.u32, was.u32, "second", 32, 5);
	expect("member second has another offset");
}

static void test_number_of_members(void **state)
{
	(void)state;
	pair(&is, is.u32, is.u32, "second", 32, 0);
	assert_int_equal(btf__add_field(is.btf, "third", is.u32, 64, 0), 0);
	pair(&was, was.u32, was.u32, "second", 32, 0);
	expect("pair has 3 members and had 2");
}

static void test_arrays(void **state)
{
	(void)state;
	array(&is, is.u32, 4);
	array(&was, was.u32, 5);
	expect("an array has 4 elements and had 5");
	array(&was, was.s32, 4);
	expect("a number is u32 and was s32");
}

static void test_variables(void **state)
{
	(void)state;
	section(&is, "x", is.u32, 0, 4);
	section(&was, "y", was.u32, 0, 4);
	expect("variable x was y");
	section(&was, "x", was.u32, 8, 4);
	expect("variable x: it has another offset or size");
	section(&was, "x", was.s32, 0, 4);
	expect("variable x: a number is u32 and was s32");
}

static void test_number_of_variables(void **state)
{
	(void)state;
	section(&is, "x", is.u32, 0, 4);
	add(&was, btf__add_datasec(was.btf, ".data", 0));
	expect(".data has 1 variables and had 0");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same),      TEST(test_names_do_not_matter), TEST(test_numbers),	    TEST(test_kinds),
		TEST(test_members),   TEST(test_bitfields),	      TEST(test_number_of_members), TEST(test_arrays),
		TEST(test_variables), TEST(test_number_of_variables),
	};

	return cmocka_run_group_tests_name("lib BTF layout", tests, NULL, NULL);
}
