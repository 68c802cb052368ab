// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: debug */
/* One call is held in its middle (rig/debug/fail.c) while another one goes through. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fault.h"

static const struct rig_dev *rig;
static struct kplug_device *dev;

static int begin(void **state)
{
	rig = *state;
	dev = rig_open(rig);
	fault_init();
	return 0;
}

static int end(void **state)
{
	(void)state;
	fault_exit();
	kplug_device_close(dev);
	return 0;
}

static _Noreturn void map_and_read(void)
{
	volatile uint32_t *regs;

	signal(SIGBUS, SIG_DFL); /* not cmocka's */
	regs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, kplug_device_fd(dev), KPLUG_MMAP_BAR(0));
	if (regs != MAP_FAILED)
		(void)*regs;
	_exit(regs == MAP_FAILED);
}

/* The module is done with the mmap, and the kernel has not listed it yet. */
static void a_bar_that_is_being_mapped_goes_with_its_device(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_ok(fault_hold("kplug_device_leave", 1));
	pid = fork();
	if (!pid)
		map_and_read();
	fault_wait();
	assert_ok(kplug_unbind(rig->name));
	assert_true(fault_call_end(1));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	kplug_device_close(dev);
	assert_ok(kplug_bind(rig->name, false));
	dev = rig_open(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bar_that_is_being_mapped_goes_with_its_device, begin, end),
	};

	return RIG_RUN(tests, RIG_EDU);
}
