// SPDX-License-Identifier: GPL-2.0-only
#include "kind.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum kplug_buffer_kind kind;

int kind_run(const struct rig_test *tests, size_t count, struct rig_run run)
{
	int failed;

	if (!rig_machine("iommu")) {
		kind = KPLUG_BUFFER_CONTIGUOUS;
		return rig_run(tests, count, run);
	}
	run.devices = RIG_EDU;
	kind = KPLUG_BUFFER_PAGED;
	printf("# paged\n");
	fflush(stdout);
	failed = rig_run(tests, count, run);
	if (getenv("KPLUG_ONE_KIND"))
		return failed;
	kind = KPLUG_BUFFER_CONTIGUOUS;
	printf("# contiguous\n");
	fflush(stdout);
	return failed + rig_run(tests, count, run);
}

struct kplug_buffer *kind_buffer(struct kplug_device *device, const char *name, size_t bytes)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .dma_bits = 28 };
	struct kplug_buffer *buf = NULL;

	assert_ok(kplug_buffer_alloc(device, name, bytes, &opts, &buf));
	return buf;
}

uint32_t kind_count(struct kplug_device *device)
{
	struct kplug_info info;

	assert_ok(kplug_device_info(device, &info));
	return info.out_buffers;
}

size_t kind_foreign_bytes(struct kplug_device *device, size_t count, size_t bytes, uint32_t dma_bits, unsigned int us)
{
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .dma_bits = dma_bits };
	struct kplug_buffer **buffers = (struct kplug_buffer **)calloc(count, sizeof(struct kplug_buffer *));
	size_t found = 0, i, j;
	char name[32];

	assert_non_null(buffers);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "other%zu", i);
		assert_ok(kplug_buffer_alloc(device, name, bytes, &opts, &buffers[i]));
	}
	usleep(us);
	for (i = 0; i < count; i++) {
		const uint8_t *mem = kplug_buffer_ptr(buffers[i]);

		for (j = 0; j < bytes; j++)
			found += mem[j] != 0;
		kplug_buffer_free(buffers[i]);
	}
	free((void *)buffers);
	return found;
}

int kind_child(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* cmocka's handlers would go on with its next test. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		status = fn(arg);
		fflush(stdout);
		_exit(status);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool kind_all(const void *mem, int value, size_t bytes)
{
	const uint8_t *p = mem;

	return !bytes || (*p == (uint8_t)value && !memcmp(p, p + 1, bytes - 1));
}

static bool dma_done(void *device)
{
	uint64_t command;

	assert_ok(kplug_reg_read(device, 0, EDU_DMA_CMD, 4, &command));
	return !(command & EDU_DMA_CMD_START);
}

static int dma_start(struct kplug_device *device, uint64_t from, uint64_t to, uint32_t bytes, uint32_t command)
{
	return kplug_reg_write(device, 0, EDU_DMA_SRC, 8, from) ?: kplug_reg_write(device, 0, EDU_DMA_DST, 8, to) ?:
	       kplug_reg_write(device, 0, EDU_DMA_COUNT, 8, bytes) ?:
	       kplug_reg_write(device, 0, EDU_DMA_CMD, 8, command);
}

static void dma(struct kplug_device *device, uint64_t from, uint64_t to, uint32_t bytes, uint32_t command)
{
	assert_ok(dma_start(device, from, to, bytes, command));
	rig_until(dma_done, device);
}

int kind_dma_start_out(struct kplug_device *device, uint64_t to)
{
	return dma_start(device, EDU_MEMORY, to, KIND_DMA_MAX, EDU_DMA_CMD_START | EDU_DMA_CMD_TO_RAM);
}

void kind_fill_device(struct kplug_device *device, int value)
{
	struct kplug_buffer *buf = rig_buffer(device, "fill", PAGE);

	memset(kplug_buffer_ptr(buf), value, PAGE);
	kind_dma_in(device, kplug_buffer_dma_addr(buf), 0, KIND_DMA_MAX);
	kplug_buffer_free(buf);
}

void kind_dma_in(struct kplug_device *device, uint64_t from, uint32_t offset, uint32_t bytes)
{
	dma(device, from, EDU_MEMORY + offset, bytes, EDU_DMA_CMD_START);
}

void kind_dma_out(struct kplug_device *device, uint32_t offset, uint64_t to, uint32_t bytes)
{
	dma(device, EDU_MEMORY + offset, to, bytes, EDU_DMA_CMD_START | EDU_DMA_CMD_TO_RAM);
}
