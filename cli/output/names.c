// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Names of the ABI's numbers. */
#include "output/output.h"

#include <string.h>

const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "not an errno";
}

#define NAME_OF(names, i) ((i) < sizeof(names) / sizeof(*(names)) && (names)[i] ? (names)[i] : "unknown")

const char *irq_mode_name(uint32_t mode)
{
	static const char *const names[] = { "none", "intx", "msi", "msix", "soft" };

	return NAME_OF(names, mode);
}

const char *bus_name(uint32_t bus)
{
	static const char *const names[] = { NULL, "pci", "soft" };

	return NAME_OF(names, bus);
}

const char *kind_name(uint32_t kind)
{
	static const char *const names[] = { "auto", "paged", "contiguous", "arena", "imported", "wc" };

	return NAME_OF(names, kind);
}

const char *event_name(uint32_t code)
{
	static const char *const names[] = { NULL, "remove", "suspend", "resume", "reset", "free", "unlock", "error" };

	return NAME_OF(names, code);
}
