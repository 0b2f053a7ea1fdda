"""What VictoriaMetrics answers beyond the write API: samples read back, and when its process started."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from collector.feeds.samples import Found, Selector, add_found
from collector.feeds.settings import FeedFault, FeedSettings

_SHOWN = 200
_MAX_METRICS = 4 << 20
_MAX_LINE = 64 << 20
_STARTED = re.compile(rb"^(?:vm_app_start_timestamp|process_start_time_seconds)\s+(\S+)", re.MULTILINE)


class Unavailable(FeedFault):
    """The server did not answer as it should; worth another try. ``retry_after_s`` is what it asked for, else 0."""

    def __init__(self, what: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(what)
        self.retry_after_s = retry_after_s


def short(body: bytes | str | None) -> str:
    """Return the beginning of what a server said, fit for one line of a log."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    return "".join(c if c.isprintable() else " " for c in text[:_SHOWN])


class Victoria:
    """Questions to VictoriaMetrics, each on a connection of its own."""

    def __init__(self, settings: FeedSettings, secret: str) -> None:
        self._write, self._read = settings.url, (settings.read_url or settings.url).rstrip("/")
        self._timeout = settings.timeout_seconds
        secure = any(url.startswith("https") for url in (self._write, self._read))
        self._context = ssl.create_default_context(cafile=settings.ca) if secure else None
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def samples(self, selector: Selector, start_ms: int, end_ms: int) -> Found:
        """Return what is there in ``[start_ms, end_ms)``, by ``/api/v1/export``; raise Unavailable."""
        tests = [f'__name__=~"{selector.measurement}_.*"', *(f'{name}=""' for name in selector.absent)]
        tests += [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in selector.tags]
        asked = urlencode({"match[]": f"{{{','.join(tests)}}}", "start": start_ms / 1000, "end": end_ms / 1000})
        found: Found = {}
        with self._asked("POST", self._read, "/api/v1/export", asked.encode()) as answer:
            while line := answer.readline(_MAX_LINE):
                table = json.loads(line)
                tags = table["metric"]
                add_found(found, tags.pop("__name__"), tags, table["timestamps"], table["values"])
        return found

    def started(self) -> str:
        """Return when the process that takes the writes started, "" where it does not tell."""
        parts = urlsplit(self._write)
        try:
            with self._asked("GET", f"{parts.scheme}://{parts.netloc}", "/metrics", None) as answer:
                found = _STARTED.search(answer.read(_MAX_METRICS))
        except Refusal:
            return ""
        return found[1].decode(errors="replace") if found else ""

    @contextmanager
    def _asked(self, method: str, base: str, path: str, body: bytes | None) -> Iterator[http.client.HTTPResponse]:
        parts = urlsplit(base)
        address = (parts.hostname or "", parts.port)
        connection = (
            http.client.HTTPSConnection(*address, timeout=self._timeout, context=self._context)
            if parts.scheme == "https"
            else http.client.HTTPConnection(*address, timeout=self._timeout)
        )
        headers = {**self._headers, **({"Content-Type": "application/x-www-form-urlencoded"} if body else {})}
        try:
            connection.request(method, parts.path + path, body, headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise Refusal(f"{base}{path} answered {answer.status}: {short(answer.read(_SHOWN))}")
            yield answer
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            raise Unavailable(f"{base}{path}: {type(error).__name__}: {short(str(error))}") from None
        finally:
            connection.close()


class Refusal(Unavailable):
    """It answered, but with another status than 200."""
