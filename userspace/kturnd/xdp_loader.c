// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/xdp_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kturnd/process.h"

#define TIMEOUT_MS 10000

/**
 * struct xdp_loader - the process, as the daemon has it
 * @pid: its id
 * @fd: to talk to it
 */
struct xdp_loader {
	pid_t pid;
	int fd;
};

/**
 * struct answer - what it says
 * @ret: 0, and a file descriptor comes along; or a negative errno
 * @why: why so
 */
struct answer {
	int ret;
	char why[XDP_WHY_LEN];
};

/* One file descriptor beside a message. */
union passage {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* --- in the process ---------------------------------------------------------- */

static int send_answer(int fd, struct answer *answer, int program)
{
	struct iovec iov = { answer, sizeof(*answer) };
	union passage passage = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (program >= 0) {
		msg.msg_control = passage.room;
		msg.msg_controllen = sizeof(passage.room);
		passage.header.cmsg_level = SOL_SOCKET;
		passage.header.cmsg_type = SCM_RIGHTS;
		passage.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&passage.header), &program, sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Each byte is a question; the end of them is the end. */
static void serve(int fd, int (*load)(char why[static XDP_WHY_LEN]))
{
	char question;

	while (read(fd, &question, 1) == 1) {
		struct answer answer = { 0 };
		int program = load(answer.why);

		answer.ret = program < 0 ? program : 0;
		if (send_answer(fd, &answer, program))
			return;
		if (program >= 0)
			close(program);
	}
}

_Noreturn static void run(int fd, int (*load)(char why[static XDP_WHY_LEN]))
{
	prctl(PR_SET_NAME, "kturnd-xdp");
	/* Signals of a terminal are for the daemon, which then ends us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* Whatever it has open is none of this process's business. */
	if (dup2(fd, STDIN_FILENO) < 0 || close_range(STDIN_FILENO + 1, ~0U, 0))
		_exit(1);
	process_keep_capabilities(1ull << CAP_SYS_ADMIN | 1ull << CAP_BPF |
				  1ull << CAP_NET_ADMIN);
	serve(STDIN_FILENO, load);
	_exit(0);
}

/* --- in the daemon ----------------------------------------------------------- */

int xdp_loader_start(struct xdp_loader **out,
		     int (*load)(char why[static XDP_WHY_LEN]))
{
	struct xdp_loader *loader = calloc(1, sizeof(*loader));
	int fds[2], ret;

	*out = NULL;
	if (!loader)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
		ret = -errno;
		free(loader);
		return ret;
	}
	loader->pid = fork();
	if (!loader->pid) {
		close(fds[0]);
		run(fds[1], load);
	}
	ret = loader->pid < 0 ? -errno : 0;
	close(fds[1]);
	loader->fd = fds[0];
	if (ret) {
		close(fds[0]);
		free(loader);
		return ret;
	}
	*out = loader;
	return 0;
}

static int gone(char why[static XDP_WHY_LEN])
{
	snprintf(why, XDP_WHY_LEN,
		 "the process that loads the program does not answer; restart kturnd");
	return -EPIPE;
}

static int receive(int fd, struct answer *answer)
{
	struct iovec iov = { answer, sizeof(*answer) };
	union passage passage = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = passage.room,
		.msg_controllen = sizeof(passage.room),
	};
	int program = -EPROTO;

	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) != sizeof(*answer))
		return -EPIPE;
	if (answer->ret)
		return answer->ret;
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&program, CMSG_DATA(&passage.header), sizeof(int));
	return program;
}

int xdp_loader_load(struct xdp_loader *loader, char why[static XDP_WHY_LEN])
{
	struct pollfd ready = { .fd = loader->fd, .events = POLLIN };
	struct answer answer = { 0 };
	int ret;

	if (send(loader->fd, "?", 1, MSG_NOSIGNAL) != 1 ||
	    poll(&ready, 1, TIMEOUT_MS) != 1)
		return gone(why);
	ret = receive(loader->fd, &answer);
	if (ret == -EPIPE && !answer.ret)
		return gone(why);
	if (ret < 0)
		snprintf(why, XDP_WHY_LEN, "%.*s", XDP_WHY_LEN - 1, answer.why);
	return ret;
}

void xdp_loader_stop(struct xdp_loader *loader)
{
	if (!loader)
		return;
	close(loader->fd);
	waitpid(loader->pid, NULL, 0);
	free(loader);
}
