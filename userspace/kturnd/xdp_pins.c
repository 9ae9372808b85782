// SPDX-License-Identifier: BSD-3-Clause
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kturnd/xdp_host.h"

#define PATH_LEN 4096

int xdp_pins_path(const char *dir, char *path, size_t size)
{
	struct stat netns;
	int len;

	if (stat("/proc/self/ns/net", &netns))
		return -errno;
	len = snprintf(path, size, "%s/netns-%llu", dir,
		       (unsigned long long)netns.st_ino);
	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

/* Others below it may be other users' directories. */
static int make(const char *dir, const char *path)
{
	if (mkdir(dir, 0711) && errno != EEXIST)
		return -errno;
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/**
 * struct owner - for give_away()
 * @pins: the directory
 * @uid: whose it is to be
 * @gid: likewise
 */
struct owner {
	int pins;
	uid_t uid;
	gid_t gid;
};

static void give_away(void *arg, const char *name)
{
	const struct owner *owner = arg;

	/* Who cannot open one of them takes it away, and makes it anew. */
	if (fchownat(owner->pins, name, owner->uid, owner->gid,
		     AT_SYMLINK_NOFOLLOW))
		unlinkat(owner->pins, name, 0);
}

static int open_pins(const char *path, uid_t uid, gid_t gid)
{
	struct owner owner = { -1, uid, gid };
	int ret;

	owner.pins = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (owner.pins < 0)
		return -errno;
	if (fchown(owner.pins, uid, gid) || fchmod(owner.pins, 0700)) {
		ret = -errno;
		close(owner.pins);
		return ret;
	}
	xdp_pins_foreach(owner.pins, give_away, &owner);
	return owner.pins;
}

static bool on_bpf_fs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* Is there a BPF file system where @dir is to be? */
static bool fits(const char *dir)
{
	char parent[PATH_LEN];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	return on_bpf_fs(dir) || on_bpf_fs(parent[0] ? parent : "/");
}

int xdp_pins_open(const char *dir, bool create, uid_t owner, gid_t group,
		  char why[static XDP_WHY_LEN])
{
	char path[PATH_LEN];
	int ret = xdp_pins_path(dir, path, sizeof(path));

	if (!ret && create && !fits(dir)) {
		snprintf(why, XDP_WHY_LEN,
			 "xdp-pin: %.100s is on no BPF file system, so XDP does not go on when kturnd dies; mount -t bpf bpf /sys/fs/bpf, then start kturnd again",
			 dir);
		return -EINVAL;
	}
	if (!ret && create)
		ret = make(dir, path);
	if (!ret)
		ret = open_pins(path, owner, group);
	if (ret < 0 && (create || ret != -ENOENT))
		snprintf(why, XDP_WHY_LEN,
			 "xdp-pin: %.160s: %s; so XDP does not go on when kturnd dies",
			 path, strerror(-ret));
	return ret;
}

void xdp_pins_foreach(int pins, void (*fn)(void *arg, const char *name),
		      void *arg)
{
	int fd = openat(pins, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			fn(arg, entry->d_name);
	closedir(dir);
}
