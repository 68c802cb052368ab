/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Text, tables, bytes and JSON on standard output. Nothing here fails: the program exits if memory is short. Text and
 * JSON show '?' for what is not printable ASCII, so that a plugin's file cannot send escapes to a terminal.
 */
#ifndef KPLUG_CLI_OUTPUT_H
#define KPLUG_CLI_OUTPUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* text.c */
char *make_printable(char *text); /* in place */
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2))); /* free() it */
void print_field(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* names.c */
const char *errno_name(int err);
const char *irq_mode_name(uint32_t mode);
const char *bus_name(uint32_t bus);
const char *kind_name(uint32_t kind);
const char *event_name(uint32_t code);

/* table.c: rows of text in columns of their own width; a line is cut at TABLE_WIDTH. */
#define TABLE_WIDTH 100

struct table {
	char **rows;
	size_t count;
};

/* Tabs separate cells; the first row holds the titles. An empty or missing cell shows as "-". */
void table_row(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, FILE *out);
void table_free(struct table *t);

/* dump.c */
/* As hexdump -C, with addresses from offset on. The device may change mem meanwhile. */
void dump_bytes(const uint8_t *mem, uint64_t offset, size_t length, FILE *out);
/* Two digits a byte, no blanks, no newline. */
void print_hex(const uint8_t *mem, size_t length, FILE *out);

/* json.c: cJSON for listings. Integers are exact, not doubles; addresses, ids and register values are hex strings. */
cJSON *json_object(void);
cJSON *json_array(void);
void json_string(cJSON *object, const char *key, const char *value); /* NULL: null */
void json_unsigned(cJSON *object, const char *key, uint64_t value);
void json_signed(cJSON *object, const char *key, int64_t value);
void json_hex(cJSON *object, const char *key, int digits, uint64_t value); /* 0x and at least that many digits */
void json_bool(cJSON *object, const char *key, bool value);
void json_null(cJSON *object, const char *key);
void json_add(cJSON *object, const char *key, cJSON *value); /* takes value */
void json_append(cJSON *array, cJSON *value); /* takes value */
/* Print and free value. */
void json_print(cJSON *value, FILE *out);
void json_print_line(cJSON *value, FILE *out);

#endif
