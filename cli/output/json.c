// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include "output/output.h"

#include <inttypes.h>

#include "cli.h"

static void *alloc_or_exit(size_t size)
{
	return must_have(malloc(size));
}

static void install_allocator(void)
{
	static bool done;

	if (done)
		return;
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = alloc_or_exit, .free_fn = free });
	done = true;
}

cJSON *json_object(void)
{
	install_allocator();
	return cJSON_CreateObject();
}

cJSON *json_array(void)
{
	install_allocator();
	return cJSON_CreateArray();
}

void json_string(cJSON *object, const char *key, const char *value)
{
	char *text;

	if (!value) {
		json_null(object, key);
		return;
	}
	text = make_printable(must_have(strdup(value)));
	cJSON_AddStringToObject(object, key, text);
	free(text);
}

/* cJSON keeps numbers as doubles, which are exact up to 2^53 only. */
void json_unsigned(cJSON *object, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(object, key, text);
}

void json_signed(cJSON *object, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	cJSON_AddRawToObject(object, key, text);
}

void json_hex(cJSON *object, const char *key, int digits, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, value);
	cJSON_AddStringToObject(object, key, text);
}

void json_bool(cJSON *object, const char *key, bool value)
{
	cJSON_AddBoolToObject(object, key, value);
}

void json_null(cJSON *object, const char *key)
{
	cJSON_AddNullToObject(object, key);
}

void json_add(cJSON *object, const char *key, cJSON *value)
{
	cJSON_AddItemToObject(object, key, value);
}

void json_append(cJSON *array, cJSON *value)
{
	cJSON_AddItemToArray(array, value);
}

static void print_text(char *text, cJSON *value, FILE *out)
{
	fprintf(out, "%s\n", text);
	free(text);
	cJSON_Delete(value);
}

void json_print(cJSON *value, FILE *out)
{
	print_text(must_have(cJSON_Print(value)), value, out);
}

void json_print_line(cJSON *value, FILE *out)
{
	print_text(must_have(cJSON_PrintUnformatted(value)), value, out);
}
