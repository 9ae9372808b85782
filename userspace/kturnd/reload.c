// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/reload.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kturnd/certificates.h"
#include "kturnd/config_load.h"
#include "kturnd/daemon.h"
#include "kturnd/metrics.h"
#include "kturnd/notify.h"
#include "kturnd/options.h"
#include "kturnd/xdp.h"

#define WHY_LEN 512

/* For names of options; the log cuts long lines anyway. */
#define NAMES_LEN 1024

/**
 * struct reload - a reload under way
 * @daemon: the daemon
 * @report: what was found
 * @cfg: the new configuration
 * @core: what of it the protocol core gets
 * @tls: what connections begin with; NULL: there is neither TLS nor DTLS
 * @metrics: where it wants them told, or NULL
 * @log: where it wants the log
 * @applied: options that have another value now
 * @restart: options that have another value in the file than in force
 */
struct reload {
	struct daemon *daemon;
	struct report report;
	struct kturnd_config *cfg;
	struct turn_config *core;
	struct tls_context *tls;
	struct metrics *metrics;
	struct log_target *log;
	const struct option *applied[OPTION_MAX];
	size_t applied_count;
	const struct option *restart[OPTION_MAX];
	size_t restart_count;
};

/* All that can fail comes first, and touches nothing that is in use. */
static int prepare(struct reload *reload)
{
	struct daemon *daemon = reload->daemon;
	struct report *report = &reload->report;
	char why[WHY_LEN];

	reload->cfg = calloc(1, sizeof(*reload->cfg));
	if (!reload->cfg) {
		report_error(report, NULL, "out of memory");
		return -ENOMEM;
	}
	config_load(daemon->source, reload->cfg, report);
	if (report->errors)
		return -EINVAL;
	reload->core = daemon_core_config(daemon, reload->cfg, report);
	reload->tls = certificates_load(reload->cfg, report);
	if (log_target_open(reload->cfg, &reload->log, why, sizeof(why)))
		report_error(report, NULL, "%s", why);
	if (metrics_open(daemon, reload->cfg, &reload->metrics, why,
			 sizeof(why)))
		report_error(report, NULL, "%s", why);
	return report->errors ? -EINVAL : 0;
}

/* Several options may set the same thing: name the first. */
static bool listed(const struct option *const *list, size_t n,
		   const struct option *opt)
{
	for (size_t i = 0; i < n; i++)
		if (list[i]->target == opt->target)
			return true;
	return false;
}

/* What is in force, against what is asked for. */
static void compare(struct reload *reload)
{
	const struct daemon *daemon = reload->daemon;

	for (size_t i = 0; i < options_count; i++) {
		const struct option *opt = &options[i];
		bool now = opt->when == OPTION_NOW;

		if (!opt->name || opt->state != OPTION_ACTIVE ||
		    option_same(opt, now ? daemon->cfg : daemon->boot,
				reload->cfg))
			continue;
		if (now && !listed(reload->applied, reload->applied_count, opt))
			reload->applied[reload->applied_count++] = opt;
		if (!now && !listed(reload->restart, reload->restart_count, opt))
			reload->restart[reload->restart_count++] = opt;
	}
}

static void set_config(struct worker *worker, void *arg)
{
	turn_server_set_config(worker_server(worker), arg);
	turn_config_put(arg);
}

static void tell_workers(struct daemon *daemon, struct turn_config *core)
{
	for (unsigned int i = 0; i < daemon->worker_count; i++) {
		if (!worker_post(daemon->workers[i], set_config,
				 turn_config_get(core)))
			continue;
		turn_config_put(core);
		log_error("out of memory: worker %u keeps the old configuration; reload again",
			  i);
	}
	turn_config_put(daemon->setup.config);
	daemon->setup.config = core;
}

/* Ports for TLS are opened at start, and closed at the end. */
static void apply_certificates(struct reload *reload)
{
	bool had = reload->daemon->setup.tls, has = reload->tls;

	if (had && has)
		certificates_use(reload->daemon, reload->tls);
	else
		tls_context_put(reload->tls);
	reload->tls = NULL;
	if (had != has)
		report_warning(&reload->report, NULL,
			       "cert, pkey: switching TLS and DTLS %s takes a restart",
			       has ? "on" : "off");
}

/* From here on nothing fails. */
static void apply(struct reload *reload)
{
	struct daemon *daemon = reload->daemon;

	compare(reload);
	log_target_use(reload->log);
	reload->log = NULL;
	reload_forget(daemon);
	daemon->cfg = daemon->reloaded = reload->cfg;
	reload->cfg = NULL;
	tell_workers(daemon, reload->core);
	reload->core = NULL;
	apply_certificates(reload);
	metrics_use(daemon, reload->metrics);
	kernel_relay_configure(daemon->kernel, daemon->cfg, &reload->report);
	xdp_configure(daemon->xdp, daemon->cfg, &reload->report);
}

/* "one, two" */
static const char *names(const struct option *const *list, size_t n,
			 char text[static NAMES_LEN])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && len < NAMES_LEN; i++)
		len += (size_t)snprintf(text + len, NAMES_LEN - len, "%s%s",
					i ? ", " : "", list[i]->name);
	return text;
}

static void say(const struct reload *reload)
{
	char text[NAMES_LEN];

	for (size_t i = 0; i < reload->report.n; i++)
		log_text(reload->report.v[i].error ? TURN_LOG_ERROR
						   : TURN_LOG_WARNING,
			 reload->report.v[i].text);
	if (reload->report.errors) {
		log_error("reload: nothing was changed, for the configuration has errors");
		return;
	}
	if (reload->applied_count)
		log_info("reload: applied: %s",
			 names(reload->applied, reload->applied_count, text));
	else
		log_info("reload: no option has changed that could be applied");
	if (reload->restart_count)
		log_warning("reload: takes a restart: %s",
			    names(reload->restart, reload->restart_count,
				  text));
}

static void run(struct reload *reload)
{
	notify_reloading();
	if (prepare(reload))
		log_reopen();
	else
		apply(reload);
	say(reload);
	notify_ready();
}

static void clean(struct reload *reload)
{
	report_free(&reload->report);
	log_target_free(reload->log);
	metrics_close(reload->daemon, reload->metrics);
	turn_config_put(reload->core);
	tls_context_put(reload->tls);
	if (reload->cfg)
		config_free(reload->cfg);
	free(reload->cfg);
}

int reload_configuration(struct daemon *daemon)
{
	struct reload reload = { .daemon = daemon };
	int ret;

	run(&reload);
	ret = reload.report.errors ? -EINVAL : 0;
	clean(&reload);
	return ret;
}

static void put_names(struct json_object *reply, const char *member,
		      const struct option *const *list, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array,
				      json_object_new_string(list[i]->name));
	json_object_object_add(reply, member, array);
}

static void put_warnings(struct json_object *reply,
			 const struct report *report)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < report->n; i++)
		if (!report->v[i].error)
			json_object_array_add(array, json_object_new_string(
				report->v[i].text));
	json_object_object_add(reply, "warnings", array);
}

/* One line for each. */
static void put_errors(struct json_object *reply, const struct report *report)
{
	struct json_object *text = json_object_new_string("");
	char *all = NULL;

	for (size_t i = 0; i < report->n; i++) {
		char *longer;

		if (!report->v[i].error ||
		    asprintf(&longer, "%s%s%s", all ? all : "",
			     all ? "\n" : "", report->v[i].text) < 0)
			continue;
		free(all);
		all = longer;
	}
	json_object_set_string(text, all ? all : "out of memory");
	json_object_object_add(reply, "error", text);
	free(all);
}

int reload_answer(struct daemon *daemon, struct json_object *reply)
{
	struct reload reload = { .daemon = daemon };
	int ret;

	run(&reload);
	ret = reload.report.errors ? -EINVAL : 0;
	if (ret) {
		put_errors(reply, &reload.report);
	} else {
		put_names(reply, "applied", reload.applied,
			  reload.applied_count);
		put_names(reply, "restart", reload.restart,
			  reload.restart_count);
		put_warnings(reply, &reload.report);
	}
	clean(&reload);
	return ret;
}

void reload_rules(struct daemon *daemon)
{
	struct report report = { 0 };
	struct turn_config *core = daemon_core_config(daemon, daemon->cfg,
						      &report);

	for (size_t i = 0; i < report.n; i++)
		log_text(report.v[i].error ? TURN_LOG_ERROR : TURN_LOG_WARNING,
			 report.v[i].text);
	report_free(&report);
	if (!core)
		return;
	tell_workers(daemon, core);
	log_info("the user database has new rules for realms: applied");
}

void reload_forget(struct daemon *daemon)
{
	if (!daemon->reloaded)
		return;
	daemon->cfg = daemon->boot;
	config_free(daemon->reloaded);
	free(daemon->reloaded);
	daemon->reloaded = NULL;
}
