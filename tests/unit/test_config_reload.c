// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which options changed between two configurations, and what a reload may do
 * about each: every row of the table is asked.
 */
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/config_file.h"
#include "kturnd/options.h"

FIXTURE(reload)
{
	struct kturnd_config a, b;
	struct report report;
};

FIXTURE_SETUP(reload)
{
	memset(&self->report, 0, sizeof(self->report));
	config_init(&self->a);
	config_init(&self->b);
}

FIXTURE_TEARDOWN(reload)
{
	config_free(&self->a);
	config_free(&self->b);
	report_free(&self->report);
}

static void read_line(struct kturnd_config *cfg, struct report *report,
		      const char *text)
{
	const struct report_place place = { "turn.conf", 1 };
	struct option_reader reader = { .cfg = cfg, .report = report };
	char line[512];

	snprintf(line, sizeof(line), "%s\n", text);
	config_file_line(&reader, line, &place);
}

#define A(line) read_line(&self->a, &self->report, line)
#define B(line) read_line(&self->b, &self->report, line)

static bool active(const struct option *opt)
{
	return opt->name && opt->state == OPTION_ACTIVE;
}

#define SAME(name) option_same(option_find(name), &self->a, &self->b)

TEST_F(reload, every_option_says_when_it_is_applied)
{
	for (size_t i = 0; i < options_count; i++) {
		if (active(&options[i])) {
			EXPECT_NE(OPTION_WHEN_UNSAID, options[i].when) {
				TH_LOG("%s: neither NOW nor RESTART",
				       options[i].name);
			}
		}
	}
}

/* Two configurations that nothing was read into differ in nothing. */
TEST_F(reload, every_option_can_be_compared)
{
	for (size_t i = 0; i < options_count; i++) {
		if (active(&options[i])) {
			EXPECT_TRUE(option_same(&options[i], &self->a,
						&self->b)) {
				TH_LOG("%s: option_same.c does not know its kind",
				       options[i].name);
			}
		}
	}
}

/* A value for any option that takes one, other than its default. */
static const char *some_value(const struct option *opt)
{
	static const char *const values[] = {
		"7", "5000", "192.0.2.7", "x", "alice:secret", "yes", "no",
		"1000", "600", "3599", "20000", "/tmp/x", "192.0.2.7:3479",
		"port=7", "2001:db8::/96",
	};
	static char text[600];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct report report = { 0 };
		struct kturnd_config fresh, cfg;
		bool good;

		config_init(&fresh);
		config_init(&cfg);
		snprintf(text, sizeof(text), "%s=%s", opt->name, values[i]);
		read_line(&cfg, &report, text);
		good = !report.errors && !option_same(opt, &fresh, &cfg);
		config_free(&fresh);
		config_free(&cfg);
		report_free(&report);
		if (good)
			return text;
	}
	if (!opt->choices)
		return NULL;
	/* The last of the words: the first is the default. */
	snprintf(text, sizeof(text), "%s=%s", opt->name,
		 strrchr(opt->choices, '|') + 1);
	return text;
}

TEST_F(reload, every_option_shows_a_change)
{
	for (size_t i = 0; i < options_count; i++) {
		const char *line;

		if (!active(&options[i]))
			continue;
		line = some_value(&options[i]);
		ASSERT_NE(NULL, line) {
			TH_LOG("%s: no value changes it", options[i].name);
		}
		A(line);
		EXPECT_FALSE(option_same(&options[i], &self->a, &self->b)) {
			TH_LOG("%s: not seen", line);
		}
		B(line);
		EXPECT_TRUE(option_same(&options[i], &self->a, &self->b)) {
			TH_LOG("%s: seen though the same", line);
		}
		/* Some options set the same thing. */
		config_free(&self->a);
		config_free(&self->b);
		config_init(&self->a);
		config_init(&self->b);
	}
	EXPECT_EQ(0, self->report.errors);
}

TEST_F(reload, values_count_and_not_their_spelling)
{
	A("fingerprint");
	B("fingerprint=yes");
	EXPECT_TRUE(SAME("fingerprint"));
	A("listening-port=3478");
	EXPECT_TRUE(SAME("listening-port"));
	A("denied-peer-ip=10.0.0.0-10.255.255.255");
	B("denied-peer-ip=10.0.0.0/8");
	EXPECT_TRUE(SAME("denied-peer-ip"));
	A("no-software-attribute");
	EXPECT_FALSE(SAME("software-attribute"));
}

TEST_F(reload, lists_are_compared_item_by_item)
{
	A("user=alice:one");
	A("user=bob:two");
	B("user=alice:one");
	EXPECT_FALSE(SAME("user"));
	B("user=bob:three");
	EXPECT_FALSE(SAME("user"));
	A("static-auth-secret=x");
	B("static-auth-secret=y");
	EXPECT_FALSE(SAME("static-auth-secret"));
	A("external-ip=192.0.2.1/10.0.0.1");
	B("external-ip=192.0.2.1/10.0.0.2");
	EXPECT_FALSE(SAME("external-ip"));
	A("xdp-interface=eth0");
	B("xdp-interface=eth0,generic");
	EXPECT_FALSE(SAME("xdp-interface"));
	A("user=carol:0x00112233445566778899aabbccddeeff");
	EXPECT_FALSE(SAME("user"));
}

TEST_HARNESS_MAIN
