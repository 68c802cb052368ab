/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#ifndef KPLUG_CLI_DUMP_H
#define KPLUG_CLI_DUMP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* As hexdump -C: bytes at mem, shown as starting at offset; equal lines are one '*'. mem may change meanwhile. */
void dump_bytes(const uint8_t *mem, uint64_t offset, size_t length, FILE *out);
/* Two digits a byte, no blanks, no newline. */
void print_hex(const uint8_t *mem, size_t length, FILE *out);

#endif
