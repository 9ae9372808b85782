// SPDX-License-Identifier: BSD-3-Clause
/* The OpaqueString profile: RFC 8265 4.2, RFC 8264 4.3 and 9, RFC 5892 A. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <kselftest_harness.h>

#include "stun/integrity.h"
#include "turn/opaque_string.h"

/* The prepared text, or NULL; good until the next call. */
static const char *prepare(const char *text)
{
	static uint8_t buf[OPAQUE_STRING_MAX];
	static char result[OPAQUE_STRING_MAX + 1];
	struct stun_bytes prepared;

	if (opaque_string(stun_bytes(text), buf, &prepared))
		return NULL;
	memcpy(result, prepared.data, prepared.len);
	result[prepared.len] = '\0';
	return result;
}

static int error_of(const char *text)
{
	uint8_t buf[OPAQUE_STRING_MAX];
	struct stun_bytes prepared;

	return opaque_string(stun_bytes(text), buf, &prepared);
}

TEST(rfc8265_4_3_examples)
{
	EXPECT_STREQ("correct horse battery staple",
		     prepare("correct horse battery staple"));
	EXPECT_STREQ("Correct Horse Battery Staple",
		     prepare("Correct Horse Battery Staple"));
	EXPECT_STREQ("\u03c0\u00df\u00e5", prepare("\u03c0\u00df\u00e5"));
	EXPECT_STREQ("Jack of \u2666s", prepare("Jack of \u2666s"));
	EXPECT_STREQ("foo bar", prepare("foo\u1680bar"));
	EXPECT_EQ(-EINVAL, error_of(""));
	EXPECT_EQ(-EILSEQ, error_of("my cat is a \tby"));
}

TEST(rfc8489_B_1_username_is_unaffected)
{
	const char *name = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";

	EXPECT_STREQ(name, prepare(name));
}

/*
 * Appendix B.1 prepares its password by SASLprep, as RFC 5769 did; OpaqueString
 * has no compatibility mapping, and allows no invisible hyphen (U+00AD).
 */
TEST(rfc8489_B_1_password_is_not_an_opaque_string)
{
	EXPECT_EQ(-EILSEQ, error_of("The\u00adM\u00aatr\u2168"));
	EXPECT_STREQ("TheM\u00aatr\u2168", prepare("TheM\u00aatr\u2168"));
	EXPECT_STREQ("TheMatrIX", prepare("TheMatrIX"));
}

TEST(ascii_is_left_where_it_is)
{
	uint8_t buf[OPAQUE_STRING_MAX];
	struct stun_bytes text = stun_bytes(" !~azAZ09\"\\"), prepared;

	ASSERT_EQ(0, opaque_string(text, buf, &prepared));
	EXPECT_EQ(text.data, prepared.data);
	EXPECT_EQ(text.len, prepared.len);
}

TEST(rfc8265_4_2_normalization_is_form_c)
{
	EXPECT_STREQ("\u00e9", prepare("e\u0301"));
	EXPECT_STREQ("\u00c5", prepare("\u212b"));	/* ANGSTROM SIGN */
	EXPECT_STREQ("\u1e69", prepare("s\u0307\u0323"));
	EXPECT_STREQ("\uac01", prepare("\uac00\u11a8"));
	/* Form KC would go further: a ligature, a wide letter. */
	EXPECT_STREQ("\ufb01", prepare("\ufb01"));
	EXPECT_STREQ("\uff21", prepare("\uff21"));
}

TEST(rfc8265_4_2_spaces)
{
	EXPECT_STREQ("a b c d", prepare("a\u00a0b\u2003c\u3000d"));
	EXPECT_EQ(-EILSEQ, error_of("a\u2028b"));
}

TEST(rfc8264_9_disallowed)
{
	static const char *const texts[] = {
		"\x01", "\x7f", "a\xc2\x85", "a\u00ad", "a\u200b", "a\u2060",
		"a\u1100", "a\u1160", "a\ufdd0", "\u0378", "\ue000",
		"\u0640", "\u302e", "\u3031", "\u303b", "a\u034f", "\ufeff",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		EXPECT_EQ(-EILSEQ, error_of(texts[i]))
			TH_LOG("text %zu", i);
	}
}

TEST(rfc3629_what_is_not_utf8)
{
	static const char *const texts[] = {
		"\xe9", "\xc3", "a\x80", "\xc0\x80", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xff",
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		EXPECT_EQ(-EILSEQ, error_of(texts[i]));
}

TEST(rfc5892_A_1_zero_width_non_joiner)
{
	EXPECT_NE(NULL, prepare("\u0915\u094d\u200c\u0937"));	/* virama */
	EXPECT_NE(NULL, prepare("\u0628\u200c\u0627"));		/* beh, alef */
	EXPECT_NE(NULL, prepare("\u0628\u064b\u200c\u064b\u0627"));
	EXPECT_EQ(-EILSEQ, error_of("\u0627\u200c\u0628"));
	EXPECT_EQ(-EILSEQ, error_of("a\u200cb"));
	EXPECT_EQ(-EILSEQ, error_of("\u200c"));
	EXPECT_EQ(-EILSEQ, error_of("\u0628\u200c"));
}

TEST(rfc5892_A_2_zero_width_joiner)
{
	EXPECT_NE(NULL, prepare("\u0915\u094d\u200d\u0937"));
	EXPECT_EQ(-EILSEQ, error_of("\u0628\u200d\u0627"));
	EXPECT_EQ(-EILSEQ, error_of("\u200d"));
}

TEST(rfc5892_A_3_to_A_9_other_contexts)
{
	EXPECT_NE(NULL, prepare("l\u00b7l"));
	EXPECT_EQ(-EILSEQ, error_of("l\u00b7a"));
	EXPECT_EQ(-EILSEQ, error_of("\u00b7l"));
	EXPECT_NE(NULL, prepare("\u0375\u03b1"));
	EXPECT_EQ(-EILSEQ, error_of("\u0375a"));
	EXPECT_EQ(-EILSEQ, error_of("a\u0375"));
	EXPECT_NE(NULL, prepare("\u05d0\u05f3"));
	EXPECT_EQ(-EILSEQ, error_of("a\u05f4"));
	EXPECT_NE(NULL, prepare("\u30a2\u30fb\u30a2"));
	EXPECT_EQ(-EILSEQ, error_of("a\u30fbb"));
	EXPECT_NE(NULL, prepare("\u0660\u0661"));
	EXPECT_NE(NULL, prepare("\u06f0\u06f1"));
	EXPECT_EQ(-EILSEQ, error_of("\u0660\u06f1"));
}

TEST(too_long)
{
	char *text = calloc(1, OPAQUE_STRING_MAX + 2);

	ASSERT_NE(NULL, text);
	memset(text, 'a', OPAQUE_STRING_MAX);
	EXPECT_EQ(0, error_of(text));
	text[OPAQUE_STRING_MAX] = 'a';
	EXPECT_EQ(-EMSGSIZE, error_of(text));
	/* 340 times three bytes, each of which decomposes and stays so. */
	text[0] = '\0';
	while (strlen(text) + 3 < OPAQUE_STRING_MAX)
		strcat(text, "\u0958");
	EXPECT_EQ(-EMSGSIZE, error_of(text));
	free(text);
}

TEST_HARNESS_MAIN
