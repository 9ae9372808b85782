# SPDX-License-Identifier: BSD-3-Clause
# Fetches packages of any release from Debian's archive into the cache: sourced after lib.sh, never run.
# shellcheck shell=bash
#
# Nothing is installed: packages are taken apart, and apt works on lists of its own, knowing nothing of this system's
# sources, pins and packages. What it downloads is checked against the archive's signature.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
ARCH=amd64

# fetch_once KIND NAME REFRESH: makes sure that KIND/NAME is in the cache, and prints where. What is cached stays, until
# a REFRESH that is not empty asks the archive again.
#
# Calls fetch NAME, the script's own, which builds in $WORK/tree and ends with keep. It finds set: STORE, the directory
# KIND in the cache; HOST_SUITE; LOG; WORK, a directory that goes away.
fetch_once()
{
	local kind=$1 name=$2 refresh=$3
	CACHE=$(cache_dir)
	STORE=$CACHE/$kind
	mkdir -p "$STORE"
	# Two checkouts may want the same at the same moment: one fetches, the other waits.
	exec 9>"$STORE/.lock-$name"
	flock -n 9 || { say "$name: waiting for another download"; flock 9; }
	if [ -n "$refresh" ] || [ ! -e "$STORE/$name/version" ]; then
		[ "$(id -u)" = 0 ] || die "fetching packages needs root (dpkg -x, mmdebstrap)"
		HOST_SUITE=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
		LOG=$STORE/$name.log
		: >"$LOG"
		WORK=$(mktemp -d "$STORE/.work-$name.XXXXXX")
		chmod 755 "$WORK"
		trap 'rm -rf "$WORK"' EXIT
		fetch "$name"
	fi
	readlink -f "$STORE/$name"
}

# keep NAME VERSION: from now on NAME is this version: $WORK/tree, or the one that is there already.
keep()
{
	local name=$1 version=$2
	if [ ! -d "$STORE/$version" ]; then
		echo "$version" >"$WORK/tree/version"
		mv -T "$WORK/tree" "$STORE/$version"
	fi
	ln -s "$version" "$WORK/link"
	mv -T "$WORK/link" "$STORE/$name"
	say "$name: have $version"
}

# The archive this machine itself uses for one of its suites, so that mirrors and proxies are honoured.
mirror_of()
{
	apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
		awk -v suite="$1" '$1 == "Packages" && $2 == suite && $3 == "main" { print $4; exit }'
}

# One line of an apt source list. suite, optional: the suite of the host whose mirror has it.
source_line()
{
	local uri
	uri=$(mirror_of "${2:-$HOST_SUITE}")
	[ -n "$uri" ] || return 1
	echo "deb [signed-by=$KEYRING] $uri $1 main"
}

private_apt()
{
	local tool=$1
	shift
	"$tool" -q -o "Dir::State=$APT" -o "Dir::State::status=$APT/status" -o "Dir::Cache=$APT" \
		-o "Dir::Etc::sourcelist=$APT/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o "APT::Architecture=$ARCH" -o APT::Architectures::="$ARCH" -o APT::Sandbox::User=root \
		-o Acquire::Retries=3 -o Acquire::Check-Valid-Until=false -o APT::Update::Error-Mode=any "$@"
}

# set_up_apt NAME: lists for NAME, of what write_sources NAME, the script's own, prints. Sets SUITE to the first one.
set_up_apt()
{
	APT=$CACHE/apt/$1
	mkdir -p "$APT/lists/partial" "$APT/archives/partial"
	: >"$APT/status"
	write_sources "$1" >"$APT/sources.list" ||
		die "apt on this system has no source for '$HOST_SUITE main': add one to /etc/apt/sources.list"
	SUITE=$(awk 'NR == 1 { print $4 }' "$APT/sources.list")
	say "$1: asking the archive for $SUITE"
	quietly "$LOG" private_apt apt-get update
}

# unpack_into DIRECTORY APT-GET-COMMAND...: takes apart there what the command downloads.
unpack_into()
{
	local dir=$1 debs=$WORK/debs deb
	shift
	mkdir -p "$debs/partial" "$dir"
	(cd "$debs" && quietly "$LOG" private_apt apt-get -o "Dir::Cache::archives=$debs" "$@")
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$dir"
	done
	rm -r "$debs"
}
