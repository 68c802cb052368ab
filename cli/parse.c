// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "cli.h"

/* Not strtoull(), which accepts blanks, signs and octal; not <ctype.h>, which depends on the locale. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Stops at the first character that is not a digit. */
static int take_number(const char **text, uint64_t *ret)
{
	const char *p = *text;
	unsigned int base = 10;
	uint64_t value = 0;
	const char *first;
	int digit;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	for (first = p; (digit = digit_value(*p)) >= 0 && digit < (int)base; p++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (unsigned int)digit, &value))
			return -ERANGE;
	if (p == first)
		return -EINVAL;
	*text = p;
	*ret = value;
	return 0;
}

int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int err;

	err = take_number(&text, &value);
	if (err)
		return err;
	if (*text)
		return -EINVAL;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int parse_size(const char *text, uint64_t max, uint64_t *ret)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	uint64_t value;
	int err;

	err = take_number(&text, &value);
	if (err)
		return err;
	if (*text) {
		const char *unit = strchr(units, *text);

		if (!unit || text[1])
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (value > max >> shift)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}

int parse_hex(const char *text, uint8_t *ret, size_t max, size_t *ret_size)
{
	size_t length = strlen(text);

	if (!length || length % 2 || strspn(text, "0123456789abcdefABCDEF") != length)
		return -EINVAL;
	if (length / 2 > max)
		return -E2BIG;
	for (size_t i = 0; i < length / 2; i++)
		ret[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
	*ret_size = length / 2;
	return 0;
}

int check_device_name(const char *text)
{
	size_t length = strlen(text);

	if (length >= KPLUG_NAME_LEN)
		return -ENAMETOOLONG;
	if (!length || text[0] == '.' ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:") != length)
		return -EINVAL;
	return 0;
}
