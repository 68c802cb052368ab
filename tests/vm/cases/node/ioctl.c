// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi */
/* kernel: one */
/* shows: KPLUG_INFO KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_FREE KPLUG_BUFFER_EXPORT */
/* shows: KPLUG_BUFFER_ACCESS KPLUG_PLUGIN_LOAD KPLUG_PLUGIN_UNLOAD KPLUG_PLUGIN_ROLLBACK KPLUG_PLUGIN_INFO */
/* shows: KPLUG_CALL KPLUG_IRQ_ENABLE KPLUG_IRQ_DISABLE KPLUG_IRQ_UNMASK KPLUG_IRQ_TRIGGER KPLUG_IRQ_RESUME */
/* shows: KPLUG_IRQ_INFO KPLUG_REG KPLUG_DMA_LOCK KPLUG_DMA_ENTRIES KPLUG_DMA_UNLOCK KPLUG_SOFT_CREATE */
/* shows: KPLUG_SOFT_DELETE kmod/node/ioctl.c kmod/pci/bar.c kmod/node/node.c kmod/node/registry.c */
/* shows: kmod/soft/soft.c */
/* The ABI's edges: struct sizes, flags, pointers, unknown commands, registers. Raw ioctls, no library. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/rig.h"

static int fd = -1;

static void setup(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/kplug/%s", at->name);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
}

static void teardown(void)
{
	close(fd);
}

static int call(unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

/* Every command, what it says to a zeroed struct of exact size, and the size of its struct. */
static const struct command {
	const char *name;
	unsigned long cmd;
	uint32_t size;
	int zeroed; /* errno, or 0 */
} commands[] = {
	{ "INFO", KPLUG_INFO, sizeof(struct kplug_info), 0 },
	{ "BUFFER_ALLOC", KPLUG_BUFFER_ALLOC, sizeof(struct kplug_buffer_alloc), EINVAL },
	{ "BUFFER_INFO", KPLUG_BUFFER_INFO, sizeof(struct kplug_buffer_info), ENOENT },
	{ "BUFFER_KEEP", KPLUG_BUFFER_KEEP, sizeof(struct kplug_buffer_name), EINVAL },
	{ "BUFFER_FREE", KPLUG_BUFFER_FREE, sizeof(struct kplug_buffer_name), EINVAL },
	{ "BUFFER_EXPORT", KPLUG_BUFFER_EXPORT, sizeof(struct kplug_buffer_export), EINVAL },
	{ "BUFFER_ACCESS", KPLUG_BUFFER_ACCESS, sizeof(struct kplug_buffer_access), EINVAL },
	{ "LIMIT", KPLUG_LIMIT, sizeof(struct kplug_limit), 0 },
	{ "PLUGIN_LOAD", KPLUG_PLUGIN_LOAD, sizeof(struct kplug_plugin_load), EINVAL },
	{ "PLUGIN_UNLOAD", KPLUG_PLUGIN_UNLOAD, sizeof(struct kplug_plugin_unload), ENOENT },
	{ "PLUGIN_ROLLBACK", KPLUG_PLUGIN_ROLLBACK, sizeof(struct kplug_plugin_unload), ENOENT },
	{ "PLUGIN_INFO", KPLUG_PLUGIN_INFO, sizeof(struct kplug_plugin_info), ENOENT },
	{ "CALL", KPLUG_CALL, sizeof(struct kplug_call), ENOMSG },
	{ "IRQ_DISABLE", KPLUG_IRQ_DISABLE, sizeof(struct kplug_irq), EALREADY },
	{ "IRQ_ENABLE", KPLUG_IRQ_ENABLE, sizeof(struct kplug_irq_enable), -1 }, /* changes: see below */
	{ "IRQ_UNMASK", KPLUG_IRQ_UNMASK, sizeof(struct kplug_irq), 0 },
	{ "IRQ_TRIGGER", KPLUG_IRQ_TRIGGER, sizeof(struct kplug_irq), -1 },
	{ "IRQ_RESUME", KPLUG_IRQ_RESUME, sizeof(struct kplug_irq), EALREADY },
	{ "IRQ_INFO", KPLUG_IRQ_INFO, sizeof(struct kplug_irq_info), 0 },
	{ "REG", KPLUG_REG, sizeof(struct kplug_reg), EINVAL },
	{ "DMA_LOCK", KPLUG_DMA_LOCK, sizeof(struct kplug_dma_lock), EINVAL },
	{ "DMA_ENTRIES", KPLUG_DMA_ENTRIES, sizeof(struct kplug_dma_entries), ENOENT },
	{ "DMA_UNLOCK", KPLUG_DMA_UNLOCK, sizeof(struct kplug_dma_unlock), ENOENT },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

union args {
	uint32_t size;
	uint8_t bytes[4096];
};

/* Of its struct's first version. */
static uint32_t first_size(const struct command *c)
{
	if (c->cmd == KPLUG_BUFFER_ALLOC)
		return offsetof(struct kplug_buffer_alloc, timeout_ms);
	if (c->cmd == KPLUG_BUFFER_INFO)
		return offsetof(struct kplug_buffer_info, out_mode);
	return c->size;
}

static void check(const struct command *c, int expected, uint32_t size, uint8_t tail)
{
	union args args = { .size = size };
	int err;

	args.bytes[c->size] = tail;
	err = call(c->cmd, &args);
	if (err != -expected)
		fail_msg("%s with size %u: %d, want %d", c->name, size, err, -expected);
}

static void sizes(void)
{
	const struct command *c;

	for (c = commands; c < commands + COMMANDS; c++) {
		check(c, EINVAL, 0, 0);
		check(c, EINVAL, first_size(c) - 4, 0);
		check(c, E2BIG, c->size + 8, 1);
		check(c, E2BIG, 1U << 20, 0); /* more than a page */
		if (c->zeroed < 0)
			continue;
		check(c, c->zeroed, c->size, 1); /* not looked at */
		check(c, c->zeroed, c->size + 8, 0);
		check(c, c->zeroed, first_size(c), 0);
	}
}

static void bad_pointers(void)
{
	const struct command *c;
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *last = page + 4096 - 4;

	assert_ptr_not_equal(page, MAP_FAILED);
	munmap(page + 4096, 4096);
	for (c = commands; c < commands + COMMANDS; c++) {
		assert_int_equal(call(c->cmd, NULL), -EFAULT);
		*(uint32_t *)last = c->size; /* the rest of the struct is not there */
		assert_int_equal(call(c->cmd, last), -EFAULT);
	}
	munmap(page, 4096);
}

/* The struct can be read but not written: no fd is left behind. */
static void read_only_struct(void)
{
	struct kplug_buffer_alloc *alloc = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kplug_buffer_info *find = (void *)alloc;
	int unused = dup(0);

	assert_ptr_not_equal(alloc, MAP_FAILED);
	close(unused);
	*alloc = (struct kplug_buffer_alloc){ .size = sizeof(*alloc), .bytes = 4096, .name = "hidden" };
	assert_int_equal(mprotect(alloc, 4096, PROT_READ), 0);
	assert_int_equal(call(KPLUG_BUFFER_ALLOC, alloc), -EFAULT);
	assert_int_equal(mprotect(alloc, 4096, PROT_READ | PROT_WRITE), 0);
	*find = (struct kplug_buffer_info){ .size = sizeof(*find), .name = "hidden" };
	assert_int_equal(call(KPLUG_BUFFER_INFO, find), -ENOENT);

	*alloc = (struct kplug_buffer_alloc){ .size = sizeof(*alloc), .bytes = 4096, .name = "seen" };
	assert_int_equal(call(KPLUG_BUFFER_ALLOC, alloc), 0);
	assert_int_equal(alloc->out_fd, unused);
	*find = (struct kplug_buffer_info){ .size = sizeof(*find), .flags = KPLUG_BUFFER_FD, .name = "seen" };
	assert_int_equal(mprotect(alloc, 4096, PROT_READ), 0);
	assert_int_equal(call(KPLUG_BUFFER_INFO, find), -EFAULT);
	close(unused);
	/* What has no outputs needs not be written. */
	assert_int_equal(mprotect(alloc, 4096, PROT_READ | PROT_WRITE), 0);
	*(struct kplug_irq_enable *)(void *)alloc =
		(struct kplug_irq_enable){ .size = sizeof(struct kplug_irq_enable) };
	assert_int_equal(mprotect(alloc, 4096, PROT_READ), 0);
	assert_int_equal(call(KPLUG_IRQ_ENABLE, alloc), 0);
	assert_int_equal(call(KPLUG_IRQ_DISABLE, alloc), 0);
	munmap(alloc, 4096);
	assert_int_equal(dup(0), unused); /* no other was taken in between */
	assert_int_equal(dup(0), unused + 1);
	close(unused);
	close(unused + 1);
}

static int reg_access(uint32_t bar, uint64_t offset, uint32_t width, uint32_t flags, uint64_t *value)
{
	struct kplug_reg reg = {
		.size = sizeof(reg),
		.flags = flags,
		.bar = bar,
		.offset = offset,
		.width = width,
		.value = *value,
	};
	int err = call(KPLUG_REG, &reg);

	*value = reg.out_value;
	return err;
}

/* Nor a lock, nor a register written. */
static void read_only_struct_of_what_acts(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kplug_info info = { .size = sizeof(info) };
	struct kplug_dma_lock *lock = page;
	struct kplug_reg *reg = page;
	uint64_t value = 1;

	assert_ptr_not_equal(page, MAP_FAILED);
	*lock = (struct kplug_dma_lock){ .size = sizeof(*lock), .addr = (uintptr_t)&value & -4096UL, .bytes = 4096 };
	assert_int_equal(mprotect(page, 4096, PROT_READ), 0);
	assert_int_equal(call(KPLUG_DMA_LOCK, lock), -EFAULT);
	assert_int_equal(call(KPLUG_INFO, &info), 0);
	assert_int_equal(info.out_locked, 0);

	assert_int_equal(reg_access(0, EDU_LIVENESS, 4, KPLUG_REG_WRITE, &value), 0);
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
	*reg = (struct kplug_reg){
		.size = sizeof(*reg), .flags = KPLUG_REG_WRITE, .offset = EDU_LIVENESS, .width = 4, .value = 2
	};
	assert_int_equal(mprotect(page, 4096, PROT_READ), 0);
	assert_int_equal(call(KPLUG_REG, reg), -EFAULT);
	assert_int_equal(reg_access(0, EDU_LIVENESS, 4, 0, &value), 0);
	assert_int_equal(value, (uint32_t)~1U);
	munmap(page, 4096);
}

static void unknown_commands(void)
{
	union args args = { .size = sizeof(struct kplug_info) };

	assert_int_equal(call(_IOWR(KPLUG_IOC_MAGIC, 63, struct kplug_info), &args), -ENOTTY);
	assert_int_equal(call(_IOWR(KPLUG_IOC_MAGIC, 255, struct kplug_info), &args), -ENOTTY);
	assert_int_equal(call(_IOWR('x', 0, struct kplug_info), &args), -ENOTTY);
	assert_int_equal(call(_IOR(KPLUG_IOC_MAGIC, 0, struct kplug_info), &args), -ENOTTY);
	assert_int_equal(call(KPLUG_SOFT_CREATE, &args), -ENOTTY);
}

static void reserved_and_flags(void)
{
	struct kplug_buffer_alloc alloc = { .size = sizeof(alloc), .flags = 4, .bytes = 4096, .name = "x" };
	struct kplug_buffer_info info = { .size = sizeof(info), .flags = 2 };
	struct kplug_buffer_name free_arg = { .size = sizeof(free_arg), .reserved = 1, .name = "x" };
	struct kplug_buffer_export export = { .size = sizeof(export), .reserved = 1, .name = "x" };
	struct kplug_plugin_load load = { .size = sizeof(load), .flags = 2, .name = "x" };
	struct kplug_plugin_unload unload = { .size = sizeof(unload), .reserved = 1 };
	struct kplug_plugin_info plugin = { .size = sizeof(plugin), .flags = 2 };
	struct kplug_irq_enable enable = { .size = sizeof(enable), .reserved = 1 };
	struct kplug_reg reg = { .size = sizeof(reg), .flags = 2, .width = 4 };
	struct kplug_dma_lock lock = { .size = sizeof(lock), .flags = 1, .addr = (uintptr_t)&reg, .bytes = 1 };
	struct kplug_dma_entries entries = { .size = sizeof(entries), .reserved = 1 };

	assert_int_equal(call(KPLUG_DMA_ENTRIES, &entries), -EINVAL);
	assert_int_equal(call(KPLUG_DMA_LOCK, &lock), -EINVAL);
	lock.flags = 0;
	lock.reserved = 1;
	assert_int_equal(call(KPLUG_DMA_LOCK, &lock), -EINVAL);
	assert_int_equal(call(KPLUG_BUFFER_ALLOC, &alloc), -EINVAL);
	assert_int_equal(call(KPLUG_BUFFER_INFO, &info), -EINVAL);
	assert_int_equal(call(KPLUG_BUFFER_FREE, &free_arg), -EINVAL);
	assert_int_equal(call(KPLUG_BUFFER_EXPORT, &export), -EINVAL);
	assert_int_equal(call(KPLUG_PLUGIN_LOAD, &load), -EINVAL);
	assert_int_equal(call(KPLUG_PLUGIN_UNLOAD, &unload), -EINVAL);
	assert_int_equal(call(KPLUG_PLUGIN_ROLLBACK, &unload), -EINVAL);
	assert_int_equal(call(KPLUG_PLUGIN_INFO, &plugin), -EINVAL);
	assert_int_equal(call(KPLUG_IRQ_ENABLE, &enable), -EINVAL);
	enable = (struct kplug_irq_enable){ .size = sizeof(enable), .flags = 2 };
	assert_int_equal(call(KPLUG_IRQ_ENABLE, &enable), -EINVAL);
	assert_int_equal(call(KPLUG_REG, &reg), -EINVAL);
}

/* The other node has two commands, with the same rules. */
static void soft_sizes(void)
{
	const uint32_t size = sizeof(struct kplug_soft);
	const struct {
		uint32_t size;
		uint8_t tail;
		int error;
	} tries[] = { { 0, 0, EINVAL },	  { size - 4, 0, EINVAL }, { size + 8, 1, E2BIG }, { 1U << 20, 0, E2BIG },
		      { 4097, 0, E2BIG }, { size, 1, 0 },	   { size + 8, 0, 0 } };
	int soft = open("/dev/kplug_soft", O_RDWR | O_CLOEXEC);
	size_t i;

	assert_true(soft >= 0);
	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		union args args = { .bytes = { 0 } };
		struct kplug_soft req = { .size = tries[i].size, .vectors = 1, .name = "sizes" };
		int err;

		memcpy(&args, &req, sizeof(req));
		args.bytes[size] = tries[i].tail;
		err = ioctl(soft, KPLUG_SOFT_CREATE, &args) ? errno : 0;
		if (err != tries[i].error)
			fail_msg("size %u: %d, want %d", tries[i].size, err, tries[i].error);
		if (!err)
			assert_int_equal(ioctl(soft, KPLUG_SOFT_DELETE, &args), 0);
	}
	assert_int_equal(ioctl(soft, KPLUG_INFO, &tries), -1);
	assert_int_equal(errno, ENOTTY);
	close(soft);
}

static void soft_reserved(void)
{
	struct kplug_soft req = { .size = sizeof(req), .vectors = 1, .name = "reserved" };
	int soft = open("/dev/kplug_soft", O_RDWR | O_CLOEXEC);

	assert_true(soft >= 0);
	req.reserved = 1;
	assert_int_equal(ioctl(soft, KPLUG_SOFT_CREATE, &req), -1);
	assert_int_equal(errno, EINVAL);
	req.reserved = 0;
	assert_int_equal(ioctl(soft, KPLUG_SOFT_CREATE, &req), 0);
	req.reserved = 1;
	assert_int_equal(ioctl(soft, KPLUG_SOFT_DELETE, &req), -1);
	assert_int_equal(errno, EINVAL);
	req.reserved = 0;
	assert_int_equal(ioctl(soft, KPLUG_SOFT_DELETE, &req), 0);
	close(soft);
}

/* Outputs are written on success only, and no more of them than the caller's struct holds. */
static void outputs(void)
{
	struct kplug_reg reg = { .size = sizeof(reg), .bar = 6, .width = 4, .out_value = 42 };
	struct {
		struct kplug_info info;
		uint64_t canary;
	} small = { .info.size = sizeof(small.info), .canary = 42 };

	assert_int_equal(call(KPLUG_REG, &reg), -ERANGE);
	assert_int_equal(reg.out_value, 42);
	assert_int_equal(call(KPLUG_INFO, &small), 0);
	assert_int_equal(small.info.size, sizeof(small.info));
	assert_int_equal(small.info.out_api_version, KPLUG_API_VERSION);
	assert_int_equal(small.canary, 42);
}

static void registers(void)
{
	uint64_t value = 0;

	assert_int_equal(reg_access(0, EDU_ID, 4, 0, &value), 0);
	assert_int_equal(value, 0x010000ed);
	value = 0xaabbccdd;
	assert_int_equal(reg_access(0, EDU_LIVENESS, 4, KPLUG_REG_WRITE, &value), 0);
	assert_int_equal(reg_access(0, EDU_LIVENESS, 4, 0, &value), 0);
	assert_int_equal(value, (uint32_t)~0xaabbccdd);
	value = 0x123456789a;
	assert_int_equal(reg_access(0, EDU_DMA_DST, 8, KPLUG_REG_WRITE, &value), 0);
	assert_int_equal(reg_access(0, EDU_DMA_DST, 8, 0, &value), 0);
	assert_int_equal(value, 0x123456789a);
}

static void registers_outside(void)
{
	static const struct {
		uint32_t bar;
		uint64_t offset;
		uint32_t width;
		int error;
	} bad[] = {
		{ 0, 1 << 20, 4, ERANGE },
		{ 0, (1 << 20) - 1, 2, EINVAL },
		{ 0, 1ULL << 63, 8, ERANGE },
		{ 0, UINT64_MAX, 1, ERANGE },
		{ 0, UINT64_MAX - 7, 8, ERANGE },
		{ 1, 0, 4, ERANGE },
		{ 5, 0, 1, ERANGE },
		{ 6, 0, 1, ERANGE },
		{ UINT32_MAX, 0, 1, ERANGE },
		{ 0, 1, 2, EINVAL },
		{ 0, 2, 4, EINVAL },
		{ 0, 4, 8, EINVAL },
		{ 0, 0, 0, EINVAL },
		{ 0, 0, 3, EINVAL },
		{ 0, 0, 16, EINVAL },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t value = 0;
		int err = reg_access(bad[i].bar, bad[i].offset, bad[i].width, i & 1 ? KPLUG_REG_WRITE : 0, &value);

		if (err != -bad[i].error)
			fail_msg("bar %u offset %#lx width %u: %d, want %d", bad[i].bar, (unsigned long)bad[i].offset,
				 bad[i].width, err, -bad[i].error);
	}
}

static void mappings_outside(void)
{
	static const struct {
		uint64_t offset;
		size_t length;
		int prot, flags, error;
	} bad[] = {
		{ 0, 4096, PROT_READ, MAP_SHARED, ENXIO },
		{ KPLUG_MMAP_BUFFER(77), 4096, PROT_READ, MAP_SHARED, ENXIO },
		{ KPLUG_MMAP_BUFFER(77), 4096, PROT_READ | PROT_WRITE, MAP_SHARED, EACCES },
		{ KPLUG_MMAP_BUFFER(77), 4096, PROT_READ, MAP_PRIVATE, EACCES },
		{ KPLUG_MMAP_HUGE(77), 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ENXIO },
		{ KPLUG_MMAP_HUGE(77), 4096, PROT_READ, MAP_PRIVATE, EACCES },
		{ KPLUG_MMAP_HUGE(KPLUG_BUFFER_ID_MAX), 4096, PROT_READ, MAP_SHARED, ENXIO },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_ptr_equal(mmap(NULL, bad[i].length, bad[i].prot, bad[i].flags, fd, bad[i].offset), MAP_FAILED);
		assert_int_equal(errno, bad[i].error);
	}
}

static void bar_mappings(void)
{
	volatile uint32_t *regs;

	regs = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, KPLUG_MMAP_BAR(0));
	if (at->soft) {
		/* Its registers are no memory. */
		assert_ptr_equal(regs, MAP_FAILED);
		assert_int_equal(errno, ENODEV);
		return;
	}
	assert_ptr_not_equal(regs, MAP_FAILED);
	assert_int_equal(regs[0], 0x010000ed);
	munmap((void *)regs, 1 << 20);
	assert_ptr_equal(mmap(NULL, (1 << 20) + 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(0)), MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(0) + (1 << 20)), MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(1)), MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, KPLUG_MMAP_BAR(6)), MAP_FAILED);
	assert_int_equal(errno, ENXIO);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, KPLUG_MMAP_BAR(0)), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
}

int main(void)
{
	const struct rig_test tests[] = {
		TEST(sizes),
		TEST(bad_pointers),
		TEST(read_only_struct),
		TEST(read_only_struct_of_what_acts),
		TEST(unknown_commands),
		TEST(reserved_and_flags),
		TEST(soft_sizes),
		TEST(soft_reserved),
		TEST(outputs),
		TEST(registers),
		TEST(registers_outside),
		TEST(mappings_outside),
		TEST(bar_mappings),
	};

	return RIG_RUN(tests, RIG_BOTH, .setup = setup, .teardown = teardown);
}
