// SPDX-License-Identifier: GPL-2.0-only
/* machine: kexec */
/* shows: hook:event kmod/pci/pci.c */
/*
 * Another kernel starts without a reset of the machine. The guest runs this case twice: the first time it starts that
 * kernel, with a device in use; there, the second time, it looks at what the device was left as.
 */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/prog.h"
#include "bpf/suspend_mark.h"

#define AGAIN " kplug_kexec"

static char cmdline[4096];
static uint64_t value; /* of a register */

static int open_for_kexec(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void read_cmdline(void)
{
	FILE *file = fopen("/proc/cmdline", "re");

	assert_non_null(file);
	assert_non_null(fgets(cmdline, sizeof(cmdline) - sizeof(AGAIN), file));
	fclose(file);
	cmdline[strcspn(cmdline, "\n")] = '\0';
}

static uint16_t command_register(const char *address)
{
	uint16_t command = 0;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", address);
	fd = open_for_kexec(path);
	assert_int_equal(pread(fd, &command, sizeof(command), PCI_COMMAND), sizeof(command));
	close(fd);
	return command;
}

#define NVME_INTMS 0x0c /* the mask of interrupts, which a reset clears */

static struct rig_dev edu;
static char nvme[KPLUG_NAME_LEN];

static void find_edu(void)
{
	assert_int_equal(sscanf(getenv("KPLUG_EDU"), "%31s", edu.name), 1);
	at = &edu;
	rig_find_pci(0x1b36, 0x0010, nvme);
}

/* nvme, which can be reset, as edu cannot: sets a register, and has memory that it could write. */
static void use_nvme(void)
{
	struct kplug_device *queue = NULL;

	assert_ok(kplug_bind(nvme, false));
	assert_ok(kplug_device_open(nvme, NULL, &queue));
	assert_ok(kplug_reg_write(queue, 0, NVME_INTMS, 4, 0x10));
	assert_ok(kplug_reg_read(queue, 0, NVME_INTMS, 4, &value));
	assert_int_equal(value, 0x10);
	rig_buffer(queue, "queue", 4096);
}

/* Ends only in failure. */
static void start_another_kernel(void)
{
	char image[64];

	find_edu();
	assert_ok(kplug_bind(edu.name, false));
	dev = rig_open(at);
	rig_load(dev, "suspend_mark", NULL);
	rig_buffer(dev, "master", 4096);
	assert_true(command_register(edu.name) & PCI_COMMAND_MASTER);
	assert_ok(kplug_irq_enable(dev, 0, NULL, 0));
	assert_false(rig_line_is_off(edu.name));
	use_nvme();
	snprintf(image, sizeof(image), "/boot/vmlinuz-%s", getenv("KPLUG_KERNEL"));
	strcat(cmdline, AGAIN);
	assert_ok(syscall(SYS_kexec_file_load, open_for_kexec(image), open_for_kexec("/res/initramfs.cpio"),
			  strlen(cmdline) + 1, cmdline, 0UL)
			  ? -errno
			  : 0);
	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	fail_msg("no other kernel starts: %s", strerror(errno));
}

static void device_was_silenced(void)
{
	find_edu();
	assert_false(command_register(edu.name) & PCI_COMMAND_MASTER); /* the kernel sees to it, too */
	assert_true(rig_line_is_off(edu.name));
}

static void plugin_was_told(void)
{
	assert_ok(kplug_bind(edu.name, false));
	dev = rig_open(at);
	assert_ok(kplug_reg_read(dev, EDU_BAR, EDU_LIVENESS, 4, &value));
	assert_int_equal(value, (uint32_t)~SUSPEND_MARK);
	rig_close();
	assert_ok(kplug_unbind(edu.name));
}

static void device_with_memory_was_reset(void)
{
	struct kplug_device *queue = NULL;

	assert_ok(kplug_bind(nvme, false));
	assert_ok(kplug_device_open(nvme, NULL, &queue));
	assert_ok(kplug_reg_read(queue, 0, NVME_INTMS, 4, &value));
	assert_int_equal(value, 0);
	kplug_device_close(queue);
	assert_ok(kplug_unbind(nvme));
}

int main(void)
{
	const struct rig_test first[] = { TEST(start_another_kernel) };
	const struct rig_test second[] = { TEST(device_was_silenced), TEST(plugin_was_told),
					   TEST(device_with_memory_was_reset) };

	read_cmdline();
	if (!strstr(cmdline, AGAIN))
		return RIG_RUN(first, RIG_NONE);
	return RIG_RUN(second, RIG_NONE);
}
