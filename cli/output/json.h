/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * cJSON for listings. Out of memory ends the program, so nothing here fails. Strings lose what is not printable
 * ASCII; integers are printed exactly, not as doubles; addresses, ids and register values are hex strings.
 */
#ifndef KPLUG_CLI_JSON_H
#define KPLUG_CLI_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

cJSON *json_object(void);
cJSON *json_array(void);
void json_string(cJSON *object, const char *key, const char *value); /* NULL: null */
void json_unsigned(cJSON *object, const char *key, uint64_t value);
void json_signed(cJSON *object, const char *key, int64_t value);
void json_hex(cJSON *object, const char *key, int digits, uint64_t value); /* 0x and at least so many digits */
void json_bool(cJSON *object, const char *key, bool value);
void json_null(cJSON *object, const char *key);
void json_add(cJSON *object, const char *key, cJSON *value); /* takes value */
void json_append(cJSON *array, cJSON *value); /* takes value */
/* Prints and frees. */
void json_print(cJSON *value, FILE *out);
void json_print_line(cJSON *value, FILE *out);

#endif
