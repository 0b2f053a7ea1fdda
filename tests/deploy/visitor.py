"""One HTTPS request to the proxy, as a visitor in the controller's network namespace sends it; JSON in, JSON out.

echo '{"path": "/", ...}' | ip netns exec NAMESPACE python visitor.py
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
from typing import Any


def ask(told: dict[str, Any]) -> dict[str, Any]:
    """Send ``told`` (address, name, ca, path, method, headers, octets, newest, times); return statuses and last text.

    ``octets`` is the size of the body, ``newest`` the newest TLS. ``error`` stands there where no answer came.
    """
    context = ssl.create_default_context(cafile=told["ca"])
    context.maximum_version = ssl.TLSVersion[told.get("newest", "TLSv1_3")]
    statuses, text = [], ""
    for _ in range(int(told.get("times", 1))):
        connection = http.client.HTTPSConnection(told["name"], timeout=20, context=context)
        try:
            raw = socket.create_connection((told["address"], 443), timeout=20)
            connection.sock = context.wrap_socket(raw, server_hostname=told["name"])
            body = b"x" * int(told.get("octets", 0)) or None
            connection.request(told.get("method", "GET"), told["path"], body, told.get("headers", {}))
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            statuses.append(answer.status)
        except (OSError, http.client.HTTPException) as error:
            return {"error": f"{type(error).__name__}: {error}", "statuses": statuses}
        finally:
            connection.close()
    return {"statuses": statuses, "text": text, "tls": context.maximum_version.name}


if __name__ == "__main__":
    json.dump(ask(json.load(sys.stdin)), sys.stdout)
