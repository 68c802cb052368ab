/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* Registers of QEMU's edu device (docs/specs/edu.rst), in BAR 0; the software device has the same. */
#ifndef EDU_REGS_H
#define EDU_REGS_H

#define EDU_BAR 0
#define EDU_ID 0x00
#define EDU_LIVENESS 0x04
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20 /* bit 0: busy computing; bit 7: interrupt when done */
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_STATUS_DMA 0x100 /* transfer done */
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98
#define EDU_DMA_CMD_START 0x1 /* reads as 1 during the transfer */
#define EDU_DMA_CMD_TO_RAM 0x2
#define EDU_DMA_CMD_RAISE 0x4 /* interrupt when done */
#define EDU_MEMORY 0x40000 /* the device's memory, in its DMA engine's address space */

#endif /* EDU_REGS_H */
