// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl: the command line. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/kturnctl.h"
#include "kturnd/config.h"
#include "version.h"

/* Options without a letter. */
enum { OPTION_CANCEL = 256, OPTION_CREATE };

struct command {
	const char *name;
	int (*run)(struct context *ctx, int argc, char **argv);
};

static const struct command commands[] = {
	{ "status", command_status },
	{ "list", command_list },
	{ "net", command_net },
	{ "flush", command_flush },
	{ "reload", command_reload },
	{ "drain", command_drain },
	{ "check", command_check },
	{ "xdp", command_xdp },
	{ "unload", command_unload },
	{ "user", command_user },
	{ "secret", command_secret },
};

static const char help[] =
"Usage: kturnctl [OPTION]... COMMAND\n"
"\n"
"Shows and steers a kturn relay: kturnd, and the kernel module kturn in the\n"
"network namespace that kturnctl runs in (kturnd's, as a rule).\n"
"\n"
"Commands:\n"
"  status              who relays and why; totals of kernel and kturnd, side\n"
"                      by side; packets left to kturnd, and dropped, by reason\n"
"  list allocations    what kturnd and the kernel hold, and who relays it\n"
"  list permissions\n"
"  list channels\n"
"  reload              read the configuration again; says option by option what\n"
"                      was applied, and what takes a restart\n"
"  drain               take no new sessions, end with the last one\n"
"  drain --wait        the same, and show how many are left until kturnd ends\n"
"  drain --cancel      take new sessions again\n"
"  net                 settings of the module\n"
"  net set NAME VALUE ...\n"
"                      hook none|prerouting|input, max-allocations N,\n"
"                      max-permissions N, max-channels N, max-bps BYTES\n"
"  flush --yes         take everything out of the kernel\n"
"  check [DEVICE ...]  can this host forward by XDP, and on which of its devices?\n"
"  xdp detach          take XDP off all devices, so that rmmod kturn works\n"
"  xdp attach          put it back\n"
"  unload              xdp detach, then unload the module\n"
"  user list           users in the database that kturnd's configuration names\n"
"  user add NAME       add one, or change the password: a line of standard input\n"
"  user delete NAME\n"
"  secret list         secrets of the TURN REST API there, by fingerprint\n"
"  secret add          add one: a line of standard input\n"
"  secret delete FINGERPRINT\n"
"\n"
"Options:\n"
"  -j, --json          print JSON\n"
"  -s, --socket PATH   admin socket of kturnd (" CONFIG_DEFAULT_ADMIN ")\n"
"  -w, --wait          drain: until kturnd has ended\n"
"      --cancel        drain: not any more\n"
"  -y, --yes           yes, flush\n"
"  -c, --config FILE   kturnd's configuration (" CONFIG_DEFAULT_PATH ")\n"
"  -b, --db PLACE      another user database: an SQLite file, \"redis:ip=...\",\n"
"                      \"psql:host=...\", as the options redis-userdb, psql-userdb\n"
"  -r, --realm REALM   realm of users and secrets; the configuration's, or all\n"
"      --create        make the database first, as coturn's schema has it\n"
"  -h, --help          this text\n"
"  -V, --version       version of kturnctl\n"
"\n"
"Exit status: 0 done; 1 refused or failed; 2 wrong command line; 3 not running\n"
"(list: neither side; net and flush: the module; else: kturnd); 4 takes root.\n";

void complain(const char *format, ...)
{
	va_list ap;

	fputs("kturnctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void print_json(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document,
					    JSON_C_TO_STRING_PRETTY |
					    JSON_C_TO_STRING_SPACED |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int run(struct context *ctx, int argc, char **argv)
{
	if (argc == 0) {
		complain("say what to do: status, check, list, reload, drain, xdp, net, flush, unload, user or secret; --help tells more");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, argv[0]))
			return commands[i].run(ctx, argc - 1, argv + 1);
	}
	complain("unknown command \"%s\": there are status, check, list, reload, drain, xdp, net, flush, unload, user and secret; --help tells more",
		 argv[0]);
	return EXIT_USAGE;
}

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "socket", required_argument, NULL, 's' },
	{ "yes", no_argument, NULL, 'y' },
	{ "wait", no_argument, NULL, 'w' },
	{ "cancel", no_argument, NULL, OPTION_CANCEL },
	{ "config", required_argument, NULL, 'c' },
	{ "db", required_argument, NULL, 'b' },
	{ "realm", required_argument, NULL, 'r' },
	{ "create", no_argument, NULL, OPTION_CREATE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/* One option; false: it is none of those that a command goes by. */
static bool take_option(struct context *ctx, int option)
{
	switch (option) {
	case 'j':
		ctx->json = true;
		break;
	case 's':
		ctx->socket = optarg;
		break;
	case 'y':
		ctx->yes = true;
		break;
	case 'w':
		ctx->wait = true;
		break;
	case OPTION_CANCEL:
		ctx->cancel = true;
		break;
	case 'c':
		ctx->config = optarg;
		break;
	case 'b':
		ctx->db = optarg;
		break;
	case 'r':
		ctx->realm = optarg;
		break;
	case OPTION_CREATE:
		ctx->create = true;
		break;
	default:
		return false;
	}
	return true;
}

/* Help, version, or an option that getopt_long() has complained about. */
static int answer_option(int option)
{
	if (option == 'h')
		fputs(help, stdout);
	else if (option == 'V')
		puts("kturnctl " KTURN_VERSION);
	else
		return EXIT_USAGE;
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct context ctx = { .config = CONFIG_DEFAULT_PATH };
	int option, code;

	while ((option = getopt_long(argc, argv, "js:ywc:b:r:hV", options,
				     NULL)) != -1)
		if (!take_option(&ctx, option))
			return answer_option(option);
	code = run(&ctx, argc - optind, argv + optind);
	fastpath_close(ctx.kernel);
	/* A full disk behind a redirection is a failure, too. */
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write the output");
		return EXIT_REFUSED;
	}
	return code;
}
