// SPDX-License-Identifier: BSD-3-Clause
/*
 * Latency over percentiles. Both axes are logarithmic: to the right each
 * nine takes as much room as the one before, for the tail is what matters.
 */
#include <math.h>

#include "bench/report.h"

#define WIDTH	720
#define HEIGHT	400
#define LEFT	80
#define RIGHT	36
#define TOP	76
#define BOTTOM	64
#define NINES	4	/* up to p99.99 */
#define STEPS	160

static const char *const colours[WAYS] = { "#1f6fb4", "#c2410c" };

/* struct axis - of latencies: powers of ten of nanoseconds at either end */
struct axis {
	double low;
	double high;
};

/* From 0 (p0) to NINES (p99.99). */
static double x_of(double nines)
{
	return LEFT + nines / NINES * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axis *axis, uint64_t ns)
{
	double at = (log10((double)(ns ? ns : 1)) - axis->low) /
		    (axis->high - axis->low);

	return HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);
}

static struct axis choose_axis(const struct report *r)
{
	uint64_t min = UINT64_MAX, max = 0;
	struct axis axis = { 3, 6 };

	for (unsigned int way = 0; way < WAYS; way++) {
		const struct histogram *h = &r->results.ways[way].latency;

		if (h->count && h->min < min)
			min = h->min;
		if (h->max > max)
			max = h->max;
	}
	if (max) {
		axis.low = floor(log10(min ? (double)min : 1));
		axis.high = ceil(log10((double)max));
	}
	if (axis.high <= axis.low)
		axis.high = axis.low + 1;
	return axis;
}

static void print_latency_label(double ns, double y, FILE *out)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int unit = 0;

	for (; ns >= 1000 && unit < 3; unit++)
		ns /= 1000;
	fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f %s</text>\n",
		LEFT - 8, y + 4, ns, units[unit]);
}

static void print_grid(const struct axis *axis, FILE *out)
{
	static const char *const names[] = {
		"0", "p90", "p99", "p99.9", "p99.99",
	};

	for (unsigned int i = 0; i <= NINES; i++)
		fprintf(out, "<path d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
			x_of(i), TOP, HEIGHT - BOTTOM, x_of(i),
			HEIGHT - BOTTOM + 18, names[i]);
	for (int power = (int)axis->low; power <= (int)axis->high; power++) {
		double ns = pow(10, power), y = y_of(axis, (uint64_t)ns);

		fprintf(out, "<path d=\"M%d %.1fH%d\"/>\n", LEFT, y,
			WIDTH - RIGHT);
		print_latency_label(ns, y, out);
	}
}

static void print_curve(const struct report *r, enum way which,
			const struct axis *axis, FILE *out)
{
	const struct histogram *h = &r->results.ways[which].latency;
	const char *d = "M";

	if (!h->count)
		return;
	fprintf(out, "<path class=\"curve\" style=\"stroke:%s\" d=\"",
		colours[which]);
	for (unsigned int i = 0; i <= STEPS; i++) {
		double nines = (double)i * NINES / STEPS;
		double percent = 100 * (1 - pow(10, -nines));

		fprintf(out, "%s%.1f %.1f", d, x_of(nines),
			y_of(axis, histogram_percentile(h,
							PERCENTILE(percent))));
		d = "L";
	}
	fputs("\"/>\n", out);
}

static void print_legend(const struct report *r, FILE *out)
{
	int x = LEFT;

	for (unsigned int way = 0; way < WAYS; way++) {
		const struct way_results *w = &r->results.ways[way];

		if (!options_way_used(r->options, (enum way)way))
			continue;
		fprintf(out, "<rect x=\"%d\" y=\"48\" width=\"14\" height=\"4\" fill=\"%s\"/><text x=\"%d\" y=\"54\">%s: %.0f/s, %.3f %% lost</text>\n",
			x, colours[way], x + 20,
			report_way_name(r, (enum way)way),
			(double)w->received * 1e9 /
			(double)(r->measured_ns ? r->measured_ns : 1),
			report_loss(w));
		x += (WIDTH - LEFT) / 2;
	}
}

void report_svg(const struct report *r, FILE *out)
{
	struct axis axis = choose_axis(r);
	char addr[TRANSPORT_ADDR_STRLEN];

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	fputs("<style>text{font:12px sans-serif;fill:#333}path{stroke:#ddd;fill:none}.curve{stroke-width:2}.head{font-size:16px;font-weight:600}</style>\n", out);
	fprintf(out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH,
		HEIGHT);
	fprintf(out, "<text x=\"%d\" y=\"28\" class=\"head\">Latency through %s</text>\n",
		LEFT, transport_addr_print(&r->server, addr));
	print_legend(r, out);
	print_grid(&axis, out);
	for (unsigned int way = 0; way < WAYS; way++)
		print_curve(r, (enum way)way, &axis, out);
	fprintf(out, "<text x=\"%d\" y=\"%d\">percentile; %u allocations with %u channels, %s</text>\n</svg>\n",
		LEFT, HEIGHT - 16, r->options->allocations,
		r->options->channels, traffic_name(r->options->traffic));
}
