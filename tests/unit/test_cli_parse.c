// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "test_cli.h"

#include <errno.h>

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aULL

static void assert_number(const char *text, int want_err, uint64_t want)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(parse_number(text, 0, UINT64_MAX, &value), want_err);
	assert_true(value == (want_err ? UNTOUCHED : want));
}

static void number_takes(void **state)
{
	(void)state;
	assert_number("0", 0, 0);
	assert_number("7", 0, 7);
	assert_number("010", 0, 10);
	assert_number("0x0", 0, 0);
	assert_number("0xfF", 0, 255);
	assert_number("0X10", 0, 16);
	assert_number("18446744073709551615", 0, UINT64_MAX);
	assert_number("0xffffffffffffffff", 0, UINT64_MAX);
	assert_number("000000000000000000000000000001", 0, 1);
}

static void number_overflows(void **state)
{
	(void)state;
	assert_number("18446744073709551616", -ERANGE, 0);
	assert_number("18446744073709551620", -ERANGE, 0);
	assert_number("184467440737095516150", -ERANGE, 0);
	assert_number("0x10000000000000000", -ERANGE, 0);
	assert_number("99999999999999999999999999999999999999", -ERANGE, 0);
}

static void number_refuses(void **state)
{
	static const char *const bad[] = { "",	  " ",	 "-1", "+1",  "-0",  "1 ",   " 1",   "1\n", "0x",  "x10", "a",
					   "12q", "0xg", "1x", "1.0", "1e3", "0x-1", "0x 1", "1_0", "--1", "0b1" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_number(bad[i], -EINVAL, 0);
}

static void number_keeps_its_range(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_number("0", 1, 32, &value), -ERANGE);
	assert_int_equal(parse_number("33", 1, 32, &value), -ERANGE);
	assert_true(value == UNTOUCHED);
	assert_int_equal(parse_number("1", 1, 32, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(parse_number("32", 1, 32, &value), 0);
	assert_int_equal(value, 32);
	assert_int_equal(parse_number("33x", 1, 32, &value), -EINVAL);
}

static void assert_size(const char *text, uint64_t max, int want_err, uint64_t want)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(parse_size(text, max, &value), want_err);
	assert_true(value == (want_err ? UNTOUCHED : want));
}

static void size_takes(void **state)
{
	(void)state;
	assert_size("0", UINT64_MAX, 0, 0);
	assert_size("4096", UINT64_MAX, 0, 4096);
	assert_size("0x10000", UINT64_MAX, 0, 65536);
	assert_size("64K", UINT64_MAX, 0, 65536);
	assert_size("0x10K", UINT64_MAX, 0, 16384);
	assert_size("512M", UINT64_MAX, 0, 512ULL << 20);
	assert_size("3G", UINT64_MAX, 0, 3ULL << 30);
	assert_size("0G", UINT64_MAX, 0, 0);
	assert_size("17179869183G", UINT64_MAX, 0, 17179869183ULL << 30);
	assert_size("18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
}

static void size_overflows(void **state)
{
	(void)state;
	assert_size("17179869184G", UINT64_MAX, -ERANGE, 0);
	assert_size("18014398509481984K", UINT64_MAX, -ERANGE, 0);
	assert_size("17592186044416M", UINT64_MAX, -ERANGE, 0);
	assert_size("18446744073709551616", UINT64_MAX, -ERANGE, 0);
	assert_size("18446744073709551615G", UINT64_MAX, -ERANGE, 0);
	assert_size("4097", 4096, -ERANGE, 0);
	assert_size("5K", 4096, -ERANGE, 0);
	assert_size("4K", 4096, 0, 4096);
}

static void size_refuses(void **state)
{
	static const char *const bad[] = { "",	 "K",  "-1K", "+1K", "1KK", "1KB",  "1 K", "1k",
					   "1m", "1T", "1g",  "1K ", " 1K", "1.5K", "0xK", "1iB" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_size(bad[i], UINT64_MAX, -EINVAL, 0);
}

static void hex_takes(void **state)
{
	uint8_t data[4];
	size_t size;

	(void)state;
	assert_int_equal(parse_hex("00fF7a", data, sizeof(data), &size), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(data, "\x00\xff\x7a", 3);
	assert_int_equal(parse_hex("01020304", data, sizeof(data), &size), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(data, "\1\2\3\4", 4);
}

static void hex_refuses(void **state)
{
	static const char *const bad[] = { "", "0", "abc", "0x01", "0g", "01 02", "-1", "01\n", " 1" };
	uint8_t data[4] = { 0 };
	size_t size = 99;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse_hex(bad[i], data, sizeof(data), &size), -EINVAL);
	assert_int_equal(parse_hex("0102030405", data, sizeof(data), &size), -E2BIG);
	assert_int_equal(size, 99);
	assert_memory_equal(data, "\0\0\0\0", 4);
}

static void device_names(void **state)
{
	char text[301];

	(void)state;
	assert_int_equal(check_device_name("0000:00:04.0"), 0);
	assert_int_equal(check_device_name("soft_0-a.b"), 0);
	assert_int_equal(check_device_name(""), -EINVAL);
	assert_int_equal(check_device_name("."), -EINVAL);
	assert_int_equal(check_device_name("../null"), -EINVAL);
	assert_int_equal(check_device_name("a/b"), -EINVAL);
	assert_int_equal(check_device_name("a b"), -EINVAL);
	assert_int_equal(check_device_name("a\n"), -EINVAL);
	assert_int_equal(check_device_name("\xc3\xa4"), -EINVAL);
	memset(text, 'a', sizeof(text));
	text[300] = '\0';
	assert_int_equal(check_device_name(text), -ENAMETOOLONG);
	text[32] = '\0';
	assert_int_equal(check_device_name(text), -ENAMETOOLONG);
	text[31] = '\0';
	assert_int_equal(check_device_name(text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_takes),	  cmocka_unit_test(number_overflows),
		cmocka_unit_test(number_refuses), cmocka_unit_test(number_keeps_its_range),
		cmocka_unit_test(size_takes),	  cmocka_unit_test(size_overflows),
		cmocka_unit_test(size_refuses),	  cmocka_unit_test(hex_takes),
		cmocka_unit_test(hex_refuses),	  cmocka_unit_test(device_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
