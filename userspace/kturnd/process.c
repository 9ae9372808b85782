// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kturnd/log.h"

#define FILES_WANTED	1048576
#define FILES_FEW	8192
#define PRIVILEGED_PORT	1024

void process_raise_files(void)
{
	struct rlimit limit = {
		.rlim_cur = FILES_WANTED, .rlim_max = FILES_WANTED,
	};

	/* Beyond the hard limit for root, else up to it. */
	if (setrlimit(RLIMIT_NOFILE, &limit) &&
	    !getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < FILES_FEW)
		log_warning("only %llu files may be open, one or two for each session; raise the limit (LimitNOFILE= in a systemd unit, ulimit -n)",
			    (unsigned long long)limit.rlim_cur);
}

int process_write_pid(const char *path)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)len) != len)
		ret = -EIO;
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}

/* There is no glibc function for this, and libcap is too much for one call. */
int process_keep_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = (uint32_t)mask, .permitted = (uint32_t)mask },
		{ .effective = (uint32_t)(mask >> 32),
		  .permitted = (uint32_t)(mask >> 32) },
	};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static unsigned int capabilities_needed(const struct kturnd_config *cfg)
{
	unsigned int mask = 0;

	if (cfg->kernel_relay != KERNEL_RELAY_OFF)
		mask |= 1u << CAP_NET_ADMIN;
	if (cfg->min_port < PRIVILEGED_PORT)
		mask |= 1u << CAP_NET_BIND_SERVICE;
	return mask;
}

int process_find_user(const struct kturnd_config *cfg, uid_t *uid, gid_t *gid,
		      char *why, size_t size)
{
	const struct passwd *user;
	const struct group *group;

	*uid = getuid();
	*gid = getgid();
	if (cfg->proc_user) {
		user = getpwnam(cfg->proc_user);
		if (!user) {
			snprintf(why, size, "proc-user: there is no user '%s'; create one (useradd -r), or name another",
				 cfg->proc_user);
			return -EINVAL;
		}
		*uid = user->pw_uid;
		*gid = user->pw_gid;
	}
	if (!cfg->proc_group)
		return 0;
	group = getgrnam(cfg->proc_group);
	if (!group) {
		snprintf(why, size, "proc-group: there is no group '%s'; create it (groupadd), or name another",
			 cfg->proc_group);
		return -EINVAL;
	}
	*gid = group->gr_gid;
	return 0;
}

static int become(const struct kturnd_config *cfg, uid_t uid, gid_t gid)
{
	if (cfg->proc_user &&
	    (prctl(PR_SET_KEEPCAPS, 1L) || initgroups(cfg->proc_user, gid)))
		return -errno;
	if (setgid(gid))
		return -errno;
	if (!cfg->proc_user)
		return 0;
	if (setuid(uid))
		return -errno;
	return process_keep_capabilities(capabilities_needed(cfg));
}

int process_drop_privileges(const struct kturnd_config *cfg, char *why,
			    size_t size)
{
	uid_t uid;
	gid_t gid;
	int ret = process_find_user(cfg, &uid, &gid, why, size);

	if (ret || (!cfg->proc_user && !cfg->proc_group))
		return ret;
	ret = become(cfg, uid, gid);
	if (ret)
		snprintf(why, size, "proc-user, proc-group: cannot become another user: %s; start as root",
			 strerror(-ret));
	return ret;
}
