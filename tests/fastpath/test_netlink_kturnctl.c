// SPDX-License-Identifier: BSD-3-Clause
/*
 * kturnctl with the module loaded: without kturnd, and beside a server that
 * answers like kturnd, so that rows of both sides meet.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink_fixture.h"

static char output[16384];

/* Run kturnctl; its exit status, and in output what it said. */
static int run(const char *prefix, const char *arguments)
{
	char command[PATH_MAX + 256];
	FILE *pipe;
	size_t len;
	int status;

	snprintf(command, sizeof(command),
		 "%s %s/build/kturnctl --socket /tmp/kturn-ctl %s 2>&1",
		 prefix, getenv("KTURN_ROOT") ? getenv("KTURN_ROOT") : ".",
		 arguments);
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(expected, arguments)				\
	EXPECT_EQ(expected, run("", arguments)) {		\
		TH_LOG("%s: %s", arguments, output);		\
	}

#define SAYS(text)						\
	EXPECT_NE(NULL, strstr(output, text)) {			\
		TH_LOG("not said: %s", text);			\
		TH_LOG("%s", output);				\
	}

/* Answer one request as kturnd would. */
static pid_t answer_once(const char *answer)
{
	struct sockaddr_un addr = {
		.sun_family = AF_UNIX,
		.sun_path = "/tmp/kturn-ctl",
	};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[256];
	pid_t pid;
	int fd;

	unlink(addr.sun_path);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 1))
		return -1;
	pid = fork();
	if (pid == 0) {
		fd = accept(listener, NULL, NULL);
		if (read(fd, request, sizeof(request)) <= 0 ||
		    write(fd, answer, strlen(answer)) < 0)
			_exit(1);
		_exit(0);
	}
	close(listener);
	return pid;
}

/* Two allocations, 192.0.2.1:10001 and :10002, with a channel each. */
static int install(struct fastpath *fp, struct fastpath_error *err)
{
	int ret = 0;

	for (uint16_t i = 1; i <= 2 && !ret; i++) {
		struct fastpath_allocation a = make_allocation(i);
		struct fastpath_channel c = {
			.number = (uint16_t)(0x4000 + i),
			.peer = addr("203.0.113.1:5000"),
			.timeout_ms = 10 * MINUTE_MS,
		};

		ret = fastpath_allocation_new(fp, &a, err);
		c.allocation_id = a.id;
		if (!ret)
			ret = fastpath_bind(fp, &c, 5 * MINUTE_MS, err);
	}
	return ret;
}

TEST_F(netlink, status_without_kturnd)
{
	RUN(3, "status");
	SAYS("relay     nobody\n");
	SAYS("hook prerouting\n");

	ASSERT_DONE(install(self->fp, &self->err));
	RUN(3, "status");
	SAYS("relay     kernel, without kturnd");
	SAYS("allocations       2");
	SAYS("channels          2");
	SAYS("to peers, packets         0       -\n");
	RUN(3, "status --json");
	SAYS("\"running\": false");
	SAYS("\"loaded\": true");
	SAYS("\"unbound-channel\": 0");
}

TEST_F(netlink, lists_without_kturnd)
{
	ASSERT_DONE(install(self->fp, &self->err));
	RUN(0, "list allocations");
	SAYS("kturnd: not running");
	SAYS("192.0.2.1:10001  198.51.100.1:3478  udp   198.51.100.1:10001 [2001:db8::1]:10001  -     kernel only");
	RUN(0, "list channels");
	SAYS("192.0.2.1:10002  0x4002   203.0.113.1:5000  kernel only");
	RUN(0, "list permissions");
	SAYS("192.0.2.1:10001  203.0.113.1  kernel only");
}

TEST_F(netlink, lists_of_both_sides_meet)
{
	pid_t pid;

	ASSERT_DONE(install(self->fp, &self->err));
	pid = answer_once("{\"ok\":true,\"result\":{\"channels\":["
			  "{\"client\":\"192.0.2.1:10001\",\"number\":16385,"
			  "\"peer\":\"203.0.113.1:5000\",\"expires\":77,"
			  "\"offloaded\":true},"
			  "{\"client\":\"192.0.2.7:7\",\"number\":16391,"
			  "\"peer\":\"203.0.113.7:7\",\"expires\":88,"
			  "\"offloaded\":false}]}}\n");
	ASSERT_LT(0, pid);
	RUN(0, "list channels");
	SAYS("192.0.2.1:10001  0x4001   203.0.113.1:5000  kernel          77 s        0          0\n");
	SAYS("192.0.2.7:7      0x4007   203.0.113.7:7     kturnd          88 s        -          -\n");
	SAYS("192.0.2.1:10002  0x4002   203.0.113.1:5000  kernel only");
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	unlink("/tmp/kturn-ctl");
}

TEST_F(netlink, settings)
{
	struct fastpath_net net;

	RUN(0, "net set hook input max-channels 77");
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(KTURN_HOOK_INPUT, net.hook);
	EXPECT_EQ(77, net.max_channels);
	RUN(0, "net");
	SAYS("hook             input\n");
	SAYS("max-channels     77\n");
	RUN(0, "net --json");
	SAYS("\"channels\": 77");
}

TEST_F(netlink, flush_asks_first)
{
	struct fastpath_net net;

	ASSERT_DONE(install(self->fp, &self->err));
	RUN(2, "flush");
	SAYS("--yes");
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(2, net.allocations);
	RUN(0, "flush --yes");
	SAYS("flushed 2 allocations");
	ASSERT_DONE(fastpath_net_get(self->fp, &net, &self->err));
	EXPECT_EQ(0, net.allocations);
}

TEST_F(netlink, takes_root)
{
	static const char *const lines[] = {
		"status", "list allocations", "net", "net set hook none",
		"flush --yes",
	};

	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(4, run("setpriv --reuid 65534 --clear-groups "
				 "--bounding-set -all", lines[i])) {
			TH_LOG("%s: %s", lines[i], output);
		}
		SAYS("only root");
	}
}

TEST_HARNESS_MAIN
