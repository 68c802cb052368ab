// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <inttypes.h>

#include "cli.h"

struct reg {
	uint64_t bar, offset, value;
	uint32_t width; /* bytes */
};

static int parse_reg(const struct args *a, struct reg *ret_reg)
{
	uint64_t bits = has(a, OPT_WIDTH) ? a->num[OPT_WIDTH] : 32;
	int ret;

	if (bits != 8 && bits != 16 && bits != 32 && bits != 64)
		return wrong_usage(a, "--width '%" PRIu64 "' is none of 8, 16, 32 and 64", bits);
	ret_reg->width = (uint32_t)bits / 8;
	ret = arg_number(a, "BAR", a->pos[1], 0, KPLUG_BAR_MAX - 1, &ret_reg->bar);
	if (!ret)
		ret = arg_number(a, "OFFSET", a->pos[2], 0, UINT64_MAX, &ret_reg->offset);
	if (!ret && a->npos > 3)
		ret = arg_number(a, "VALUE", a->pos[3], 0, UINT64_MAX >> (64 - bits), &ret_reg->value);
	return ret;
}

static int access_reg(const struct args *a, int (*access)(struct kplug_device *dev, struct reg *r))
{
	struct kplug_device *dev = NULL;
	struct reg r = { 0 };
	int ret;

	ret = parse_reg(a, &r);
	if (!ret)
		ret = open_device(a, false, &dev);
	if (ret)
		return ret;
	return close_device(dev, a->pos[0], access(dev, &r));
}

static int read_and_print(struct kplug_device *dev, struct reg *r)
{
	int err = kplug_reg_read(dev, (uint32_t)r->bar, r->offset, r->width, &r->value);

	if (!err)
		printf("0x%0*" PRIx64 "\n", (int)r->width * 2, r->value);
	return err;
}

static int write_value(struct kplug_device *dev, struct reg *r)
{
	return kplug_reg_write(dev, (uint32_t)r->bar, r->offset, r->width, r->value);
}

int reg_read(const struct args *a)
{
	return access_reg(a, read_and_print);
}

int reg_write(const struct args *a)
{
	return access_reg(a, write_value);
}
