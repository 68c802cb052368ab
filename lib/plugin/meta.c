// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Parses a plugin's metadata, section .kplug of its object file, which is untrusted. */
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "plugin/plugin.h"

#define META_SECTION ".kplug"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

static int damaged(const char *what)
{
	return kp_err(-ENOEXEC, "%s: a damaged or truncated ELF file; build or copy it again", what);
}

static int check_header(Elf *elf, const char *what)
{
	GElf_Ehdr header;
	size_t sections;

	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return kp_err(-ENOEXEC, "%s: not an ELF file; give a plugin's .bpf.o", what);
	if (!gelf_getehdr(elf, &header))
		return damaged(what);
	/* Old LLVM wrote EM_NONE. */
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_REL ||
	    (header.e_machine != EM_BPF && header.e_machine != EM_NONE))
		return kp_err(-ENOEXEC, "%s: not a BPF object file; compile it with clang -target bpf", what);
	if (header.e_ident[EI_DATA] != HOST_DATA)
		return kp_err(-ENOEXEC, "%s: built for the other byte order; compile it with clang -target bpf", what);
	/* libelf treats a truncated section table as no sections. */
	if (elf_getshdrnum(elf, &sections) || !sections)
		return damaged(what);
	return 0;
}

static int find_section(Elf *elf, const char *what, Elf_Data **ret_data)
{
	Elf_Scn *section = NULL;
	Elf_Data *found = NULL;
	GElf_Shdr header;
	const char *name;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return damaged(what);
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			return damaged(what);
		name = elf_strptr(elf, names, header.sh_name);
		if (!name)
			return damaged(what);
		if (strcmp(name, META_SECTION))
			continue;
		if (found || header.sh_type != SHT_PROGBITS)
			return kp_err(-EBADMSG,
				      "%s: section " META_SECTION " must be one section of data; use "
				      "KPLUG_PLUGIN() once",
				      what);
		found = elf_rawdata(section, NULL);
		if (!found || (found->d_size && !found->d_buf))
			return damaged(what);
	}
	if (!found)
		return kp_err(-EBADMSG, "%s: not a kplug plugin: no section " META_SECTION "; add KPLUG_PLUGIN()",
			      what);
	*ret_data = found;
	return 0;
}

/* The texts go to terminals, logs and map names: visible ASCII only. */
static bool text_ok(const char text[KPLUG_NAME_LEN], bool may_be_empty)
{
	size_t len = strnlen(text, KPLUG_NAME_LEN), i;

	for (i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return len < KPLUG_NAME_LEN && (len || may_be_empty);
}

static bool id_ok(uint32_t id)
{
	return id <= 0xffff || id == KP_ANY_ID;
}

static int check_meta(const struct kplug_plugin_meta *meta, const char *what)
{
	if (meta->size != sizeof(*meta))
		return kp_err(-EBADMSG,
			      "%s: its metadata has size %u instead of %zu; use "
			      "KPLUG_PLUGIN()",
			      what, meta->size, sizeof(*meta));
	if (!text_ok(meta->name, false))
		return kp_err(-EBADMSG, "%s: the plugin's name is not 1 to %d visible characters", what,
			      KPLUG_NAME_LEN - 1);
	if (!text_ok(meta->version, true))
		return kp_err(-EBADMSG, "%s: the plugin's version is not 0 to %d visible characters", what,
			      KPLUG_NAME_LEN - 1);
	if (!id_ok(meta->vendor) || !id_ok(meta->device))
		return kp_err(-EBADMSG, "%s: vendor 0x%x or device 0x%x is neither a PCI id nor KPLUG_ANY_ID", what,
			      meta->vendor, meta->device);
	return 0;
}

int kp_meta_parse(const void *mem, size_t size, const char *what, struct kplug_plugin_meta *ret_meta)
{
	struct kplug_plugin_meta meta = { 0 };
	Elf_Data *data = NULL;
	Elf *elf;
	int err;

	elf_version(EV_CURRENT);
	/* elf_memory() takes a char *, but never writes to it. */
	elf = size ? elf_memory((char *)mem, size) : NULL;
	err = check_header(elf, what);
	err = err ?: find_section(elf, what, &data);
	if (err)
		goto cleanup;

	/* Check the version first: another version may have another layout. */
	if (data->d_size)
		memcpy(&meta, data->d_buf, data->d_size < sizeof(meta) ? data->d_size : sizeof(meta));
	if (data->d_size >= offsetof(struct kplug_plugin_meta, vendor) && meta.api_version != KPLUG_API_VERSION)
		err = kp_err(-EPROTO,
			     "%s: built for API version %u, but this library has %u; build it with this kplug.bpf.h",
			     what, meta.api_version, KPLUG_API_VERSION);
	else if (data->d_size != sizeof(meta))
		err = kp_err(-EBADMSG,
			     "%s: section " META_SECTION " has %zu bytes instead of %zu; use "
			     "KPLUG_PLUGIN() once",
			     what, data->d_size, sizeof(meta));
	else
		err = check_meta(&meta, what);
	if (!err)
		*ret_meta = meta;
cleanup:
	elf_end(elf);
	return err;
}
