/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Makes BPF object files in memory, good and bad ones. Sections are numbered from 1 in the order given; .symtab and
 * .strtab, which holds all names, come last.
 */
#ifndef TEST_ELF_OBJECT_H
#define TEST_ELF_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plugin/plugin.h"

#define SECTIONS_MAX 8
#define SYMBOLS_MAX 8

struct elf_section {
	const char *name;
	const void *data;
	size_t size;
	bool code;
	uint32_t type; /* 0: SHT_PROGBITS */
};

struct elf_symbol {
	const char *name;
	uint16_t section;
	uint64_t value, size;
};

struct elf_object {
	struct elf_section section[SECTIONS_MAX]; /* ends with a NULL name */
	struct elf_symbol function[SYMBOLS_MAX]; /* ends with a NULL name */
};

/* r0 = 0; exit */
static const uint64_t elf_program[2] = { 0xb7, 0x95 };

static const struct kplug_plugin_meta elf_meta = {
	.size = sizeof(elf_meta),
	.api_version = KPLUG_API_VERSION,
	.vendor = 0x1234,
	.device = 0x11e8,
	.name = "edu",
	.version = "1.2",
};

/* clang-format off */
#define META_SECTION(meta) { ".kplug", &(meta), sizeof(meta), false, 0 }
#define CODE_SECTION(name) { name, elf_program, sizeof(elf_program), true, 0 }
/* clang-format on */

struct elf_builder {
	unsigned char *file;
	size_t at; /* bytes of the file so far */
	Elf64_Shdr section[SECTIONS_MAX + 3];
	size_t count;
	char names[1024];
	size_t names_len;
};

static inline uint32_t elf_add_name(struct elf_builder *b, const char *name)
{
	uint32_t at = b->names_len;

	strcpy(b->names + at, name);
	b->names_len += strlen(name) + 1;
	return at;
}

static inline Elf64_Shdr *elf_add_section(struct elf_builder *b, uint32_t name, uint32_t type, const void *data,
					  size_t size)
{
	Elf64_Shdr *section = &b->section[b->count++];

	b->at = (b->at + 7) & ~(size_t)7;
	*section = (Elf64_Shdr){
		.sh_name = name, .sh_type = type, .sh_offset = b->at, .sh_size = size, .sh_addralign = 8
	};
	if (type != SHT_NOBITS && size) {
		memcpy(b->file + b->at, data, size);
		b->at += size;
	}
	return section;
}

static inline void elf_add_symbols(struct elf_builder *b, const struct elf_symbol *from)
{
	Elf64_Sym symbol[SYMBOLS_MAX + 1] = { 0 };
	Elf64_Shdr *section;
	size_t count = 1;

	for (; from->name; from++, count++) {
		symbol[count].st_name = elf_add_name(b, from->name);
		symbol[count].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
		symbol[count].st_shndx = from->section;
		symbol[count].st_value = from->value;
		symbol[count].st_size = from->size;
	}
	section = elf_add_section(b, elf_add_name(b, ".symtab"), SHT_SYMTAB, symbol, count * sizeof(*symbol));
	section->sh_link = b->count; /* .strtab, the next one */
	section->sh_info = 1;
	section->sh_entsize = sizeof(*symbol);
}

/* Returns the file's bytes for the caller to free. */
static inline unsigned char *elf_make(const struct elf_object *object, size_t *ret_size)
{
	struct elf_builder b = { .file = calloc(1, 1 << 16), .at = sizeof(Elf64_Ehdr), .count = 1, .names_len = 1 };
	const struct elf_section *from;
	uint32_t strtab;

	for (from = object->section; from->name; from++)
		elf_add_section(&b, elf_add_name(&b, from->name), from->type ? from->type : SHT_PROGBITS, from->data,
				from->size)
			->sh_flags = SHF_ALLOC | (from->code ? SHF_EXECINSTR : 0);
	elf_add_symbols(&b, object->function);
	strtab = elf_add_name(&b, ".strtab");
	elf_add_section(&b, strtab, SHT_STRTAB, b.names, b.names_len);

	b.at = (b.at + 7) & ~(size_t)7;
	*(Elf64_Ehdr *)(void *)b.file = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL,
		.e_machine = EM_BPF,
		.e_version = EV_CURRENT,
		.e_shoff = b.at,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = b.count,
		.e_shstrndx = b.count - 1,
	};
	memcpy(b.file + b.at, b.section, b.count * sizeof(*b.section));
	*ret_size = b.at + b.count * sizeof(*b.section);
	return b.file;
}

#endif /* TEST_ELF_OBJECT_H */
