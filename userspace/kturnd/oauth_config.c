// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/oauth_config.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* Text of an oauth-key: any id, 48 bytes of key, the name of an algorithm. */
#define KEY_TEXT_MAX 512

const char *oauth_config_explain(int error)
{
	switch (-error) {
	case EEXIST:
		return "is there twice; remove one";
	case EINVAL:
		return "has a key that is too short or not base64; A256GCM takes 32 bytes, A128GCM 16";
	case EOPNOTSUPP:
		return "has an algorithm that is not known; give A256GCM or A128GCM";
	case EMSGSIZE:
		return "is too long; shorten it";
	default:
		return strerror(-error);
	}
}

/* Return: length of the key; 0 if it is not base64. */
static size_t decode(const char *text, uint8_t key[static KEY_TEXT_MAX])
{
	size_t len = strlen(text), pad = 0;
	int got = EVP_DecodeBlock(key, (const uint8_t *)text, (int)len);

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	/* Padding is decoded as if it were bytes. */
	return got > 0 ? (size_t)got - pad : 0;
}

int oauth_config_add_key(struct turn_config *core,
			 const struct turn_oauth_key_setup *setup,
			 const char *base64)
{
	struct turn_oauth_key_setup all = *setup;
	uint8_t bytes[KEY_TEXT_MAX];
	int ret;

	if (strlen(base64) >= KEY_TEXT_MAX)
		return -EMSGSIZE;
	all.key = bytes;
	all.key_len = decode(base64, bytes);
	ret = turn_config_add_oauth_key(core, &all);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return ret;
}

/* Splits a copy of "ID:KEY[:ALGORITHM]" in place. */
static int add_key(struct turn_config *core, char *text)
{
	struct turn_oauth_key_setup setup = { .kid = text, .algorithm = "" };
	char *key = strchr(text, ':'), *algorithm;

	*key++ = '\0';
	algorithm = strchr(key, ':');
	if (algorithm) {
		*algorithm++ = '\0';
		setup.algorithm = algorithm;
	}
	return oauth_config_add_key(core, &setup, key);
}

static void add_keys(const struct config_strings *keys,
		     struct turn_config *core, struct report *report)
{
	char text[KEY_TEXT_MAX];

	for (size_t i = 0; i < keys->n; i++) {
		int ret = -EMSGSIZE;

		if ((size_t)snprintf(text, sizeof(text), "%s", keys->v[i]) <
		    sizeof(text))
			ret = add_key(core, text);
		if (ret)
			report_error(report, NULL, "oauth-key: number %zu %s",
				     i + 1, oauth_config_explain(ret));
	}
	OPENSSL_cleanse(text, sizeof(text));
}

void oauth_config(const struct kturnd_config *cfg, struct turn_config *core,
		  struct report *report)
{
	if (!cfg->oauth)
		return;
	snprintf(core->oauth_server_name, sizeof(core->oauth_server_name), "%s",
		 cfg->server_name ? cfg->server_name : core->realm.name);
	add_keys(&cfg->oauth_keys, core, report);
}
