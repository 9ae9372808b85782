// SPDX-License-Identifier: BSD-3-Clause
/*
 * The configuration: lines of turnserver.conf and words of a command line,
 * good and bad ones, and what an operator is told about the bad ones.
 */
#include <arpa/inet.h>
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/command_line.h"
#include "kturnd/config.h"
#include "kturnd/config_file.h"
#include "kturnd/core_config.h"
#include "kturnd/discovery.h"
#include "kturnd/options.h"

FIXTURE(config)
{
	struct kturnd_config cfg;
	struct report report;
	struct option_reader reader;
	unsigned int line;
};

FIXTURE_SETUP(config)
{
	memset(&self->report, 0, sizeof(self->report));
	memset(&self->reader, 0, sizeof(self->reader));
	config_init(&self->cfg);
	self->reader.cfg = &self->cfg;
	self->reader.report = &self->report;
	self->line = 0;
}

FIXTURE_TEARDOWN(config)
{
	config_free(&self->cfg);
	report_free(&self->report);
}

static void read_line(struct option_reader *reader, unsigned int number,
		      const char *text)
{
	const struct report_place place = { "turn.conf", number };
	char line[512];

	snprintf(line, sizeof(line), "%s\n", text);
	config_file_line(reader, line, &place);
}

#define LINE(line_) read_line(&self->reader, ++self->line, line_)

#define GOOD(line_) do { \
	LINE(line_); \
	EXPECT_EQ(0, self->report.n) { \
		TH_LOG("%s: %s", line_, self->report.v[0].text); \
	} \
} while (0)

/* The line is refused, and the text that says so holds all these words. */
static int refused(struct option_reader *reader, unsigned int line,
		   const char *text, const char *const words[])
{
	size_t before = reader->report->errors;
	char place[32];

	read_line(reader, line, text);
	if (reader->report->errors != before + 1)
		return 0;
	text = reader->report->v[reader->report->n - 1].text;
	snprintf(place, sizeof(place), "turn.conf:%u: ", line);
	if (strncmp(text, place, strlen(place)))
		return 0;
	for (; *words; words++)
		if (!strstr(text, *words))
			return 0;
	return 1;
}

#define BAD(line_, ...) do { \
	static const char *const words_[] = { __VA_ARGS__, NULL }; \
	EXPECT_TRUE(refused(&self->reader, ++self->line, line_, words_)) { \
		TH_LOG("%s: %s", line_, self->report.n ? \
		       self->report.v[self->report.n - 1].text : "taken"); \
	} \
} while (0)

static int has_finding(const struct report *report, const char *text)
{
	for (size_t i = 0; i < report->n; i++)
		if (strstr(report->v[i].text, text))
			return 1;
	return 0;
}

TEST_F(config, equals_space_and_both)
{
	GOOD("listening-port=3479");
	EXPECT_EQ(3479, self->cfg.listening_port);
	GOOD("min-port 20000");
	EXPECT_EQ(20000, self->cfg.min_port);
	GOOD("  max-port  =\t30000  ");
	EXPECT_EQ(30000, self->cfg.max_port);
}

TEST_F(config, comments_and_empty_lines)
{
	GOOD("# listening-port=1");
	GOOD("   #fingerprint");
	GOOD("");
	GOOD(" \t ");
	GOOD("listening-port=5000 # the usual one");
	EXPECT_EQ(5000, self->cfg.listening_port);
	GOOD("fingerprint # yes");
	EXPECT_TRUE(self->cfg.fingerprint);
}

TEST_F(config, windows_line_ends)
{
	GOOD("realm=example.org\r");
	EXPECT_STREQ("example.org", self->cfg.realm);
}

TEST_F(config, text_keeps_its_number_sign)
{
	GOOD("static-auth-secret=a #b");
	EXPECT_STREQ("a #b", self->cfg.auth_secrets.v[0]);
	GOOD("user=bob:pass#word");
	EXPECT_STREQ("pass#word", self->cfg.users.v[0].password);
}

TEST_F(config, quotes)
{
	GOOD("realm=\"example.org\"");
	EXPECT_STREQ("example.org", self->cfg.realm);
	GOOD("pidfile=\"/run/x y\"");
	EXPECT_STREQ("/run/x y", self->cfg.pidfile);
	GOOD("allocation-default-address-family=\"keep\"");
	EXPECT_EQ(DEFAULT_FAMILY_KEEP, self->cfg.default_family);
}

TEST_F(config, flags)
{
	static const char *const on[] = { "verbose", "verbose=1", "verbose on",
		"verbose=YES", "verbose=true", "verbose=t", "verbose=" };
	static const char *const off[] = { "verbose=0", "verbose off",
		"verbose=no", "verbose=False", "verbose=f" };

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		self->cfg.verbose = false;
		GOOD(on[i]);
		EXPECT_TRUE(self->cfg.verbose);
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		self->cfg.verbose = true;
		GOOD(off[i]);
		EXPECT_FALSE(self->cfg.verbose);
	}
	BAD("verbose=perhaps", "verbose", "'perhaps'", "on or off");
}

TEST_F(config, opposite_flag)
{
	EXPECT_TRUE(self->cfg.software_attribute);
	GOOD("no-software-attribute");
	EXPECT_FALSE(self->cfg.software_attribute);
	GOOD("no-software-attribute=off");
	EXPECT_TRUE(self->cfg.software_attribute);
}

TEST_F(config, wrong_numbers)
{
	BAD("listening-port=70000", "listening-port", "'70000'", "1 to 65535");
	BAD("listening-port=0", "'0'");
	BAD("listening-port=-1", "'-1'");
	BAD("listening-port=34 78", "'34 78'");
	BAD("listening-port=3478x", "'3478x'");
	BAD("listening-port=99999999999999999999", "listening-port");
	BAD("listening-port", "no value", "listening-port=PORT");
	BAD("relay-threads=1000", "relay-threads", "'1000'", "0 to 128");
	BAD("max-bps=fast", "max-bps", "'fast'", "bytes per second");
	BAD("bps-capacity=1000000000001", "bps-capacity", "1000000000000");
	EXPECT_EQ(3478, self->cfg.listening_port);
}

TEST_F(config, all_errors_of_a_file_are_found)
{
	LINE("listening-port=x");
	LINE("min-port=y");
	LINE("relay-ip=z");
	EXPECT_EQ(3, self->report.errors);
	EXPECT_TRUE(has_finding(&self->report, "turn.conf:1: listening-port"));
	EXPECT_TRUE(has_finding(&self->report, "turn.conf:2: min-port"));
	EXPECT_TRUE(has_finding(&self->report, "turn.conf:3: relay-ip"));
}

TEST_F(config, addresses)
{
	GOOD("listening-ip=192.0.2.1");
	GOOD("listening-ip=2001:db8::1");
	GOOD("listening-ip=[2001:db8::2]");
	GOOD("relay-ip=::ffff:192.0.2.9");
	ASSERT_EQ(3, self->cfg.listening_ip.n);
	EXPECT_EQ(AF_INET, self->cfg.listening_ip.v[0].family);
	EXPECT_EQ(AF_INET6, self->cfg.listening_ip.v[2].family);
	EXPECT_EQ(AF_INET, self->cfg.relay_ip.v[0].family);
	BAD("listening-ip=192.0.2.1:3478", "'192.0.2.1:3478'", "without a port");
	BAD("listening-ip=turn.example.org", "IP address");
	BAD("relay-ip=192.0.2.256", "'192.0.2.256'");
}

TEST_F(config, external_addresses)
{
	GOOD("external-ip=203.0.113.1/10.0.0.1");
	GOOD("external-ip=2001:db8::5");
	ASSERT_EQ(2, self->cfg.external_ip.n);
	EXPECT_EQ(203, self->cfg.external_ip.v[0].public_ip.ip[0]);
	EXPECT_EQ(10, self->cfg.external_ip.v[0].private_ip.ip[0]);
	EXPECT_EQ(0, self->cfg.external_ip.v[1].private_ip.family);
	BAD("external-ip=203.0.113.1/fd00::1", "mixes");
	BAD("external-ip=203.0.113.1/", "PUBLIC/PRIVATE");
	BAD("external-ip=public", "'public'", "PUBLIC/PRIVATE");
}

/* @text must be a range from @first to @last. */
static int is_range(struct option_reader *reader, const char *text,
		    const char *first, const char *last)
{
	struct config_ranges *ranges = &reader->cfg->denied_peer_ip;
	char a[TRANSPORT_ADDR_STRLEN], b[TRANSPORT_ADDR_STRLEN];
	size_t n = ranges->n;

	read_line(reader, 1, text);
	if (ranges->n != n + 1)
		return 0;
	return !strcmp(transport_addr_print_ip(&ranges->v[n].first, a), first) &&
	       !strcmp(transport_addr_print_ip(&ranges->v[n].last, b), last);
}

TEST_F(config, ranges)
{
	struct option_reader *r = &self->reader;

	EXPECT_TRUE(is_range(r, "denied-peer-ip=10.1.2.3", "10.1.2.3",
			     "10.1.2.3"));
	EXPECT_TRUE(is_range(r, "denied-peer-ip=10.0.0.0-10.255.255.255",
			     "10.0.0.0", "10.255.255.255"));
	EXPECT_TRUE(is_range(r, "denied-peer-ip=172.16.5.4/12", "172.16.0.0",
			     "172.31.255.255"));
	EXPECT_TRUE(is_range(r, "denied-peer-ip=192.0.2.1/32", "192.0.2.1",
			     "192.0.2.1"));
	EXPECT_TRUE(is_range(r, "denied-peer-ip=0.0.0.0/0", "0.0.0.0",
			     "255.255.255.255"));
	EXPECT_TRUE(is_range(r, "denied-peer-ip=fc00::/7", "fc00::",
			"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	EXPECT_TRUE(is_range(r, "denied-peer-ip=::1-::f", "::1", "::f"));
	EXPECT_EQ(0, self->report.n);
}

/* What Synapse's, Jitsi's and BigBlueButton's files deny: not all of IPv4. */
TEST_F(config, all_mapped_addresses_are_not_all_addresses)
{
	static const char *const lines[] = {
		"denied-peer-ip=::ffff:0.0.0.0-::ffff:255.255.255.255",
		"denied-peer-ip=::ffff:0:0-::ffff:ffff:ffff",
		"denied-peer-ip=::ffff:0:0/96",
	};

	for (size_t i = 0; i < 3; i++) {
		GOOD(lines[i]);
		ASSERT_EQ(i + 1, self->cfg.denied_peer_ip.n);
		EXPECT_EQ(AF_INET6,
			  self->cfg.denied_peer_ip.v[i].first.family);
	}
	GOOD("denied-peer-ip=::ffff:10.0.0.0-::ffff:10.255.255.255");
	EXPECT_EQ(AF_INET, self->cfg.denied_peer_ip.v[3].first.family);
	GOOD("denied-peer-ip=::ffff:10.0.0.1");
	EXPECT_EQ(AF_INET, self->cfg.denied_peer_ip.v[4].first.family);
	GOOD("denied-peer-ip=::ffff:10.0.0.0/104");
	EXPECT_EQ(AF_INET, self->cfg.denied_peer_ip.v[5].last.family);
}

TEST_F(config, wrong_ranges)
{
	BAD("denied-peer-ip=10.0.0.9-10.0.0.1", "before it begins");
	BAD("allowed-peer-ip=10.0.0.1-::1", "mixes");
	BAD("denied-peer-ip=10.0.0.0/33", "'10.0.0.0/33'");
	BAD("denied-peer-ip=10.0.0.0/", "FIRST-LAST");
	BAD("denied-peer-ip=10.0.0.0/x", "FIRST-LAST");
	BAD("denied-peer-ip=10.0.0", "FIRST-LAST");
	BAD("denied-peer-ip=-", "FIRST-LAST");
	EXPECT_EQ(0, self->cfg.denied_peer_ip.n);
}

TEST_F(config, users)
{
	GOOD("user=alice:se:cret");
	GOOD("user=bob:0xbc807ee29df3c9ffa736523fb2c4e8ee");
	ASSERT_EQ(2, self->cfg.users.n);
	EXPECT_STREQ("alice", self->cfg.users.v[0].name);
	EXPECT_STREQ("se:cret", self->cfg.users.v[0].password);
	EXPECT_EQ(NULL, self->cfg.users.v[1].password);
	EXPECT_EQ(0xbc, self->cfg.users.v[1].key[0]);
	EXPECT_EQ(0xee, self->cfg.users.v[1].key[15]);
	BAD("user=carol", "NAME:PASSWORD");
	BAD("user=:x", "NAME:PASSWORD");
	BAD("user=dave:", "NAME:PASSWORD");
	BAD("user=erin:0x1234", "32 hexadecimal digits");
}

TEST_F(config, secrets_are_not_shown)
{
	LINE("user=mallory:0xc0ffee");
	LINE("user=hush-hush");
	EXPECT_EQ(2, self->report.errors);
	EXPECT_FALSE(has_finding(&self->report, "c0ffee"));
	EXPECT_FALSE(has_finding(&self->report, "hush-hush"));
}

TEST_F(config, mobility_is_off_unless_it_is_asked_for)
{
	EXPECT_FALSE(self->cfg.mobility);
	GOOD("mobility");
	EXPECT_TRUE(self->cfg.mobility);
}

TEST_F(config, stale_nonce_may_have_a_value)
{
	GOOD("stale-nonce");
	EXPECT_EQ(600, self->cfg.stale_nonce);
	GOOD("stale-nonce=0");
	EXPECT_EQ(0, self->cfg.stale_nonce);
	GOOD("stale-nonce 1200");
	EXPECT_EQ(1200, self->cfg.stale_nonce);
	BAD("stale-nonce=soon", "'soon'");
}

TEST_F(config, choices)
{
	GOOD("kernel-relay=require");
	EXPECT_EQ(KERNEL_RELAY_REQUIRE, self->cfg.kernel_relay);
	GOOD("kernel-relay=Off");
	EXPECT_EQ(KERNEL_RELAY_OFF, self->cfg.kernel_relay);
	GOOD("kernel-hook=input");
	EXPECT_EQ(KERNEL_HOOK_INPUT, self->cfg.kernel_hook);
	BAD("kernel-relay=on", "'on'", "auto|off|require");
	BAD("kernel-relay=aut", "'aut'");
	BAD("kernel-hook=", "''", "prerouting");
}

TEST_F(config, levels_of_the_log)
{
	GOOD("log-min-level=warn");
	EXPECT_EQ(LOG_MIN_WARN, self->cfg.log_min_level);
	GOOD("log-min-level=error");
	EXPECT_EQ(LOG_MIN_ERROR, self->cfg.log_min_level);
	GOOD("log-binding");
	EXPECT_TRUE(self->cfg.log_binding);
	BAD("log-min-level=loud", "log-min-level", "'loud'", "debug|info");
}

TEST_F(config, metrics)
{
	EXPECT_EQ(9641, self->cfg.prometheus_port);
	GOOD("prometheus");
	GOOD("prometheus-port=9700");
	GOOD("prometheus-address=192.0.2.1");
	GOOD("prometheus-path=/turn");
	GOOD("prometheus-username-labels");
	EXPECT_TRUE(self->cfg.prometheus);
	EXPECT_EQ(9700, self->cfg.prometheus_port);
	EXPECT_EQ(1, self->cfg.prometheus_address.n);
	EXPECT_STREQ("/turn", self->cfg.prometheus_path);
	EXPECT_TRUE(self->cfg.prometheus_username_labels);
	BAD("prometheus-port=0", "prometheus-port", "1 to 65535");
	BAD("prometheus-address=here", "prometheus-address", "'here'");
}

TEST_F(config, a_path_in_a_url_begins_with_a_slash)
{
	GOOD("no-auth");
	GOOD("prometheus-path=metrics");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "prometheus-path: 'metrics' "));
	EXPECT_EQ(1, self->report.errors);
}

TEST_F(config, draining)
{
	EXPECT_EQ(0, self->cfg.drain_min_allocations);
	GOOD("drain-min-allocations=10");
	EXPECT_EQ(10, self->cfg.drain_min_allocations);
	BAD("drain-min-allocations=-1", "drain-min-allocations", "'-1'");
}

TEST_F(config, log_file_named_syslog)
{
	GOOD("log-file=syslog");
	EXPECT_TRUE(self->cfg.syslog);
	EXPECT_EQ(NULL, self->cfg.log_file);
}

TEST_F(config, unknown_options_are_passed_over)
{
	LINE("frobnicate=1");
	LINE("listning-port=1");
	LINE("lt_cred_mech");
	EXPECT_EQ(0, self->report.errors);
	EXPECT_EQ(3, self->report.n);
	EXPECT_TRUE(has_finding(&self->report,
				"turn.conf:1: unknown option 'frobnicate'"));
	EXPECT_TRUE(has_finding(&self->report,
				"did you mean 'listening-port'?"));
	EXPECT_TRUE(has_finding(&self->report,
				"did you mean 'lt-cred-mech'?"));
}

TEST_F(config, what_is_missing_is_warned_about_once)
{
	LINE("mongo-userdb=mongodb://a");
	LINE("mongo-userdb=mongodb://b");
	LINE("no-cli");
	LINE("simple-log");
	EXPECT_EQ(0, self->report.errors);
	EXPECT_EQ(2, self->report.n);
	EXPECT_TRUE(has_finding(&self->report, "turn.conf:1: mongo-userdb: ignored"));
	EXPECT_TRUE(has_finding(&self->report, "turn.conf:3: no-cli: ignored"));
}

TEST_F(config, users_mean_credentials)
{
	GOOD("user=a:b");
	GOOD("realm=r");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.n);
	EXPECT_TRUE(self->cfg.lt_cred_mech);
}

TEST_F(config, secrets_mean_timed_credentials)
{
	GOOD("static-auth-secret=s");
	GOOD("realm=r");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.n);
	EXPECT_TRUE(self->cfg.use_auth_secret);
	EXPECT_TRUE(self->cfg.lt_cred_mech);
}

TEST_F(config, an_open_relay_is_warned_about)
{
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.errors);
	EXPECT_TRUE(has_finding(&self->report, "anybody may use this server"));
}

TEST_F(config, stun_only_relays_for_nobody)
{
	GOOD("stun-only");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(0, self->report.n);
}

TEST_F(config, rfc8656_7_2_no_well_known_ports)
{
	GOOD("no-auth");
	GOOD("min-port=1023");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "min-port 1023"));
	EXPECT_EQ(0, self->report.errors);
}

TEST_F(config, credentials_that_nobody_has)
{
	GOOD("lt-cred-mech");
	GOOD("realm=r");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(1, self->report.errors);
	EXPECT_TRUE(has_finding(&self->report, "add user=NAME:PASSWORD"));
}

TEST_F(config, options_that_exclude_each_other)
{
	GOOD("no-auth");
	GOOD("use-auth-secret");
	GOOD("no-udp");
	GOOD("no-tcp");
	GOOD("min-port=3000");
	GOOD("max-port=2000");
	GOOD("relay-ip=0.0.0.0");
	GOOD("external-ip=192.0.2.1");
	GOOD("external-ip=192.0.2.2");
	GOOD("no-stun");
	GOOD("stun-only");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "no-auth excludes"));
	EXPECT_TRUE(has_finding(&self->report, "no-udp and no-tcp:"));
	EXPECT_TRUE(has_finding(&self->report, "min-port 3000 is above"));
	EXPECT_TRUE(has_finding(&self->report, "relay-ip: a wildcard"));
	EXPECT_TRUE(has_finding(&self->report, "external-ip: with several"));
	EXPECT_TRUE(has_finding(&self->report, "no-stun and stun-only"));
	EXPECT_EQ(6, self->report.errors);
}

static void apply(struct option_reader *reader, int argc, char *argv[])
{
	command_line_apply(reader, argc, argv);
}

#define ARGS(...) do { \
	char *argv_[] = { "kturnd", __VA_ARGS__, NULL }; \
	apply(&self->reader, (int)(sizeof(argv_) / sizeof(argv_[0])) - 1, \
	      argv_); \
} while (0)

TEST_F(config, command_line)
{
	ARGS("-a", "-vf", "-p", "3479", "-L192.0.2.1", "-E", "192.0.2.2",
	     "--realm=example.org", "--min-port", "1000", "--stale-nonce",
	     "--user=a:b=c", "-u", "d:e", "--no-multicast-peers=off",
	     "-X", "203.0.113.1/192.0.2.2", "-c", "x.conf");
	EXPECT_EQ(0, self->report.n);
	EXPECT_TRUE(self->cfg.lt_cred_mech);
	EXPECT_TRUE(self->cfg.verbose);
	EXPECT_TRUE(self->cfg.fingerprint);
	EXPECT_EQ(3479, self->cfg.listening_port);
	EXPECT_EQ(1, self->cfg.listening_ip.n);
	EXPECT_EQ(1, self->cfg.relay_ip.n);
	EXPECT_STREQ("example.org", self->cfg.realm);
	EXPECT_EQ(1000, self->cfg.min_port);
	ASSERT_EQ(2, self->cfg.users.n);
	EXPECT_STREQ("b=c", self->cfg.users.v[0].password);
	EXPECT_FALSE(self->cfg.no_multicast_peers);
	EXPECT_EQ(1, self->cfg.external_ip.n);
}

TEST_F(config, command_line_wins_over_the_file)
{
	GOOD("listening-port=1000");
	GOOD("fingerprint");
	ARGS("-p", "2000", "--fingerprint=off");
	EXPECT_EQ(0, self->report.n);
	EXPECT_EQ(2000, self->cfg.listening_port);
	EXPECT_FALSE(self->cfg.fingerprint);
}

TEST_F(config, wrong_command_lines)
{
	ARGS("--frobnicate", "stray", "-%", "--listening-port=x", "-p");
	EXPECT_EQ(5, self->report.errors);
	EXPECT_TRUE(has_finding(&self->report,
				"command line: unknown option '--frobnicate'"));
	EXPECT_TRUE(has_finding(&self->report, "unknown option 'stray'"));
	EXPECT_TRUE(has_finding(&self->report, "unknown option '-%'"));
	EXPECT_TRUE(has_finding(&self->report,
				"command line: listening-port: 'x'"));
	EXPECT_TRUE(has_finding(&self->report, "listening-port: has no value"));
}

TEST_F(config, command_line_words)
{
	char *argv[] = { "kturnd", "-c", "a.conf", "--check-config", "-an",
			 "--realm", "--help", NULL };
	struct command_line words = { 0 };

	command_line_scan(&words, 7, argv, &self->report);
	EXPECT_STREQ("a.conf", words.config_file);
	EXPECT_TRUE(words.check);
	EXPECT_TRUE(words.no_file);
	EXPECT_FALSE(words.help);	/* it is the realm */
	EXPECT_EQ(1, self->report.errors);	/* -c and -n */
}

TEST_F(config, table_is_sound)
{
	for (size_t i = 0; i < options_count; i++) {
		const struct option *opt = &options[i];

		ASSERT_NE(NULL, opt->doc);
		if (!opt->name)
			continue;
		EXPECT_EQ(opt, option_find(opt->name)) {
			TH_LOG("%s is there twice", opt->name);
		}
		if (opt->letter)
			EXPECT_EQ(opt, option_find_letter(opt->letter)) {
				TH_LOG("-%c is there twice", opt->letter);
			}
		if (opt->state == OPTION_ACTIVE)
			EXPECT_NE(NULL, opt->set);
		if (opt->state == OPTION_ACTIVE && opt->value != OPTION_FLAG)
			EXPECT_NE(NULL, opt->hint);
	}
}

TEST_F(config, a_relay_device_takes_addresses)
{
	GOOD("relay-device=eth1");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "only addresses of eth1; name them by relay-ip"));
	BAD("relay-device=a-name-that-is-too-long", "relay-device");
}

TEST_F(config, core_takes_the_values)
{
	struct turn_config *core;

	GOOD("realm=example.org");
	GOOD("user=alice:secret");
	GOOD("stale-nonce=77");
	GOOD("unauthorized-ratelimit");
	GOOD("source-quota=6");
	GOOD("check-origin-consistency");
	GOOD("aux-server=192.0.2.50");
	GOOD("aux-server=[2001:db8::50]:443");
	GOOD("alternate-server=192.0.2.50");
	GOOD("alternate-server=[2001:db8::50]:3479");
	GOOD("tls-alternate-server=192.0.2.60");
	GOOD("alternate-domain=other.example.org");
	GOOD("unauthorized-ratelimit-rps=10");
	GOOD("rest-api-separator=|");
	GOOD("rfc5766-channel-numbers");
	GOOD("no-password-algorithms");
	GOOD("no-software-attribute");
	GOOD("denied-peer-ip=10.0.0.0/8");
	GOOD("max-allocate-lifetime=700");
	GOOD("total-quota=5");
	GOOD("listening-device=eth0");
	GOOD("max-bps=375000");
	GOOD("bps-capacity=12500000000");
	config_check(&self->cfg, &self->report);
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_EQ(TURN_AUTH_LONG_TERM, core->auth);
	EXPECT_STREQ("example.org", core->realm.name);
	EXPECT_STREQ("", core->software);
	EXPECT_EQ(77, core->nonce_lifetime);
	EXPECT_EQ('|', core->rest_separator);
	EXPECT_TRUE(core->rfc5766_channels);
	EXPECT_TRUE(core->no_password_algorithms);
	EXPECT_EQ(700, core->max_lifetime);
	EXPECT_EQ(5, core->total_quota);
	EXPECT_EQ(6, core->source_quota);
	EXPECT_TRUE(core->check_origin);
	ASSERT_EQ(2, core->alternates.n);
	EXPECT_EQ(3478, core->alternates.v[0].port);
	EXPECT_EQ(3479, core->alternates.v[1].port);
	ASSERT_EQ(1, core->secure_alternates.n);
	EXPECT_EQ(5349, core->secure_alternates.v[0].port);
	EXPECT_STREQ("other.example.org", core->alternate_domain);
	EXPECT_EQ(375000, core->max_bps);
	EXPECT_EQ(12500000000, core->bps_capacity);
	EXPECT_EQ(1, core->peers.denied.n);
	EXPECT_FALSE(core->peers.allow_loopback);
	turn_config_put(core);
}

static int core_permits(const struct turn_config *core, const char *peer)
{
	struct transport_addr a;

	return !transport_addr_parse(&a, peer) &&
	       turn_peer_filter_permits(&core->peers, &a);
}

TEST_F(config, private_peers_are_denied_by_default)
{
	struct turn_config *core;

	GOOD("no-auth");
	GOOD("allowed-peer-ip=192.168.7.0/24");
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_TRUE(core_permits(core, "8.8.8.8:9"));
	EXPECT_FALSE(core_permits(core, "10.0.0.1:9"));
	EXPECT_FALSE(core_permits(core, "[fd00::1]:9"));
	EXPECT_FALSE(core_permits(core, "192.168.1.1:9"));
	EXPECT_TRUE(core_permits(core, "192.168.7.1:9"));
	EXPECT_STRNE("", core->default_denied_remedy);
	turn_config_put(core);
	GOOD("no-default-denied-peers");
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_TRUE(core_permits(core, "10.0.0.1:9"));
	EXPECT_FALSE(core_permits(core, "127.0.0.1:9"));
	turn_config_put(core);
}

TEST_F(config, nat64_prefixes)
{
	struct turn_config *core;

	GOOD("no-auth");
	GOOD("nat64-prefix=2a00:64::/96");
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_TRUE(core_permits(core, "[2a00:64::8.8.8.8]:9"));
	EXPECT_FALSE(core_permits(core, "[2a00:64::10.0.0.1]:9"));
	turn_config_put(core);
	BAD("nat64-prefix=2a00:64::/95", "'2a00:64::/95'", "RFC 6052");
	BAD("nat64-prefix=2a00:64::", "32, 40, 48, 56, 64 or 96");
	BAD("nat64-prefix=10.0.0.0/8", "RFC 6052");
	EXPECT_EQ(1, self->cfg.nat64_prefix.n);
}

static const char *shown(const struct transport_addr *addr)
{
	static char text[TRANSPORT_ADDR_STRLEN];

	return transport_addr_print_ip(addr, text);
}

TEST_F(config, rfc5780_takes_the_first_two_addresses_of_a_family)
{
	const struct turn_discovery_site *site;
	struct turn_discovery discovery;

	GOOD("rfc5780");
	GOOD("listening-ip=192.0.2.1");
	GOOD("listening-ip=2001:db8::1");
	GOOD("listening-ip=192.0.2.1");
	GOOD("listening-ip=192.0.2.2");
	GOOD("listening-ip=192.0.2.3");
	GOOD("external-ip=203.0.113.2/192.0.2.2");
	GOOD("alt-listening-port=4000");
	GOOD("rfc5780-rps=5");
	EXPECT_EQ(5, self->cfg.rfc5780_rps);
	discovery_fill(&self->cfg, &discovery);
	EXPECT_TRUE(discovery.on);
	EXPECT_EQ(3478, discovery.ports[0]);
	EXPECT_EQ(4000, discovery.ports[1]);
	site = &discovery.sites[0];
	EXPECT_STREQ("192.0.2.1", shown(&site->local[0]));
	EXPECT_STREQ("192.0.2.2", shown(&site->local[1]));
	EXPECT_STREQ("192.0.2.1", shown(&site->told[0]));
	EXPECT_STREQ("203.0.113.2", shown(&site->told[1]));
	EXPECT_EQ(0, discovery.sites[1].local[0].family);
}

TEST_F(config, rfc5780_says_what_it_lacks)
{
	GOOD("no-auth");
	GOOD("rfc5780");
	GOOD("listening-ip=192.0.2.1");
	GOOD("listening-ip=2001:db8::1");
	GOOD("alt-listening-port=3478");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "give alt-listening-port"));
	EXPECT_TRUE(has_finding(&self->report, "two listening-ip of a family"));
	EXPECT_EQ(1, self->report.errors);
}

TEST_F(config, limits_on_strangers)
{
	struct turn_config *core;

	GOOD("no-auth");
	GOOD("response-origin-only-with-rfc5780");
	GOOD("unauthorized-ratelimit-rps=20");
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_EQ(0, core->unauthorized_rate);
	EXPECT_FALSE(core->response_origin);
	turn_config_put(core);
	GOOD("unauthorized-ratelimit");
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_EQ(20, core->unauthorized_rate);
	turn_config_put(core);
}

TEST_F(config, oauth_keys)
{
	struct turn_config *core;

	GOOD("realm=example.org");
	GOOD("oauth");
	GOOD("oauth-key=north:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=");
	GOOD("oauth-key=south:MTIzNDU2Nzg5MDEyMzQ1Ng==:A128GCM");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(self->cfg.lt_cred_mech);
	core = core_config_make(&self->cfg, &self->report);
	ASSERT_NE(NULL, core);
	EXPECT_STREQ("example.org", core->oauth_server_name);
	turn_config_put(core);
	GOOD("server-name=turn.example.org");
	GOOD("oauth-key=east:MTIzNDU2Nzg5MDEyMzQ1Ng==");
	GOOD("oauth-key=west:MTIzNDU2Nzg5MDEyMzQ1Ng==:A256CBC-HS512");
	GOOD("oauth-key=north:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=");
	EXPECT_EQ(NULL, core_config_make(&self->cfg, &self->report));
	EXPECT_TRUE(has_finding(&self->report, "number 3 has a key that is too short"));
	EXPECT_TRUE(has_finding(&self->report, "number 4 has an algorithm"));
	EXPECT_TRUE(has_finding(&self->report, "number 5 is there twice"));
}

TEST_F(config, oauth_keys_have_an_id)
{
	BAD("oauth-key=nothing", "ID:KEY");
}

TEST_F(config, alternate_servers_are_addresses)
{
	GOOD("aux-server=192.0.2.51");
	EXPECT_EQ(3478, self->cfg.aux_server.v[0].port);
	BAD("alternate-server=other.example.org", "is not an IP address");
	BAD("aux-server=eth0:3478", "is not an IP address");
}

TEST_F(config, core_refuses_a_user_twice)
{
	GOOD("realm=example.org");
	GOOD("user=alice:one");
	GOOD("user=alice:two");
	config_check(&self->cfg, &self->report);
	EXPECT_EQ(NULL, core_config_make(&self->cfg, &self->report));
	EXPECT_TRUE(has_finding(&self->report, "user: 'alice' is there twice"));
}

TEST_F(config, xdp_interface)
{
	GOOD("xdp-interface=eth0");
	GOOD("xdp-interface eth1,generic");
	GOOD("xdp-pin=/sys/fs/bpf/elsewhere");
	GOOD("xdp-keep");
	ASSERT_EQ(2, self->cfg.xdp_interface.n);
	EXPECT_STREQ("eth0", self->cfg.xdp_interface.v[0].device);
	EXPECT_FALSE(self->cfg.xdp_interface.v[0].generic);
	EXPECT_STREQ("eth1", self->cfg.xdp_interface.v[1].device);
	EXPECT_TRUE(self->cfg.xdp_interface.v[1].generic);
	EXPECT_STREQ("/sys/fs/bpf/elsewhere", self->cfg.xdp_pin);
	EXPECT_TRUE(self->cfg.xdp_keep);
	BAD("xdp-interface=", "does not name a device", "eth0,generic");
	BAD("xdp-interface=,generic", "does not name a device");
	BAD("xdp-interface=a-name-that-is-too-long", "does not name a device");
	BAD("xdp-interface=eth0/1", "does not name a device");
	BAD("xdp-interface=eth2,offload", "eth2,offload", "native", "generic");
	BAD("xdp-interface=eth1", "twice");
	EXPECT_EQ(2, self->cfg.xdp_interface.n);
}

TEST_F(config, xdp_that_cannot_have_an_effect)
{
	GOOD("no-auth");
	GOOD("xdp-interface=eth0");
	GOOD("kernel-hook=input");
	GOOD("xdp-pin=kturn");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "no effect with kernel-hook=input"));
	EXPECT_TRUE(has_finding(&self->report, "not an absolute path"));
	LINE("kernel-relay=off");
	config_check(&self->cfg, &self->report);
	EXPECT_TRUE(has_finding(&self->report, "no effect with kernel-relay=off"));
}

TEST_HARNESS_MAIN
