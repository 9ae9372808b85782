// SPDX-License-Identifier: BSD-3-Clause
//
// Two peers in one page that may use relayed candidates only: a video call of some seconds, and on the same connection
// data both ways. run() is called by chromium.py and says what it saw; what is good enough is decided there.
"use strict";

const CHUNK = 16 * 1024;
const BUFFERED = 256 * 1024;	// of data in the sender's queue, before it waits

class Peer {
	constructor(name, iceServer) {
		this.name = name;
		this.connection = new RTCPeerConnection({ iceServers: [iceServer], iceTransportPolicy: "relay" });
		this.channel = this.connection.createDataChannel("data", { negotiated: true, id: 1 });
		this.channel.binaryType = "arraybuffer";
		this.channel.bufferedAmountLowThreshold = BUFFERED / 2;
		this.errors = [];
		this.connection.onicecandidateerror = event =>
			this.errors.push(`${event.url}: ${event.errorCode} ${event.errorText}`);
	}

	opened() {
		return new Promise((resolve, reject) => {
			this.channel.onopen = resolve;
			this.connection.onconnectionstatechange = () => {
				if (this.connection.connectionState === "failed")
					reject(new Error(`${this.name}: not connected; ${this.errors.join("; ")}`));
			};
		});
	}

	async send(data) {
		for (let at = 0; at < data.length; at += CHUNK) {
			while (this.channel.bufferedAmount > BUFFERED)
				await new Promise(resolve => { this.channel.onbufferedamountlow = resolve; });
			this.channel.send(data.subarray(at, at + CHUNK));
		}
	}

	receive(length) {
		const data = new Uint8Array(length);
		let at = 0;
		return new Promise((resolve, reject) => {
			this.channel.onmessage = event => {
				if (at + event.data.byteLength > length)
					return reject(new Error(`${this.name}: more data than was sent`));
				data.set(new Uint8Array(event.data), at);
				at += event.data.byteLength;
				if (at === length)
					resolve(data);
			};
			this.channel.onclose = () => reject(new Error(`${this.name}: closed after ${at} bytes`));
		});
	}

	// How this peer is connected, and what it saw of the other's picture.
	async stats() {
		const stats = await this.connection.getStats();
		const all = type => [...stats.values()].filter(entry => entry.type === type);
		const pair = stats.get(all("transport")[0].selectedCandidatePairId);
		const local = stats.get(pair.localCandidateId);
		const video = all("inbound-rtp").find(entry => entry.kind === "video") || {};
		return {
			local: local.candidateType, remote: stats.get(pair.remoteCandidateId).candidateType,
			protocol: local.relayProtocol, url: local.url, address: local.address,
			framesDecoded: video.framesDecoded || 0, packetsReceived: video.packetsReceived || 0,
			packetsLost: video.packetsLost || 0,
		};
	}
}

// As signalling would: candidates and descriptions of one, told to the other.
async function introduce(one, other) {
	for (const [from, to] of [[one, other], [other, one]]) {
		from.connection.onicecandidate = event => {
			if (event.candidate)
				to.connection.addIceCandidate(event.candidate);
		};
	}
	await one.connection.setLocalDescription();
	await other.connection.setRemoteDescription(one.connection.localDescription);
	await other.connection.setLocalDescription();
	await one.connection.setRemoteDescription(other.connection.localDescription);
}

function randomBytes(length) {
	const data = new Uint8Array(length);
	for (let at = 0; at < length; at += 65536)	// the most that one call gives
		crypto.getRandomValues(data.subarray(at, at + 65536));
	return data;
}

async function hash(data) {
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
	return [...digest].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

async function transfer(from, to, length) {
	const data = randomBytes(length);
	const [received] = await Promise.all([to.receive(length), from.send(data)]);
	return { way: `${from.name} to ${to.name}`, sent: await hash(data), received: await hash(received) };
}

// options: iceServer, bytes, seconds, video (constraints)
async function run(options) {
	const started = performance.now();
	const peers = ["caller", "callee"].map(name => new Peer(name, options.iceServer));
	const [caller, callee] = peers;
	const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: options.video });
	for (const peer of peers)
		media.getTracks().forEach(track => peer.connection.addTrack(track, media));
	const opened = Promise.all(peers.map(peer => peer.opened()));
	await introduce(caller, callee);
	await opened;
	const connected = performance.now();
	const talk = new Promise(resolve => setTimeout(resolve, options.seconds * 1000));
	const transfers = await Promise.all([transfer(caller, callee, options.bytes),
					     transfer(callee, caller, options.bytes)]);
	const transferred = performance.now();
	await talk;
	const stats = {};
	for (const peer of peers)
		stats[peer.name] = await peer.stats();
	const ended = performance.now();
	peers.forEach(peer => peer.connection.close());
	media.getTracks().forEach(track => track.stop());
	return {
		transfers, peers: stats,
		seconds: { connecting: (connected - started) / 1000, data: (transferred - connected) / 1000,
			   call: (ended - connected) / 1000 },
	};
}
