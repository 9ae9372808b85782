// SPDX-License-Identifier: BSD-3-Clause
/*
 * kturnctl as operators and scripts use it: the program itself, against a
 * server that answers like kturnd, where the kernel module is not loaded.
 */
#include <errno.h>
#include <event2/event.h>
#include <json-c/json.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "fastpath/fastpath.h"
#include "kturnd/admin.h"

FIXTURE(kturnctl)
{
	char program[PATH_MAX];
	char dir[32];
	char path[64];
	pid_t server;
	char output[16384];
	int status;
};

static const char status_text[] =
	"{\"version\":\"9.8.7\",\"pid\":1234,\"uptime\":7265,"
	"\"relay\":\"userspace\",\"reason\":\"no module\",\"workers\":2,"
	"\"allocations\":3,\"permissions\":4,\"channels\":5,"
	"\"userspace\":{\"to_peer\":{\"packets\":10,\"bytes\":1000},"
	"\"to_client\":{\"packets\":20,\"bytes\":2000},"
	"\"dropped\":{\"no-permission\":7,\"never\":0}},"
	"\"connections\":{\"open\":6,\"accepted\":9,"
	"\"ended\":{\"client\":2,\"idle\":1,\"slow\":0}},"
	"\"dtls\":{\"open\":8,\"accepted\":11,\"cookies_sent\":12,"
	"\"ended\":{\"client\":3,\"handshake\":0}},"
	"\"xdp\":[{\"device\":\"eth0\",\"mode\":\"native\","
	"\"state\":\"attached\",\"pinned\":true,\"program\":31,\"since\":60},"
	"{\"device\":\"eth1\",\"mode\":\"generic\",\"state\":\"refused\","
	"\"pinned\":false,\"reason\":\"it would not\"}],"
	"\"listeners\":[\"192.0.2.1:3478\",\"[2001:db8::1]:3478\"]}";

static const char allocations_text[] =
	"[{\"client\":\"192.0.2.9:1\",\"server\":\"192.0.2.1:3478\","
	"\"transport\":\"tcp\","
	"\"relayed\":[\"192.0.2.1:50000\",\"[2001:db8::1]:50000\"],"
	"\"username\":\"alice\",\"realm\":\"example.org\",\"expires\":600,"
	"\"channels\":2,\"permissions\":1,\"offloaded\":false},"
	"{\"client\":\"[2001:db8::9]:65535\",\"server\":\"[2001:db8::1]:3478\","
	"\"transport\":\"udp\","
	"\"relayed\":[\"192.0.2.1:50001\"],\"username\":\"bob\","
	"\"realm\":\"example.org\",\"expires\":5,\"channels\":0,"
	"\"permissions\":0,\"offloaded\":false}]";

static const char channels_text[] =
	"[{\"client\":\"192.0.2.9:1\",\"number\":16385,"
	"\"peer\":\"203.0.113.1:5000\",\"expires\":599,\"offloaded\":false}]";

static const char reload_text[] =
	"{\"applied\":[\"user\",\"realm\"],\"restart\":[\"min-port\"],"
	"\"warnings\":[\"turn.conf:7: odd\"]}";

static const char drain_text[] =
	"{\"pid\":1234,\"draining\":true,\"left\":3}";

static void add(struct json_object *reply, const char *text)
{
	struct json_object *from = json_tokener_parse(text);

	json_object_object_foreach(from, name, value)
		json_object_object_add(reply, name, json_object_get(value));
	json_object_put(from);
}

static int handle(const char *command, struct json_object *request,
		  struct json_object *reply, void *arg)
{
	const char *what = json_object_get_string(
		json_object_object_get(request, "what"));

	(void)arg;
	if (!strcmp(command, "status")) {
		add(reply, status_text);
		return 0;
	}
	if (!strcmp(command, "reload")) {
		add(reply, reload_text);
		return 0;
	}
	if (!strcmp(command, "xdp")) {
		const char *hold = json_object_get_string(
			json_object_object_get(request, "hold"));

		add(reply, hold && !strcmp(hold, "true") ?
		    "{\"held\":true}" : "{\"held\":false}");
		return 0;
	}
	if (!strcmp(command, "drain")) {
		add(reply, drain_text);
		return 0;
	}
	if (!what || !strcmp(what, "permissions")) {
		json_object_object_add(reply, "error", json_object_new_string(
			"the workers are busy"));
		return -EBUSY;
	}
	json_object_object_add(reply, what, json_tokener_parse(
		!strcmp(what, "channels") ? channels_text : allocations_text));
	return 0;
}

/* The server listens when this returns. */
static pid_t serve(const char *path)
{
	struct admin *admin;
	int ready[2];
	char why[256];
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		struct event_base *base = event_base_new();

		if (!admin_open(&admin, base, path, handle, NULL, why,
				sizeof(why)) &&
		    write(ready[1], "r", 1) == 1)
			event_base_dispatch(base);
		_exit(1);
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], why, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

FIXTURE_SETUP(kturnctl)
{
	char self_path[PATH_MAX] = { 0 };
	struct fastpath *fp;
	bool loaded;

	/* build/tests/unit/test_kturnctl and build/san/kturnctl */
	ASSERT_LT(0, readlink("/proc/self/exe", self_path, PATH_MAX - 1));
	snprintf(self->program, PATH_MAX, "%.3000s/../../san/kturnctl",
		 dirname(self_path));
	ASSERT_EQ(0, access(self->program, X_OK)) {
		TH_LOG("%s is not built: make sanitized", self->program);
	}
	ASSERT_EQ(0, fastpath_open(&fp, NULL));
	loaded = fastpath_attached(fp);
	fastpath_close(fp);
	if (loaded)
		SKIP(return, "the kernel module kturn is loaded here");

	strcpy(self->dir, "/tmp/kturn-ctl-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/socket", self->dir);
	self->server = serve(self->path);
	ASSERT_LT(0, self->server);
}

FIXTURE_TEARDOWN(kturnctl)
{
	if (self->server <= 0)
		return;
	kill(self->server, SIGKILL);
	waitpid(self->server, NULL, 0);
	unlink(self->path);
	rmdir(self->dir);
}

#define RUN(arguments) run(self->program, self->path, arguments,	\
			   self->output, sizeof(self->output))

/* Run it with the server's socket; its output, stderr included. */
static int run(const char *program, const char *path, const char *arguments,
	       char *output, size_t size)
{
	char command[PATH_MAX + 256];
	size_t len;
	FILE *pipe;
	int status;

	snprintf(command, sizeof(command), "%s --socket %s %s 2>&1", program,
		 path, arguments);
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	len = fread(output, 1, size - 1, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(kturnctl, status_of_kturnd_without_module)
{
	EXPECT_EQ(0, RUN("status"));
	EXPECT_STREQ(
"relay     userspace: no module\n"
"kturnd    version 9.8.7, pid 1234, up 2 h 1 min, workers 2\n"
"module    not loaded: modprobe kturn (or insmod kturn.ko) loads it\n"
"listening 192.0.2.1:3478\n"
"          [2001:db8::1]:3478\n"
"\n"
"objects            kernel  limit  kturnd\n"
"allocations             -      -       3\n"
"permissions             -      -       4\n"
"channels                -      -       5\n"
"connections             -      -       6\n"
"DTLS associations       -      -       8\n"
"\n"
"relayed              kernel  kturnd\n"
"to peers, packets         -      10\n"
"to peers, bytes           -    1000\n"
"to clients, packets       -      20\n"
"to clients, bytes         -    2000\n"
"\n"
"XDP   mode     state     seconds  program\n"
"eth0  native   attached       60       31\n"
"eth1  generic  refused         -        -\n"
"eth1: it would not\n"
"\n"
"connections ended  count\n"
"client                 2\n"
"idle                   1\n"
"\n"
"DTLS associations ended  count\n"
"client                       3\n"
"\n"
"dropped        kernel  kturnd\n"
"no-permission       -       7\n", self->output);
}

static struct json_object *at(struct json_object *o, const char *a,
			      const char *b, const char *c)
{
	o = json_object_object_get(o, a);
	o = b ? json_object_object_get(o, b) : o;
	return c ? json_object_object_get(o, c) : o;
}

TEST_F(kturnctl, status_as_json)
{
	struct json_object *o;

	EXPECT_EQ(0, RUN("--json status"));
	o = json_tokener_parse(self->output);
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_object_get_boolean(at(o, "running", NULL, NULL)));
	EXPECT_STREQ("userspace",
		     json_object_get_string(at(o, "relay", NULL, NULL)));
	EXPECT_EQ(10, json_object_get_int(at(o, "userspace", "to_peer",
					     "packets")));
	EXPECT_FALSE(json_object_get_boolean(at(o, "kernel", "loaded", NULL)));
	EXPECT_NE(NULL, at(o, "kernel", "reason", NULL));
	json_object_put(o);
}

TEST_F(kturnctl, lists)
{
	EXPECT_EQ(0, RUN("list allocations"));
	EXPECT_STREQ(
"client               server              over  relayed                              user   relay   expires  channels  permissions  to peers  to client\n"
"192.0.2.9:1          192.0.2.1:3478      tcp   192.0.2.1:50000 [2001:db8::1]:50000  alice  kturnd    600 s         2            1         -          -\n"
"[2001:db8::9]:65535  [2001:db8::1]:3478  udp   192.0.2.1:50001                      bob    kturnd      5 s         0            0         -          -\n",
		     self->output);
	EXPECT_EQ(0, RUN("list channels"));
	EXPECT_STREQ(
"client       channel  peer              relay   expires  to peer  to client\n"
"192.0.2.9:1  0x4001   203.0.113.1:5000  kturnd    599 s        -          -\n",
		     self->output);
}

TEST_F(kturnctl, list_as_json)
{
	struct json_object *o, *rows;

	EXPECT_EQ(0, RUN("list -j allocations"));
	o = json_tokener_parse(self->output);
	ASSERT_NE(NULL, o);
	rows = json_object_object_get(o, "allocations");
	ASSERT_EQ(2, json_object_array_length(rows));
	EXPECT_STREQ("bob", json_object_get_string(json_object_object_get(
		json_object_array_get_idx(rows, 1), "username")));
	json_object_put(o);
}

TEST_F(kturnctl, tells_what_a_reload_did)
{
	EXPECT_EQ(0, RUN("reload"));
	EXPECT_STREQ("warning: turn.conf:7: odd\n"
		     "applied: user, realm\n"
		     "takes a restart: min-port\n", self->output);
	EXPECT_EQ(0, RUN("reload --json"));
	EXPECT_NE(NULL, strstr(self->output, "\"restart\""));
}

TEST_F(kturnctl, tells_what_draining_waits_for)
{
	EXPECT_EQ(0, RUN("drain"));
	EXPECT_STREQ("draining: 3 sessions left\n", self->output);
	EXPECT_EQ(0, RUN("drain --cancel"));
	EXPECT_STREQ("serving: kturnd takes new sessions\n", self->output);
	EXPECT_EQ(2, RUN("drain --cancel --wait"));
	EXPECT_EQ(2, RUN("drain now"));
	/* The status that this server gives is that of one that serves. */
	EXPECT_EQ(1, RUN("drain --wait"));
	EXPECT_NE(NULL, strstr(self->output, "3 sessions left"));
	EXPECT_NE(NULL, strstr(self->output, "drain was cancelled"));
}

TEST_F(kturnctl, takes_xdp_off_and_puts_it_back)
{
	EXPECT_EQ(0, RUN("xdp detach"));
	EXPECT_NE(NULL, strstr(self->output, "XDP is off"));
	EXPECT_EQ(0, RUN("xdp detach --json"));
	EXPECT_NE(NULL, strstr(self->output, "\"held\": true"));
	EXPECT_EQ(0, RUN("xdp attach"));
	EXPECT_NE(NULL, strstr(self->output, "XDP is on again"));
	EXPECT_EQ(0, RUN("xdp attach --json"));
	EXPECT_NE(NULL, strstr(self->output, "\"held\": false"));
	/* There is no module to unload. */
	EXPECT_EQ(3, RUN("unload"));
	EXPECT_NE(NULL, strstr(self->output, "not loaded"));
}

/* What a host has is the host's: that all of it is told is not. */
TEST_F(kturnctl, checks_for_xdp)
{
	struct json_object *o;

	RUN("check lo");
	EXPECT_NE(NULL, strstr(self->output, "not a device of Ethernet"));
	EXPECT_EQ(1, RUN("check nosuchdevice"));
	EXPECT_NE(NULL, strstr(self->output, "nosuchdevice: No such device"));
	RUN("check");
	EXPECT_NE(NULL, strstr(self->output, "XDP here: "));
	EXPECT_NE(NULL, strstr(self->output, "make bench"));
	EXPECT_NE(NULL, strstr(self->output, "no real NIC was measured"));
	RUN("check --json");
	o = json_tokener_parse(self->output);
	ASSERT_NE(NULL, o);
	EXPECT_NE(NULL, at(o, "host", "kernel", "answer"));
	EXPECT_NE(NULL, at(o, "host", "module", "text"));
	EXPECT_NE(NULL, at(o, "devices", NULL, NULL));
	EXPECT_NE(NULL, at(o, "xdp", NULL, NULL));
	json_object_put(o);
}

TEST_F(kturnctl, passes_refusals_on)
{
	EXPECT_EQ(1, RUN("list permissions"));
	EXPECT_NE(NULL, strstr(self->output,
			       "kturnctl: kturnd: the workers are busy\n"));
}

TEST_F(kturnctl, says_that_kturnd_is_down)
{
	struct json_object *o;

	ASSERT_EQ(0, kill(self->server, SIGKILL));
	ASSERT_EQ(self->server, waitpid(self->server, NULL, 0));
	self->server = serve("/nonexistent/kturn/socket");
	EXPECT_EQ(-1, self->server);

	/* The socket was left behind; and then it is not even there. */
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(3, RUN("status"));
		EXPECT_NE(NULL, strstr(self->output, "relay     nobody\n"));
		EXPECT_NE(NULL, strstr(self->output, "not running"));
		EXPECT_NE(NULL, strstr(self->output, self->path));
		EXPECT_EQ(3, RUN("list allocations"));
		EXPECT_EQ(3, RUN("status --json"));
		o = json_tokener_parse(self->output);
		EXPECT_FALSE(json_object_get_boolean(
			json_object_object_get(o, "running")));
		json_object_put(o);
		unlink(self->path);
	}
	rmdir(self->dir);
}

TEST_F(kturnctl, says_that_the_module_is_absent)
{
	static const char *const lines[] = {
		"net", "net set hook input", "flush", "flush --yes",
	};

	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(3, RUN(lines[i]));
		EXPECT_NE(NULL, strstr(self->output, "modprobe kturn"));
	}
}

TEST_F(kturnctl, refuses_wrong_command_lines)
{
	static const char *const lines[][2] = {
		{ "", "say what to do" },
		{ "sing", "\"sing\"" },
		{ "--sing", "sing" },
		{ "status now", "\"now\"" },
		{ "list", "allocations, permissions or channels" },
		{ "list users", "allocations, permissions or channels" },
		{ "net get", "\"get\"" },
		{ "net set hook", "with their values" },
		{ "net set hook egress", "none, prerouting or input" },
		{ "net set color blue", "\"color\"" },
		{ "net set max-channels -1", "invalid option" },
		{ "-- net set max-channels -1", "max-channels \"-1\"" },
		{ "net set max-channels 4294967296", "4294967295" },
		{ "net set max-channels 1x", "number" },
		{ "flush it", "\"it\"" },
		{ "xdp", "detach or attach" },
		{ "xdp off", "detach or attach" },
		{ "unload it", "\"it\"" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(2, RUN(lines[i][0])) {
			TH_LOG("%s", lines[i][0]);
		}
		EXPECT_NE(NULL, strstr(self->output, lines[i][1])) {
			TH_LOG("%s: %s", lines[i][0], self->output);
		}
	}
}

TEST_F(kturnctl, helps)
{
	EXPECT_EQ(0, RUN("--help"));
	EXPECT_NE(NULL, strstr(self->output, "Exit status"));
	EXPECT_EQ(0, RUN("--version"));
	EXPECT_EQ(0, strncmp(self->output, "kturnctl ", 9));
}

/* Something that is not kturnd answers. */
TEST_F(kturnctl, survives_nonsense)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static const char *const answers[] = {
		"", "nonsense\n", "[1,2]\n", "{\"ok\":true}\n",
		"{\"ok\":true,\"result\":{\"uptime\":\"x\",\"userspace\":7,"
		"\"listeners\":{}}}\n",
		"{\"ok\":true,\"result\":",
	};
	char path[64];
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s/other", self->dir);
	strcpy(addr.sun_path, path);
	ASSERT_EQ(0, bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_EQ(0, listen(listener, 1));
	pid = fork();
	for (size_t i = 0; pid == 0 && i < 6; i++) {
		char request[256];

		fd = accept(listener, NULL, NULL);
		if (read(fd, request, sizeof(request)) <= 0 ||
		    write(fd, answers[i], strlen(answers[i])) < 0)
			_exit(1);
		close(fd);
	}
	if (pid == 0)
		_exit(0);
	close(listener);
	for (int i = 0; i < 6; i++) {
		int code = run(self->program, path, "status", self->output,
			       sizeof(self->output));

		EXPECT_EQ(i == 4 ? 0 : 1, code) {
			TH_LOG("%s: %s", answers[i], self->output);
		}
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	unlink(path);
}

TEST_HARNESS_MAIN
