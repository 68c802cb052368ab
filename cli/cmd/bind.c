// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <errno.h>

#include "cli.h"

static int parse_policy(const struct args *a, enum kplug_reset_policy *ret)
{
	const char *text = a->text[OPT_RESET];

	for (*ret = 0; *ret < KPLUG_RESET_POLICIES; ++*ret)
		if (!strcmp(text, kplug_reset_policy_name(*ret)))
			return 0;
	return wrong_usage(a, "--reset: '%s' is none of needed, always and never", text);
}

/* What a device that cannot be reset means to its user. */
static void say_reset(const char *name)
{
	struct kplug_device *dev = NULL;
	struct kplug_info info = { 0 };

	if (!kplug_device_open(name, NULL, &dev) && !kplug_device_info(dev, &info) &&
	    !(info.out_flags & KPLUG_INFO_RESET))
		fprintf(stderr,
			"kplug: %s: cannot be reset: memory of killed programs may stay in quarantine "
			"until its unbind, unless its plugin vouches for it\n",
			name);
	kplug_device_close(dev);
}

int bind_device(const struct args *a)
{
	enum kplug_reset_policy policy = KPLUG_RESET_NEEDED;
	int ret = check_device_arg(a), err;

	if (!ret && has(a, OPT_RESET))
		ret = parse_policy(a, &policy);
	if (ret)
		return ret;
	err = kplug_bind(a->pos[0], has(a, OPT_FORCE));
	/* The library looks at the function first: that it is missing is the better reason. */
	if (err == -ENOPKG) {
		ret = load_module(a->pos[0], "kplug_pci");
		if (ret)
			return ret;
		err = kplug_bind(a->pos[0], has(a, OPT_FORCE));
	}
	if (!err && has(a, OPT_RESET))
		err = kplug_reset_policy_set(a->pos[0], policy);
	if (!err)
		say_reset(a->pos[0]);
	return lib_result(a->pos[0], err);
}

int unbind_device(const struct args *a)
{
	int ret = check_device_arg(a);

	return ret ? ret : lib_result(a->pos[0], kplug_unbind(a->pos[0]));
}
