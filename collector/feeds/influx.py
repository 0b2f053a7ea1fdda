"""The time-series server: the only door to influxdb-client.

Lines go out by the InfluxDB 2 write API, which VictoriaMetrics takes too. What is there is read back by Flux from
InfluxDB, by ``/api/v1/export`` from VictoriaMetrics. No retries here: ``feed.py`` decides.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from influxdb_client import InfluxDBClient  # type: ignore[attr-defined]
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from agent.clock import MS, NS
from collector.feeds.samples import Found, Selector, add_found
from collector.feeds.settings import FeedSettings
from collector.feeds.victoria import Unavailable, Victoria, short

__all__ = ["Refused", "Server", "Unavailable"]

# Its generated code calls what its own dependencies have deprecated.
warnings.filterwarnings("ignore", category=DeprecationWarning, module="influxdb_client")

_BAD_LINES, _TOO_LARGE, _PARTLY = 400, 413, 422


class Refused(Exception):
    """The server will never take this body; ``partly``: it took the lines that it could."""

    def __init__(self, what: str, *, partly: bool) -> None:
        super().__init__(what)
        self.partly = partly


class Server:
    """One server, for one thread."""

    def __init__(self, settings: FeedSettings) -> None:
        """Read the token; raise ConfigError. Nothing is connected yet."""
        secret = settings.secret()
        self._settings = settings
        self._client = InfluxDBClient(
            url=settings.url.rstrip("/"),
            token=secret or "none",
            org=settings.org,
            timeout=settings.timeout_seconds * 1000,
            enable_gzip=False,  # on a local net its CPU costs more than the octets; a proxy may still compress
            ssl_ca_cert=str(settings.ca) if settings.ca else None,
        )
        self._victoria = Victoria(settings, secret) if settings.server == "victoriametrics" else None
        if self._victoria is not None:  # vmauth knows bearer tokens only; InfluxDB says "Token"
            self._client.api_client.set_default_header("Authorization", f"Bearer {secret}" if secret else "")
        self._write = self._client.write_api(write_options=SYNCHRONOUS)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def can_delete(self) -> bool:
        """Tell whether a span of a series can be deleted: VictoriaMetrics deletes whole series only."""
        return self._victoria is None

    def write(self, lines: bytes) -> None:
        """Send line protocol with ns stamps; raise Refused or Unavailable."""
        with self._translated():
            self._write.write(
                bucket=self._settings.bucket,
                org=self._settings.org,
                record=lines,
            )

    def delete(self, selector: Selector, start_ms: int, end_ms: int) -> None:
        """Delete a span of the series of one measurement (InfluxDB only); raise Refused or Unavailable."""
        pairs = [("_measurement", selector.measurement), *selector.tags]
        predicate = " AND ".join(f'{name}="{_quoted(value)}"' for name, value in pairs)
        with self._translated():
            self._client.delete_api().delete(
                _time(start_ms), _time(end_ms), predicate, bucket=self._settings.bucket, org=self._settings.org
            )

    def samples(self, selector: Selector, start_ms: int, end_ms: int) -> Found:
        """Read back what is there in ``[start_ms, end_ms)``; raise Unavailable."""
        if self._victoria is not None:
            return self._victoria.samples(selector, start_ms, end_ms)
        tests = [f'r._measurement == "{_quoted(selector.measurement)}"']
        tests += [f'r["{_quoted(name)}"] == "{_quoted(value)}"' for name, value in selector.tags]
        tests += [f'not exists r["{_quoted(name)}"]' for name in selector.absent]
        flux = (
            f'from(bucket: "{_quoted(self._settings.bucket)}")'
            f" |> range(start: time(v: {start_ms * MS}), stop: time(v: {end_ms * MS}))"
            f" |> filter(fn: (r) => {' and '.join(tests)})"
        )
        found: Found = {}
        with self._translated():
            for record in self._client.query_api().query_stream(flux):
                _add(found, record.values)
        return found

    def started(self) -> str:
        """Return what changes when the server's process is another one, "" where that cannot be told."""
        return self._victoria.started() if self._victoria is not None else ""

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            what = f"{self._settings.url} answered {error.status}: {short(error.body)}"
            if error.status in (_BAD_LINES, _TOO_LARGE, _PARTLY):
                raise Refused(what, partly=error.status == _PARTLY) from None
            raise Unavailable(what, retry_after_s=_seconds(error.headers)) from None
        except (HTTPError, OSError) as error:
            raise Unavailable(f"{self._settings.url}: {short(str(error).encode())}") from None


def _seconds(headers: Any) -> float:
    text = (headers or {}).get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _time(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms // 1000, UTC).replace(microsecond=time_ms % 1000 * 1000)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


_NO_TAGS = frozenset(("result", "table"))


def _add(found: Found, values: dict[str, Any]) -> None:
    """Add one record of a Flux answer."""
    tags = {name: str(v) for name, v in values.items() if not name.startswith("_") and name not in _NO_TAGS and v}
    name, time = f"{values['_measurement']}_{values['_field']}", values["_time"]
    time_ms = (int(time.replace(microsecond=0).timestamp()) * NS + time.microsecond * 1000) // MS
    add_found(found, name, tags, [time_ms], [float(values["_value"])])
