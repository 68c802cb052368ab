// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Compares the layouts and names of two types of different BTFs. */
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "plugin/plugin.h"

struct side {
	const struct btf *btf;
	const struct btf_type *t; /* NULL: no such type, or a cycle of typedefs */
};

/* Resolves typedefs and qualifiers. */
static struct side resolve(const struct btf *btf, uint32_t id)
{
	int found = btf__resolve_type(btf, id);

	return (struct side){ btf, found < 0 ? NULL : btf__type_by_id(btf, (uint32_t)found) };
}

static const char *name_of(const struct side *s, uint32_t offset)
{
	const char *name = btf__name_by_offset(s->btf, offset);

	return name ? name : "";
}

static bool members_same(const struct side *a, const struct side *b, char *text, size_t size)
{
	const struct btf_member *x = btf_members(a->t), *y = btf_members(b->t);
	int i;

	for (i = 0; i < btf_vlen(a->t); i++, x++, y++) {
		const char *name = name_of(a, x->name_off), *was = name_of(b, y->name_off);

		if (strcmp(name, was)) {
			snprintf(text, size, "member %s was %s", name, was);
			return false;
		}
		if (btf_member_bit_offset(a->t, i) != btf_member_bit_offset(b->t, i) ||
		    btf_member_bitfield_size(a->t, i) != btf_member_bitfield_size(b->t, i)) {
			snprintf(text, size, "member %s has another offset", name);
			return false;
		}
		if (!kp_btf_same(a->btf, x->type, b->btf, y->type, text, size))
			return false;
	}
	return true;
}

static bool variables_same(const struct side *a, const struct side *b, char *text, size_t size)
{
	const struct btf_var_secinfo *x = btf_var_secinfos(a->t), *y = btf_var_secinfos(b->t);
	int i;

	for (i = 0; i < btf_vlen(a->t); i++, x++, y++) {
		const struct btf_type *v = btf__type_by_id(a->btf, x->type), *w = btf__type_by_id(b->btf, y->type);
		const char *name = name_of(a, v->name_off), *was = name_of(b, w->name_off);
		char inner[160] = "";

		if (strcmp(name, was)) {
			snprintf(text, size, "variable %s was %s", name, was);
			return false;
		}
		if (x->offset == y->offset && x->size == y->size &&
		    kp_btf_same(a->btf, v->type, b->btf, w->type, inner, sizeof(inner)))
			continue;
		snprintf(text, size, "variable %s: %s", name, inner[0] ? inner : "it has another offset or size");
		return false;
	}
	return true;
}

static bool same_form(const struct side *a, const struct side *b)
{
	return a->t && b->t && btf_kind(a->t) == btf_kind(b->t) &&
	       (btf_is_ptr(a->t) || btf_is_array(a->t) || btf_is_datasec(a->t) || a->t->size == b->t->size);
}

bool kp_btf_same(const struct btf *btf_a, uint32_t id_a, const struct btf *btf_b, uint32_t id_b, char *text,
		 size_t size)
{
	struct side a = resolve(btf_a, id_a), b = resolve(btf_b, id_b);

	if (!same_form(&a, &b)) {
		snprintf(text, size, "a type differs in kind or size (%s, was %s)",
			 a.t ? name_of(&a, a.t->name_off) : "", b.t ? name_of(&b, b.t->name_off) : "");
		return false;
	}
	if (btf_is_int(a.t) && btf_int_encoding(a.t) != btf_int_encoding(b.t)) {
		snprintf(text, size, "a number is %s and was %s", name_of(&a, a.t->name_off),
			 name_of(&b, b.t->name_off));
		return false;
	}
	if (btf_is_array(a.t)) {
		const struct btf_array *x = btf_array(a.t), *y = btf_array(b.t);

		if (x->nelems != y->nelems)
			snprintf(text, size, "an array has %u elements and had %u", x->nelems, y->nelems);
		return x->nelems == y->nelems && kp_btf_same(btf_a, x->type, btf_b, y->type, text, size);
	}
	if (!btf_is_composite(a.t) && !btf_is_datasec(a.t))
		return true; /* pointers are not followed: their targets are not in the map */
	if (btf_vlen(a.t) != btf_vlen(b.t)) {
		snprintf(text, size, "%s has %u %s and had %u", name_of(&a, a.t->name_off), btf_vlen(a.t),
			 btf_is_datasec(a.t) ? "variables" : "members", btf_vlen(b.t));
		return false;
	}
	return btf_is_datasec(a.t) ? variables_same(&a, &b, text, size) : members_same(&a, &b, text, size);
}
