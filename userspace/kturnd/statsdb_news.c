// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/statsdb_news.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A user name and a realm, of any length that they can have, and the rest. */
#define KEY_LEN		(TURN_USERNAME_MAX + TURN_REALM_MAX + 128)
#define TEXT_LEN	512

struct statsdb_news *statsdb_news_new(const struct turn_session_report *report,
				      const SSL *ssl)
{
	size_t name = strlen(report->username) + 1;
	size_t realm = strlen(report->realm) + 1;
	struct statsdb_news *news = calloc(1, sizeof(*news) + name + realm);

	if (!news)
		return NULL;
	news->report = *report;
	memcpy(news->texts, report->username, name);
	memcpy(news->texts + name, report->realm, realm);
	news->report.username = news->texts;
	news->report.realm = news->texts + name;
	/* OpenSSL's names are constants. */
	news->version = ssl ? SSL_get_version(ssl) : "NONE";
	news->cipher = ssl ? SSL_get_cipher_name(ssl) : "NONE";
	return news;
}

/* turn/realm/R/user/U/allocation/N/..., as coturn counts: with 18 digits. */
static const char *make_key(const struct turn_session_report *report,
			    const char *what, char key[static KEY_LEN])
{
	snprintf(key, KEY_LEN, "turn/%s%s%suser/%s/allocation/%018" PRIu64 "/%s",
		 report->realm[0] ? "realm/" : "", report->realm,
		 report->realm[0] ? "/" : "", report->username, report->id,
		 what);
	return key;
}

#define SAY(command, arg, ...)						\
	(command)(arg,							\
		  sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
		  (const char *[]){ __VA_ARGS__ })

static void say_status(const struct statsdb_news *news, const char *status,
		       statsdb_command *command, void *arg)
{
	static const char *const types[] = {
		[TURN_UDP] = "UDP", [TURN_TCP] = "TCP",
		[TURN_TLS] = "TLS/TCP", [TURN_DTLS] = "DTLS",
	};
	const struct turn_session_report *report = &news->report;
	char local[TRANSPORT_ADDR_STRLEN], remote[TRANSPORT_ADDR_STRLEN];
	char key[KEY_LEN], text[TEXT_LEN], seconds[24];

	make_key(report, "status", key);
	snprintf(text, sizeof(text),
		 "%s lifetime=%u, type=%s, local=%s, remote=%s, ssl=%s, cipher=%s",
		 status, report->lifetime, types[report->tuple.transport],
		 transport_addr_print(&report->tuple.server, local),
		 transport_addr_print(&report->tuple.client, remote),
		 news->version, news->cipher);
	snprintf(seconds, sizeof(seconds), "%" PRIu64,
		 (uint64_t)report->lifetime + STATSDB_GRACE);
	SAY(command, arg, "SET", key, text, "EX", seconds);
	SAY(command, arg, "PUBLISH", key, text);
}

static void say_flows(const struct turn_session_report *report,
		      const char *what, const struct turn_flow *received,
		      const struct turn_flow *sent,
		      statsdb_command *command, void *arg)
{
	char key[KEY_LEN], text[TEXT_LEN];

	make_key(report, what, key);
	snprintf(text, sizeof(text),
		 "rcvp=%" PRIu64 ", rcvb=%" PRIu64 ", sentp=%" PRIu64
		 ", sentb=%" PRIu64,
		 received->packets, received->bytes, sent->packets,
		 sent->bytes);
	SAY(command, arg, "PUBLISH", key, text);
}

void statsdb_news_say(const struct statsdb_news *news,
		      statsdb_command *command, void *arg)
{
	const struct turn_session_report *report = &news->report;
	char key[KEY_LEN];

	switch (report->event) {
	case TURN_SESSION_NEW:
		say_status(news, "new", command, arg);
		break;
	case TURN_SESSION_REFRESHED:
		say_status(news, "refreshed", command, arg);
		break;
	case TURN_SESSION_TRAFFIC:
		say_flows(report, "traffic", &report->to_peer,
			  &report->to_client, command, arg);
		say_flows(report, "traffic/peer", &report->to_client,
			  &report->to_peer, command, arg);
		break;
	case TURN_SESSION_ENDED:
		make_key(report, "status", key);
		SAY(command, arg, "DEL", key);
		SAY(command, arg, "PUBLISH", key, "deleted");
		say_flows(report, "total_traffic", &report->to_peer,
			  &report->to_client, command, arg);
		say_flows(report, "total_traffic/peer", &report->to_client,
			  &report->to_peer, command, arg);
		break;
	}
}
