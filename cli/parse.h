/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Text to values. All take the whole string or nothing: no blanks, no signs, no trailing characters. */
#ifndef KPLUG_CLI_PARSE_H
#define KPLUG_CLI_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* Decimal, or hex after 0x; a leading 0 is no octal. -EINVAL no number, -ERANGE not within min..max. */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
/* A number with an optional K, M or G (binary). Errors as parse_number(). */
int parse_size(const char *text, uint64_t max, uint64_t *ret);
/* Pairs of hex digits. -EINVAL empty, odd or no hex, -E2BIG more than max bytes. */
int parse_hex(const char *text, uint8_t *ret, size_t max, size_t *ret_size);
/* A PCI address or software device's name that fits a node's name: -EINVAL, -ENAMETOOLONG. */
int check_device_name(const char *text);

#endif
