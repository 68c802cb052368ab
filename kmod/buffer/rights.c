// SPDX-License-Identifier: GPL-2.0-only
/* Owner, group and mode of a buffer, with the rules that files have (fs/namei.c, fs/attr.c). */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/user_namespace.h>

#include "buffer/buffer.h"

#define ALL 0666
#define NOT_GIVEN U32_MAX

int kplug_rights_init(struct kplug_rights *rights, const struct kplug_buffer_alloc *arg)
{
	*rights = (struct kplug_rights){ .uid = current_fsuid(), .gid = current_fsgid(), .mode = ALL };
	if (!(arg->flags & KPLUG_BUFFER_RIGHTS))
		return arg->mode || arg->uid || arg->gid ? -EINVAL : 0;
	if (arg->mode & ~ALL)
		return -EINVAL;
	rights->mode = arg->mode;
	if (arg->uid != NOT_GIVEN)
		rights->uid = make_kuid(current_user_ns(), arg->uid);
	if (arg->gid != NOT_GIVEN)
		rights->gid = make_kgid(current_user_ns(), arg->gid);
	if (!uid_valid(rights->uid) || !gid_valid(rights->gid))
		return -EINVAL;
	if ((uid_eq(rights->uid, current_fsuid()) && in_group_p(rights->gid)) || capable(CAP_CHOWN))
		return 0;
	return -EPERM;
}

/* By owner, group and mode alone: sleeps on no kernel. */
static bool mode_allows(const struct kplug_rights *rights, int wanted)
{
	umode_t mode = rights->mode;

	if (uid_eq(rights->uid, current_fsuid()))
		mode >>= 6;
	else if (in_group_p(rights->gid))
		mode >>= 3;
	return (mode & wanted) == wanted;
}

int kplug_rights_check(const struct kplug_rights *rights, int wanted)
{
	/* Asked for each buffer of a listing, too: silent. */
	return mode_allows(rights, wanted) || ns_capable_noaudit(&init_user_ns, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
}
EXPORT_SYMBOL_GPL(kplug_rights_check);

int kplug_dma_check(struct kplug_device *kdev, struct kplug_file *kfile, u64 file, u64 addr, u64 len)
{
	const struct kplug_buffer *buf = kplug_buffer_at_dma(kdev, addr, len);
	bool ok;

	if (buf)
		ok = READ_ONCE(buf->owner) == file || mode_allows(&buf->rights, MAY_READ | MAY_WRITE);
	else
		ok = kplug_umem_covers(kfile, addr, len);
	return ok ? 0 : -EACCES;
}
