// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Register access, through the mapped BAR or by ioctl. */
#include <errno.h>
#include <sys/mman.h>

#include "device/device.h"

static const struct kp_reason reasons[] = {
	{ EPERM, "CAP_SYS_RAWIO is missing; run it as root" },
	{ 0, NULL },
};

static const struct kp_reason locked_reasons[] = {
	{ EPERM, "the kernel is locked down and denies programs PCI registers; access them from a plugin" },
	{ 0, NULL },
};

int kp_reg_check(const struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width)
{
	uint64_t size = bar < KPLUG_BAR_MAX ? dev->info.out_bar_size[bar] : 0;

	if (!size)
		return kp_err(-ERANGE, "device %s: has no memory BAR %u", dev->name, bar);
	if (width != 1 && width != 2 && width != 4 && width != 8)
		return kp_err(-EINVAL, "device %s: register width %u; it must be 1, 2, 4 or 8 bytes", dev->name, width);
	if (offset % width)
		return kp_err(-EINVAL, "device %s: register offset 0x%llx is not a multiple of its width, %u",
			      dev->name, (unsigned long long)offset, width);
	if (size < width || offset > size - width)
		return kp_err(-ERANGE, "device %s: register offset 0x%llx is outside BAR %u, which has 0x%llx bytes",
			      dev->name, (unsigned long long)offset, bar, (unsigned long long)size);
	return 0;
}

/* Maps the BAR at its first use; NULL: it cannot be mapped, use the ioctl. */
static void *map_bar(struct kplug_device *dev, uint32_t bar)
{
	void *map = __atomic_load_n(&dev->bar[bar], __ATOMIC_ACQUIRE);

	if (map)
		return map == MAP_FAILED ? NULL : map;

	pthread_mutex_lock(&dev->bar_lock);
	map = dev->bar[bar];
	if (!map) {
		map = mmap(NULL, kp_page_round(dev->info.out_bar_size[bar]), PROT_READ | PROT_WRITE, MAP_SHARED,
			   dev->fd, KPLUG_MMAP_BAR(bar));
		/* The reason does not matter: the ioctl works, or reports it. */
		if (map == MAP_FAILED)
			kp_log(KPLUG_LOG_INFO,
			       "device %s: BAR %u cannot be mapped; its registers are accessed by ioctl", dev->name,
			       bar);
		__atomic_store_n(&dev->bar[bar], map, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&dev->bar_lock);
	return map == MAP_FAILED ? NULL : map;
}

void kp_reg_unmap(struct kplug_device *dev)
{
	uint32_t bar;

	for (bar = 0; bar < KPLUG_BAR_MAX; bar++) {
		if (dev->bar[bar] && dev->bar[bar] != MAP_FAILED)
			munmap(dev->bar[bar], kp_page_round(dev->info.out_bar_size[bar]));
	}
}

static int reg_ioctl(struct kplug_device *dev, struct kplug_reg *reg)
{
	int err = kp_ioctl(dev->fd, KPLUG_REG, reg);

	return err ? kp_fail(err, kp_locked_down() ? locked_reasons : reasons, "device %s: register 0x%llx of BAR %u",
			     dev->name, (unsigned long long)reg->offset, reg->bar)
		   : 0;
}

/* Checks the arguments; *ret_addr: the register's address, or NULL for the ioctl. */
static int find_reg(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, volatile void **ret_addr)
{
	char *map = NULL;
	int err = kp_reg_check(dev, bar, offset, width);

	if (err)
		return err;
	/* A 32-bit CPU would split an access of 8 bytes. */
	if ((dev->info.out_flags & KPLUG_INFO_BAR_MMAP) && width <= sizeof(long))
		map = map_bar(dev, bar);
	*ret_addr = map ? map + offset : NULL;
	return 0;
}

int kplug_reg_read(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, uint64_t *ret_value)
{
	struct kplug_reg reg = { .size = sizeof(reg), .bar = bar, .width = width, .offset = offset };
	volatile void *addr = NULL;
	int err = find_reg(dev, bar, offset, width, &addr);

	if (err)
		return err;
	if (!addr) {
		err = reg_ioctl(dev, &reg);
		if (!err)
			*ret_value = reg.out_value;
		return err;
	}
	switch (width) {
	case 1:
		*ret_value = *(volatile uint8_t *)addr;
		break;
	case 2:
		*ret_value = *(volatile uint16_t *)addr;
		break;
	case 4:
		*ret_value = *(volatile uint32_t *)addr;
		break;
	default:
		*ret_value = *(volatile uint64_t *)addr;
	}
	return 0;
}

int kplug_reg_write(struct kplug_device *dev, uint32_t bar, uint64_t offset, uint32_t width, uint64_t value)
{
	struct kplug_reg reg = { .size = sizeof(reg),
				 .flags = KPLUG_REG_WRITE,
				 .bar = bar,
				 .width = width,
				 .offset = offset,
				 .value = value };
	volatile void *addr = NULL;
	int err = find_reg(dev, bar, offset, width, &addr);

	if (err)
		return err;
	if (!addr)
		return reg_ioctl(dev, &reg);
	switch (width) {
	case 1:
		*(volatile uint8_t *)addr = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)addr = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)addr = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)addr = value;
	}
	return 0;
}
