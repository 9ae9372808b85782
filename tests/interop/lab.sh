# SPDX-License-Identifier: BSD-3-Clause
# A TURN client, a relay and a peer, each in a network namespace of its own; real programs in all three. Sourced, never
# run. Everything has a name of its own, so that several labs can be up at once, and goes when the shell ends.
#
#   client                relay                     peer
#  +--------------+      +---------------------+      +-----------------+
#  | 192.0.2.2    |------| 192.0.2.1           |------| 198.51.100.2    |
#  | 2001:db8:1::2|      |        198.51.100.1 |      | 2001:db8:2::2   |
#  +--------------+      | 2001:db8:1::1, 2::1 |      +-----------------+
#                        +---------------------+
# shellcheck shell=bash

LAB=kt$$
CLIENT=$LAB-client RELAY=$LAB-relay PEER=$LAB-peer
CLIENT_IP4=192.0.2.2 RELAY_IP4=192.0.2.1 RELAYED_IP4=198.51.100.1 PEER_IP4=198.51.100.2
RELAY_IP6=2001:db8:1::1 RELAYED_IP6=2001:db8:2::1 PEER_IP6=2001:db8:2::2
USERNAME=alice PASSWORD=correct-horse REALM=relay.example
LAB_PIDS=()

in_netns() { nsenter --net="/run/netns/$1" -- "${@:2}"; }

# lab_link NETNS NETNS IP4 IP4 IP6 IP6: a veth pair with an address at either end.
lab_link()
{
	local a=to-${2##*-} b=to-${1##*-}

	ip link add "$a" netns "$1" type veth peer name "$b" netns "$2"
	lab_address "$1" "$a" "$3" "$5"
	lab_address "$2" "$b" "$4" "$6"
}

lab_address()
{
	ip -n "$1" addr add "$3/24" dev "$2"
	ip -n "$1" addr add "$4/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
}

# An emulated processor may leave a program waiting for longer than coturn's tools have buffers for.
in_emulation()
{
	"$KTURN_ROOT/tests/vm/keep-static-keys" &&
		echo 8388608 | tee /proc/sys/net/core/rmem_{default,max} >/dev/null
}

lab_up()
{
	local ns

	LAB_DIR=$(mktemp -d)
	trap lab_down EXIT
	[ -z "${KTURN_IN_VM-}" ] || in_emulation || die "the guest cannot be prepared"
	for ns in "$CLIENT" "$RELAY" "$PEER"; do
		ip netns add "$ns" && ip -n "$ns" link set lo up
	done
	lab_link "$CLIENT" "$RELAY" "$CLIENT_IP4" "$RELAY_IP4" 2001:db8:1::2 "$RELAY_IP6"
	lab_link "$RELAY" "$PEER" "$RELAYED_IP4" "$PEER_IP4" "$RELAYED_IP6" "$PEER_IP6"
	ip -n "$CLIENT" route add default via "$RELAY_IP4"
	ip -n "$CLIENT" -6 route add default via "$RELAY_IP6"
	ip -n "$PEER" route add default via "$RELAYED_IP4"
	ip -n "$PEER" -6 route add default via "$RELAYED_IP6"
}

lab_down()
{
	local pid ns

	for pid in "${LAB_PIDS[@]}"; do
		lab_stop "$pid"
	done
	for ns in "$CLIENT" "$RELAY" "$PEER"; do
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf "$LAB_DIR"
}

# lab_start NETNS LOG COMMAND...: starts a program in a namespace; its pid is in LAB_PID.
lab_start()
{
	nsenter --net="/run/netns/$1" -- "${@:3}" >"$2" 2>&1 </dev/null &
	LAB_PID=$!
	LAB_PIDS+=("$LAB_PID")
}

lab_stop()
{
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.05
	done
}

udp_port_bound() { ss -N "$1" -Hlnu "sport = :$2" | grep -q .; }

start_peer()
{
	lab_start "$PEER" "$LAB_DIR/peer.log" turnutils_peer -p 3480 -L "$PEER_IP4" -L "$PEER_IP6"
	wait_for 10 udp_port_bound "$PEER" 3480 || echo "# turnutils_peer does not listen"
}

# start_kturnd [OPTION...]: the daemon in the relay's namespace; KTURND_PID.
start_kturnd()
{
	KTURND_SOCKET=$LAB_DIR/kturnd.sock
	cat >"$LAB_DIR/turnserver.conf" <<-END
	listening-ip=$RELAY_IP4
	listening-ip=$RELAY_IP6
	relay-ip=$RELAYED_IP4
	relay-ip=$RELAYED_IP6
	realm=$REALM
	lt-cred-mech
	user=$USERNAME:$PASSWORD
	# turnutils_uclient 4.6 draws channel numbers from RFC 5766's range.
	rfc5766-channel-numbers
	# Peers have addresses for documentation here.
	no-default-denied-peers
	END
	lab_start "$RELAY" "$LAB_DIR/kturnd.log" "$KTURN_ROOT/build/kturnd" -c "$LAB_DIR/turnserver.conf" \
		--admin-socket="$KTURND_SOCKET" --log-file=stdout --pidfile="$LAB_DIR/kturnd.pid" "$@"
	KTURND_PID=$LAB_PID
	wait_for 20 udp_port_bound "$RELAY" 3478 && return
	echo "# kturnd does not listen; its log:"
	sed 's/^/# /' "$LAB_DIR/kturnd.log"
	return 1
}

start_coturn()
{
	lab_start "$RELAY" "$LAB_DIR/coturn.log" turnserver -n -L "$RELAY_IP4" -L "$RELAY_IP6" -E "$RELAYED_IP4" \
		-E "$RELAYED_IP6" -a -u "$USERNAME:$PASSWORD" -r "$REALM" --no-tls --no-dtls --no-cli --log-file stdout \
		--simple-log --pidfile "$LAB_DIR/coturn.pid" --userdb "$LAB_DIR/turndb"
	COTURN_PID=$LAB_PID
	wait_for 20 udp_port_bound "$RELAY" 3478
}

# counter PATH: a number out of kturnctl's status, as kernel.to_peer.packets.
counter()
{
	in_netns "$RELAY" "$KTURN_ROOT/build/kturnctl" --socket "$KTURND_SOCKET" --json status |
		python3 -c 'import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[key]
print(value)' "$1"
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

# uclient_result: SENT, RECEIVED and LOST of the last run. Its exit status says little, so its report must be there.
uclient_result()
{
	local log=$LAB_DIR/uclient.log

	SENT=$(sed -n 's/.*tot_send_msgs=\([0-9]*\), tot_recv_msgs.*/\1/p' "$log" | tail -n 1)
	RECEIVED=$(sed -n 's/.*tot_recv_msgs=\([0-9]*\).*/\1/p' "$log" | tail -n 1)
	LOST=$(sed -n 's/.*Total lost packets \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	[ -n "$SENT" ] && [ -n "$RECEIVED" ] && [ -n "$LOST" ] && return
	echo "# turnutils_uclient reported nothing; the end of its log:"
	tail -n 15 "$log" | sed 's/^/# /'
	return 1
}
