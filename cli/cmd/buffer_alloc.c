// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* buffer alloc keeps a buffer, buffer free drops it. */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>

#include "cli.h"
#include "output/output.h"

static void print_allocated_text(const struct args *a, const struct kplug_buffer *buf)
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

static cJSON *maps_array(const struct kplug_buffer *buf)
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

static void print_allocated(const struct args *a, const struct kplug_buffer *buf)
{
	const char *kind = kind_name(kplug_buffer_kind(buf));
	cJSON *o;

	if (!has(a, OPT_JSON)) {
		print_allocated_text(a, buf);
		return;
	}
	o = json_object();
	json_string(o, "name", a->pos[1]);
	json_unsigned(o, "bytes", kplug_buffer_size(buf));
	json_string(o, "kind", kind);
	json_hex(o, "dma_addr", 1, kplug_buffer_dma_addr(buf));
	json_unsigned(o, "map_id", kplug_buffer_map_id(buf));
	json_add(o, "maps", maps_array(buf));
	json_print(o, stdout);
}

static int parse_kind(const struct args *a, enum kplug_buffer_kind *ret_kind)
{
	const char *text = a->text[OPT_KIND];

	*ret_kind = KPLUG_BUFFER_AUTO;
	if (!text)
		return 0;
	for (; *ret_kind < KPLUG_BUFFER_KINDS; (*ret_kind)++)
		if (*ret_kind != KPLUG_BUFFER_IMPORTED && !strcmp(text, kind_name(*ret_kind)))
			return 0;
	return wrong_usage(a, "--kind '%s' is none of auto, paged, contiguous, arena and wc", text);
}

static int parse_mode(const struct args *a, const char *text, uint32_t *ret)
{
	uint32_t mode = 0;

	if (!*text || strspn(text, "01234567") != strlen(text) || strlen(text) > 4)
		return wrong_usage(a, "--mode '%s' is not an octal number", text);
	while (*text)
		mode = mode * 8 + (uint32_t)(*text++ - '0');
	if (mode & ~0666U)
		return wrong_usage(a, "--mode 0%o has bits outside of 0666: a buffer can only be read and written",
				   mode);
	*ret = mode;
	return 0;
}

static int parse_id(const struct args *a, const char *option, const char *text, uint32_t *ret)
{
	uint64_t id;

	if (parse_number(text, 0, UINT32_MAX - 1, &id))
		return wrong_usage(a, "--%s '%s' is neither a known name nor a number", option, text);
	*ret = (uint32_t)id;
	return 0;
}

/* --mode, --owner and --group; the library's defaults for those not given. Returns 0 or CLI_USAGE. */
static int parse_rights(const struct args *a, struct kplug_buffer_rights *ret)
{
	const struct passwd *user = has(a, OPT_OWNER) ? getpwnam(a->text[OPT_OWNER]) : NULL;
	const struct group *group = has(a, OPT_GROUP) ? getgrnam(a->text[OPT_GROUP]) : NULL;
	int ret_code = 0;

	*ret = (struct kplug_buffer_rights){ .mode = 0666,
					     .uid = user ? user->pw_uid : KPLUG_SELF,
					     .gid = group ? group->gr_gid : KPLUG_SELF };
	if (has(a, OPT_MODE))
		ret_code = parse_mode(a, a->text[OPT_MODE], &ret->mode);
	if (!ret_code && has(a, OPT_OWNER) && !user)
		ret_code = parse_id(a, "owner", a->text[OPT_OWNER], &ret->uid);
	if (!ret_code && has(a, OPT_GROUP) && !group)
		ret_code = parse_id(a, "group", a->text[OPT_GROUP], &ret->gid);
	return ret_code;
}

int buffer_alloc(const struct args *a)
{
	struct kplug_alloc_opts opts = {
		.sz = sizeof(opts),
		.dma_bits = (uint32_t)a->num[OPT_DMA_BITS],
		.keep = true, /* the buffer outlives this command */
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
		ret = parse_rights(a, &rights);
	if (has(a, OPT_MODE) || has(a, OPT_OWNER) || has(a, OPT_GROUP))
		opts.rights = &rights;
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	ret = kplug_buffer_alloc(dev, a->pos[1], bytes, &opts, &buf);
	if (!ret) {
		print_allocated(a, buf);
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
