"""What the API, the status page and /metrics say of a running collector."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.catalogue import RAW
from agent.clock import NS, WIB, ManualClock
from agent.reading import encode, reading
from collector.feeds.derived import DERIVED
from collector.feeds.raw_help import RAW_HELP
from collector.ledger.body import Lines
from collector.ledger.entry import Entry
from collector.newest import MEASUREMENTS
from collector.running import Collector
from collector.web import page
from collector.web.api import create
from tests.collector.register_sample import ALLOCATION, DEVICE, LINK, OPD, WHOLE, document
from tests.collector.web_visitor import Visitor, running, settings_at

NOW = WIB.parse("2026-08-10T09:01:40")
EVIL = '<script>alert("x")</script> & =1+1'


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(NOW, boot_ns=10**15, boot_id="b")


@pytest.fixture(scope="module")
def collector(clock: ManualClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    silent = (OPD + DEVICE + LINK + ALLOCATION).replace("wan-bpkad", "wan-diam").replace("BPKAD", "DIAM")
    text = WHOLE.replace('"Badan Keuangan"', json.dumps(EVIL)) + silent.replace('"r1"', '"r2"').replace("SK-1", "SK-2")
    with running(settings_at(tmp_path_factory.mktemp("data")), clock=clock) as collector:
        collector.folder.register.apply(document(text), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        collector.live.stored([delivery(second) for second in range(-700, 1, 10)])
        yield collector


@pytest.fixture(scope="module")
def here(collector: Collector) -> Visitor:
    return Visitor(create(collector))


def delivery(second: int) -> tuple[Entry, Lines]:
    """Return a reading at 45 Mbit/s down, nothing up."""
    time_ns = NOW + second * NS
    octets = {"receive_bytes_total": 10**10 + second * 5_625_000, "transmit_bytes_total": 7, "up": 1}
    body = encode([reading("nadi_interface", octets, time_ns, device="r1", interface="ether1")])
    entry = Entry(
        key=f"batch/r1/0/{second}", agent="r1", device="r1", run="0", seq=0, boot_id="b", wall_ns=time_ns,
        boot_ns=10**15 + second * NS, received_ns=time_ns, shift_ns=0, flags=0, first_ns=time_ns, last_ns=time_ns,
        sha256=b"", header=b"", signature=b"", body=b"",
    )  # fmt: skip
    return entry, Lines(body)


class Text(HTMLParser):
    """The texts and the addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (item.name, tuple(sorted(item.labels.items()))): item.value
        for family in text_string_to_metric_families(text)
        for item in family.samples
    }


def test_status_tells_unknown_from_zero(here: Visitor) -> None:
    opds = {opd["code"]: opd for opd in here.get("/api/v1/status").json()["opds"]}
    live, silent = opds["BPKAD"], opds["DIAM"]
    assert (live["state"], live["unduh"]["rate_bps"], live["unggah"]["rate_bps"]) == ("hidup", 45e6, 0.0)
    assert live["unduh"]["utilisation"] == 0.5
    assert (silent["state"], silent["unduh"]["rate_bps"]) == ("tidak diketahui", None)


def test_the_page_is_indonesian_and_escapes_what_people_typed(here: Visitor) -> None:
    answer = here.get("/")
    shown = Text(answer.text)
    assert "<script" not in answer.text
    assert any(EVIL in text for text in shown.texts)
    assert {"45,00", "0,00", "50,0 %", "Hidup", "Tidak diketahui"} <= set(shown.texts)


def test_the_page_writes_unknown_as_a_dash() -> None:
    assert (page.mbps(None), page.mbps(0), page.mbps(Fraction(1_234_565_000))) == ("-", "0,00", "1.234,57")
    assert (page.percent(None), page.percent(Fraction(0))) == ("-", "0,0 %")


def test_the_page_asks_nobody_outside(here: Visitor) -> None:
    for path in ("/", "/docs"):
        shown = Text(here.get(path).text)
        addresses = [attrs.get("href") or attrs.get("src") or "" for _, attrs in shown.tags]
        assert all(address.startswith("/") for address in addresses if address), addresses
        assert not [attrs for _, attrs in shown.tags if "style" in attrs or "onclick" in attrs]


def test_every_asset_of_the_pages_is_served(here: Visitor) -> None:
    for path in ("/", "/docs"):
        shown = Text(here.get(path).text)
        wanted = [attrs.get("src") or attrs.get("href") for tag, attrs in shown.tags if tag in ("script", "link")]
        assert [name for name in wanted if here.get(str(name)).status_code != 200] == []


def test_metrics_bear_the_names_of_the_catalogues_and_nothing_else(here: Visitor) -> None:
    families = list(text_string_to_metric_families(here.get("/metrics").text))
    known = {name.removesuffix("_total"): series.labels for name, series in DERIVED.items()}
    for measurement in ("nadi_interface", "nadi_agent"):
        identity = ("device", "interface") if measurement == "nadi_interface" else ("agent",)
        known |= {f"{measurement}_{name}".removesuffix("_total"): identity for name in RAW_HELP[measurement]}
    process = [family.name for family in families if family.name.startswith("process_")]
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "process_open_fds"} <= set(process)
    for family in families:
        assert family.documentation
        if family.name not in process:
            assert all(set(item.labels) == set(known[family.name]) for item in family.samples), family.name


def test_metrics_leave_out_what_is_unknown(here: Visitor) -> None:
    found = samples(here.get("/metrics").text)
    assert found["nadi_opd_rate_bits_per_second", (("direction", "unduh"), ("opd", "BPKAD"))] == 45e6
    assert found["nadi_opd_rate_bits_per_second", (("direction", "unggah"), ("opd", "BPKAD"))] == 0
    of_silent = {name for name, labels in found if ("opd", "DIAM") in labels}
    assert not {name for name in of_silent if "rate" in name or "utilization" in name}
    assert found["nadi_opd_state", (("opd", "DIAM"),)] == 3
    assert found["nadi_interface_receive_bytes_total", (("device", "r1"), ("interface", "ether1"))] == 10**10


def test_no_gauge_looks_like_a_counter(here: Visitor) -> None:
    for family in text_string_to_metric_families(here.get("/metrics").text):
        assert not family.name.endswith("_count"), family.name
        assert "\\" not in family.documentation


def test_every_raw_field_that_is_kept_is_passed_on_with_a_help_text_but_for_those_named_here() -> None:
    for measurement in MEASUREMENTS:
        derived = {field for field in RAW[measurement].fields if f"{measurement}_{field}" in DERIVED}
        left_out = set(RAW[measurement].fields) - set(RAW_HELP[measurement]) - derived
        assert left_out <= {
            *("uptime_ticks", "engine_seconds", "engine_boots", "output_energy_watt_hours", "energy_watt_hours")
        }, measurement
        assert derived.isdisjoint(RAW_HELP[measurement])


def test_raw_help_names_fields_of_the_catalogue() -> None:
    assert [name for name, texts in RAW_HELP.items() if not texts.keys() <= RAW[name].fields.keys()] == []
    assert all(re.fullmatch(r"nadi_[a-z0-9_]+", name) for name in DERIVED)


def test_the_register_can_be_read(here: Visitor) -> None:
    entry = next(item for item in here.get("/api/v1/opd").json() if item["code"] == "BPKAD")
    assert (entry["links"], entry["allocation"]["down_bps"]) == (["wan-bpkad"], 90_000_000)
    assert here.get("/api/v1/agents").json() == []
    assert here.get("/api/v1/quarantine?limit=5").json() == []


def test_a_month_without_readings_is_data_tidak_cukup(here: Visitor) -> None:
    found = here.get("/api/v1/evaluations/2026-07").json()
    assert {opd["status"] for opd in found["opds"]} == {"DATA TIDAK CUKUP"}
    assert {opd["unduh"]["p95_bps"] for opd in found["opds"]} == {None}


@pytest.mark.parametrize("month", ["2026-13", "2026", "../etc", "2026-07x"])
def test_what_is_no_month_is_refused(here: Visitor, month: str) -> None:
    assert here.get(f"/api/v1/evaluations/{month}").status_code in (400, 404)


def test_openapi_describes_every_route_in_the_words_of_the_bundled_reader(here: Visitor) -> None:
    described = here.get("/openapi.json").json()
    assert described["openapi"].startswith("3.0.")
    assert {"/api/v1/batches", "/api/v1/enrol", "/api/v2/write", "/api/v1/status", "/metrics"} <= set(
        described["paths"]
    )
    assert '"type": "null"' not in json.dumps(described)
