// SPDX-License-Identifier: BSD-3-Clause
/*
 * The rules of RFC 8264 and RFC 5892 over the character tables of libunistring.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>

#include "turn/opaque_string.h"

#define ZWNJ 0x200c
#define ZWJ 0x200d

/* Code points of a text. */
struct points {
	ucs4_t v[OPAQUE_STRING_MAX];
	size_t n;
};

/* Only these need no look at any table: printable ASCII and the space. */
static bool is_plain(struct stun_bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	return true;
}

static bool has_script(ucs4_t c, const char *name)
{
	const uc_script_t *script = uc_script(c);

	return script && strcmp(script->name, name) == 0;
}

static bool within(ucs4_t c, ucs4_t first, ucs4_t last)
{
	return c >= first && c <= last;
}

static bool any_within(const struct points *p, ucs4_t first, ucs4_t last)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (within(p->v[i], first, last))
			return true;
	return false;
}

/* RFC 5892, A.1: behind what joins to its right, before what does to its left. */
static bool between_joining(const struct points *p, size_t at)
{
	size_t before = at, after = at + 1;
	int type;

	while (before > 0 &&
	       uc_joining_type(p->v[before - 1]) == UC_JOINING_TYPE_T)
		before--;
	while (after < p->n && uc_joining_type(p->v[after]) == UC_JOINING_TYPE_T)
		after++;
	if (before == 0 || after == p->n)
		return false;
	type = uc_joining_type(p->v[before - 1]);
	if (type != UC_JOINING_TYPE_L && type != UC_JOINING_TYPE_D)
		return false;
	type = uc_joining_type(p->v[after]);
	return type == UC_JOINING_TYPE_R || type == UC_JOINING_TYPE_D;
}

static bool joiner_allowed(const struct points *p, size_t at)
{
	if (at > 0 && uc_combining_class(p->v[at - 1]) == UC_CCC_VR)
		return true;
	return p->v[at] == ZWNJ && between_joining(p, at);
}

static bool has_japanese_or_han(const struct points *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (has_script(p->v[i], "Hiragana") ||
		    has_script(p->v[i], "Katakana") ||
		    has_script(p->v[i], "Han"))
			return true;
	return false;
}

/* RFC 5892, appendix A. */
static bool context_allows(const struct points *p, size_t at)
{
	ucs4_t c = p->v[at];
	ucs4_t before = at > 0 ? p->v[at - 1] : 0;
	ucs4_t after = at + 1 < p->n ? p->v[at + 1] : 0;

	switch (c) {
	case ZWNJ:
	case ZWJ:
		return joiner_allowed(p, at);
	case 0x00b7:	/* MIDDLE DOT, in Catalan */
		return before == 'l' && after == 'l';
	case 0x0375:	/* GREEK LOWER NUMERAL SIGN */
		return has_script(after, "Greek");
	case 0x05f3:	/* HEBREW PUNCTUATION GERESH, GERSHAYIM */
	case 0x05f4:
		return has_script(before, "Hebrew");
	case 0x30fb:	/* KATAKANA MIDDLE DOT */
		return has_japanese_or_han(p);
	}
	if (within(c, 0x0660, 0x0669))	/* the Arabic digits, not both kinds */
		return !any_within(p, 0x06f0, 0x06f9);
	if (within(c, 0x06f0, 0x06f9))
		return !any_within(p, 0x0660, 0x0669);
	return true;
}

/* RFC 5892, section 2.6: characters that their properties would allow. */
static bool is_exception(ucs4_t c)
{
	return c == 0x0640 || c == 0x07fa || c == 0x302e || c == 0x302f ||
	       within(c, 0x3031, 0x3035) || c == 0x303b;
}

static bool is_old_hangul_jamo(ucs4_t c)
{
	int property = uc_graphemeclusterbreak_property(c);

	return property == GBP_L || property == GBP_V || property == GBP_T;
}

/*
 * FreeformClass (RFC 8264, section 4.3): letters, marks, digits, punctuation,
 * symbols, spaces. Categories of other kinds (control, format, private use,
 * surrogate, unassigned, line and paragraph separators) are not.
 */
static bool is_freeform(ucs4_t c)
{
	const uint32_t allowed = UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
				 UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_P |
				 UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_Zs;

	return uc_is_general_category_withtable(c, allowed) &&
	       !uc_is_property_default_ignorable_code_point(c) &&
	       !is_old_hangul_jamo(c) && !is_exception(c);
}

static int check(const struct points *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		bool joiner = p->v[i] == ZWNJ || p->v[i] == ZWJ;

		if ((!joiner && !is_freeform(p->v[i])) || !context_allows(p, i))
			return -EILSEQ;
	}
	return 0;
}

/* The library allocates where the room that it is given is too small. */
static int in_place(const void *result, const void *room)
{
	if (result == room)
		return 0;
	free((void *)result);
	return result ? -EMSGSIZE : -EILSEQ;
}

static int decode(struct stun_bytes text, struct points *p)
{
	size_t i;
	int err;

	p->n = OPAQUE_STRING_MAX;
	err = in_place(u8_to_u32(text.data, text.len, p->v, &p->n), p->v);
	/* "Any instances of non-ASCII space MUST be mapped" */
	for (i = 0; !err && i < p->n; i++)
		if (uc_is_general_category_withtable(p->v[i],
						     UC_CATEGORY_MASK_Zs))
			p->v[i] = ' ';
	return err;
}

static int compose(const struct points *from, struct points *to)
{
	to->n = OPAQUE_STRING_MAX;
	return in_place(u32_normalize(UNINORM_NFC, from->v, from->n, to->v,
				      &to->n), to->v);
}

int opaque_string(struct stun_bytes text, uint8_t buf[static OPAQUE_STRING_MAX],
		  struct stun_bytes *prepared)
{
	struct points decoded, composed;
	size_t len = OPAQUE_STRING_MAX;
	int err;

	if (!text.len)
		return -EINVAL;
	if (text.len > OPAQUE_STRING_MAX)
		return -EMSGSIZE;
	if (is_plain(text)) {
		*prepared = text;
		return 0;
	}
	err = decode(text, &decoded);
	if (!err)
		err = compose(&decoded, &composed);
	if (!err)
		err = check(&composed);
	if (!err)
		err = in_place(u32_to_u8(composed.v, composed.n, buf, &len), buf);
	if (!err)
		*prepared = (struct stun_bytes){ buf, len };
	return err;
}
