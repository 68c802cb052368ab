// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Buffers as text and as JSON. */
#include "output/show.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>

/* A name, or the number if it has none; free() it. */
static char *owner_text(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? format_text("%s", user->pw_name) : format_text("%u", uid);
}

static char *group_text(uint32_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? format_text("%s", group->gr_name) : format_text("%u", gid);
}

void buffer_row(struct table *t, const char *device, const struct kplug_buffer_info *info)
{
	char *owner = owner_text(info->out_uid), *group = group_text(info->out_gid), part[8] = "";
	char addr[19] = "-";

	if (info->out_parts > 1)
		snprintf(part, sizeof(part), ":%u", info->out_part);
	if (info->out_dma_addr) /* else it is not shown to us, or 0 */
		snprintf(addr, sizeof(addr), "0x%" PRIx64, (uint64_t)info->out_dma_addr);
	table_row(t, "%s\t%s%s\t%" PRIu64 "\t%s\t%s\t%u\t%s\t%04o\t%s\t%s", device, info->out_name, part,
		  (uint64_t)info->out_bytes, kind_name(info->out_kind), addr, info->out_map_id,
		  info->out_flags & KPLUG_BUFFER_KEPT ? "yes" : "no", info->out_mode, owner, group);
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
	json_bool(o, "keep", info->out_flags & KPLUG_BUFFER_KEPT);
	json_string(o, "mode", mode);
	json_unsigned(o, "uid", info->out_uid);
	json_unsigned(o, "gid", info->out_gid);
	return o;
}
