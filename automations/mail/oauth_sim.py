"""A login server for rehearsals and tests: on this machine only, it gives tokens as Google and Microsoft do.

with TokenSim() as server:
server.google_login()                     # what `connect` would have kept
server.revoked = True                     # from now on: invalid_grant
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

REFRESH = "the-refresh-token"


class TokenSim:
    """The server, from ``with`` to its end. Tokens are ``token-1``, ``token-2``, ...; each holds an hour."""

    def __init__(self) -> None:
        self.given: list[str] = []
        """Every access token that was given out, in order."""
        self.asked: list[str] = []
        """Every kind of grant that was asked for, in order."""
        self.revoked = False
        self._scope = ""
        sim = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._tell(200, sim.doors())

            def do_POST(self) -> None:
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                form = {name: values[0] for name, values in parse_qs(octets.decode()).items()}
                self._tell(*(sim.device(form) if self.path.endswith("/devicecode") else sim.grant(form)))

            def _tell(self, status: int, answer: object) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name for it
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def google_login(self) -> str:
        """Return what is kept of a person's agreement with Google, for this server."""
        return json.dumps(
            {
                "type": "authorized_user",
                "client_id": "client",
                "client_secret": "secret",
                "refresh_token": REFRESH,
                "token_uri": f"{self.url}/token",
            }
        )

    def doors(self) -> dict[str, str]:
        """Return where Microsoft's doors would be (OpenID Connect Discovery 1.0)."""
        base = "https://login.microsoftonline.com/common"
        return {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        }

    def device(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Return the code a person types at another device (RFC 8628)."""
        self._scope = form.get("scope", "")
        where = "https://microsoft.com/devicelogin"
        return 200, {
            "device_code": "device",
            "user_code": "ABCD-EFGH",
            "verification_uri": where,
            "message": f"Open {where} and type ABCD-EFGH",
            "expires_in": 900,
            "interval": 1,
        }

    def grant(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Return a token, or that the agreement is over (RFC 6749, section 5)."""
        self.asked.append(form.get("grant_type", ""))
        is_refresh = form.get("grant_type") == "refresh_token"
        if self.revoked or (is_refresh and form.get("refresh_token") != REFRESH):
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        self.given.append(f"token-{len(self.given) + 1}")
        return 200, {
            "access_token": self.given[-1],
            "expires_in": 3600,
            "token_type": "Bearer",
            "refresh_token": REFRESH,
            "scope": form.get("scope", self._scope),
            "id_token": _id_token(),
            "client_info": _part({"uid": "u", "utid": "t"}),
        }


def _id_token() -> str:
    claims = {"iss": "sim", "sub": "u", "aud": "client", "exp": 4_102_444_800, "iat": 0}
    return f"{_part({'alg': 'none'})}.{_part({**claims, 'preferred_username': 'anna@shop.example'})}."


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
