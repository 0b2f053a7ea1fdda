"""The feed with a real VictoriaMetrics: what arrives, in which form, and what is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import MS, NS
from agent.envelope import Envelope
from agent.identity import Key, enrolment_proof
from tests.collector.feed_place import INVENTORY, Centre, Victoria, centre, drain, victoria

OCTETS = '{__name__="nadi_interface_receive_bytes_total",device="r1",interface="ether1"}'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Victoria]:
    with victoria(tmp_path) as peer:
        yield peer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


def written(place: Centre, server: Victoria, *lines: str) -> dict[str, set[tuple[int, float]]]:
    """Let a client write lines (without their stamp) and return all raw samples that the feed makes of them."""
    with place.feed(server.url) as feed:
        text = "".join(f"{line} {place.start_ns}\n" for line in lines)
        answer = place.collector.ingest.write(text.encode(), token=place.token, precision="ns", gzip=False)
        assert answer.status == 204, answer
        drain(feed)
    found = server.samples('{device="r1",link=""}')
    return {json.loads(name)["__name__"]: samples for name, samples in found.items()}


def test_raw_readings_arrive_with_their_times_and_tags(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        place.until(60)
        place.take(range(0, 60, 10))
        drain(feed)
        assert feed.fact.points >= 18
        assert (feed.fact.errors, feed.fact.lag_seconds) == (0, 0)
    assert server.series(OCTETS) == place.octets(range(0, 60, 10))


def test_bins_arrive_once_settled_and_carry_their_end(place: Centre, server: Victoria) -> None:
    end_ms = place.start_ns // MS + 300_000
    with place.feed(server.url) as feed:
        place.until(901)
        place.take(range(0, 901, 10))
        drain(feed)
        assert server.samples('{__name__=~"nadi_link_rate.*"}') == {}
        place.until(300 + 15 * 60 + 31)
        drain(feed)
    assert server.series('nadi_link_rate_bits_per_second{direction="unduh"}') == {end_ms: 1_000_000}
    assert server.series('nadi_opd_utilization_ratio{direction="unduh"}') == {end_ms: pytest.approx(1 / 90)}
    assert server.series("nadi_link_bin_valid")[end_ms] == 1


def test_a_bin_that_is_not_valid_has_no_rate_and_says_so(place: Centre, server: Victoria) -> None:
    with place.feed(server.url) as feed:
        place.until(1531)
        place.take([*range(0, 301, 10), *range(1301, 1530, 10)])
        drain(feed)
    edge = place.start_ns // MS
    assert set(server.series('nadi_link_rate_bits_per_second{direction="unduh"}')) == {edge + 300_000}
    valid = server.series("nadi_link_bin_valid")
    assert (valid[edge + 300_000], valid[edge + 600_000]) == (1, 0)


def test_what_another_client_writes_gets_the_types_of_our_agents(place: Centre, server: Victoria) -> None:
    found = written(
        place, server,
        "nadi_interface,interface=ether1,device=r1 receive_bytes_total=7i,up=1u",
        "nadi_device,device=r1 uptime_seconds=5i,cpu_utilization_ratio=.5",
    )  # fmt: skip
    stamp = place.start_ns // MS
    assert found["nadi_interface_receive_bytes_total"] == {(stamp, 7)}
    assert found["nadi_device_uptime_seconds"] == {(stamp, 5)}
    assert found["nadi_device_cpu_utilization_ratio"] == {(stamp, 0.5)}


def test_a_counter_above_2_to_the_53_loses_its_last_bits_and_no_more(place: Centre, server: Victoria) -> None:
    found = written(
        place, server,
        "nadi_interface,device=r1,interface=a receive_bytes_total=9007199254740993u",
        "nadi_interface,device=r1,interface=b transmit_bytes_total=18446744073709551615u",
    )  # fmt: skip
    [(_, first)] = found["nadi_interface_receive_bytes_total"]
    [(_, second)] = found["nadi_interface_transmit_bytes_total"]
    assert abs(first - 9007199254740993) <= 1
    assert abs(second - 2**64) / 2**64 < 5e-15


def test_what_a_device_says_it_is_comes_once_with_all_labels(place: Centre, server: Victoria) -> None:
    written(
        place, server,
        "nadi_device,device=r1,vendor=MikroTik,model=RB5009,version=7.1,serial=S1,protocol=snmpv3 info=1i",
        "nadi_device,device=r1 up=1i",
    )  # fmt: skip
    found = [json.loads(name) for name in server.samples("nadi_device_info")]
    assert [item["site"] for item in found] == ["noc"]
    assert len(server.samples("nadi_device_up")) == 1


def test_names_keep_commas_blanks_equal_signs_quotes_and_backslashes(tmp_path: Path, server: Victoria) -> None:
    name = 'Dinas "A", B = C \\ D'
    text = INVENTORY.replace('name = "Badan Keuangan"', f"name = '{name}'")
    with centre(tmp_path, text) as place, place.feed(server.url) as feed:
        drain(feed)
    [found] = [json.loads(series) for series in server.samples("nadi_opd_info")]
    assert found["name"] == name


def test_the_counters_of_another_source_than_the_registered_one_stay_out(place: Centre, server: Victoria) -> None:
    register, now_ns = place.collector.folder.register, place.clock.now().wall_ns
    other = register.access.mint_write_token(name="other", devices=["r1"], actor="t", now_ns=now_ns)
    with place.feed(server.url) as feed:
        place.take([0])
        lines = f"nadi_interface,device=r1,interface=ether1 receive_bytes_total=5u {place.start_ns + NS}\n"
        lines += f"nadi_device,device=r1 up=1i {place.start_ns + NS}\n"
        assert place.collector.ingest.write(lines.encode(), token=other, precision="ns", gzip=False).status == 204
        drain(feed)
    assert server.series(OCTETS) == place.octets([0])
    assert len(server.samples("nadi_device_up")) == 1


def test_times_are_the_corrected_ones_and_unsure_ones_are_left_out(tmp_path: Path, server: Victoria) -> None:
    text = INVENTORY.replace('source = "token:tele"', 'source = "ag-1"')
    with centre(tmp_path, text) as place, place.feed(server.url) as feed:
        key, now_ns = Key(b"a" * 32), place.clock.now().wall_ns
        access = place.collector.folder.register.access
        token = access.mint_enrolment(agent="ag-1", devices=["r1"], actor="t", now_ns=now_ns)
        proof = key.sign(enrolment_proof(token, "ag-1", key.public))
        access.enrol(token=token, agent="ag-1", public_key=key.public, proof=proof, now_ns=now_ns)
        ahead_ns = now_ns + 3600 * NS  # its clock is an hour fast
        for seq, boot in ((1, "b1"), (2, "b0")):
            lines = f"nadi_interface,device=r1,interface=ether1 receive_bytes_total={seq}u {ahead_ns}\n".encode()
            envelope = Envelope.seal(
                lines, agent="ag-1", device="r1", run="0" * 16, seq=seq, boot_id=boot, wall_ns=ahead_ns,
                boot_ns=500 * NS, sign=key.sign,
            )  # fmt: skip
            clock = f"b1 {ahead_ns} {500 * NS}"
            assert place.collector.ingest.batches(envelope.to_bytes(), sender_clock=clock).status == 200
        drain(feed)
    assert server.series(OCTETS) == {now_ns // MS: 1}
