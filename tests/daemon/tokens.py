# SPDX-License-Identifier: BSD-3-Clause
"""A client that has an access token (RFC 7635) instead of a password."""
import base64
import json
import subprocess
import time

from stun import ACCESS_TOKEN, ALLOCATE, REFRESH, Client

OAUTH_KEY = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


class TokenClient(Client):
    """A client with an access token of coturn's authorization tool."""

    def __init__(self, server, lifetime, kid="north"):
        super().__init__(server, user=kid)
        self.mac_key = b"twenty bytes of key!"
        made = subprocess.run(["turnutils_oauth", "-e", "-i", "turn1.example", "-j", self.user, "-k", OAUTH_KEY,
                               "-l", str(int(time.time())), "-m", "7200", "-n", "A256GCM",
                               "-p", base64.b64encode(self.mac_key).decode(), "-r", str(lifetime)],
                              capture_output=True, text=True, check=True)
        self.token = base64.b64decode(json.loads(made.stdout)["access_token"])

    def key(self):
        return self.mac_key

    def signed(self, kind, attributes=(), txid=None):
        token = [(ACCESS_TOKEN, self.token)] if self.realm and kind in (ALLOCATE, REFRESH) else []
        return super().signed(kind, [*attributes, *token], txid)
