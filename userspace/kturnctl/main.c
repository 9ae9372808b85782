// SPDX-License-Identifier: BSD-3-Clause
/* kturnctl: the command line. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kturnctl/kturnctl.h"
#include "kturnd/config.h"
#include "version.h"

/* An option without a letter. */
#define OPTION_CANCEL 256

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
"\n"
"Options:\n"
"  -j, --json          print JSON\n"
"  -s, --socket PATH   admin socket of kturnd (" CONFIG_DEFAULT_ADMIN ")\n"
"  -w, --wait          drain: until kturnd has ended\n"
"      --cancel        drain: not any more\n"
"  -y, --yes           yes, flush\n"
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
		complain("say what to do: status, list, reload, drain, net or flush; --help tells more");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, argv[0]))
			return commands[i].run(ctx, argc - 1, argv + 1);
	}
	complain("unknown command \"%s\": there are status, list, reload, drain, net and flush; --help tells more",
		 argv[0]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "socket", required_argument, NULL, 's' },
		{ "yes", no_argument, NULL, 'y' },
		{ "wait", no_argument, NULL, 'w' },
		{ "cancel", no_argument, NULL, OPTION_CANCEL },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct context ctx = { .socket = CONFIG_DEFAULT_ADMIN };
	int option, code;

	while ((option = getopt_long(argc, argv, "js:ywhV", options, NULL)) !=
	       -1) {
		switch (option) {
		case 'j':
			ctx.json = true;
			break;
		case 's':
			ctx.socket = optarg;
			break;
		case 'y':
			ctx.yes = true;
			break;
		case 'w':
			ctx.wait = true;
			break;
		case OPTION_CANCEL:
			ctx.cancel = true;
			break;
		case 'h':
			fputs(help, stdout);
			return EXIT_DONE;
		case 'V':
			puts("kturnctl " KTURN_VERSION);
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	}
	code = run(&ctx, argc - optind, argv + optind);
	fastpath_close(ctx.kernel);
	/* A full disk behind a redirection is a failure, too. */
	if (fflush(stdout) || ferror(stdout)) {
		complain("cannot write the output");
		return EXIT_REFUSED;
	}
	return code;
}
