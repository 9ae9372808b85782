// SPDX-License-Identifier: BSD-3-Clause
/*
 * kturnctl xdp, kturnctl unload: a program for XDP calls the module, so the
 * kernel does not unload that before the program is off all devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kturnctl/kturnctl.h"
#include "kturnd/config_load.h"
#include "kturnd/xdp_host.h"

/* The kernel frees a program some time after it was taken off. */
#define FREE_WAIT_MS	5000
#define FREE_STEP_MS	20

#define PATH_LEN	4096

/* References to the module; -1: it is not loaded. */
static long references(void)
{
	FILE *file = fopen("/sys/module/kturn/refcnt", "r");
	char text[32] = "";
	bool read;

	if (!file)
		return -1;
	read = fgets(text, sizeof(text), file);
	fclose(file);
	return read ? strtol(text, NULL, 10) : -1;
}

static long wait_until_free(void)
{
	const struct timespec step = { .tv_nsec = FREE_STEP_MS * 1000000 };
	long count = references();

	for (int ms = 0; count > 0 && ms < FREE_WAIT_MS; ms += FREE_STEP_MS) {
		nanosleep(&step, NULL);
		count = references();
	}
	return count;
}

/* --- without kturnd: what a crash left --------------------------------------- */

struct removal {
	int pins;
	unsigned int count;
	int error;
};

static void remove_pin(void *arg, const char *name)
{
	struct removal *removal = arg;

	if (unlinkat(removal->pins, name, 0))
		removal->error = errno;
	else
		removal->count++;
}

static int pins_directory(const struct context *ctx, char *path, size_t size)
{
	const struct config_source source = { .path = ctx->config };
	struct report report = { 0 };
	struct kturnd_config cfg;
	int ret;

	/* A file that is not there, or not good, leaves the default. */
	config_load(&source, &cfg, &report);
	ret = xdp_pins_path(cfg.xdp_pin ?: CONFIG_DEFAULT_XDP_PIN, path, size);
	config_free(&cfg);
	report_free(&report);
	return ret;
}

static int remove_pins(const struct context *ctx, unsigned int *count)
{
	struct removal removal = { 0 };
	char path[PATH_LEN];
	int ret = pins_directory(ctx, path, sizeof(path));

	*count = 0;
	if (ret)
		return ret;
	removal.pins = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (removal.pins < 0)
		return errno == ENOENT ? 0 : -errno;
	xdp_pins_foreach(removal.pins, remove_pin, &removal);
	close(removal.pins);
	*count = removal.count;
	return -removal.error;
}

static int detach_without_kturnd(const struct context *ctx)
{
	unsigned int count;
	int ret = remove_pins(ctx, &count);

	if (ret) {
		complain("xdp: kturnd is not running, and what it left cannot be removed: %s",
			 strerror(-ret));
		return ret == -EACCES || ret == -EPERM ? EXIT_PERMISSION :
							 EXIT_REFUSED;
	}
	if (!ctx->json)
		printf("kturnd is not running; took what it left off %u devices\n",
		       count);
	return EXIT_DONE;
}

/* --- with it -------------------------------------------------------------------- */

static int hold(struct context *ctx, bool on, char *why, size_t size)
{
	struct json_object *request = json_object_new_object();
	struct json_object *result;
	int ret;

	json_object_object_add(request, "command",
			       json_object_new_string("xdp"));
	json_object_object_add(request, "hold", json_object_new_boolean(on));
	ret = daemon_ask(ctx, request, &result, why, size);
	json_object_put(request);
	if (!ret && ctx->json)
		print_json(result);
	json_object_put(result);
	return ret;
}

static bool is_absent(int ret)
{
	return ret == -ENOENT || ret == -ECONNREFUSED;
}

static int detach(struct context *ctx)
{
	char why[ADMIN_WHY_LEN];
	int ret = hold(ctx, true, why, sizeof(why));
	long users;

	if (is_absent(ret))
		ret = detach_without_kturnd(ctx);
	else if (ret)
		return daemon_exit_code(ret, why);
	if (ret)
		return ret;
	users = wait_until_free();
	if (users > 0)
		complain("xdp: %ld others still use the module: programs that somebody else attached or pinned (bpftool link shows them), or a kturnd in another network namespace",
			 users);
	else if (!ctx->json)
		puts("XDP is off; PRE_ROUTING forwards. kturnctl xdp attach, or loading the module anew, puts it back");
	return EXIT_DONE;
}

static int attach(struct context *ctx)
{
	char why[ADMIN_WHY_LEN];
	int ret = hold(ctx, false, why, sizeof(why));

	if (ret)
		return daemon_exit_code(ret, why);
	if (!ctx->json)
		puts("XDP is on again where xdp-interface asks for it; kturnctl status tells");
	return EXIT_DONE;
}

int command_xdp(struct context *ctx, int argc, char **argv)
{
	if (argc == 1 && !strcmp(argv[0], "detach"))
		return detach(ctx);
	if (argc == 1 && !strcmp(argv[0], "attach"))
		return attach(ctx);
	complain("xdp takes detach or attach");
	return EXIT_USAGE;
}

static int explain_unload(int error)
{
	switch (error) {
	case EPERM:
		complain("unload: permission denied: try as root");
		return EXIT_PERMISSION;
	case EWOULDBLOCK:
		complain("unload: the module is still in use: by %ld others; bpftool link shows programs that hold it",
			 references());
		return EXIT_REFUSED;
	default:
		complain("unload: %s", strerror(error));
		return EXIT_REFUSED;
	}
}

int command_unload(struct context *ctx, int argc, char **argv)
{
	int code;

	if (argc > 0) {
		complain("unload takes no argument: \"%s\"", argv[0]);
		return EXIT_USAGE;
	}
	if (references() < 0) {
		complain("unload: the module kturn is not loaded");
		return EXIT_ABSENT;
	}
	code = detach(ctx);
	if (code)
		return code;
	if (!syscall(SYS_delete_module, "kturn", O_NONBLOCK)) {
		if (!ctx->json)
			puts("the module is unloaded; kturnd relays by itself");
		return EXIT_DONE;
	}
	code = explain_unload(errno);
	attach(ctx);
	return code;
}
