/* SPDX-License-Identifier: GPL-2.0-only */
/* What the arguments of the ioctls look like, by members: for fuzz_ioctl.c. */
#ifndef FORMS_H
#define FORMS_H

#include <stddef.h>
#include <stdint.h>

#include "libkplug.h"

enum what {
	END,
	SIZE,
	FLAGS,
	TWO_FLAGS,
	MODE,
	SELDOM, /* 0, as a rule */
	DMA_BITS,
	SMALL,
	NAME,
	PROG_FDS,
	PROG_COUNT,
	POINTER,
	LOCKABLE,
	LENGTH,
	BYTES_OF,
	FD, /* one that a call has given */
	MAP_ID, /* the last that a call has given */
	ANY,
	REGISTER
};

struct member {
	uint16_t offset;
	uint8_t width;
	uint8_t what;
};

struct form {
	unsigned long cmd;
	uint32_t size;
	struct member member[16];
};

#define M(type, name, what) { offsetof(struct type, name), sizeof(((struct type *)0)->name), what }
#define FORM(CMD, type, ...)                                                                                           \
	{                                                                                                              \
		CMD, sizeof(struct type),                                                                              \
		{                                                                                                      \
			M(type, size, SIZE), __VA_ARGS__                                                               \
		}                                                                                                      \
	}

static const struct form forms[] = {
	FORM(KPLUG_INFO, kplug_info),
	FORM(KPLUG_BUFFER_ALLOC, kplug_buffer_alloc, M(kplug_buffer_alloc, flags, FLAGS),
	     M(kplug_buffer_alloc, bytes, BYTES_OF), M(kplug_buffer_alloc, kind, SMALL),
	     M(kplug_buffer_alloc, dma_bits, DMA_BITS), M(kplug_buffer_alloc, name, NAME),
	     M(kplug_buffer_alloc, timeout_ms, SMALL), M(kplug_buffer_alloc, mode, MODE),
	     M(kplug_buffer_alloc, uid, MODE), M(kplug_buffer_alloc, gid, MODE), M(kplug_buffer_alloc, memory_fd, FD),
	     M(kplug_buffer_alloc, node, SELDOM), M(kplug_buffer_alloc, part, SELDOM),
	     M(kplug_buffer_alloc, parts, SELDOM)),
	FORM(KPLUG_BUFFER_INFO, kplug_buffer_info, M(kplug_buffer_info, flags, FLAGS), M(kplug_buffer_info, name, NAME),
	     M(kplug_buffer_info, id, SMALL), M(kplug_buffer_info, part, SELDOM)),
	FORM(KPLUG_BUFFER_KEEP, kplug_buffer_name, M(kplug_buffer_name, name, NAME)),
	FORM(KPLUG_BUFFER_FREE, kplug_buffer_name, M(kplug_buffer_name, name, NAME)),
	FORM(KPLUG_BUFFER_EXPORT, kplug_buffer_export, M(kplug_buffer_export, name, NAME)),
	FORM(KPLUG_BUFFER_ACCESS, kplug_buffer_access, M(kplug_buffer_access, flags, SMALL),
	     M(kplug_buffer_access, map_id, MAP_ID), M(kplug_buffer_access, offset, SMALL),
	     M(kplug_buffer_access, bytes, LENGTH)),
	FORM(KPLUG_PLUGIN_LOAD, kplug_plugin_load, M(kplug_plugin_load, flags, FLAGS),
	     M(kplug_plugin_load, prog_fds, PROG_FDS), M(kplug_plugin_load, prog_count, PROG_COUNT),
	     M(kplug_plugin_load, name, NAME), M(kplug_plugin_load, version, NAME)),
	FORM(KPLUG_PLUGIN_UNLOAD, kplug_plugin_unload),
	FORM(KPLUG_PLUGIN_INFO, kplug_plugin_info, M(kplug_plugin_info, flags, FLAGS),
	     M(kplug_plugin_info, prog_ids, POINTER), M(kplug_plugin_info, prog_count, PROG_COUNT)),
	FORM(KPLUG_CALL, kplug_call, M(kplug_call, message, SMALL), M(kplug_call, data, POINTER),
	     M(kplug_call, data_size, LENGTH)),
	FORM(KPLUG_IRQ_ENABLE, kplug_irq_enable, M(kplug_irq_enable, vector, SMALL), M(kplug_irq_enable, data, POINTER),
	     M(kplug_irq_enable, data_size, LENGTH), M(kplug_irq_enable, flags, FLAGS),
	     M(kplug_irq_enable, eventfd, SMALL)),
	FORM(KPLUG_IRQ_DISABLE, kplug_irq, M(kplug_irq, vector, SMALL)),
	FORM(KPLUG_IRQ_UNMASK, kplug_irq, M(kplug_irq, vector, SMALL)),
	FORM(KPLUG_IRQ_TRIGGER, kplug_irq, M(kplug_irq, vector, SMALL)),
	FORM(KPLUG_IRQ_INFO, kplug_irq_info, M(kplug_irq_info, vector, SMALL)),
	FORM(KPLUG_REG, kplug_reg, M(kplug_reg, flags, FLAGS), M(kplug_reg, bar, SMALL), M(kplug_reg, width, SMALL),
	     M(kplug_reg, offset, REGISTER), M(kplug_reg, value, ANY)),
	FORM(KPLUG_DMA_LOCK, kplug_dma_lock, M(kplug_dma_lock, addr, LOCKABLE), M(kplug_dma_lock, bytes, LENGTH),
	     M(kplug_dma_lock, dma_bits, DMA_BITS)),
	FORM(KPLUG_LIMIT, kplug_limit, M(kplug_limit, flags, SELDOM), M(kplug_limit, what, SMALL)),
	/* What wants a state that chance rarely makes, from here: see all_commands(). */
	FORM(KPLUG_PLUGIN_ROLLBACK, kplug_plugin_unload),
	FORM(KPLUG_DMA_ENTRIES, kplug_dma_entries, M(kplug_dma_entries, id, SMALL),
	     M(kplug_dma_entries, entries, POINTER), M(kplug_dma_entries, first, SMALL),
	     M(kplug_dma_entries, max, SMALL)),
	FORM(KPLUG_DMA_UNLOCK, kplug_dma_unlock, M(kplug_dma_unlock, id, SMALL)),
	FORM(KPLUG_IRQ_RESUME, kplug_irq, M(kplug_irq, vector, SMALL)),
};

#endif /* FORMS_H */
