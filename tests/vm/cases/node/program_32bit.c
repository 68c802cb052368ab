// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: kmod/node/node.c kmod/soft/soft.c */
/* 32-bit programs are refused. Their system calls can be made from here: int 0x80, with addresses below 4 GiB. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/rig.h"

#define IA32_GETPID 20
#define IA32_IOCTL 54
#define IA32_MMAP2 192

/* -errno, or the result. */
static int call_32(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	int result;

	/* No operand can be %rbp, which has the sixth argument; below the stack pointer lies the red zone. */
	asm volatile("sub $128, %%rsp\n\t"
		     "push %%rbp\n\t"
		     "mov %[f], %%ebp\n\t"
		     "int $0x80\n\t"
		     "pop %%rbp\n\t"
		     "add $128, %%rsp"
		     : "=a"(result)
		     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), [f] "r"(f)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return result;
}

/* Without CONFIG_IA32_EMULATION it is ENOSYS or a fault. */
static bool kernel_has_them(void)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the test */
		_exit(call_32(IA32_GETPID, 0, 0, 0, 0, 0, 0) != getpid());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static int open_node(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void refused(void)
{
	struct kplug_info *info =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char name[48];
	int fd, soft = open_node("kplug_soft");

	snprintf(name, sizeof(name), "kplug/%s", at->name);
	fd = open_node(name);
	assert_ptr_not_equal(info, MAP_FAILED);
	if (!kernel_has_them()) {
		assert_non_null(strstr(getenv("KPLUG_KERNEL"), "-kplug-debug")); /* Debian's kernels have them */
		skip();
	}
	info->size = sizeof(*info);
	assert_int_equal(call_32(IA32_IOCTL, fd, (uint32_t)KPLUG_INFO, (uintptr_t)info, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(info->out_api_version, 0);
	assert_int_equal(call_32(IA32_IOCTL, soft, (uint32_t)KPLUG_SOFT_CREATE, (uintptr_t)info, 0, 0, 0), -EOPNOTSUPP);
	/* The offset is in pages of 4 KiB: BAR 0. */
	assert_int_equal(call_32(IA32_MMAP2, 0, 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(0) >> 12), -EOPNOTSUPP);
	munmap(info, 4096);
	close(fd);
	close(soft);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(refused),
	};

	return RIG_RUN(tests, RIG_BOTH);
}
