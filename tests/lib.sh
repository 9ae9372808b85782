# SPDX-License-Identifier: BSD-3-Clause
# Shared by the shell scripts under tests/: sourced, never run. Sets KTURN_ROOT, the checkout's absolute path.
# shellcheck shell=bash

KTURN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export KTURN_ROOT

# The kernels kturn is tested on, oldest first and one with checks, and the one tests use unless told otherwise.
KTURN_SERIES="6.1 6.12 7.2 6.12-debug"
KTURN_DEFAULT_SERIES=6.1

# Progress and errors go to stderr: stdout is for results.
say() { printf '%s\n' "${0##*/}: $*" >&2; }
die() { say "error: $*"; exit 1; }

check_series()
{
	local s
	for s in $KTURN_SERIES; do
		[ "$s" = "$1" ] && return 0
	done
	die "unknown kernel series '$1': choose one of $KTURN_SERIES"
}

# The directory where downloads live that outlast a checkout: a second clone need not fetch them again.
cache_dir()
{
	local dir=${KTURN_CACHE:-/var/cache/kturn}
	if ! mkdir -p "$dir" 2>/dev/null || [ ! -w "$dir" ]; then
		dir=$KTURN_ROOT/build/cache
		mkdir -p "$dir" || die "cannot create $dir; set KTURN_CACHE to a writable directory"
	fi
	(cd "$dir" && pwd -P)
}

# Runs a command with its output in a log file; shows the end of the log only when it fails.
quietly()
{
	local log=$1 status
	shift
	"$@" >>"$log" 2>&1 </dev/null && return 0
	status=$?
	say "failed (exit status $status): $*; the end of $log:"
	tail -n 25 "$log" >&2
	return $status
}
