"""An OPD cannot read another's series: the shipped configuration in a real vmauth, before a real VictoriaMetrics."""

from __future__ import annotations

import base64
import http.client
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlencode

import pytest

from tests.collector.feed_place import free_port, victoria

CONFIG = Path(__file__).parent.parent.parent / "dashboards" / "isolation" / "vmauth.yml"
PROXY = "vmauth"
UNIT = CONFIG.with_name("vmauth.service")
KEYS = ("metricsAuthKey", "flagsAuthKey", "pprofAuthKey", "reloadAuthKey")
SECRETS = {"opd-disdik": "satu", "opd-bpkad": "dua", "noc": "tiga"}
OTHERS = ("BPKAD", "wan-bpkad", "987654", "router-rahasia", "hulu-utama")
"""What stands in another's series, and in those of no OPD."""

SERIES = """nadi_opd_rate_bits_per_second{{opd="DISDIK",direction="unduh"}} 111111 {now}
nadi_opd_rate_bits_per_second{{opd="BPKAD",direction="unduh"}} 987654 {now}
nadi_link_state{{link="wan-bpkad",opd="BPKAD",role="wan"}} 1 {now}
nadi_link_state{{link="hulu-utama",opd="",role="uplink"}} 1 {now}
nadi_interface_up{{device="router-rahasia",interface="ether1"}} 987654 {now}
"""
RATE = "nadi_opd_rate_bits_per_second"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running vmauth and the clients that ask it; ``victoria_port`` is behind it."""

    port: int
    victoria_port: int

    def ask(
        self,
        path: str,
        *,
        login: str = "opd-disdik",
        method: str = "GET",
        body: str = "",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Send a request exactly as written: no client library puts the path right."""
        given = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        if login:
            word = base64.b64encode(f"{login}:{SECRETS.get(login, 'salah')}".encode()).decode()
            given = {"Authorization": f"Basic {word}", **given}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request(method, path, body=body.encode() or None, headers=given)
            answer = line.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))
        finally:
            line.close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if shutil.which(PROXY) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{PROXY} is not installed")
        pytest.skip(f"{PROXY} is not installed")
    folder = tmp_path_factory.mktemp("isolation")
    with victoria(folder) as server:
        port = free_port()
        text = CONFIG.read_text(encoding="utf-8").replace("127.0.0.1:8428", f"127.0.0.1:{server.port}")
        (folder / "vmauth.yml").write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            _command(folder / "vmauth.yml", port), env={**os.environ, **_environment()}, stderr=subprocess.DEVNULL
        )
        try:
            _write(server.port)
            yield _ready(Proxy(port, server.port))
        finally:
            process.terminate()
            process.wait(10)


def _command(config: Path, port: int) -> list[str]:
    """Return what the shipped unit starts, with this test's file and port."""
    (line,) = re.findall(r"^ExecStart=(.+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert "127.0.0.1:8427" in line
    here = line.replace("127.0.0.1:8427", f"127.0.0.1:{port}").replace("/etc/nadi/vmauth.yml", str(config))
    words: list[str] = here.split()
    return words


def _environment() -> dict[str, str]:
    passwords = {f"NADI_{name.upper().replace('-', '_')}": word for name, word in SECRETS.items()}
    assert all(f"VMAUTH_{key}=" in UNIT.read_text(encoding="utf-8") for key in KEYS)
    return {**passwords, **{f"VMAUTH_{key}": "panjang-dan-acak" for key in KEYS}}


def _write(port: int) -> None:
    texts = [SERIES.format(now=int(time.time() - age) * 1000) for age in range(600, -1, -30)]
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("POST", "/api/v1/import/prometheus", "".join(texts))
    assert line.getresponse().status == 204
    line.close()
    line.request("GET", "/internal/force_flush")
    line.close()


def _ready(proxy: Proxy) -> Proxy:
    end = time.monotonic() + 15
    while True:
        try:
            if "987654" in proxy.ask(f"/api/v1/query?query={RATE}", login="noc").text:
                return proxy
        except OSError:
            pass
        assert time.monotonic() < end, "vmauth or its server did not answer"
        time.sleep(0.05)


BPKAD = '{opd="BPKAD"}'
EVERYTHING = urlencode({"match[]": '{__name__!=""}'})
NOW = int(time.time())
SPAN = {"start": str(NOW - 3600), "end": str(NOW + 120), "step": "60"}
READS = {
    "another's name": ("/api/v1/query", {"query": f"{RATE}{BPKAD}"}),
    "any series": ("/api/v1/query", {"query": '{__name__=~".+"}'}),
    "any, by or": ("/api/v1/query", {"query": f'{RATE}{{opd="DISDIK"}} or {RATE}{BPKAD}'}),
    "renamed label": ("/api/v1/query", {"query": f'label_replace({RATE}, "opd", "X", "opd", "BPKAD")'}),
    "grouped away": ("/api/v1/query", {"query": f"sum by (direction) ({RATE}{BPKAD})"}),
    "sum of all": ("/api/v1/query", {"query": f"sum({RATE})"}),
    "without an opd": ("/api/v1/query", {"query": '{opd=""}'}),
    "subquery": ("/api/v1/query", {"query": f"max_over_time({RATE}{BPKAD}[1h:1m])"}),
    "template of WITH": ("/api/v1/query", {"query": f"WITH (f = {BPKAD}) {RATE}{{f}}"}),
    "a range": ("/api/v1/query_range", {"query": f"{RATE}{BPKAD}", **SPAN}),
    "series": ("/api/v1/series", {"match[]": '{__name__=~".+"}', "start": str(NOW - 3600)}),
    "series by match": ("/api/v1/series", {"match[]": BPKAD, "start": str(NOW - 3600)}),
    "label values": ("/api/v1/label/opd/values", {"start": str(NOW - 3600)}),
    "label values by match": ("/api/v1/label/link/values", {"match[]": BPKAD, "start": str(NOW - 3600)}),
    "values of devices": ("/api/v1/label/device/values", {"match[]": '{device!=""}'}),
    "labels": ("/api/v1/labels", {"match[]": '{device!=""}'}),
    "its own extra_label": ("/api/v1/query", {"query": RATE, "extra_label": "opd=BPKAD"}),
    "its own extra_filters[]": ("/api/v1/query", {"query": RATE, "extra_filters[]": BPKAD}),
    "its own extra_filters": ("/api/v1/query", {"query": RATE, "extra_filters": BPKAD}),
    "an empty extra_label": ("/api/v1/query", {"query": RATE, "extra_label": ""}),
    "filters of the series": ("/api/v1/series", {"match[]": RATE, "extra_filters[]": BPKAD, "start": str(NOW - 3600)}),
}


def shows_nothing(answer: Answer) -> None:
    """Look for others' words; a refusal may repeat what the client itself wrote."""
    for word in OTHERS if answer.status == 200 else OTHERS[1:]:
        assert word not in answer.text, answer
    assert '"1098765"' not in answer.text, "the sum of both"


@pytest.mark.parametrize("name", READS)
def test_no_reading_shows_another_s_series_by_query_or_by_body(proxy: Proxy, name: str) -> None:
    path, query = READS[name]
    text = urlencode(query)
    answers = [
        proxy.ask(f"{path}?{text}"),
        proxy.ask(path, method="POST", body=text),
        proxy.ask(f"{path}?{text}", method="POST", body=text),
        proxy.ask(f"{path}?{text.replace('extra', '%65xtra')}"),
    ]
    for answer in answers:
        assert answer.status in (200, 400, 422), answer
        shows_nothing(answer)


@pytest.mark.parametrize("key", ["extra_label=opd%3DBPKAD", "extra_filters[]=" + quote(BPKAD), "extra_label="])
@pytest.mark.parametrize("path", sorted({path for path, _ in READS.values()}))
def test_what_a_client_adds_in_url_and_body_together_widens_nothing(proxy: Proxy, path: str, key: str) -> None:
    base = urlencode({"query": RATE, "match[]": RATE, **SPAN})
    for url, body in ((f"{path}?{key}", base), (path, f"{key}&{base}"), (f"{path}?{base}&{key}&{key}", key)):
        shows_nothing(proxy.ask(url, method="POST", body=body))


def test_the_attacks_do_find_something_where_nothing_is_injected(proxy: Proxy) -> None:
    found = [name for name, (path, query) in READS.items() if _finds(proxy, path, query)]
    assert set(READS) - set(found) == {"labels", "an empty extra_label"}


def _finds(proxy: Proxy, path: str, query: dict[str, str]) -> bool:
    text = proxy.ask(f"{path}?{urlencode(query)}", login="noc").text
    return any(word in text for word in (*OTHERS, '"1098765"'))


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/export", "/api/v1/export/csv", "/api/v1/export/native", "/federate", "/api/v1/status/tsdb"),
        *("/api/v1/status/active_queries", "/api/v1/status/top_queries", "/api/v1/admin/tsdb/delete_series"),
        *(
            "/-/reload",
            "/api/v1/import",
            "/api/v1/write",
            "/write",
            "/api/v2/write",
            "/delete",
            "/snapshot/create",
            "/flags",
        ),
        *("/metrics", "/internal/force_flush", "/internal/resetRollupResultCache", "/debug/pprof/", "/vmui/", "/"),
        *("/render", "/metrics/find", "/tags", "/graphite/render", "/api/v1/metadata", "/targets", "/config"),
        *("/prometheus/api/v1/query", "/select/0/prometheus/api/v1/query", "/api/v1/series/count", "/api/v1/rules"),
        *("/api/v1/query/../export", "/api/v1/../../federate", "//federate", "/api/v1/%2e%2e/%2e%2e/federate"),
        *("/api/v1/query;/federate", "/api/v1/query/../../../federate", "/api/v1/label/../../../federate/values"),
        *("/api/v1/label/opd%2f..%2f..%2f..%2ffederate%3f/values", "/api/v1/query%2f..%2fexport", "/API/V1/EXPORT"),
    ],
)
def test_nothing_but_the_reading_paths_is_let_through(proxy: Proxy, path: str) -> None:
    for method in ("GET", "POST"):
        answer = proxy.ask(f"{path}?{EVERYTHING}", method=method)
        shows_nothing(answer)
        assert answer.status in (400, 401, 404), answer


def test_a_cached_answer_of_the_noc_is_not_given_to_an_opd(proxy: Proxy) -> None:
    path = "/api/v1/query_range?" + urlencode({"query": RATE, **SPAN})
    assert "987654" in proxy.ask(path, login="noc").text
    shows_nothing(proxy.ask(path))
    assert "987654" in proxy.ask(path, login="opd-bpkad").text


def test_each_login_reads_its_own(proxy: Proxy) -> None:
    for login, word in (("opd-disdik", "111111"), ("opd-bpkad", "987654")):
        assert word in proxy.ask(f"/api/v1/query?query={RATE}", login=login).text
    assert '["DISDIK"]' in proxy.ask("/api/v1/label/opd/values").text


@pytest.mark.parametrize("login", ["", "opd-palsu"])
def test_without_a_login_nothing_is_read(proxy: Proxy, login: str) -> None:
    answer = proxy.ask(f"/api/v1/query?query={RATE}", login=login)
    assert answer.status in (400, 401)
    shows_nothing(answer)


def test_headers_do_not_change_who_asks(proxy: Proxy) -> None:
    word = base64.b64encode(b"opd-bpkad:salah").decode()
    for headers in (
        {"X-Forwarded-User": "noc", "X-Grafana-User": "noc", "X-Scope-OrgID": "0", "X-Original-URL": "/federate"},
        {"Authorization": f"Basic {word}"},
        {"X-HTTP-Method-Override": "DELETE", "Connection": "Authorization"},
    ):
        shows_nothing(proxy.ask(f"/api/v1/query?query={RATE}{quote(BPKAD)}", headers=headers))


def test_the_shipped_configuration_injects_a_label_and_never_filters() -> None:
    lines = [line for line in CONFIG.read_text(encoding="utf-8").splitlines() if "url_prefix" in line]
    assert len(lines) == 3
    assert [("extra_label=opd=" in line, "extra_filters" in line) for line in lines] == [
        (True, False),
        (True, False),
        (False, False),
    ]
