// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* libFuzzer: texts from elsewhere: a verifier's log, sysfs, and names on their way to JSON and tables. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/output/output.h"
#include "cli/cli.h"
#include "lib/plugin/plugin.h"
#include "tests/fuzz/fuzz.h"

static void verifier_log(const char *text)
{
	char out[300];

	kp_verifier_summary(text, out, sizeof(out));
	if (strlen(out) >= sizeof(out))
		abort();
}

static void sysfs(const char *text)
{
	char path[KP_PATH_LEN], line[16];
	int fd = memfd_create("attribute", 0);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	kp_path(path, "/proc/self/fd/%d", fd);
	if (kp_sysfs_read(path, line, sizeof(line)) || strchr(line, '\n'))
		abort();
	close(fd);
}

static void numbers(const char *text)
{
	uint8_t bytes[64];
	uint64_t value;
	size_t count;

	if (!parse_number(text, 3, 1000, &value) && (value < 3 || value > 1000))
		abort();
	if (!parse_size(text, 1 << 20, &value) && value > 1 << 20)
		abort();
	if (!parse_hex(text, bytes, sizeof(bytes), &count) && count > sizeof(bytes))
		abort();
	if (!check_device_name(text) && !kp_name_ok(text))
		abort();
}

/* What is printed is one JSON value, of printable ASCII. */
static void json(const char *text)
{
	cJSON *o = json_object(), *back;
	char *out = NULL, *p;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	json_string(o, "name", text);
	json_unsigned(o, "n", UINT64_MAX);
	json_print_line(o, f);
	fclose(f);
	for (p = out; *p && *p != '\n'; p++)
		if (*p < ' ' || *p > '~')
			abort();
	back = cJSON_Parse(out);
	if (!back || !cJSON_IsString(cJSON_GetObjectItem(back, "name")) || p[1])
		abort();
	cJSON_Delete(back);
	free(out);
}

static void table(const char *text)
{
	struct table t = { 0 };
	char *out = NULL, *line, *end;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	table_row(&t, "A\tB");
	table_row(&t, "%s", text);
	table_row(&t, "x\t%s", text);
	table_print(&t, f);
	fclose(f);
	for (line = out; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end || end - line > TABLE_WIDTH)
			abort();
	}
	table_free(&t);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	verifier_log(text);
	sysfs(text);
	numbers(text);
	json(text);
	table(text);
	free(text);
	return 0;
}
