// SPDX-License-Identifier: BSD-3-Clause
#include "kturnd/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kturnd/admin.h"
#include "kturnd/certificates.h"
#include "kturnd/commands.h"
#include "kturnd/core_config.h"
#include "kturnd/drain.h"
#include "kturnd/metrics.h"
#include "kturnd/notify.h"
#include "kturnd/process.h"
#include "kturnd/reload.h"
#include "kturnd/statsdb.h"
#include "kturnd/user_source.h"
#include "kturnd/xdp.h"
#include "net/connections.h"
#include "net/listener.h"
#include "version.h"

#define WHY_LEN 512

/*
 * What workers say about sessions is caused by the network: one level less
 * important than the daemon's own words, and limited.
 */
static void log_from_worker(void *env, enum turn_log_level level,
			    const char *text)
{
	struct daemon *daemon = env;

	if (log_wants_session(level))
		log_text_limited(&daemon->limit, level, text);
}

/* Write the findings to the log. */
static void log_report(const struct report *report)
{
	for (size_t i = 0; i < report->n; i++)
		log_text(report->v[i].error ? TURN_LOG_ERROR
					    : TURN_LOG_WARNING,
			 report->v[i].text);
}

static size_t public_users(const struct relay_addresses *relays,
			   const struct transport_addr *outside)
{
	size_t n = 0;

	for (size_t i = 0; i < relays->n; i++)
		n += transport_addr_same_ip(&relays->v[i].relayed, outside);
	return n;
}

/*
 * Clients of this relay may be each other's peers, by its public addresses.
 * Where one of these stands for several private ones it says nothing.
 */
static int add_own_addresses(struct turn_config *core,
			     const struct relay_addresses *relays)
{
	int ret = 0;

	for (size_t i = 0; i < relays->n && (!ret || ret == -EEXIST); i++) {
		const struct transport_addr *bound = &relays->v[i].bound;
		const struct transport_addr *outside = &relays->v[i].relayed;

		ret = turn_peer_filter_add_own(&core->peers, bound) ?:
		      turn_peer_filter_add_own(&core->peers, outside);
		if (ret)
			break;
		if (!transport_addr_same_ip(bound, outside) &&
		    public_users(relays, outside) == 1)
			ret = turn_nat_add(&core->nat, bound, outside);
	}
	return ret == -EEXIST ? 0 : ret;
}

struct turn_config *daemon_core_config(const struct daemon *daemon,
				       const struct kturnd_config *cfg,
				       struct report *report)
{
	struct turn_config *core = core_config_make(cfg, report);
	size_t errors = report->errors;

	if (!core)
		return NULL;
	core->discovery = daemon->endpoints.discovery;
	user_source_apply(daemon->users, core, report);
	if (add_own_addresses(core, &daemon->endpoints.relays))
		report_error(report, NULL, "out of memory");
	if (report->errors == errors)
		return core;
	turn_config_put(core);
	return NULL;
}

static void rules_changed(void *arg)
{
	reload_rules(arg);
}

static int open_users(struct daemon *daemon)
{
	const struct user_source_setup setup = {
		.cfg = daemon->boot, .base = daemon->base,
		.changed = rules_changed, .arg = daemon,
	};
	int ret = user_source_new(&daemon->users, &setup);

	if (daemon->users)
		daemon->setup.lookup = user_source_lookup(daemon->users);
	return ret;
}

static int open_statsdb(struct daemon *daemon)
{
	int ret = statsdb_new(&daemon->statsdb, daemon->boot);

	daemon->setup.sessions = statsdb_sessions(daemon->statsdb);
	return ret;
}

static int resolve(struct daemon *daemon)
{
	struct report report = { 0 };
	int ret;

	endpoints_resolve(daemon->cfg, &daemon->endpoints, &report);
	daemon->setup.config = daemon_core_config(daemon, daemon->cfg,
						  &report);
	daemon->setup.tls = certificates_load(daemon->cfg, &report);
	ret = report.errors ? -EINVAL : 0;
	log_report(&report);
	report_free(&report);
	return ret;
}

static int make_shared(struct daemon *daemon)
{
	uint8_t key[TURN_SHARED_KEY_LEN];

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -EIO;
	daemon->setup.shared = turn_shared_new(key);
	explicit_bzero(key, sizeof(key));
	return daemon->setup.shared ? 0 : -ENOMEM;
}

static unsigned int choose_workers(const struct kturnd_config *cfg)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cfg->relay_threads)
		return cfg->relay_threads;
	if (cpus < 1)
		return 1;
	return cpus > CONFIG_MAX_WORKERS ? CONFIG_MAX_WORKERS
					 : (unsigned int)cpus;
}

static int listen_at(struct worker *worker,
		     const struct listen_address *listen)
{
	unsigned int datagrams = listen->ways & (LISTEN_UDP | LISTEN_DTLS);
	unsigned int connections = listen->ways & (LISTEN_TCP | LISTEN_TLS);
	int ret = datagrams ?
		  worker_listen(worker, &listen->addr, datagrams) : 0;

	return ret || !connections ? ret :
	       worker_listen_tcp(worker, &listen->addr, connections);
}

static int listen_all(struct daemon *daemon, struct worker *worker)
{
	for (size_t i = 0; i < daemon->endpoints.listen_count; i++) {
		const struct listen_address *listen =
			&daemon->endpoints.listen[i];
		char text[TRANSPORT_ADDR_STRLEN];
		int ret = listen_at(worker, listen);

		if (ret) {
			log_error("cannot listen on %s: %s",
				  transport_addr_print(&listen->addr, text),
				  strerror(-ret));
			return ret;
		}
	}
	return 0;
}

/* Half of the files are left for the allocations' own sockets. */
static uint32_t choose_connections(const struct kturnd_config *cfg)
{
	struct rlimit files;

	if (cfg->max_connections)
		return cfg->max_connections;
	if (getrlimit(RLIMIT_NOFILE, &files) ||
	    files.rlim_cur / 2 > UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)(files.rlim_cur / 2);
}

static int make_connections(struct daemon *daemon)
{
	const struct kturnd_config *cfg = daemon->cfg;
	struct stream_options *streams = &daemon->setup.streams;
	const struct connection_limits limits = {
		.max = choose_connections(cfg),
		.max_idle = cfg->max_idle_connections,
		.handshakes = cfg->tls_handshake_rate,
	};

	streams->queue_limit = cfg->connection_queue_size;
	streams->allocate_timeout = 1000ull * cfg->max_allocate_timeout;
	streams->handshake_timeout = 1000ull * cfg->tls_handshake_timeout;
	streams->connections = connections_new(&limits);
	return streams->connections ? 0 : -ENOMEM;
}

static int make_workers(struct daemon *daemon)
{
	struct worker_setup *setup = &daemon->setup;
	unsigned int count = choose_workers(daemon->cfg);

	setup->relays = daemon->endpoints.relays;
	setup->udp.report_errors = true;
	setup->udp.buffer = daemon->cfg->sock_buf_size;
	setup->udp.device = daemon->cfg->relay_device;
	setup->listen_device = daemon->cfg->listening_device;
	setup->log = (struct net_log){ log_from_worker, daemon };
	daemon->xdp = xdp_new(daemon->cfg, daemon->base);
	daemon->kernel = kernel_relay_new(daemon->cfg, daemon->base, count,
					  daemon->xdp);
	daemon->workers = calloc(count, sizeof(struct worker *));
	if (!daemon->xdp || !daemon->kernel || !daemon->workers)
		return -ENOMEM;
	setup->fastpath = kernel_relay_ops(daemon->kernel);
	for (unsigned int i = 0; i < count; i++) {
		struct kernel_link *link = kernel_relay_link(daemon->kernel, i);
		int ret;

		daemon->workers[i] = worker_new(setup, i, link);
		if (!daemon->workers[i])
			return -ENOMEM;
		daemon->worker_count = i + 1;
		ret = listen_all(daemon, daemon->workers[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* Without it the server serves all the same, unless somebody asked for it. */
static int open_admin(struct daemon *daemon)
{
	const char *path = daemon->cfg->admin_socket ?: CONFIG_DEFAULT_ADMIN;
	char why[WHY_LEN] = "";
	int ret;

	ret = admin_open(&daemon->admin, daemon->base, path, commands_handle,
			 daemon, why, sizeof(why));
	if (!ret)
		return 0;
	daemon->admin = NULL;
	if (daemon->cfg->admin_socket) {
		log_error("admin-socket: %s", why);
		return ret;
	}
	log_warning("no admin socket, so kturnctl will not work: %s", why);
	return 0;
}

static int open_metrics(struct daemon *daemon)
{
	char why[WHY_LEN];
	struct metrics *metrics;
	int ret = metrics_open(daemon, daemon->cfg, &metrics, why,
			       sizeof(why));

	if (ret)
		log_error("%s", why);
	else
		metrics_use(daemon, metrics);
	return ret;
}

static void write_pidfile(struct daemon *daemon)
{
	const char *path = daemon->cfg->pidfile;
	int ret;

	if (!path)
		return;
	ret = process_write_pid(path);
	if (ret)
		log_warning("pidfile: '%s' cannot be written: %s", path,
			    strerror(-ret));
	else
		daemon->pidfile = path;
}

static int open_all(struct daemon *daemon)
{
	char why[WHY_LEN];
	int ret;

	daemon->base = event_base_new();
	if (!daemon->base)
		return -ENOMEM;
	ret = open_users(daemon) ?: open_statsdb(daemon) ?: resolve(daemon) ?: make_shared(daemon) ?:
	      make_connections(daemon) ?: make_workers(daemon) ?:
	      daemon_catch_signals(daemon) ?: open_admin(daemon) ?:
	      open_metrics(daemon);
	if (ret)
		return ret;
	write_pidfile(daemon);
	ret = process_drop_privileges(daemon->cfg, why, sizeof(why));
	if (ret)
		log_error("%s", why);
	return ret;
}

static void say_listen(const struct listen_address *listen)
{
	static const struct {
		unsigned int way;
		const char *name;
	} ways[] = {
		{ LISTEN_UDP, "UDP" }, { LISTEN_DTLS, "DTLS" },
		{ LISTEN_TCP, "TCP" }, { LISTEN_TLS, "TLS" },
	};
	char text[TRANSPORT_ADDR_STRLEN], list[32];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (listen->ways & ways[i].way)
			len += (size_t)snprintf(list + len, sizeof(list) - len,
						"%s%s", len ? ", " : "",
						ways[i].name);
	log_info("listening on %s (%s)",
		 transport_addr_print(&listen->addr, text), list);
}

static void say_endpoints(const struct daemon *daemon)
{
	const struct endpoints *ep = &daemon->endpoints;
	char text[TRANSPORT_ADDR_STRLEN], public[TRANSPORT_ADDR_STRLEN];

	for (size_t i = 0; i < ep->listen_count; i++)
		say_listen(&ep->listen[i]);
	for (size_t i = 0; i < ep->relays.n; i++) {
		const struct relay_address *relay = &ep->relays.v[i];
		bool mapped = !transport_addr_same_ip(&relay->bound,
						      &relay->relayed);

		transport_addr_print_ip(&relay->bound, text);
		transport_addr_print_ip(&relay->relayed, public);
		log_info("relaying on %s, ports %u to %u%s%s", text,
			 daemon->cfg->min_port, daemon->cfg->max_port,
			 mapped ? ", known to clients as " : "",
			 mapped ? public : "");
	}
}

static int start_workers(struct daemon *daemon)
{
	int ret;

	xdp_start(daemon->xdp, daemon->cfg);
	ret = kernel_relay_start(daemon->kernel, daemon->workers,
				 daemon->worker_count);

	for (unsigned int i = 0; i < daemon->worker_count && !ret; i++) {
		ret = worker_start(daemon->workers[i]);
		if (ret)
			log_error("cannot start a thread: %s", strerror(-ret));
	}
	return ret ?: user_source_start(daemon->users) ?:
	       statsdb_start(daemon->statsdb);
}

/* A clean stop ends the sessions, in the module too; a crash leaves them. */
static void close_all(struct daemon *daemon)
{
	admin_close(daemon->admin);
	metrics_use(daemon, NULL);
	user_source_stop(daemon->users);
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		worker_stop(daemon->workers[i], true);
	for (unsigned int i = 0; i < daemon->worker_count; i++)
		worker_free(daemon->workers[i]);
	free(daemon->workers);
	statsdb_stop(daemon->statsdb);
	statsdb_free(daemon->statsdb);
	user_source_free(daemon->users);
	kernel_relay_free(daemon->kernel);
	xdp_free(daemon->xdp);
	connections_free(daemon->setup.streams.connections);
	turn_shared_free(daemon->setup.shared);
	turn_config_put(daemon->setup.config);
	tls_context_put(daemon->setup.tls);
	endpoints_free(&daemon->endpoints);
	daemon_release_signals(daemon);
	drain_free(daemon);
	notify_free(daemon);
	if (daemon->base)
		event_base_free(daemon->base);
	if (daemon->pidfile)
		unlink(daemon->pidfile);
	reload_forget(daemon);
}

int daemon_run(const struct kturnd_config *cfg,
	       const struct config_source *source)
{
	struct daemon daemon = {
		.source = source,
		.boot = cfg,
		.cfg = cfg,
		.started = worker_now(),
		.limit = LOG_LIMIT_INIT,
	};
	int ret;

	process_raise_files();
	ret = open_all(&daemon) ?: start_workers(&daemon) ?:
	      notify_watchdog(&daemon);
	if (!ret) {
		say_endpoints(&daemon);
		log_info("kturnd %s is ready: %u workers", KTURN_VERSION,
			 daemon.worker_count);
		notify_ready();
		event_base_dispatch(daemon.base);
		notify_stopping();
	} else {
		log_error("kturnd cannot start: %s", strerror(-ret));
	}
	close_all(&daemon);
	if (!ret)
		log_info("kturnd has stopped");
	return ret ? 1 : 0;
}
