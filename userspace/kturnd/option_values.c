// SPDX-License-Identifier: BSD-3-Clause
/*
 * The values of options: from text to what struct kturnd_config holds, or to
 * a sentence about what is wrong.
 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kturnd/options.h"
#include "turn/peer_filter.h"

/* Bytes per second: more than any device has today. */
#define RATE_MAX 1000000000000ull

#define PREFIX_TEXT_LEN	64

static void *target(struct kturnd_config *cfg, const struct option *opt)
{
	return (char *)cfg + opt->target;
}

__attribute__((format(printf, 2, 3)))
static int refuse(char why[static OPTION_WHY_LEN], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, OPTION_WHY_LEN, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int check_memory(int ret, char why[static OPTION_WHY_LEN])
{
	if (ret)
		snprintf(why, OPTION_WHY_LEN, "cannot be kept: out of memory");
	return ret;
}

static bool is_one_of(const char *text, const char *const words[])
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

static int parse_flag(const char *value, bool *on,
		      char why[static OPTION_WHY_LEN])
{
	static const char *const yes[] = { "1", "on", "yes", "true", "t", "y",
					   NULL };
	static const char *const no[] = { "0", "off", "no", "false", "f", "n",
					  NULL };

	*on = !value || !value[0] || is_one_of(value, yes);
	if (*on || is_one_of(value, no))
		return 0;
	return refuse(why, "is neither yes nor no; give on or off, or the name alone for on");
}

int option_set_flag(struct kturnd_config *cfg, const struct option *opt,
		    const char *value, char why[static OPTION_WHY_LEN])
{
	return parse_flag(value, target(cfg, opt), why);
}

/* For no-x where the configuration holds x. */
int option_set_flag_off(struct kturnd_config *cfg, const struct option *opt,
			const char *value, char why[static OPTION_WHY_LEN])
{
	bool off;
	int ret = parse_flag(value, &off, why);

	if (!ret)
		*(bool *)target(cfg, opt) = !off;
	return ret;
}

/* What is said last counts: dtls, no-dtls, or dtls=off. */
int option_set_dtls(struct kturnd_config *cfg, const struct option *opt,
		    const char *value, char why[static OPTION_WHY_LEN])
{
	bool on;
	int ret = parse_flag(value, &on, why);

	(void)opt;
	if (!ret) {
		cfg->dtls = on;
		cfg->no_dtls = !on;
	}
	return ret;
}

/* Digits and nothing else: strtoull() alone takes signs and spaces. */
static bool parse_digits(const char *text, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !*end && !errno;
}

static bool parse_number(const char *text, uint32_t min, uint32_t max,
			 uint32_t *number)
{
	uint64_t value;

	if (!parse_digits(text, &value) || value < min || value > max)
		return false;
	*number = (uint32_t)value;
	return true;
}

int option_set_number(struct kturnd_config *cfg, const struct option *opt,
		      const char *value, char why[static OPTION_WHY_LEN])
{
	uint32_t number;

	if (!parse_number(value, opt->min, opt->max, &number))
		return refuse(why, "is not a number from %u to %u; give one",
			      opt->min, opt->max);
	*(uint32_t *)target(cfg, opt) = number;
	return 0;
}

int option_set_rate(struct kturnd_config *cfg, const struct option *opt,
		    const char *value, char why[static OPTION_WHY_LEN])
{
	uint64_t rate;

	if (!parse_digits(value, &rate) || rate > RATE_MAX)
		return refuse(why, "is not a number of bytes per second; give one, up to %llu",
			      RATE_MAX);
	*(uint64_t *)target(cfg, opt) = rate;
	return 0;
}

/* Bare means coturn's default, which is ours as well. */
int option_set_stale_nonce(struct kturnd_config *cfg, const struct option *opt,
			   const char *value, char why[static OPTION_WHY_LEN])
{
	return option_set_number(cfg, opt, value && value[0] ? value : "600",
				 why);
}

int option_set_string(struct kturnd_config *cfg, const struct option *opt,
		      const char *value, char why[static OPTION_WHY_LEN])
{
	char **text = target(cfg, opt);
	size_t len = strlen(value);
	char *copy;

	if (len < opt->min)
		return refuse(why, "is empty; give a value");
	if (opt->max && len > opt->max)
		return refuse(why, "has %zu bytes; give at most %u", len,
			      opt->max);
	copy = strdup(value);
	if (!copy)
		return check_memory(-ENOMEM, why);
	free(*text);
	*text = copy;
	return 0;
}

/* "syslog" as a file name means the option syslog, as in coturn. */
int option_set_log_file(struct kturnd_config *cfg, const struct option *opt,
			const char *value, char why[static OPTION_WHY_LEN])
{
	if (strcmp(value, "syslog") == 0) {
		cfg->syslog = true;
		return 0;
	}
	return option_set_string(cfg, opt, value, why);
}

int option_set_choice(struct kturnd_config *cfg, const struct option *opt,
		      const char *value, char why[static OPTION_WHY_LEN])
{
	const char *word = opt->choices;
	size_t len;
	int index = 0;

	for (; ; word += len + 1, index++) {
		len = strcspn(word, "|");
		if (strlen(value) == len && strncasecmp(value, word, len) == 0)
			break;
		if (!word[len])
			return refuse(why, "is not known; give one of %s",
				      opt->choices);
	}
	*(int *)target(cfg, opt) = index;
	return 0;
}

int option_set_keep_family(struct kturnd_config *cfg, const struct option *opt,
			   const char *value, char why[static OPTION_WHY_LEN])
{
	bool keep;
	int ret = parse_flag(value, &keep, why);

	(void)opt;
	if (!ret && keep)
		cfg->default_family = DEFAULT_FAMILY_KEEP;
	return ret;
}

static int parse_plain_ip(const char *text, struct transport_addr *addr)
{
	return transport_addr_parse(addr, text) || addr->port ? -EINVAL : 0;
}

static int parse_ip(const char *text, struct transport_addr *addr)
{
	if (parse_plain_ip(text, addr))
		return -EINVAL;
	transport_addr_unmap(addr);
	return 0;
}

int option_set_address(struct kturnd_config *cfg, const struct option *opt,
		       const char *value, char why[static OPTION_WHY_LEN])
{
	struct transport_addr addr;

	if (parse_ip(value, &addr))
		return refuse(why, "is not an IP address; give one such as 192.0.2.1 or 2001:db8::1, without a port");
	return check_memory(config_add_addr(target(cfg, opt), &addr), why);
}

/* Its port, if none is given, is the option's @min. */
int option_set_server(struct kturnd_config *cfg, const struct option *opt,
		      const char *value, char why[static OPTION_WHY_LEN])
{
	struct transport_addr addr;

	if (transport_addr_parse(&addr, value))
		return refuse(why, "is not an IP address with a port; give one such as 192.0.2.1:3478 or [2001:db8::1]:3478");
	if (!addr.port)
		addr.port = (uint16_t)opt->min;
	return check_memory(config_add_addr(target(cfg, opt), &addr), why);
}

/* Split @text at the first @at, which is left out. */
static bool split(const char *text, char at, char *head, size_t size,
		  const char **tail)
{
	const char *p = strchr(text, at);

	if (!p || (size_t)(p - text) >= size)
		return false;
	memcpy(head, text, (size_t)(p - text));
	head[p - text] = '\0';
	*tail = p + 1;
	return true;
}

int option_set_external(struct kturnd_config *cfg, const struct option *opt,
			const char *value, char why[static OPTION_WHY_LEN])
{
	struct config_external ext = { 0 };
	char head[PREFIX_TEXT_LEN];
	const char *tail;
	int ret;

	if (split(value, '/', head, sizeof(head), &tail))
		ret = parse_ip(head, &ext.public_ip) ?:
		      parse_ip(tail, &ext.private_ip);
	else
		ret = parse_ip(value, &ext.public_ip);
	if (ret)
		return refuse(why, "is not PUBLIC or PUBLIC/PRIVATE; give IP addresses, as in 203.0.113.7/10.0.0.7");
	if (ext.private_ip.family &&
	    ext.private_ip.family != ext.public_ip.family)
		return refuse(why, "mixes IPv4 and IPv6; give two addresses of one family");
	return check_memory(config_add_external(target(cfg, opt), &ext), why);
}

/* From an address in a prefix to the lowest and the highest of the prefix. */
static int range_of_prefix(struct config_range *range, const char *bits_text)
{
	size_t bytes = transport_addr_ip_len(&range->first);
	uint32_t bits;

	if (!parse_number(bits_text, 0, (uint32_t)bytes * 8, &bits))
		return -EINVAL;
	range->last = range->first;
	for (size_t i = 0; i < bytes; i++) {
		unsigned int fixed = bits >= 8 * (i + 1) ? 8 :
			bits > 8 * i ? bits - 8 * (unsigned int)i : 0;
		uint8_t host = (uint8_t)(0xff >> fixed);

		range->first.ip[i] &= (uint8_t)~host;
		range->last.ip[i] |= host;
	}
	return 0;
}

static int parse_range(const char *value, struct config_range *range)
{
	char head[PREFIX_TEXT_LEN];
	const char *tail;

	range->last = range->first = (struct transport_addr){ 0 };
	if (split(value, '/', head, sizeof(head), &tail))
		return parse_plain_ip(head, &range->first) ?:
		       range_of_prefix(range, tail);
	if (split(value, '-', head, sizeof(head), &tail))
		return parse_plain_ip(head, &range->first) ?:
		       parse_plain_ip(tail, &range->last);
	if (parse_plain_ip(value, &range->first))
		return -EINVAL;
	range->last = range->first;
	return 0;
}

/*
 * ::ffff:10.0.0.0-::ffff:10.255.255.255 means 10.0.0.0/8, for peers are judged
 * by the IPv4 address in them. But ::ffff:0:0/96, which many files deny, means
 * the form and not all of IPv4: that range stays one of IPv6.
 */
static void unmap_range(struct config_range *range)
{
	struct transport_addr first = range->first, last = range->last;
	static const uint8_t none[4], all[4] = { 255, 255, 255, 255 };

	transport_addr_unmap(&first);
	transport_addr_unmap(&last);
	if (first.family != AF_INET || last.family != AF_INET ||
	    (memcmp(first.ip, none, 4) == 0 && memcmp(last.ip, all, 4) == 0))
		return;
	range->first = first;
	range->last = last;
}

int option_set_range(struct kturnd_config *cfg, const struct option *opt,
		     const char *value, char why[static OPTION_WHY_LEN])
{
	struct config_range range;

	if (parse_range(value, &range))
		return refuse(why, "is not a range of IP addresses; give ADDRESS, FIRST-LAST or ADDRESS/BITS");
	unmap_range(&range);
	if (range.first.family != range.last.family)
		return refuse(why, "mixes IPv4 and IPv6; give two ranges");
	if (memcmp(range.first.ip, range.last.ip, sizeof(range.first.ip)) > 0)
		return refuse(why, "ends before it begins; exchange the two addresses");
	return check_memory(config_add_range(target(cfg, opt), &range), why);
}

int option_set_nat64_prefix(struct kturnd_config *cfg,
			    const struct option *opt, const char *value,
			    char why[static OPTION_WHY_LEN])
{
	struct turn_peer_filter scratch = { 0 };
	struct config_range range;
	int ret = strchr(value, '/') ? parse_range(value, &range) : -EINVAL;

	if (!ret)
		ret = turn_peer_filter_add_nat64(&scratch, &range.first,
						 &range.last);
	turn_peer_filter_free(&scratch);
	if (ret == -EINVAL)
		return refuse(why, "is not a prefix of RFC 6052; give an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits");
	return check_memory(ret ?: config_add_range(target(cfg, opt), &range),
			    why);
}

/* 0x and 32 hexadecimal digits: an MD5 key */
static int parse_key(const char *text, uint8_t key[static 16])
{
	if (strlen(text) != 34)
		return -EINVAL;
	for (int i = 0; i < 16; i++) {
		const char pair[] = { text[2 + 2 * i], text[3 + 2 * i], '\0' };

		if (!isxdigit((unsigned char)pair[0]) ||
		    !isxdigit((unsigned char)pair[1]))
			return -EINVAL;
		key[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return 0;
}

int option_set_user(struct kturnd_config *cfg, const struct option *opt,
		    const char *value, char why[static OPTION_WHY_LEN])
{
	struct config_user user = { 0 };
	const char *colon = strchr(value, ':');
	bool is_key;
	int ret;

	if (!colon || colon == value || !colon[1])
		return refuse(why, "is not NAME:PASSWORD or NAME:0xKEY; give both parts with a colon between them");
	is_key = strncmp(colon + 1, "0x", 2) == 0;
	if (is_key && parse_key(colon + 1, user.key))
		return refuse(why, "has a key that is not 32 hexadecimal digits after 0x; make it with turnadmin -k, or give the password");
	if (!is_key)
		user.password = strdup(colon + 1);
	user.name = strndup(value, (size_t)(colon - value));
	ret = user.name && (is_key || user.password) ?
		config_add_user(target(cfg, opt), &user) : -ENOMEM;
	if (ret) {
		free(user.name);
		free(user.password);
	}
	return check_memory(ret, why);
}

int option_set_secret(struct kturnd_config *cfg, const struct option *opt,
		      const char *value, char why[static OPTION_WHY_LEN])
{
	if (!value[0])
		return refuse(why, "is empty; give the secret that the web server signs credentials with");
	return check_memory(config_add_string(target(cfg, opt), value), why);
}

/* Its parts are taken apart where the key is put to use: oauth_config.c. */
int option_set_oauth_key(struct kturnd_config *cfg, const struct option *opt,
			 const char *value, char why[static OPTION_WHY_LEN])
{
	if (!strchr(value, ':'))
		return refuse(why, "is not of the form ID:KEY or ID:KEY:ALGORITHM, the key in base64");
	return check_memory(config_add_string(target(cfg, opt), value), why);
}

static bool has_xdp(const struct config_xdps *list, const char *device)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].device, device) == 0)
			return true;
	return false;
}

/* DEVICE, or DEVICE,generic. It need not be there yet. */
int option_set_xdp(struct kturnd_config *cfg, const struct option *opt,
		   const char *value, char why[static OPTION_WHY_LEN])
{
	struct config_xdps *list = target(cfg, opt);
	struct config_xdp item = { 0 };
	size_t len = strcspn(value, ",");
	char device[IFNAMSIZ];
	int ret;

	if (!len || len >= sizeof(device) || strcspn(value, "/ ") < len)
		return refuse(why, "does not name a device; give one, such as eth0, or eth0,generic");
	if (value[len] && strcasecmp(value + len, ",generic") != 0)
		return refuse(why, "has a mode that is not known; give the device alone, for native XDP, or with ,generic");
	memcpy(device, value, len);
	device[len] = '\0';
	if (has_xdp(list, device))
		return refuse(why, "is there twice; remove one");
	item.generic = value[len];
	item.device = strdup(device);
	ret = item.device ? config_add_xdp(list, &item) : -ENOMEM;
	if (ret)
		free(item.device);
	return check_memory(ret, why);
}
