// SPDX-License-Identifier: BSD-3-Clause
/*
 * Where the program for XDP should be against where it is: devices, the module
 * and other people's programs come and go in a kernel made of a few arrays.
 */
#include <errno.h>
#include <string.h>

#include <kselftest_harness.h>

#include "kturnd/xdp_door.h"
#include "kturnd/xdp_loader.h"

#define DEVICES	3
#define LINKS	16
#define FIRST_FD 1000

/* A link: the fd is FIRST_FD and its number. */
struct fake_link {
	uint32_t ifindex, program;
	bool open, pinned, generic;
	char name[IFNAMSIZ];
};

struct fake_device {
	const char *name;
	uint32_t ifindex;
	uint32_t foreign;	/* somebody else's program */
	int refuses;
};

struct fake {
	struct fake_device devices[DEVICES];
	struct fake_link links[LINKS];
	unsigned int programs;	/* loaded now, not in a link */
	uint32_t next_program;
	unsigned int loads, attaches, replaces;
	bool cannot_load, cannot_pin;
};

static bool lives(const struct fake_link *link)
{
	return link->open || link->pinned;
}

static struct fake_link *on_device(struct fake *fake, uint32_t ifindex)
{
	for (int i = 0; i < LINKS; i++)
		if (lives(&fake->links[i]) && ifindex &&
		    fake->links[i].ifindex == ifindex)
			return &fake->links[i];
	return NULL;
}

static struct fake_device *device(struct fake *fake, uint32_t ifindex)
{
	for (int i = 0; i < DEVICES; i++)
		if (fake->devices[i].ifindex == ifindex)
			return &fake->devices[i];
	return NULL;
}

static int fake_load(void *arg, char why[static XDP_WHY_LEN])
{
	struct fake *fake = arg;

	fake->loads++;
	if (fake->cannot_load) {
		snprintf(why, XDP_WHY_LEN, "no such function");
		return -EINVAL;
	}
	fake->programs++;
	return 500;
}

static int fake_attach(void *arg, int program, uint32_t ifindex, bool generic)
{
	struct fake *fake = arg;

	fake->attaches++;
	if (program != 500 || !device(fake, ifindex))
		return -ENODEV;
	if (device(fake, ifindex)->refuses && !generic)
		return -device(fake, ifindex)->refuses;
	if (on_device(fake, ifindex) || device(fake, ifindex)->foreign)
		return -EBUSY;
	for (int i = 0; i < LINKS; i++) {
		if (lives(&fake->links[i]))
			continue;
		fake->links[i] = (struct fake_link){
			ifindex, ++fake->next_program, true, false, generic, "",
		};
		return FIRST_FD + i;
	}
	return -ENOMEM;
}

static int fake_replace(void *arg, int link, int program)
{
	struct fake *fake = arg;

	(void)program;
	fake->replaces++;
	fake->links[link - FIRST_FD].program = ++fake->next_program;
	return 0;
}

static int fake_inspect(void *arg, int link, struct xdp_link *info)
{
	struct fake *fake = arg;
	const struct fake_link *it = &fake->links[link - FIRST_FD];

	*info = (struct xdp_link){ it->ifindex, it->program };
	return 0;
}

static int fake_query(void *arg, uint32_t ifindex,
		      struct xdp_attached *attached)
{
	struct fake *fake = arg;
	const struct fake_link *link = on_device(fake, ifindex);

	*attached = (struct xdp_attached){ 0 };
	if (!device(fake, ifindex))
		return -ENODEV;
	attached->native = device(fake, ifindex)->foreign;
	if (link && link->generic)
		attached->generic = link->program;
	else if (link)
		attached->native = link->program;
	return 0;
}

static struct fake_link *pinned_as(struct fake *fake, const char *name)
{
	for (int i = 0; i < LINKS; i++)
		if (fake->links[i].pinned &&
		    !strcmp(fake->links[i].name, name))
			return &fake->links[i];
	return NULL;
}

static int fake_pin(void *arg, int link, const char *name)
{
	struct fake *fake = arg;
	struct fake_link *it = &fake->links[link - FIRST_FD];

	if (fake->cannot_pin)
		return -ENOENT;
	if (pinned_as(fake, name))
		return -EEXIST;
	it->pinned = true;
	snprintf(it->name, sizeof(it->name), "%s", name);
	return 0;
}

static int fake_open_pinned(void *arg, const char *name)
{
	struct fake *fake = arg;
	struct fake_link *link = pinned_as(fake, name);

	if (!link)
		return -ENOENT;
	link->open = true;
	return FIRST_FD + (int)(link - fake->links);
}

static int fake_unpin(void *arg, const char *name)
{
	struct fake_link *link = pinned_as(arg, name);

	if (!link)
		return -ENOENT;
	link->pinned = false;
	return 0;
}

static void fake_pinned(void *arg, void (*fn)(void *fn_arg, const char *name),
			void *fn_arg)
{
	struct fake *fake = arg;

	for (int i = 0; i < LINKS; i++)
		if (fake->links[i].pinned)
			fn(fn_arg, fake->links[i].name);
}

static void fake_close(void *arg, int fd)
{
	struct fake *fake = arg;

	if (fd == 500)
		fake->programs--;
	else
		fake->links[fd - FIRST_FD].open = false;
}

static uint32_t fake_ifindex(void *arg, const char *name)
{
	struct fake *fake = arg;

	for (int i = 0; i < DEVICES; i++)
		if (fake->devices[i].ifindex &&
		    !strcmp(fake->devices[i].name, name))
			return fake->devices[i].ifindex;
	return 0;
}

static const struct xdp_kernel fake_kernel = {
	.load = fake_load,
	.attach = fake_attach,
	.replace = fake_replace,
	.inspect = fake_inspect,
	.query = fake_query,
	.pin = fake_pin,
	.open_pinned = fake_open_pinned,
	.unpin = fake_unpin,
	.pinned = fake_pinned,
	.close = fake_close,
	.ifindex = fake_ifindex,
};

FIXTURE(door)
{
	struct fake fake;
	struct xdp_door *door;
	uint64_t now;
};

static struct config_xdp eth0[] = { { (char []){ "eth0" }, false } };
static struct config_xdp eth0_generic[] = { { (char []){ "eth0" }, true } };
static struct config_xdp both[] = { { (char []){ "eth0" }, false },
				    { (char []){ "eth1" }, false } };

static const struct config_xdps wants_nothing = { NULL, 0 };
static const struct config_xdps wants_eth0 = { eth0, 1 };
static const struct config_xdps wants_generic = { eth0_generic, 1 };
static const struct config_xdps wants_both = { both, 2 };

FIXTURE_SETUP(door)
{
	self->fake = (struct fake){
		.devices = { { "eth0", 2, 0, 0 }, { "eth1", 3, 0, 0 } },
	};
	self->now = 1000;
	self->door = xdp_door_new(&fake_kernel, &self->fake);
	ASSERT_NE(NULL, self->door);
}

FIXTURE_TEARDOWN(door)
{
	xdp_door_free(self->door, false);
	/* Nothing may be left that holds the module. */
	EXPECT_EQ(0, self->fake.programs);
	for (int i = 0; i < LINKS; i++)
		EXPECT_FALSE(lives(&self->fake.links[i]));
}

#define DEVICE(i) xdp_door_device(self->door, i)
#define STATE(i) DEVICE(i)->state
#define CONFIGURE(list) \
	ASSERT_EQ(0, xdp_door_configure(self->door, &(list), self->now))
#define CHECK() xdp_door_check(self->door, self->now += 5000)
#define MODULE(reason) xdp_door_module(self->door, reason, self->now)
/* A new daemon after a crash: whatever was open is closed, pins remain. */
#define CRASH() do { \
	xdp_door_free(self->door, true); \
	for (int i_ = 0; i_ < LINKS; i_++) \
		self->fake.links[i_].open = false; \
	self->door = xdp_door_new(&fake_kernel, &self->fake); \
	ASSERT_NE(NULL, self->door); \
} while (0)

TEST_F(door, waits_for_the_module)
{
	CONFIGURE(wants_both);
	EXPECT_EQ(XDP_WAITING, STATE(0));
	EXPECT_EQ(0, self->fake.loads);
	MODULE("the module has no BTF");
	EXPECT_STREQ("the module has no BTF", DEVICE(0)->reason);
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_EQ(XDP_ATTACHED, STATE(1));
	EXPECT_EQ(1, self->fake.loads);
	EXPECT_TRUE(DEVICE(0)->pinned);
	/* Only links hold it. */
	EXPECT_EQ(0, self->fake.programs);
}

TEST_F(door, a_device_goes_and_comes_back)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	self->fake.devices[0].ifindex = 0;
	self->fake.links[0].ifindex = 0;
	xdp_door_device_gone(self->door, 2);
	CHECK();
	EXPECT_EQ(XDP_NO_DEVICE, STATE(0));
	EXPECT_FALSE(lives(&self->fake.links[0]));
	self->fake.devices[0].ifindex = 9;
	CHECK();
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_NE(NULL, on_device(&self->fake, 9));
}

/* Within one look, and by the index that it had. */
TEST_F(door, a_device_made_anew_gets_the_program)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	self->fake.links[0].ifindex = 0;
	xdp_door_device_gone(self->door, 2);
	CHECK();
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
}

TEST_F(door, a_device_that_got_another_name_loses_the_program)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	self->fake.devices[0].name = "wan0";
	CHECK();
	EXPECT_EQ(XDP_NO_DEVICE, STATE(0));
	EXPECT_EQ(NULL, on_device(&self->fake, 2));
}

TEST_F(door, somebody_elses_program_stays)
{
	self->fake.devices[0].foreign = 77;
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	EXPECT_EQ(XDP_FOREIGN, STATE(0));
	EXPECT_NE(NULL, strstr(DEVICE(0)->reason, "id 77"));
	EXPECT_EQ(0, self->fake.attaches);
	EXPECT_EQ(0, self->fake.loads);
	self->fake.devices[0].foreign = 0;
	CHECK();
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
}

TEST_F(door, what_was_taken_off_stays_off_until_told)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	self->fake.links[0].ifindex = 0;
	CHECK();
	EXPECT_EQ(XDP_TAKEN_OFF, STATE(0));
	CHECK();
	EXPECT_EQ(1, self->fake.attaches);
	xdp_door_hold(self->door, false, self->now);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
}

TEST_F(door, a_refusal_names_a_remedy_and_is_tried_again_less_and_less)
{
	self->fake.devices[0].refuses = EOPNOTSUPP;
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	EXPECT_EQ(XDP_REFUSED, STATE(0));
	EXPECT_NE(NULL, strstr(DEVICE(0)->reason, "xdp-interface=eth0,generic"));
	for (int i = 0; i < 1000; i++)
		CHECK();
	EXPECT_LT(self->fake.attaches, 20);
	self->fake.devices[0].refuses = 0;
	for (int i = 0; i < 121; i++)
		CHECK();
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
}

TEST_F(door, generic_mode_is_for_drivers_that_have_none)
{
	self->fake.devices[0].refuses = EOPNOTSUPP;
	CONFIGURE(wants_generic);
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_TRUE(self->fake.links[0].generic);
}

TEST_F(door, a_program_that_does_not_load_is_tried_again)
{
	self->fake.cannot_load = true;
	CONFIGURE(wants_both);
	MODULE(NULL);
	EXPECT_EQ(XDP_WAITING, STATE(0));
	EXPECT_STREQ("no such function", DEVICE(1)->reason);
	EXPECT_EQ(1, self->fake.loads);
	self->fake.cannot_load = false;
	CHECK();
	EXPECT_EQ(XDP_ATTACHED, STATE(1));
}

TEST_F(door, a_crash_leaves_the_program_and_the_next_takes_it_over)
{
	CONFIGURE(wants_both);
	MODULE(NULL);
	CRASH();
	EXPECT_NE(NULL, on_device(&self->fake, 2));
	CONFIGURE(wants_both);
	EXPECT_NE(NULL, on_device(&self->fake, 2));
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_EQ(2, self->fake.attaches);
	EXPECT_EQ(2, self->fake.replaces);
	EXPECT_EQ(4, DEVICE(1)->program);
}

TEST_F(door, a_link_is_taken_over_though_no_new_program_can_be_had)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	CRASH();
	self->fake.cannot_load = true;
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_EQ(0, self->fake.replaces);
	EXPECT_EQ(1, DEVICE(0)->program);
}

TEST_F(door, a_link_in_another_mode_is_not_taken_over)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	CRASH();
	CONFIGURE(wants_generic);
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_TRUE(on_device(&self->fake, 2)->generic);
}

TEST_F(door, pins_of_devices_that_nobody_names_any_more_go)
{
	CONFIGURE(wants_both);
	MODULE(NULL);
	CRASH();
	CONFIGURE(wants_eth0);
	EXPECT_EQ(NULL, on_device(&self->fake, 3));
	EXPECT_NE(NULL, on_device(&self->fake, 2));
}

TEST_F(door, a_reload_changes_only_what_changed)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	CONFIGURE(wants_both);
	EXPECT_EQ(2, self->fake.attaches);
	EXPECT_EQ(1, DEVICE(0)->program);
	CONFIGURE(wants_generic);
	EXPECT_EQ(1, xdp_door_count(self->door));
	EXPECT_EQ(NULL, on_device(&self->fake, 3));
	EXPECT_TRUE(on_device(&self->fake, 2)->generic);
	CONFIGURE(wants_nothing);
	EXPECT_EQ(NULL, on_device(&self->fake, 2));
}

TEST_F(door, holding_lets_the_module_go_until_it_comes_anew)
{
	CONFIGURE(wants_both);
	MODULE(NULL);
	xdp_door_hold(self->door, true, self->now);
	EXPECT_EQ(XDP_WAITING, STATE(0));
	for (int i = 0; i < LINKS; i++)
		EXPECT_FALSE(lives(&self->fake.links[i]));
	CHECK();
	EXPECT_EQ(2, self->fake.attaches);
	MODULE("the module was unloaded");
	CHECK();
	EXPECT_EQ(2, self->fake.attaches);
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(1));
}

/* Whatever cleans /sys/fs/bpf up. */
TEST_F(door, a_lost_pin_is_made_again)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	self->fake.links[0].pinned = false;
	CHECK();
	EXPECT_TRUE(self->fake.links[0].pinned);
}

TEST_F(door, goes_without_pins)
{
	self->fake.cannot_pin = true;
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	EXPECT_EQ(XDP_ATTACHED, STATE(0));
	EXPECT_FALSE(DEVICE(0)->pinned);
	EXPECT_NE(NULL, strstr(DEVICE(0)->reason, "ends with kturnd"));
}

TEST_F(door, another_hook_or_no_module_takes_it_off)
{
	CONFIGURE(wants_eth0);
	MODULE(NULL);
	CRASH();
	CONFIGURE(wants_eth0);
	MODULE("kernel-relay=off");
	EXPECT_EQ(NULL, on_device(&self->fake, 2));
}

/* --- the process that loads ------------------------------------------------------ */

static int load_stdin(char why[static XDP_WHY_LEN])
{
	(void)why;
	return dup(0);
}

static int load_nothing(char why[static XDP_WHY_LEN])
{
	snprintf(why, XDP_WHY_LEN, "not today");
	return -EPERM;
}

static int load_and_die(char why[static XDP_WHY_LEN])
{
	(void)why;
	_exit(3);
}

TEST(loader_hands_over_what_it_loaded)
{
	struct xdp_loader *loader;
	char why[XDP_WHY_LEN] = "";

	ASSERT_EQ(0, xdp_loader_start(&loader, load_stdin));
	for (int i = 0; i < 3; i++) {
		int fd = xdp_loader_load(loader, why);

		EXPECT_GE(fd, 0) {
			TH_LOG("%s", why);
		}
		EXPECT_EQ(0, close(fd));
	}
	xdp_loader_stop(loader);
}

TEST(loader_says_why_not)
{
	struct xdp_loader *loader;
	char why[XDP_WHY_LEN] = "";

	ASSERT_EQ(0, xdp_loader_start(&loader, load_nothing));
	EXPECT_EQ(-EPERM, xdp_loader_load(loader, why));
	EXPECT_STREQ("not today", why);
	xdp_loader_stop(loader);
}

TEST(loader_that_died_is_no_end)
{
	struct xdp_loader *loader;
	char why[XDP_WHY_LEN] = "";

	ASSERT_EQ(0, xdp_loader_start(&loader, load_and_die));
	EXPECT_LT(xdp_loader_load(loader, why), 0);
	EXPECT_NE(NULL, strstr(why, "restart kturnd"));
	EXPECT_LT(xdp_loader_load(loader, why), 0);
	xdp_loader_stop(loader);
}

TEST_HARNESS_MAIN
