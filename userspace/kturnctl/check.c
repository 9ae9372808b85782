// SPDX-License-Identifier: BSD-3-Clause
/*
 * kturnctl check: can this host forward by XDP, and on which of its devices?
 * Looks only, changes nothing; needs neither kturnd nor the module.
 */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kturnctl/check_device.h"
#include "kturnctl/check_figures.h"
#include "kturnctl/kturnctl.h"
#include "kturnctl/table.h"
#include "kturnd/xdp_host.h"

#define TEXT_LEN 256

/**
 * struct fact - something about the host that XDP takes
 * @name: what
 * @answer: is it there?
 * @text: in words, with the remedy where it is not
 */
struct fact {
	const char *name;
	enum answer answer;
	char text[TEXT_LEN];
};

__attribute__((format(printf, 4, 5)))
static void set_fact(struct fact *fact, const char *name, enum answer answer,
		     const char *fmt, ...)
{
	va_list args;

	fact->name = name;
	fact->answer = answer;
	va_start(args, fmt);
	vsnprintf(fact->text, sizeof(fact->text), fmt, args);
	va_end(args);
}

/* --- the host ------------------------------------------------------------------ */

static void check_kernel(struct fact *fact)
{
	bool btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	struct utsname uts = { 0 };

	uname(&uts);
	set_fact(fact, "kernel", btf ? ANSWER_YES : ANSWER_NO,
		 "Linux %.64s, %s", uts.release, btf ? "describes its types (BTF)" :
		 "without BTF: it takes one with CONFIG_DEBUG_INFO_BTF");
}

/* Functions of modules can be called from compiled programs only. */
static void check_jit(struct fact *fact)
{
	FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "r");
	int on = file ? fgetc(file) : EOF;

	if (file)
		fclose(file);
	set_fact(fact, "JIT", on == EOF ? ANSWER_UNKNOWN :
		 on == '0' ? ANSWER_NO : ANSWER_YES, "%s",
		 on == EOF ? "not told in this network namespace; on by default" : on == '0' ?
		 "off: sysctl -w net.core.bpf_jit_enable=1" : "on");
}

static void check_build(struct fact *fact)
{
	bool built = xdp_host_built();

	set_fact(fact, "build", built ? ANSWER_YES : ANSWER_NO, "%s", built ?
		 "with libbpf and the program" :
		 "without XDP: install clang, bpftool and libbpf-dev, and build kturn again");
}

static const char no_function[] =
	"loaded, but without BTF: build it where pahole and the kernel's BTF are (apt-get install pahole; kmod/README.md)";

static void check_module(struct context *ctx, struct fact *fact)
{
	struct fastpath_error err = { 0 };
	struct fastpath_net net;
	bool has_btf = !access("/sys/kernel/btf/kturn", F_OK);

	if (kernel_open(ctx, &err) == -ENODEV) {
		set_fact(fact, "module", ANSWER_UNKNOWN, "%s", err.text);
	} else if (err.code || fastpath_net_get(ctx->kernel, &net, &err)) {
		kernel_remedy(&err);
		set_fact(fact, "module", has_btf ? ANSWER_UNKNOWN : ANSWER_NO,
			 "%s%s", has_btf ? "" : no_function,
			 has_btf ? err.text : "");
	} else if (!net.xdp) {
		set_fact(fact, "module", ANSWER_NO, "%s", no_function);
	} else if (net.hook != KTURN_HOOK_PREROUTING) {
		set_fact(fact, "module", ANSWER_NO,
			 "hook %s: XDP would go round the firewall's INPUT chain, so it passes everything up; kernel-hook=prerouting",
			 fastpath_hook_name(net.hook));
	} else {
		set_fact(fact, "module", ANSWER_YES,
			 "kturn %s, can be called from XDP",
			 net.module_version);
	}
}

enum { FACT_KERNEL, FACT_JIT, FACT_MODULE, FACT_BUILD, FACTS };

static void check_host(struct context *ctx, struct fact facts[static FACTS])
{
	check_kernel(&facts[FACT_KERNEL]);
	check_jit(&facts[FACT_JIT]);
	check_module(ctx, &facts[FACT_MODULE]);
	check_build(&facts[FACT_BUILD]);
}

/* --- devices ------------------------------------------------------------------- */

static const char *const answers[] = {
	[ANSWER_UNKNOWN] = "unknown", [ANSWER_NO] = "no", [ANSWER_YES] = "yes",
};

static uint32_t program_on(const struct check_device *dev)
{
	return dev->attached.native ?: dev->attached.generic ?:
	       dev->attached.offloaded;
}

/* What an operator should know or do, one line for each. */
static void add_hints(struct json_object *hints, const struct check_device *dev)
{
	char text[TEXT_LEN];

	if (dev->native == ANSWER_NO)
		json_object_array_add(hints, json_object_new_string(
			"its driver has no XDP of its own; ,generic works, but comes after the skb was made and saves little"));
	if (dev->native == ANSWER_UNKNOWN)
		json_object_array_add(hints, json_object_new_string(
			"this kernel cannot tell (Linux 6.3 can): kturnd tries, and says so if the driver refuses"));
	if (dev->native == ANSWER_YES && dev->takes_frames == ANSWER_NO)
		json_object_array_add(hints, json_object_new_string(
			"cannot send frames of other devices now, only its own: what would leave by it goes by PRE_ROUTING; a veth can when GRO is on at the other end, some drivers once a program is attached"));
	if (dev->queues == 1)
		json_object_array_add(hints, json_object_new_string(
			"one receive queue: one processor does all the work"));
	if (dev->lro == ANSWER_YES)
		json_object_array_add(hints, json_object_new_string(
			"LRO is on, which most drivers refuse beside XDP: ethtool -K DEVICE lro off"));
	if (!strcmp(dev->driver, "802.1Q VLAN Support"))
		json_object_array_add(hints, json_object_new_string(
			"a VLAN: name the device below it, whose frames the module takes with their tags"));
	if (program_on(dev)) {
		snprintf(text, sizeof(text),
			 "a program (id %u) is attached: kturnd's own, or one that it leaves alone",
			 program_on(dev));
		json_object_array_add(hints, json_object_new_string(text));
	}
}

static struct json_object *device_json(const struct check_device *dev)
{
	struct json_object *row = json_object_new_object();
	struct json_object *hints = json_object_new_array();

	json_object_object_add(row, "device", json_object_new_string(dev->name));
	json_object_object_add(row, "driver", json_object_new_string(
		dev->driver[0] ? dev->driver : "unknown"));
	json_object_object_add(row, "native", json_object_new_string(
		answers[dev->native]));
	json_object_object_add(row, "takes_frames", json_object_new_string(
		answers[dev->takes_frames]));
	json_object_object_add(row, "queues",
			       json_object_new_uint64(dev->queues));
	json_object_object_add(row, "mtu", json_object_new_uint64(dev->mtu));
	json_object_object_add(row, "lro", json_object_new_string(
		answers[dev->lro]));
	json_object_object_add(row, "program",
			       json_object_new_uint64(program_on(dev)));
	add_hints(hints, dev);
	json_object_object_add(row, "hints", hints);
	return row;
}

/* A device that was named has to be one; of all, those that are. */
static int add_device(struct json_object *rows, const char *name, bool named)
{
	struct check_device dev;
	int ret = check_device_ask(&dev, name);

	if (!ret)
		json_object_array_add(rows, device_json(&dev));
	if (!ret || !named)
		return EXIT_DONE;
	complain("check: %s: %s", name, ret == -EMEDIUMTYPE ?
		 "not a device of Ethernet, which XDP takes here" :
		 strerror(-ret));
	return EXIT_REFUSED;
}

static int add_devices(struct json_object *rows, int argc, char **argv)
{
	struct if_nameindex *all;
	int code = EXIT_DONE;

	for (int i = 0; i < argc && !code; i++)
		code = add_device(rows, argv[i], true);
	if (argc)
		return code;
	all = if_nameindex();
	for (size_t i = 0; all && all[i].if_index; i++)
		add_device(rows, all[i].if_name, false);
	if_freenameindex(all);
	return EXIT_DONE;
}

/* --- the report ------------------------------------------------------------------- */

/* "no": nothing can be; "unknown": kturnd has to try. */
static enum answer verdict(const struct fact facts[static FACTS],
			   struct json_object *devices)
{
	enum answer host = ANSWER_YES, any = ANSWER_NO;

	for (int i = 0; i < FACTS; i++) {
		if (facts[i].answer == ANSWER_NO)
			return ANSWER_NO;
		if (facts[i].answer == ANSWER_UNKNOWN && i != FACT_JIT)
			host = ANSWER_UNKNOWN;
	}
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		const char *native = json_text(
			json_object_array_get_idx(devices, i), "native");

		if (!strcmp(native, answers[ANSWER_YES]))
			any = ANSWER_YES;
		else if (!strcmp(native, answers[ANSWER_UNKNOWN]) &&
			 any == ANSWER_NO)
			any = ANSWER_UNKNOWN;
	}
	return any == ANSWER_YES ? host : any;
}

static void print_facts(struct json_object *facts)
{
	json_object_object_foreach(facts, name, fact)
		printf("%-8s %-8s %s\n", name, json_text(fact, "answer"),
		       json_text(fact, "text"));
}

static void print_hints(struct json_object *dev)
{
	struct json_object *hints = json_member(dev, "hints");

	for (size_t i = 0; i < json_object_array_length(hints); i++)
		printf("%s: %s\n", json_text(dev, "device"),
		       json_object_get_string(
			       json_object_array_get_idx(hints, i)));
}

static void print_devices(struct json_object *devices)
{
	size_t n = json_object_array_length(devices);
	struct table table = { 0 };

	if (!n) {
		puts("no device of Ethernet here");
		return;
	}
	table_row(&table, (const char *[]){ "device", "driver", "native XDP",
					    "takes frames", ">queues", "LRO",
					    ">MTU", NULL });
	for (size_t i = 0; i < n; i++) {
		struct json_object *dev = json_object_array_get_idx(devices, i);
		bool queues = json_count(dev, "queues");

		table_row(&table, (const char *[]){
			json_text(dev, "device"), json_text(dev, "driver"),
			json_text(dev, "native"),
			json_text(dev, "takes_frames"),
			queues ? json_text(dev, "queues") : "unknown",
			json_text(dev, "lro"), json_text(dev, "mtu"), NULL });
	}
	table_print(&table);
	for (size_t i = 0; i < n; i++)
		print_hints(json_object_array_get_idx(devices, i));
}

static void print_figures(void)
{
	struct table table = { 0 };

	puts("\nWhat a packet of 172 bytes costs, in instructions (make bench; Linux " CHECK_FIGURES_KERNEL "):");
	table_row(&table, (const char *[]){ "forwarded", ">IPv4, to peer",
					    ">IPv4, to client",
					    ">IPv6, to peer",
					    ">IPv6, to client", NULL });
	for (size_t i = 0; i < CHECK_FIGURES; i++)
		table_row(&table, check_figures[i]);
	table_print(&table);
	puts("Counted on veth in a virtual machine; no real NIC was measured. What XDP brings on one depends on\n"
	     "its driver, and instructions tell nothing of cache misses. Compare kturnctl status, and the host's\n"
	     "load, with and without.");
}

static struct json_object *facts_json(const struct fact facts[static FACTS])
{
	struct json_object *all = json_object_new_object();

	for (int i = 0; i < FACTS; i++) {
		struct json_object *fact = json_object_new_object();

		json_object_object_add(fact, "answer", json_object_new_string(
			answers[facts[i].answer]));
		json_object_object_add(fact, "text", json_object_new_string(
			facts[i].text));
		json_object_object_add(all, facts[i].name, fact);
	}
	return all;
}

static void print_report(struct json_object *report)
{
	static const char *const words[] = {
		[ANSWER_UNKNOWN] = "perhaps: see what is unknown above",
		[ANSWER_NO] = "not in native mode: see above; PRE_ROUTING forwards meanwhile",
		[ANSWER_YES] = "yes: say xdp-interface=DEVICE in kturnd's configuration",
	};
	const char *answer = json_text(report, "xdp");

	print_facts(json_member(report, "host"));
	putchar('\n');
	print_devices(json_member(report, "devices"));
	for (int i = 0; i < 3; i++)
		if (!strcmp(answer, answers[i]))
			printf("\nXDP here: %s\n", words[i]);
	print_figures();
}

int command_check(struct context *ctx, int argc, char **argv)
{
	struct json_object *report = json_object_new_object();
	struct json_object *devices = json_object_new_array();
	struct fact facts[FACTS];
	enum answer answer;
	int code;

	check_host(ctx, facts);
	code = add_devices(devices, argc, argv);
	answer = verdict(facts, devices);
	json_object_object_add(report, "host", facts_json(facts));
	json_object_object_add(report, "devices", devices);
	json_object_object_add(report, "xdp",
			       json_object_new_string(answers[answer]));
	if (!code && ctx->json)
		print_json(report);
	else if (!code)
		print_report(report);
	json_object_put(report);
	return code ?: answer == ANSWER_NO ? EXIT_REFUSED : EXIT_DONE;
}
