# SPDX-License-Identifier: BSD-3-Clause
# A TURN client, a relay and a peer, each in a network namespace of its own; real programs in all three. Sourced, never
# run. Everything has a name of its own, so that several labs can be up at once, of one shell or of many, and goes when
# the shell ends.
#
#   client                relay                     peer
#  +--------------+      +---------------------+      +-----------------+
#  | 192.0.2.2    |------| 192.0.2.1           |------| 198.51.100.2    |
#  | 2001:db8:1::2|      |        198.51.100.1 |      | 2001:db8:2::2   |
#  +--------------+      | 2001:db8:1::1, 2::1 |      +-----------------+
#                        +---------------------+
# shellcheck shell=bash

CLIENT_IP4=192.0.2.2 RELAY_IP4=192.0.2.1 RELAYED_IP4=198.51.100.1 PEER_IP4=198.51.100.2
CLIENT_IP6=2001:db8:1::2 RELAY_IP6=2001:db8:1::1 RELAYED_IP6=2001:db8:2::1 PEER_IP6=2001:db8:2::2
USERNAME=alice PASSWORD=correct-horse REALM=relay.example SECRET=north
LAB_PIDS=() LABS=() LABS_DIR='' CERTIFICATE='' KEY=''

in_netns() { nsenter --net="/run/netns/$1" -- "${@:2}"; }

# use_lab [NAME]: from now on all is about this lab, which lab_up has made.
use_lab()
{
	LAB=kt$$${1-}
	CLIENT=$LAB-client RELAY=$LAB-relay PEER=$LAB-peer
	LAB_DIR=$LABS_DIR/$LAB KTURND_SOCKET=$LABS_DIR/$LAB/kturnd.sock
}

# lab_link NETNS NETNS IP4 IP4 IP6 IP6: a veth pair with an address at either end. The kernel looks at once at a link that
# comes up, if its ends have not the same index, else within a second.
lab_link()
{
	local a=to-${2##*-} b=to-${1##*-}

	ip link add "$a" netns "$1" index 1000 type veth peer name "$b" netns "$2" index 2000
	lab_address "$1" "$a" "$3" "$5"
	lab_address "$2" "$b" "$4" "$6"
}

lab_address()
{
	ip -n "$1" -batch - <<-END
		address add $3/24 dev $2
		address add $4/64 dev $2 nodad
		link set lo up
		link set $2 up
	END
}

# lab_gateway NETNS IP4 IP6: where its way out is.
lab_gateway()
{
	ip -n "$1" -batch - <<-END
		route add default via $2
		route add default via $3
	END
}

# An emulated processor may leave a program, or packets on their way in, waiting for longer than there is room for.
in_emulation()
{
	"$KTURN_ROOT/tests/vm/keep-static-keys" && sysctl -q -w net.core.netdev_max_backlog=200000 &&
		sysctl -q -w net.core.rmem_default=8388608 -w net.core.rmem_max=8388608
}

# make_certificate: for TLS and DTLS, in CERTIFICATE and KEY. Nobody vouches for it.
make_certificate()
{
	CERTIFICATE=$LABS_DIR/certificate.pem KEY=$LABS_DIR/key.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$REALM" \
		-addext "subjectAltName=IP:$RELAY_IP4,IP:$RELAY_IP6" -keyout "$KEY" -out "$CERTIFICATE" 2>/dev/null
}

# key_hash: of CERTIFICATE, as browsers have it: base64 of the SHA-256 of the public key.
key_hash()
{
	openssl x509 -in "$CERTIFICATE" -pubkey -noout | openssl pkey -pubin -outform der |
		openssl dgst -sha256 -binary | base64
}

# Once, before the first lab.
labs_begin()
{
	LABS_DIR=$(mktemp -d)
	mkfifo "$LABS_DIR/idle"
	trap labs_end EXIT
	[ -z "${KTURN_IN_VM-}" ] || in_emulation || die "the guest cannot be prepared"
	make_certificate || die "openssl makes no certificate"
}

# lab_up [NAME]: makes a lab, and uses it.
lab_up()
{
	[ -n "$LABS_DIR" ] || labs_begin
	use_lab "$@"
	LABS+=("$LAB")
	mkdir "$LAB_DIR"
	ip -batch - <<-END
		netns add $CLIENT
		netns add $RELAY
		netns add $PEER
	END
	lab_link "$CLIENT" "$RELAY" "$CLIENT_IP4" "$RELAY_IP4" "$CLIENT_IP6" "$RELAY_IP6"
	lab_link "$RELAY" "$PEER" "$RELAYED_IP4" "$PEER_IP4" "$RELAYED_IP6" "$PEER_IP6"
	lab_gateway "$CLIENT" "$RELAY_IP4" "$RELAY_IP6"
	lab_gateway "$PEER" "$RELAYED_IP4" "$RELAYED_IP6"
}

labs_end()
{
	local pid lab ns

	for pid in "${LAB_PIDS[@]}"; do
		lab_stop "$pid"
	done
	for lab in "${LABS[@]}"; do
		for ns in "$lab"-{client,relay,peer}; do
			ip netns del "$ns" 2>/dev/null || true
		done
	done
	rm -rf "$LABS_DIR"
}

# lab_start NETNS LOG COMMAND...: starts a program in a namespace; its pid is in LAB_PID.
lab_start()
{
	nsenter --net="/run/netns/$1" -- "${@:3}" >"$2" 2>&1 </dev/null &
	LAB_PID=$!
	LAB_PIDS+=("$LAB_PID")
}

# lab_end PID: ends a program of the lab, and returns its status.
lab_end()
{
	kill "$1" && wait "$1"
}

lab_stop()
{
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# wait_for SECONDS COMMAND...: until the command succeeds. In an emulated processor whoever asks often takes the time from
# whom it asks about; waiting takes no process, because a pipe to which nobody writes does it.
wait_for()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		read -r -t 0.2 <>"$LABS_DIR/idle" || true
	done
}

udp_port_bound() { ss -N "$1" -Hlnu "sport = :$2" | grep -q .; }

start_peer()
{
	lab_start "$PEER" "$LAB_DIR/peer.log" turnutils_peer -p 3480 -L "$PEER_IP4" -L "$PEER_IP6"
	wait_for 10 udp_port_bound "$PEER" 3480 || echo "# turnutils_peer does not listen"
}

write_config()
{
	cat >"$1" <<-END
	listening-ip=$RELAY_IP4
	listening-ip=$RELAY_IP6
	relay-ip=$RELAYED_IP4
	relay-ip=$RELAYED_IP6
	realm=$REALM
	${ANYBODY-lt-cred-mech
	user=$USERNAME:$PASSWORD}
	# turnutils_uclient 4.6 draws channel numbers from RFC 5766's range.
	rfc5766-channel-numbers
	mobility
	# Peers have addresses for documentation here.
	no-default-denied-peers
	${CERTIFICATE:+cert=$CERTIFICATE}
	${KEY:+pkey=$KEY}
	${MORE_CONFIG-}
	END
}

# start_kturnd [OPTION...]: the daemon in the relay's namespace; its pid is in LAB_PID.
start_kturnd()
{
	write_config "$LAB_DIR/turnserver.conf"
	lab_start "$RELAY" "$LAB_DIR/kturnd.log" "${KTURN_PROGRAMS-$KTURN_ROOT/build}/kturnd" -c "$LAB_DIR/turnserver.conf" \
		--admin-socket="$KTURND_SOCKET" --log-file=stdout --pidfile="$LAB_DIR/kturnd.pid" "$@"
	wait_for 20 udp_port_bound "$RELAY" 3478 && return
	echo "# kturnd does not listen; its log:"
	sed 's/^/# /' "$LAB_DIR/kturnd.log"
	return 1
}

# number PATH: of what kturnctl tells on stdin, a member a line, as kernel.to_peer.packets. By the shell alone: tests ask
# over and over, and a program more each time is what they would spend their time with in an emulated processor.
number()
{
	local line key path=

	while read -r line; do
		key=
		[[ $line != \"* ]] || { key=${line#\"} key=${key%%\"*}; }
		case $line in
		*[\{\[])	path+=.$key ;;
		[\}\]]*)	path=${path%.*} ;;
		\"*)		[ "$path.$key" != "..$1" ] || { line=${line#*: } line=${line%,}; echo "${line//\"/}"; } ;;
		esac
	done
}

# counter PATH: a number of kturnd's status now.
counter()
{
	in_netns "$RELAY" "$KTURN_ROOT/build/kturnctl" --socket "$KTURND_SOCKET" --json status | number "$1"
}

# uclient FAMILIES OPTION...: coturn's client, unmodified, against the relay; its log is $LAB_DIR/uclient.log.
# FAMILIES are the client's and, where it is another one, the peer's: 4, 6, 46 or 64.
uclient()
{
	local server=$RELAY_IP4 peer=$PEER_IP4 family=-X

	[ "${1:0:1}" = 4 ] || server=$RELAY_IP6
	[ "${1: -1}" = 4 ] || { peer=$PEER_IP6 family=-x; }
	shift
	in_netns "$CLIENT" timeout "${UCLIENT_TIMEOUT:-120}" turnutils_uclient -c $family -e "$peer" -r 3480 \
		-u "$USERNAME" -w "$PASSWORD" "$@" "$server" >"$LAB_DIR/uclient.log" 2>&1
}

# udp_errors: what UDP could not deliver, by namespace of this lab. A program at either end that is too slow to read loses
# datagrams that no relay has lost.
udp_errors()
{
	local ns

	for ns in "$CLIENT" "$RELAY" "$PEER"; do
		printf '%s:' "${ns##*-}"
		in_netns "$ns" nstat -asz UdpInErrors UdpRcvbufErrors UdpNoPorts Udp6InErrors Udp6RcvbufErrors Udp6NoPorts |
			awk '$2 > 0 { printf " %s %d", $1, $2; some = 1 } END { print some ? "" : " no errors" }'
	done
}

# uclient_result: SENT, RECEIVED and LOST of the last run. Its exit status says little, so its report must be there.
uclient_result()
{
	local log

	log=$(<"$LAB_DIR/uclient.log")
	SENT='' RECEIVED='' LOST=''
	[[ $log =~ .*tot_send_msgs=([0-9]+),\ tot_recv_msgs=([0-9]+) ]] &&
		SENT=${BASH_REMATCH[1]} RECEIVED=${BASH_REMATCH[2]}
	[[ $log =~ .*Total\ lost\ packets\ ([0-9]+)\  ]] && LOST=${BASH_REMATCH[1]}
	[ -n "$SENT" ] && [ -n "$LOST" ] && return
	echo "# turnutils_uclient reported nothing; the end of its log:"
	tail -n 15 "$LAB_DIR/uclient.log" | sed 's/^/# /'
	return 1
}
