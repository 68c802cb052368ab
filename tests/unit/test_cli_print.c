// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "test_cli.h"

#include "cli/output/output.h"

static char text[65536];

static FILE *start(void)
{
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	return f;
}

static void assert_printed(FILE *f, const char *want)
{
	fclose(f);
	assert_string_equal(text, want);
}

static void print_and_free(struct table *t, const char *want)
{
	FILE *f = start();

	table_print(t, f);
	assert_printed(f, want);
	table_free(t);
	assert_int_equal(t->count, 0);
}

static void table_aligns(void **state)
{
	struct table t = { 0 };

	(void)state;
	table_row(&t, "NAME\tN\tLAST");
	table_row(&t, "%s\t%d\t%s", "a", 12345, "x y");
	table_row(&t, "longer\t\t");
	table_row(&t, "short");
	print_and_free(&t, "NAME    N      LAST\n"
			   "a       12345  x y\n"
			   "longer  -      -\n"
			   "short   -      -\n");
}

static void table_of_nothing(void **state)
{
	struct table t = { 0 };
	FILE *f = start();

	(void)state;
	table_print(&t, f);
	fputc('.', f);
	assert_printed(f, ".");
	table_free(&t);
}

static void table_cuts(void **state)
{
	struct table t = { 0 };
	char want[3 * TABLE_WIDTH];

	(void)state;
	table_row(&t, "%0*d", TABLE_WIDTH, 0);
	table_row(&t, "%0*d", TABLE_WIDTH + 50, 0);
	snprintf(want, sizeof(want), "%0*d\n%0*d~\n", TABLE_WIDTH, 0, TABLE_WIDTH - 1, 0);
	print_and_free(&t, want);
}

static void table_shows_no_escapes(void **state)
{
	struct table t = { 0 };

	(void)state;
	table_row(&t, "%s\tb", "\033[2Ja\n\xff");
	print_and_free(&t, "?[2Ja??  b\n");
}

static void dump_as_hexdump(void **state)
{
	uint8_t mem[100] = "0123456789abcdef!";
	FILE *f = start();

	(void)state;
	mem[99] = 0xff;
	dump_bytes(mem, 0x1000, sizeof(mem), f);
	assert_printed(f, "00001000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n"
			  "00001010  21 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |!...............|\n"
			  "00001020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
			  "*\n"
			  "00001060  00 00 00 ff                                       |....|\n"
			  "00001064\n");
}

static void dump_of_nothing(void **state)
{
	FILE *f = start();

	(void)state;
	dump_bytes((const uint8_t *)"", 16, 0, f);
	assert_printed(f, "00000010\n");
}

static void dump_stars_to_the_end(void **state)
{
	uint8_t mem[64] = { 0 };
	FILE *f = start();

	(void)state;
	dump_bytes(mem, 0, sizeof(mem), f);
	assert_printed(f, "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
			  "*\n"
			  "00000040\n");
}

static void hex_bytes(void **state)
{
	FILE *f = start();

	(void)state;
	print_hex((const uint8_t *)"\x00\xfe\x10", 3, f);
	assert_printed(f, "00fe10");
}

/* Each event of the ABI has a name, and what is none has not. */
static void events_have_names(void **state)
{
	(void)state;
	assert_string_equal(event_name(KPLUG_EVENT_REMOVE), "remove");
	assert_string_equal(event_name(KPLUG_EVENT_RESET), "reset");
	assert_string_equal(event_name(KPLUG_EVENT_ERROR), "error");
	assert_string_equal(event_name(KPLUG_EVENT_ERROR + 1), event_name(UINT32_MAX));
}

static void json_is_exact(void **state)
{
	cJSON *o = json_object();
	FILE *f = start();

	(void)state;
	json_unsigned(o, "u", UINT64_MAX);
	json_signed(o, "s", INT64_MIN);
	json_hex(o, "h", 4, 0x12);
	json_hex(o, "w", 1, UINT64_MAX);
	json_string(o, "t", "a\033\"\xff");
	json_string(o, "n", NULL);
	json_bool(o, "b", 4);
	json_add(o, "l", json_array());
	json_print_line(o, f);
	assert_printed(f, "{\"u\":18446744073709551615,\"s\":-9223372036854775808,\"h\":\"0x0012\","
			  "\"w\":\"0xffffffffffffffff\",\"t\":\"a?\\\"?\",\"n\":null,\"b\":true,\"l\":[]}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_aligns),
		cmocka_unit_test(table_of_nothing),
		cmocka_unit_test(table_cuts),
		cmocka_unit_test(table_shows_no_escapes),
		cmocka_unit_test(dump_as_hexdump),
		cmocka_unit_test(dump_of_nothing),
		cmocka_unit_test(dump_stars_to_the_end),
		cmocka_unit_test(hex_bytes),
		cmocka_unit_test(events_have_names),
		cmocka_unit_test(json_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
