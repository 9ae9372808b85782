# SPDX-License-Identifier: BSD-3-Clause
"""A DTLS client: OpenSSL's library, with its datagrams in the test's own hands."""
import ctypes
import ctypes.util
import socket

from stun import Client

ssl = ctypes.CDLL(ctypes.util.find_library("ssl"))
crypto = ctypes.CDLL(ctypes.util.find_library("crypto"))
for function in (ssl.DTLS_client_method, ssl.SSL_CTX_new, ssl.SSL_new, ssl.SSL_get1_peer_certificate, crypto.BIO_new,
                 crypto.BIO_s_mem):
    function.restype = ctypes.c_void_p
for function in (ssl.SSL_CTX_ctrl, ssl.SSL_ctrl, crypto.BIO_ctrl):
    function.restype = ctypes.c_long
    function.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
ssl.SSL_CTX_set_options.argtypes = ssl.SSL_set_options.argtypes = [ctypes.c_void_p, ctypes.c_uint64]

OP_NO_QUERY_MTU = 1 << 12
CTRL_SET_MTU, CTRL_HANDLE_TIMEOUT, BIO_C_SET_BUF_MEM_EOF_RETURN = 17, 74, 130
MTU = 1400
ROOM = 65536


def pointer(value):
    return ctypes.c_void_p(value)


class DtlsSocket:
    """A connected UDP socket that speaks DTLS 1.2. Looks like a socket."""

    def __init__(self, udp, shake_hands=True):
        self.udp = udp
        self.ctx = pointer(ssl.SSL_CTX_new(pointer(ssl.DTLS_client_method())))
        self.ssl = pointer(ssl.SSL_new(self.ctx))
        self.incoming, self.outgoing = (pointer(crypto.BIO_new(pointer(crypto.BIO_s_mem()))) for _ in range(2))
        for bio in (self.incoming, self.outgoing):
            crypto.BIO_ctrl(bio, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, None)
        ssl.SSL_set_bio(self.ssl, self.incoming, self.outgoing)
        ssl.SSL_set_options(self.ssl, OP_NO_QUERY_MTU)
        ssl.SSL_ctrl(self.ssl, CTRL_SET_MTU, MTU, None)
        ssl.SSL_set_connect_state(self.ssl)
        self.room = ctypes.create_string_buffer(ROOM)
        if shake_hands:
            self.handshake()

    def flight(self):
        """What OpenSSL wants to send now, in one piece; a handshake's next flight."""
        ssl.SSL_do_handshake(self.ssl)
        return self.take()

    def take(self):
        count = crypto.BIO_read(self.outgoing, self.room, ROOM)
        return self.room.raw[:count] if count > 0 else b""

    def give(self, datagram):
        crypto.BIO_write(self.incoming, datagram, len(datagram))

    def flush(self):
        data = self.take()
        if data:
            self.udp.send(data)

    def handshake(self):
        while True:
            done = ssl.SSL_do_handshake(self.ssl) == 1
            self.flush()
            if done:
                return
            self.give(self.udp.recv(ROOM))

    def send(self, data):
        if ssl.SSL_write(self.ssl, data, len(data)) != len(data):
            raise BrokenPipeError("DTLS session is closed")
        self.flush()

    def recv(self, size):
        while True:
            count = ssl.SSL_read(self.ssl, self.room, min(size, ROOM))
            if count > 0:
                return self.room.raw[:count]
            if self.closed():
                raise EOFError("the server has closed the session")
            self.give(self.udp.recv(ROOM))

    def closed(self):
        """Has the server said that it closes?"""
        return bool(ssl.SSL_get_shutdown(self.ssl) & 2)

    def say_goodbye(self):
        ssl.SSL_shutdown(self.ssl)
        self.flush()

    def certificate(self):
        """The server's, in a form that can be compared."""
        cert = pointer(ssl.SSL_get1_peer_certificate(self.ssl))
        digest = ctypes.create_string_buffer(32)
        crypto.X509_digest(cert, pointer(crypto_sha256()), digest, None)
        crypto.X509_free(cert)
        return digest.raw

    def settimeout(self, seconds):
        self.udp.settimeout(seconds)

    def getsockname(self):
        return self.udp.getsockname()

    def close(self):
        """Without a word to the server."""
        if self.ssl:
            ssl.SSL_free(self.ssl)
            ssl.SSL_CTX_free(self.ctx)
            self.ssl = None
        self.udp.close()

    def __del__(self):
        self.close()


def crypto_sha256():
    crypto.EVP_sha256.restype = ctypes.c_void_p
    return crypto.EVP_sha256()


def hello():
    """A first ClientHello as it is on the wire."""
    left, right = socket.socketpair(type=socket.SOCK_DGRAM)
    with right:
        client = DtlsSocket(left, shake_hands=False)
        return client.flight()


class DtlsClient(Client):
    """A TURN client that speaks DTLS."""

    def __init__(self, server, port=5349, **options):
        super().__init__(server, port=port, **options)
        self.socket = DtlsSocket(self.socket)
