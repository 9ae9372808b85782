// SPDX-License-Identifier: BSD-3-Clause
#include "bench/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S	1000000000.0

static const char help[] =
"Usage: kturn-bench [OPTION]... SERVER[:PORT]\n"
"       kturn-bench --peer ADDRESS:PORT [--channels N] [--threads N]\n"
"\n"
"Loads a TURN server through real sockets and measures what comes through:\n"
"sent, received, lost, reordered, and how long it took. It makes allocations\n"
"with channels, has clients and peers send to each other through them, and\n"
"gives them back at the end, also after Ctrl-C.\n"
"\n"
"Credentials:\n"
"  -u, --user NAME       user name\n"
"  -w, --password WORD   password (or $KTURN_BENCH_PASSWORD, which ps hides)\n"
"      --secret TEXT     TURN REST: shared secret (or $KTURN_BENCH_SECRET)\n"
"\n"
"Who talks:\n"
"  -a, --allocations N   allocations in all (1)\n"
"  -c, --channels N      channels on each allocation, each to another peer (1)\n"
"  -d, --direction WHICH both (default), to-peer, to-client, or round-trip:\n"
"                        peers send back what clients send\n"
"      --client-address ADDRESS\n"
"                        send from here\n"
"      --peer-address ADDRESS\n"
"                        where this program's own peers are; the server must\n"
"                        allow it as a peer\n"
"      --remote-peer ADDRESS:PORT\n"
"                        the peers are elsewhere, from this port on: a\n"
"                        kturn-bench --peer; implies round-trip\n"
"      --peer ADDRESS:PORT\n"
"                        be those peers: send back what comes\n"
"  -4, -6                reach the server by IPv4, or IPv6, only\n"
"\n"
"What they send:\n"
"  -s, --size SIZES      bytes of payload (172), or a mix: 172:70,1200:30\n"
"  -r, --rate N          datagrams per second, in all (1000)\n"
"  -f, --flat-out        as many as come through instead; see --in-flight\n"
"      --in-flight N     flat out: at most so many under way each way (128);\n"
"                        0: send blindly\n"
"      --burst N         datagrams a flow sends one right after the other (1)\n"
"  -t, --duration S      seconds to measure (10)\n"
"      --warm-up S       seconds to send before that (1)\n"
"      --linger S        seconds to wait for the last ones (1)\n"
"      --threads N       threads to share the work (1)\n"
"      --socket-buffer N bytes of buffer of each socket (4194304)\n"
"\n"
"What comes of it:\n"
"  -j, --json FILE       results as JSON; - for standard output\n"
"      --svg FILE        a plot of the latencies\n"
"      --max-loss PERCENT\n"
"                        exit with 3 if more is lost either way\n"
"  -q, --quiet           no progress\n"
"  -h, --help            this text\n"
"  -V, --version         version\n"
"\n"
"Exit status: 0 measured; 1 failed; 2 wrong command line; 3 above --max-loss.\n";

enum {
	OPT_SECRET = 256,
	OPT_CLIENT_ADDRESS,
	OPT_PEER_ADDRESS,
	OPT_REMOTE_PEER,
	OPT_PEER,
	OPT_IN_FLIGHT,
	OPT_BURST,
	OPT_WARM_UP,
	OPT_LINGER,
	OPT_THREADS,
	OPT_SOCKET_BUFFER,
	OPT_SVG,
	OPT_MAX_LOSS,
};

static const struct option names[] = {
	{ "user", required_argument, NULL, 'u' },
	{ "password", required_argument, NULL, 'w' },
	{ "secret", required_argument, NULL, OPT_SECRET },
	{ "allocations", required_argument, NULL, 'a' },
	{ "channels", required_argument, NULL, 'c' },
	{ "direction", required_argument, NULL, 'd' },
	{ "client-address", required_argument, NULL, OPT_CLIENT_ADDRESS },
	{ "peer-address", required_argument, NULL, OPT_PEER_ADDRESS },
	{ "remote-peer", required_argument, NULL, OPT_REMOTE_PEER },
	{ "peer", required_argument, NULL, OPT_PEER },
	{ "size", required_argument, NULL, 's' },
	{ "rate", required_argument, NULL, 'r' },
	{ "flat-out", no_argument, NULL, 'f' },
	{ "in-flight", required_argument, NULL, OPT_IN_FLIGHT },
	{ "burst", required_argument, NULL, OPT_BURST },
	{ "duration", required_argument, NULL, 't' },
	{ "warm-up", required_argument, NULL, OPT_WARM_UP },
	{ "linger", required_argument, NULL, OPT_LINGER },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "socket-buffer", required_argument, NULL, OPT_SOCKET_BUFFER },
	{ "json", required_argument, NULL, 'j' },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "max-loss", required_argument, NULL, OPT_MAX_LOSS },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static const char *const traffic_names[] = {
	[TRAFFIC_BOTH] = "both",
	[TRAFFIC_TO_PEER] = "to-peer",
	[TRAFFIC_TO_CLIENT] = "to-client",
	[TRAFFIC_ROUND_TRIP] = "round-trip",
};

#define TRAFFICS (sizeof(traffic_names) / sizeof(traffic_names[0]))

/**
 * struct parser - the command line being read
 * @o: what becomes of it
 * @error: what is wrong with it
 * @option: the option being read, as the operator writes it
 * @rate: --rate was given
 * @flat_out: --flat-out was given
 * @in_flight: --in-flight was given
 * @direction: --direction was given
 */
struct parser {
	struct options *o;
	char *error;
	char option[32];
	bool rate;
	bool flat_out;
	bool in_flight;
	bool direction;
};

__attribute__((format(printf, 2, 3)))
static int refuse(struct parser *p, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(p->error, OPTIONS_ERROR_MAX, format, ap);
	va_end(ap);
	return -EINVAL;
}

static int take_number(struct parser *p, uint64_t *value, uint64_t min,
		       uint64_t max)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(optarg, &end, 10);
	if (!isdigit((unsigned char)*optarg) || *end || errno ||
	    number < min || number > max)
		return refuse(p, "%s %s: a whole number from %llu to %llu is wanted",
			      p->option, optarg, (unsigned long long)min,
			      (unsigned long long)max);
	*value = number;
	return 0;
}

static int take_count(struct parser *p, unsigned int *value, unsigned int max)
{
	uint64_t number = 0;

	if (take_number(p, &number, 1, max))
		return -EINVAL;
	*value = (unsigned int)number;
	return 0;
}

static int take_decimal(struct parser *p, double *value, double max)
{
	char *end;

	*value = strtod(optarg, &end);
	if ((!isdigit((unsigned char)*optarg) && *optarg != '.') || *end ||
	    !isfinite(*value) || *value > max)
		return refuse(p, "%s %s: a number from 0 to %.0f is wanted, as in 2.5",
			      p->option, optarg, max);
	return 0;
}

static int take_seconds(struct parser *p, uint64_t *ns)
{
	double seconds;

	if (take_decimal(p, &seconds, BENCH_MAX_SECONDS))
		return -EINVAL;
	*ns = (uint64_t)(seconds * NS_PER_S);
	return 0;
}

/* With a port or without one. */
static int take_address(struct parser *p, struct transport_addr *addr,
			bool port)
{
	if (transport_addr_parse(addr, optarg) || port != (addr->port != 0))
		return refuse(p, "%s %s: an IP address %s is wanted, as in %s",
			      p->option, optarg,
			      port ? "and a port" : "without a port",
			      port ? "192.0.2.1:4000 or [2001:db8::1]:4000"
				   : "192.0.2.1 or 2001:db8::1");
	return 0;
}

static int take_direction(struct parser *p)
{
	p->direction = true;
	for (unsigned int i = 0; i < TRAFFICS; i++) {
		if (!strcmp(optarg, traffic_names[i])) {
			p->o->traffic = (enum traffic)i;
			return 0;
		}
	}
	return refuse(p, "%s %s: it is both, to-peer, to-client or round-trip",
		      p->option, optarg);
}

static int take_sizes(struct parser *p)
{
	char why[128];

	if (!size_mix_parse(&p->o->sizes, optarg, why, sizeof(why)))
		return 0;
	return refuse(p, "%s %s: %s", p->option, optarg, why);
}

static int take_talkers(struct parser *p, int option)
{
	struct options *o = p->o;

	switch (option) {
	case 'u':
		o->user = optarg;
		return 0;
	case 'w':
		o->password = optarg;
		return 0;
	case OPT_SECRET:
		o->secret = optarg;
		return 0;
	case 'a':
		return take_count(p, &o->allocations, BENCH_MAX_ALLOCATIONS);
	case 'c':
		return take_count(p, &o->channels, BENCH_MAX_CHANNELS);
	case 'd':
		return take_direction(p);
	case OPT_CLIENT_ADDRESS:
		return take_address(p, &o->client_address, false);
	case OPT_PEER_ADDRESS:
		return take_address(p, &o->peer_address, false);
	case OPT_REMOTE_PEER:
		return take_address(p, &o->remote_peer, true);
	case OPT_PEER:
		o->task = TASK_PEER;
		return take_address(p, &o->peer_listen, true);
	case '4':
		o->family = AF_INET;
		return 0;
	case '6':
		o->family = AF_INET6;
		return 0;
	default:
		return -EINVAL;
	}
}

static int take_load(struct parser *p, int option)
{
	struct options *o = p->o;

	switch (option) {
	case 's':
		return take_sizes(p);
	case 'r':
		p->rate = true;
		return take_number(p, &o->rate, 1, BENCH_MAX_RATE);
	case 'f':
		p->flat_out = true;
		return 0;
	case OPT_IN_FLIGHT:
		p->in_flight = true;
		return take_number(p, &o->in_flight, 0, UINT32_MAX);
	case OPT_BURST:
		return take_count(p, &o->burst, BENCH_MAX_BURST);
	case 't':
		return take_seconds(p, &o->duration_ns);
	case OPT_WARM_UP:
		return take_seconds(p, &o->warm_up_ns);
	case OPT_LINGER:
		return take_seconds(p, &o->linger_ns);
	case OPT_THREADS:
		return take_count(p, &o->threads, BENCH_MAX_THREADS);
	case OPT_SOCKET_BUFFER:
		return take_count(p, &o->socket_buffer, INT32_MAX / 2);
	default:
		return take_talkers(p, option);
	}
}

static int take(struct parser *p, int option)
{
	struct options *o = p->o;

	switch (option) {
	case 'j':
		o->json = optarg;
		return 0;
	case OPT_SVG:
		o->svg = optarg;
		return 0;
	case OPT_MAX_LOSS:
		return take_decimal(p, &o->max_loss, 100);
	case 'q':
		o->quiet = true;
		return 0;
	case 'h':
		o->task = TASK_HELP;
		return 0;
	case 'V':
		o->task = TASK_VERSION;
		return 0;
	case ':':
		return refuse(p, "%s wants a value: --help tells which",
			      p->option);
	case '?':
		return refuse(p, optopt && strchr(p->option, '=') ?
			      "%s: that option takes no value" :
			      "%s is not an option: --help lists them",
			      p->option);
	default:
		return take_load(p, option);
	}
}

static bool is_known(int option)
{
	for (size_t i = 0; names[i].name; i++) {
		if (names[i].val == option)
			return true;
	}
	return false;
}

/* The option that getopt_long() has just met, for messages. */
static void name_option(struct parser *p, int option, int index, char **argv)
{
	const char *word = argv[optind - 1];
	bool unknown = option == '?', bare = option == ':';
	bool is_long = (unknown && (!optopt || is_known(optopt))) ||
		       (bare && !strncmp(word, "--", 2));

	if (index >= 0)
		snprintf(p->option, sizeof(p->option), "--%s",
			 names[index].name);
	else if (is_long)
		snprintf(p->option, sizeof(p->option), "%s", word);
	else
		snprintf(p->option, sizeof(p->option), "-%c",
			 unknown || bare ? optopt : option);
}

/* What is taken from the environment does not show in ps. */
static void take_environment(struct options *o)
{
	if (!o->password)
		o->password = getenv("KTURN_BENCH_PASSWORD");
	if (!o->secret)
		o->secret = getenv("KTURN_BENCH_SECRET");
}

static int check_credentials(struct parser *p)
{
	const struct options *o = p->o;

	if (o->secret && o->password)
		return refuse(p, "--secret and --password exclude each other: the secret makes the password");
	if (o->password && !o->user)
		return refuse(p, "--password is of no use without --user");
	if (o->user && !o->password && !o->secret)
		return refuse(p, "--user is of no use without --password or --secret");
	return 0;
}

static int check_peers(struct parser *p)
{
	struct options *o = p->o;
	const struct transport_addr *first = o->task == TASK_PEER ?
		&o->peer_listen : &o->remote_peer;

	if (first->port + o->channels > 65536)
		return refuse(p, "%u channels need as many ports of the peer: there are not so many from %u on",
			      o->channels, first->port);
	if (o->task == TASK_PEER || !o->remote_peer.family)
		return 0;
	if (o->peer_address.family)
		return refuse(p, "--remote-peer and --peer-address exclude each other: the peers are there, or here");
	if (p->direction && o->traffic != TRAFFIC_ROUND_TRIP)
		return refuse(p, "--remote-peer only sends back what it gets: --direction is round-trip");
	o->traffic = TRAFFIC_ROUND_TRIP;
	return 0;
}

/* What goes together, and what does not. */
static int check(struct parser *p, int rest, char **argv)
{
	struct options *o = p->o;

	if (o->task == TASK_HELP || o->task == TASK_VERSION)
		return 0;
	if (o->task == TASK_PEER && rest)
		return refuse(p, "--peer is a task of its own: \"%s\" has no place beside it",
			      argv[0]);
	if (o->task == TASK_MEASURE && !rest)
		return refuse(p, "which server? --help tells more");
	if (o->task == TASK_MEASURE && rest > 1)
		return refuse(p, "one server at a time, not \"%s\" and \"%s\"",
			      argv[0], argv[1]);
	if (p->rate && p->flat_out)
		return refuse(p, "--rate and --flat-out exclude each other");
	if (p->in_flight && !p->flat_out)
		return refuse(p, "--in-flight is for --flat-out; at a rate nothing waits for answers");
	if (o->task == TASK_MEASURE && !o->duration_ns)
		return refuse(p, "--duration 0 measures nothing");
	if (o->task == TASK_MEASURE && o->threads > o->allocations)
		return refuse(p, "%u threads have nothing to share with %u allocations: at least one each is wanted",
			      o->threads, o->allocations);
	if ((uint64_t)o->allocations * o->channels > BENCH_MAX_FLOWS)
		return refuse(p, "%u allocations with %u channels each: at most %u channels in all",
			      o->allocations, o->channels, BENCH_MAX_FLOWS);
	if (p->flat_out)
		o->rate = 0;
	o->server = o->task == TASK_MEASURE ? argv[0] : NULL;
	return check_credentials(p) || check_peers(p) ? -EINVAL : 0;
}

int options_parse(struct options *o, int argc, char **argv,
		  char error[static OPTIONS_ERROR_MAX])
{
	struct parser p = { .o = o, .error = error };
	int option, index = -1;

	*o = (struct options){
		.allocations = 1, .channels = 1, .threads = 1, .burst = 1,
		.sizes = { 1, 1, 172, { { 172, 1 } } },
		.rate = 1000, .in_flight = 128, .socket_buffer = 4 << 20,
		.duration_ns = 10 * (uint64_t)NS_PER_S,
		.warm_up_ns = (uint64_t)NS_PER_S,
		.linger_ns = (uint64_t)NS_PER_S, .max_loss = -1,
	};
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":46u:w:a:c:d:s:r:ft:j:qhV",
				     names, &index)) != -1) {
		name_option(&p, option, index, argv);
		if (take(&p, option))
			return -EINVAL;
		index = -1;
	}
	take_environment(o);
	return check(&p, argc - optind, argv + optind);
}

void options_help(void)
{
	fputs(help, stdout);
}

const char *traffic_name(enum traffic traffic)
{
	return traffic_names[traffic];
}

bool options_way_used(const struct options *o, enum way way)
{
	if (way == WAY_TO_PEER)
		return o->traffic != TRAFFIC_TO_CLIENT;
	return o->traffic == TRAFFIC_BOTH || o->traffic == TRAFFIC_TO_CLIENT;
}
