// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <inttypes.h>
#include <limits.h>

#include "cli.h"
#include "output/output.h"

static int read_data(const char *path, uint8_t *ret_data, size_t *ret_size)
{
	uint8_t data[KPLUG_CALL_MAX + 1];
	bool is_stdin = !strcmp(path, "-");
	FILE *in = is_stdin ? stdin : fopen(path, "rb");
	int ret = 0;
	size_t size;

	if (!in)
		return failed("%s: %m", path);
	size = fread(data, 1, sizeof(data), in);
	if (ferror(in))
		ret = failed("%s: %m", path);
	else if (size > KPLUG_CALL_MAX)
		ret = failed("%s: more than the %d bytes that a call can carry; use a buffer", path, KPLUG_CALL_MAX);
	if (!is_stdin)
		fclose(in);
	if (ret)
		return ret;
	memcpy(ret_data, data, size);
	*ret_size = size;
	return 0;
}

static int get_data(const struct args *a, uint8_t *ret_data, size_t *ret_size)
{
	size_t size = 0;
	int ret = 0;

	if (has(a, OPT_DATA) && has(a, OPT_DATA_FILE))
		return wrong_usage(a, "give one of --data and --data-file");
	if (has(a, OPT_DATA))
		ret = arg_hex(a, "--data", a->text[OPT_DATA], ret_data, KPLUG_CALL_MAX, &size);
	else if (has(a, OPT_DATA_FILE))
		ret = read_data(a->text[OPT_DATA_FILE], ret_data, &size);
	if (ret)
		return ret;
	if (has(a, OPT_SIZE) && a->num[OPT_SIZE] < size)
		return wrong_usage(a, "--size %" PRIu64 " is less than the data's %zu bytes", a->num[OPT_SIZE], size);
	*ret_size = has(a, OPT_SIZE) ? a->num[OPT_SIZE] : size;
	return 0;
}

static const char *result_error(int64_t result)
{
	return result < 0 && result >= -INT_MAX ? errno_name((int)-result) : "not an errno";
}

static void print_reply(int64_t result, const uint8_t *data, size_t size)
{
	printf("result %" PRId64 "\n", result);
	if (size) {
		printf("data ");
		print_hex(data, size, stdout);
		putchar('\n');
	}
}

static void print_reply_json(const struct args *a, uint32_t message, int64_t result, const uint8_t *data, size_t size)
{
	cJSON *o = json_object();
	char *hex = NULL;
	size_t hex_size;
	FILE *f;

	f = must_have(open_memstream(&hex, &hex_size));
	print_hex(data, size, f);
	fclose(f);
	json_string(o, "device", a->pos[0]);
	json_unsigned(o, "message", message);
	json_signed(o, "result", result);
	json_string(o, "error", result < 0 ? result_error(result) : NULL);
	json_string(o, "data", must_have(hex));
	json_print(o, stdout);
	free(hex);
}

int call_plugin(const struct args *a)
{
	uint8_t data[KPLUG_CALL_MAX] = { 0 };
	struct kplug_device *dev = NULL;
	uint64_t message;
	int64_t result;
	size_t size = 0;
	int ret;

	ret = arg_number(a, "MESSAGE", a->pos[1], 0, UINT32_MAX, &message);
	if (!ret)
		ret = get_data(a, data, &size);
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	ret = kplug_call(dev, (uint32_t)message, size ? data : NULL, size, &result);
	ret = close_device(dev, a->pos[0], ret);
	if (ret)
		return ret;
	if (has(a, OPT_JSON))
		print_reply_json(a, (uint32_t)message, result, data, size);
	else
		print_reply(result, data, size);
	if (result < 0)
		return failed("%s: the plugin answered message %" PRIu64 " with %" PRId64
			      " (%s); see what the plugin documents",
			      a->pos[0], message, result, result_error(result));
	return CLI_DONE;
}
