// SPDX-License-Identifier: BSD-3-Clause
/* The options about TLS and DTLS: what they set, and what goes together. */
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/certificates.h"
#include "kturnd/config_file.h"
#include "kturnd/options.h"
#include "tls_world.h"

FIXTURE(config_tls)
{
	struct kturnd_config cfg;
	struct report report;
	struct tls_world world;
};

FIXTURE_SETUP(config_tls)
{
	memset(&self->report, 0, sizeof(self->report));
	config_init(&self->cfg);
	ASSERT_EQ(0, tls_world_open(&self->world));
}

FIXTURE_TEARDOWN(config_tls)
{
	config_free(&self->cfg);
	report_free(&self->report);
	tls_world_close(&self->world);
}

/* Read a file of these lines, which serves nobody else, and check it. */
static void read_lines(struct kturnd_config *cfg, struct report *report,
		       const char *const lines[])
{
	struct option_reader reader = { .cfg = cfg, .report = report };
	struct report_place place = { .file = "turn.conf" };
	char line[512];

	for (; *lines; lines++) {
		place.line++;
		snprintf(line, sizeof(line), "%s\n", *lines);
		config_file_line(&reader, line, &place);
	}
	snprintf(line, sizeof(line), "user=a:b\n");
	config_file_line(&reader, line, &place);
	snprintf(line, sizeof(line), "realm=r\n");
	config_file_line(&reader, line, &place);
	config_check(cfg, report);
}

#define READ(...) do { \
	const char *const lines_[] = { __VA_ARGS__, NULL }; \
	read_lines(&self->cfg, &self->report, lines_); \
} while (0)

static const char *finding(const struct report *report)
{
	return report->n == 1 ? report->v[0].text : "not one finding";
}

/* The only finding is @text, or begins so. */
#define FOUND(text_) \
	EXPECT_EQ(0, strncmp(finding(&self->report), text_, strlen(text_))) { \
		TH_LOG("%s", finding(&self->report)); \
	}

TEST_F(config_tls, off_by_default)
{
	READ("verbose");
	EXPECT_EQ(0, self->report.n);
	EXPECT_FALSE(config_has_tls(&self->cfg));
	EXPECT_FALSE(config_has_dtls(&self->cfg));
	EXPECT_EQ(NULL, certificates_load(&self->cfg, &self->report));
	EXPECT_EQ(0, self->report.n);
}

TEST_F(config_tls, on_by_certificate_and_key)
{
	READ("cert=/c.pem", "pkey=/k.pem", "pkey-pwd=p #w");
	EXPECT_EQ(0, self->report.n);
	EXPECT_TRUE(config_has_tls(&self->cfg));
	EXPECT_TRUE(config_has_dtls(&self->cfg));
	EXPECT_STREQ("/c.pem", self->cfg.cert);
	EXPECT_STREQ("p #w", self->cfg.pkey_pwd);
	EXPECT_EQ(5349, self->cfg.tls_listening_port);
	EXPECT_EQ(0, self->cfg.alt_tls_listening_port);
}

TEST_F(config_tls, all_values)
{
	READ("cert=c", "pkey=k", "tls-listening-port=443",
	     "alt-tls-listening-port=5350", "CA-file=a", "cipher-list=\"A:B\"",
	     "ec-curve-name=prime256v1", "dh-file=d", "dh2066");
	EXPECT_EQ(0, self->report.n);
	EXPECT_EQ(443, self->cfg.tls_listening_port);
	EXPECT_EQ(5350, self->cfg.alt_tls_listening_port);
	EXPECT_STREQ("a", self->cfg.ca_file);
	EXPECT_STREQ("A:B", self->cfg.cipher_list);
	EXPECT_STREQ("prime256v1", self->cfg.ec_curve_name);
	EXPECT_STREQ("d", self->cfg.dh_file);
}

TEST_F(config_tls, each_can_be_switched_off)
{
	READ("cert=c", "pkey=k", "no-tls");
	EXPECT_FALSE(config_has_tls(&self->cfg));
	EXPECT_TRUE(config_has_dtls(&self->cfg));
	READ("no-tls=off", "no-dtls");
	EXPECT_TRUE(config_has_tls(&self->cfg));
	EXPECT_FALSE(config_has_dtls(&self->cfg));
	READ("dtls");
	EXPECT_TRUE(config_has_dtls(&self->cfg));
	READ("dtls=off");
	EXPECT_FALSE(config_has_dtls(&self->cfg));
}

TEST_F(config_tls, half_of_a_certificate)
{
	READ("cert=c");
	EXPECT_EQ(1, self->report.errors);
	FOUND("cert: without pkey there is no TLS; add it");
}

TEST_F(config_tls, half_of_a_certificate_that_nobody_needs)
{
	READ("pkey=c", "no-tls", "no-dtls");
	EXPECT_EQ(0, self->report.n);
}

TEST_F(config_tls, dtls_without_a_certificate)
{
	READ("dtls");
	EXPECT_EQ(0, self->report.errors);
	FOUND("dtls: without cert and pkey TLS and DTLS are off");
	EXPECT_FALSE(config_has_dtls(&self->cfg));
}

TEST_F(config_tls, old_versions_are_warned_about)
{
	READ("cert=c", "pkey=k", "tlsv1_1");
	EXPECT_EQ(0, self->report.errors);
	EXPECT_TRUE(self->cfg.tlsv1_1);
	FOUND("tlsv1_1: versions before 1.2 are not secure");
}

TEST_F(config_tls, no_version_is_left_for_dtls)
{
	READ("cert=c", "pkey=k", "no-tlsv1_2");
	FOUND("no-tlsv1_2: no version is left for DTLS");
	EXPECT_TRUE(config_has_tls(&self->cfg));
	EXPECT_FALSE(config_has_dtls(&self->cfg));
}

TEST_F(config_tls, short_parameters_are_not_used)
{
	READ("dh566");
	EXPECT_EQ(0, self->report.errors);
	FOUND("turn.conf:1: dh566: ignored: so short a key is not secure");
}

TEST_F(config_tls, password_is_not_shown)
{
	READ("cert=c", "pkey=k", "pkey-pwd=");
	EXPECT_EQ(1, self->report.errors);
	FOUND("turn.conf:3: pkey-pwd: the value is empty");
}

TEST_F(config_tls, files_are_read)
{
	char cert[256], pkey[256];
	struct tls_context *tls;

	tls_world_usual(&self->world, "one");
	snprintf(cert, sizeof(cert), "cert=%s",
		 tls_world_path(&self->world, "one.pem"));
	snprintf(pkey, sizeof(pkey), "pkey=%s",
		 tls_world_path(&self->world, "one.key"));
	READ(cert, pkey);
	tls = certificates_load(&self->cfg, &self->report);
	EXPECT_NE(NULL, tls);
	EXPECT_EQ(0, self->report.n);
	tls_context_put(tls);
	READ("pkey=/nonexistent.key");
	EXPECT_EQ(NULL, certificates_load(&self->cfg, &self->report));
	FOUND("pkey: '/nonexistent.key' cannot be opened: No such file");
}

TEST_HARNESS_MAIN
