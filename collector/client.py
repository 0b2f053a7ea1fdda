"""Ask the running collector of this machine over its own API."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from collector.config import Settings

TIMEOUT_SECONDS = 5


def ask(settings: Settings, path: str) -> Any:
    """GET ``path`` from the running collector; None when it does not answer or wants a token."""
    listen = settings.listen
    host = "127.0.0.1" if listen.host in ("0.0.0.0", "::") else listen.host  # noqa: S104 - where it listens, not we
    if listen.certificate:
        context = ssl.create_default_context(cafile=str(listen.ca or listen.certificate))
        context.check_hostname = False  # its own certificate, on its own machine
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, listen.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, listen.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return json.loads(answer.read()) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
