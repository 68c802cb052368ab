// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <inttypes.h>

#include "output/dump.h"
#include "rights.h"
#include "output/show.h"

void buffer_row(struct table *t, const char *device, const struct kplug_buffer_info *info)
{
	char *owner = owner_text(info->out_uid), *group = group_text(info->out_gid), part[8] = "";

	if (info->out_parts > 1)
		snprintf(part, sizeof(part), ":%u", info->out_part);
	table_row(t, "%s\t%s%s\t%" PRIu64 "\t%s\t0x%" PRIx64 "\t%u\t%s\t%04o\t%s\t%s", device, info->out_name, part,
		  (uint64_t)info->out_bytes, kind_name(info->out_kind), (uint64_t)info->out_dma_addr, info->out_map_id,
		  info->out_flags & KPLUG_BUFFER_KEEP ? "yes" : "no", info->out_mode, owner, group);
	free(group);
	free(owner);
}

cJSON *buffer_object(const char *device, const struct kplug_buffer_info *info)
{
	cJSON *o = json_object();
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", info->out_mode & 0666);
	json_string(o, "device", device);
	json_string(o, "name", info->out_name);
	json_unsigned(o, "part", info->out_part);
	json_unsigned(o, "parts", info->out_parts);
	json_unsigned(o, "id", info->out_id);
	json_unsigned(o, "bytes", info->out_bytes);
	json_string(o, "kind", kind_name(info->out_kind));
	json_hex(o, "dma_addr", 1, info->out_dma_addr);
	json_unsigned(o, "map_id", info->out_map_id);
	json_bool(o, "keep", info->out_flags & KPLUG_BUFFER_KEEP);
	json_string(o, "mode", mode);
	json_unsigned(o, "uid", info->out_uid);
	json_unsigned(o, "gid", info->out_gid);
	return o;
}

struct listing {
	struct table t;
	cJSON *json; /* NULL: the table is filled */
};

static int list_buffers(struct kplug_device *dev, void *arg)
{
	const char *name = kplug_device_name(dev);
	struct kplug_buffer_info *infos;
	struct listing *l = arg;
	size_t count;
	int err;

	err = kplug_buffer_list(dev, &infos, &count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		if (l->json)
			json_append(l->json, buffer_object(name, &infos[i]));
		else
			buffer_row(&l->t, name, &infos[i]);
	}
	free(infos);
	return 0;
}

static int list_buffers_of(const struct args *a, struct listing *l)
{
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, true, &dev);
	if (ret)
		return ret;
	return close_device(dev, a->pos[0], list_buffers(dev, l));
}

int buffer_list(const struct args *a)
{
	struct listing l = { .json = has(a, OPT_JSON) ? json_array() : NULL };
	int ret;

	table_row(&l.t, BUFFER_TITLES);
	ret = a->npos ? list_buffers_of(a, &l) : each_device(list_buffers, &l);
	if (ret && a->npos)
		cJSON_Delete(l.json);
	else if (l.json)
		json_print(l.json, stdout);
	else
		table_print(&l.t, stdout);
	table_free(&l.t);
	return ret;
}

static void print_buffer_text(const struct args *a, const struct kplug_buffer *buf)
{
	const struct kplug_buffer_part *part;
	size_t count, i;

	printf("%s: %zu bytes, %s, device address 0x%" PRIx64 ", map id %u\n", a->pos[1], kplug_buffer_size(buf),
	       kind_name(kplug_buffer_kind(buf)), kplug_buffer_dma_addr(buf), kplug_buffer_map_id(buf));
	part = kplug_buffer_parts(buf, &count);
	for (i = 1; i < count; i++)
		printf("  from byte %zu on: device address 0x%" PRIx64 ", map id %u\n", part[i].offset,
		       part[i].dma_addr, part[i].map_id);
}

static cJSON *map_objects(const struct kplug_buffer *buf)
{
	const struct kplug_buffer_part *part;
	cJSON *all = json_array(), *o;
	size_t count, i;

	part = kplug_buffer_parts(buf, &count);
	for (i = 0; i < count; i++) {
		o = json_object();
		json_unsigned(o, "offset", part[i].offset);
		json_unsigned(o, "bytes", part[i].bytes);
		json_hex(o, "dma_addr", 1, part[i].dma_addr);
		json_unsigned(o, "map_id", part[i].map_id);
		json_append(all, o);
	}
	return all;
}

static void print_buffer(const struct args *a, const struct kplug_buffer *buf)
{
	const char *kind = kind_name(kplug_buffer_kind(buf));
	cJSON *o;

	if (!has(a, OPT_JSON)) {
		print_buffer_text(a, buf);
		return;
	}
	o = json_object();
	json_string(o, "name", a->pos[1]);
	json_unsigned(o, "bytes", kplug_buffer_size(buf));
	json_string(o, "kind", kind);
	json_hex(o, "dma_addr", 1, kplug_buffer_dma_addr(buf));
	json_unsigned(o, "map_id", kplug_buffer_map_id(buf));
	json_add(o, "maps", map_objects(buf));
	json_print(o, stdout);
}

static int parse_kind(const struct args *a, enum kplug_buffer_kind *ret_kind)
{
	const char *text = a->text[OPT_KIND];

	*ret_kind = KPLUG_BUFFER_AUTO;
	if (!text)
		return 0;
	for (; *ret_kind <= KPLUG_BUFFER_WC; (*ret_kind)++)
		if (*ret_kind != KPLUG_BUFFER_IMPORTED && !strcmp(text, kind_name(*ret_kind)))
			return 0;
	return wrong_usage(a, "--kind '%s' is none of auto, paged, contiguous, arena and wc", text);
}

int buffer_alloc(const struct args *a)
{
	struct kplug_alloc_opts opts = {
		.sz = sizeof(opts),
		.dma_bits = (uint32_t)a->num[OPT_DMA_BITS],
		.keep = true, /* or it would end with this command */
		.retry_smaller = has(a, OPT_RETRY_SMALLER),
		.timeout_ms = (uint32_t)a->num[OPT_TIMEOUT],
		.node = has(a, OPT_NODE) ? (uint32_t)a->num[OPT_NODE] + 1 : 0,
	};
	struct kplug_buffer_rights rights;
	struct kplug_device *dev = NULL;
	struct kplug_buffer *buf;
	uint64_t bytes;
	int ret;

	ret = arg_size(a, "SIZE", a->pos[2], SIZE_MAX, &bytes);
	if (!ret)
		ret = parse_kind(a, &opts.kind);
	if (!ret)
		ret = rights_parse(a, &rights);
	if (has(a, OPT_MODE) || has(a, OPT_OWNER) || has(a, OPT_GROUP))
		opts.rights = &rights;
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	ret = kplug_buffer_alloc(dev, a->pos[1], bytes, &opts, &buf);
	if (!ret) {
		print_buffer(a, buf);
		kplug_buffer_free(buf);
	}
	return close_device(dev, a->pos[1], ret);
}

int buffer_free(const struct args *a)
{
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	return close_device(dev, a->pos[1], kplug_buffer_drop(dev, a->pos[1]));
}

/* The bytes that --offset and --length mean, all of the rest by default. */
static int choose_range(const struct args *a, const struct kplug_buffer *buf, size_t *ret_offset, size_t *ret_length)
{
	size_t size = kplug_buffer_size(buf);
	uint64_t offset = a->num[OPT_OFFSET];
	uint64_t length;

	if (offset > size)
		return failed("%s: offset %" PRIu64 " is past the end; it has %zu bytes", a->pos[1], offset, size);
	length = has(a, OPT_LENGTH) ? a->num[OPT_LENGTH] : size - offset;
	if (length > size - offset)
		return failed("%s: %" PRIu64 " bytes from offset %" PRIu64 " are past the end; it has %zu bytes",
			      a->pos[1], length, offset, size);
	*ret_offset = offset;
	*ret_length = length;
	return 0;
}

/* Between begin and end: an imported buffer's exporter may have something to do. */
static int use_range(const struct args *a, struct kplug_device *dev, const struct kplug_buffer *buf, uint32_t access,
		     void (*fn)(const struct args *, uint8_t *, size_t, size_t))
{
	size_t offset = 0, length = 0;
	int ret, err;

	ret = choose_range(a, buf, &offset, &length);
	if (ret)
		return ret;
	err = length ? kplug_buffer_begin_access(dev, buf, offset, length, access) : 0;
	if (err)
		return fail_lib(a->pos[1], err);
	fn(a, (uint8_t *)kplug_buffer_ptr(buf) + offset, offset, length);
	err = length ? kplug_buffer_end_access(dev, buf, offset, length, access) : 0;
	return err ? fail_lib(a->pos[1], err) : 0;
}

static int with_range(const struct args *a, bool read_only, void (*fn)(const struct args *, uint8_t *, size_t, size_t))
{
	uint32_t access = KPLUG_ACCESS_READ | (read_only ? 0 : KPLUG_ACCESS_WRITE);
	struct kplug_buffer *buf;
	struct kplug_device *dev;
	int ret;

	ret = open_device(a, read_only, &dev);
	if (ret)
		return ret;
	ret = kplug_buffer_open(dev, a->pos[1], &buf);
	if (ret)
		return close_device(dev, a->pos[1], ret);
	ret = use_range(a, dev, buf, access, fn);
	kplug_buffer_free(buf);
	kplug_device_close(dev);
	return ret;
}

static void dump(const struct args *a, uint8_t *mem, size_t offset, size_t length)
{
	if (has(a, OPT_RAW))
		fwrite(mem, 1, length, stdout);
	else
		dump_bytes(mem, offset, length, stdout);
}

int buffer_dump(const struct args *a)
{
	return with_range(a, true, dump);
}

static void fill(const struct args *a, uint8_t *mem, size_t offset, size_t length)
{
	if (has(a, OPT_BYTE))
		memset(mem, (int)a->num[OPT_BYTE], length);
	else
		for (size_t i = 0; i < length; i++)
			mem[i] = (uint8_t)(offset + i);
}

int buffer_fill(const struct args *a)
{
	if (has(a, OPT_BYTE) == has(a, OPT_PATTERN))
		return wrong_usage(a, "give one of --byte and --pattern");
	if (has(a, OPT_PATTERN) && strcmp(a->text[OPT_PATTERN], "count") != 0)
		return wrong_usage(a, "--pattern '%s' is not known; there is count", a->text[OPT_PATTERN]);
	return with_range(a, false, fill);
}
