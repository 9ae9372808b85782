// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "turn/opaque_string.h"
#include "turn/realm.h"
#include "turn/shared.h"
#include "turn/users.h"

struct turn_origin {
	struct turn_origin *next;
	const struct turn_realm *realm;
	char text[TURN_ORIGIN_MAX];
};

void turn_realms_free(struct turn_config *cfg)
{
	struct turn_origin *origin;
	struct turn_realm *realm;

	while ((origin = cfg->origins)) {
		cfg->origins = origin->next;
		free(origin);
	}
	while ((realm = cfg->realms)) {
		cfg->realms = realm->next;
		turn_users_free(realm->users);
		turn_secrets_free(realm->secrets);
		free(realm);
	}
	turn_users_free(cfg->realm.users);
	turn_secrets_free(cfg->realm.secrets);
}

const struct turn_realm *turn_realm_find(const struct turn_config *cfg,
					 struct stun_bytes name)
{
	const struct turn_realm *realm;

	if (turn_bytes_equal(stun_bytes(cfg->realm.name), name))
		return &cfg->realm;
	for (realm = cfg->realms; realm; realm = realm->next)
		if (turn_bytes_equal(stun_bytes(realm->name), name))
			return realm;
	return NULL;
}

/* Prepares the name into @realm. */
static int set_name(struct turn_realm *realm, const char *name)
{
	uint8_t buf[OPAQUE_STRING_MAX];
	struct stun_bytes prepared;
	int err = opaque_string(stun_bytes(name), buf, &prepared);

	if (err)
		return err;
	if (prepared.len > TURN_REALM_MAX)
		return -EMSGSIZE;
	memcpy(realm->name, prepared.data, prepared.len);
	realm->name[prepared.len] = '\0';
	return 0;
}

int turn_config_set_realm(struct turn_config *cfg, const char *realm)
{
	if (turn_users_any(cfg->realm.users) || cfg->realms)
		return -EBUSY;
	return set_name(&cfg->realm, realm);
}

int turn_config_add_realm(struct turn_config *cfg, const char *name,
			  struct turn_realm **realm)
{
	struct turn_realm *new = calloc(1, sizeof(*new));
	const struct turn_realm *old;
	int err;

	if (!new)
		return -ENOMEM;
	err = set_name(new, name);
	old = err ? NULL : turn_realm_find(cfg, stun_bytes(new->name));
	if (err || old) {
		free(new);
		*realm = (struct turn_realm *)old;
		return err;
	}
	new->next = cfg->realms;
	cfg->realms = new;
	*realm = new;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/*
 * The form in which browsers write an origin (RFC 6454, section 6.1): scheme
 * and host in lower case, no default port, nothing behind.
 */
static int canonical(struct stun_bytes origin, char text[static TURN_ORIGIN_MAX])
{
	size_t slashes = 0, i;

	if (!origin.len || origin.len >= TURN_ORIGIN_MAX)
		return -EMSGSIZE;
	for (i = 0; i < origin.len; i++) {
		text[i] = lower((char)origin.data[i]);
		slashes += text[i] == '/';
		if (slashes == 3)
			break;
	}
	text[i] = '\0';
	if ((strncmp(text, "http://", 7) == 0 && ends_with(text, ":80")) ||
	    (strncmp(text, "https://", 8) == 0 && ends_with(text, ":443")))
		*strrchr(text, ':') = '\0';
	return 0;
}

static struct turn_origin *find_origin(const struct turn_config *cfg,
				       const char *text)
{
	struct turn_origin *origin;

	for (origin = cfg->origins; origin; origin = origin->next)
		if (strcmp(origin->text, text) == 0)
			return origin;
	return NULL;
}

int turn_config_add_origin(struct turn_config *cfg, const char *origin,
			   const struct turn_realm *realm)
{
	struct turn_origin *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	err = canonical(stun_bytes(origin), new->text);
	if (!err && find_origin(cfg, new->text))
		err = -EEXIST;
	if (err) {
		free(new);
		return err;
	}
	new->realm = realm;
	new->next = cfg->origins;
	cfg->origins = new;
	return 0;
}

static const struct turn_realm *realm_of_origin(const struct turn_config *cfg,
						const struct stun_message *msg)
{
	const struct turn_origin *origin;
	char text[TURN_ORIGIN_MAX];
	struct stun_bytes value;

	if (stun_get_bytes(msg, STUN_ATTR_ORIGIN, &value) ||
	    canonical(value, text))
		return NULL;
	origin = find_origin(cfg, text);
	return origin ? origin->realm : NULL;
}

const struct turn_realm *turn_realm_of(const struct turn_config *cfg,
				       const struct stun_message *msg)
{
	const struct turn_realm *realm = NULL;
	struct stun_bytes name;

	if (!cfg->realms)
		return &cfg->realm;
	if (stun_get_bytes(msg, STUN_ATTR_REALM, &name) == 0)
		realm = turn_realm_find(cfg, name);
	if (!realm)
		realm = realm_of_origin(cfg, msg);
	return realm ? realm : &cfg->realm;
}

bool turn_realm_fits_origin(const struct turn_config *cfg,
			    const struct stun_message *msg,
			    const struct turn_realm *realm)
{
	const struct turn_realm *of_origin;

	if (!stun_has(msg, STUN_ATTR_ORIGIN))
		return true;
	of_origin = realm_of_origin(cfg, msg);
	return realm == (of_origin ? of_origin : &cfg->realm);
}
