// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* A buffer's owner, group and mode, as options and as text. */
#include "rights.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

#include "parse.h"

static int parse_mode(const struct args *a, const char *text, uint32_t *ret)
{
	uint32_t mode = 0;

	if (!*text || strspn(text, "01234567") != strlen(text) || strlen(text) > 4)
		return wrong_usage(a, "--mode '%s' is no octal number", text);
	while (*text)
		mode = mode * 8 + (uint32_t)(*text++ - '0');
	if (mode & ~0666U)
		return wrong_usage(a, "--mode 0%o has bits other than 0666: a buffer is read and written", mode);
	*ret = mode;
	return 0;
}

static int parse_id(const struct args *a, const char *option, const char *text, uint32_t *ret)
{
	uint64_t id;

	if (parse_number(text, 0, UINT32_MAX - 1, &id))
		return wrong_usage(a, "--%s '%s' is neither a name that this system knows nor a number", option, text);
	*ret = (uint32_t)id;
	return 0;
}

int rights_parse(const struct args *a, struct kplug_buffer_rights *ret)
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

char *owner_text(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return user ? format_text("%s", user->pw_name) : format_text("%u", uid);
}

char *group_text(uint32_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? format_text("%s", group->gr_name) : format_text("%u", gid);
}
