// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* shows: kmod/pci/bar.c */
/* kernel: debug */
/* One call is held in its middle (rig/debug/fail.c) while another one goes through. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fault.h"

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
static void a_bar_that_is_being_mapped_goes_with_its_device(void)
{
	int status;
	pid_t pid;

	assert_ok(fault_hold("kplug_device_leave", 1));
	pid = fork();
	if (!pid)
		map_and_read();
	fault_wait();
	assert_ok(kplug_unbind(at->name));
	assert_true(fault_call_end(1));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	rig_close();
	assert_ok(kplug_bind(at->name, false));
	dev = rig_open(at);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(a_bar_that_is_being_mapped_goes_with_its_device),
	};

	return RIG_RUN(tests, RIG_EDU, .setup = fault_init, .teardown = fault_exit);
}
