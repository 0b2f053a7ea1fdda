"""What the API shows, as plain frozen dataclasses: the form of its JSON and of its OpenAPI description.

Numbers are unrounded; unknown is null; instants are ISO 8601 with the region's offset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from agent.clock import MS, Zone
from collector.judge.allocation import Finding
from collector.judge.now import Flow, State
from collector.live import LinkLive, OpdLive, Sender, Snapshot
from collector.web.power import PowerView, instant, power_view

STATES = {
    State.MATI: "mati",
    State.HIDUP: "hidup",
    State.TERGANGGU: "terganggu",
    State.TIDAK_DIKETAHUI: "tidak diketahui",
    State.PEMELIHARAAN: "pemeliharaan",
    State.PEMUTUSAN: "pemutusan sementara",
}


@dataclass(frozen=True, slots=True)
class FlowView:
    """One direction. ``rate_bps`` is live (*langsung*, last valid delta); ``bin_bps`` the newest settled 5-min bin."""

    rate_bps: float | None
    measured_at: str | None
    age_seconds: float | None
    open_share: float
    bin_bps: float | None
    bin_end: str | None
    bin_current: bool
    allocation_bps: int | None
    utilisation: float | None
    bin_utilisation: float | None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link at this minute; ``counts`` is false for the other end of a line that counts at the NOC.

    ``state`` tells announced work and disconnections first; ``measured`` is what the readings say.
    """

    code: str
    counts: bool
    device: str
    interface: str
    vantage: str
    medium: str
    provider: str
    state: str
    measured: str
    seen_at: str | None
    unduh: FlowView
    unggah: FlowView


@dataclass(frozen=True, slots=True)
class OpdView:
    """An OPD at this minute: the sum of its links, unknown while one of them is."""

    code: str
    name: str
    klass: str
    state: str
    measured: str
    unduh: FlowView
    unggah: FlowView
    links: list[LinkView]


@dataclass(frozen=True, slots=True)
class SenderView:
    """The last delivery of an agent or of a write token."""

    name: str
    received_at: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class FindingView:
    """An open finding; ``value`` and ``limit`` are in ``unit`` (bit/s, 1, s), null where it has none."""

    rule: str
    severity: str
    object: str
    direction: str
    since: str
    value: float | None
    limit: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything live."""

    region: str
    label: str
    now: str
    open_bin: str
    opds: list[OpdView]
    uplinks: list[LinkView]
    senders: list[SenderView]
    findings: list[FindingView] | None
    power: PowerView


def number(value: Fraction | None) -> float | None:
    """Return an exact value as float, unknown as None."""
    return None if value is None else float(value)


def flow_view(flow: Flow, *, now_ns: int, zone: Zone) -> FlowView:
    """Show one direction."""
    age = None if flow.measured_ms is None else max(0.0, (now_ns // MS - flow.measured_ms) / 1000)
    return FlowView(
        rate_bps=number(flow.rate_bps),
        measured_at=instant(flow.measured_ms, zone),
        age_seconds=age,
        open_share=float(flow.open_share),
        bin_bps=number(flow.bin_bps),
        bin_end=instant(flow.bin_end_ms, zone),
        bin_current=flow.bin_current,
        allocation_bps=flow.allocation_bps,
        utilisation=number(flow.utilisation),
        bin_utilisation=number(flow.bin_utilisation),
    )


def link_view(live: LinkLive, *, now_ns: int, zone: Zone) -> LinkView:
    """Show one link."""
    return LinkView(
        code=live.link.code,
        counts=live.counts,
        device=live.link.device,
        interface=live.link.point,
        vantage=live.link.vantage,
        medium=live.link.medium,
        provider=live.link.provider,
        state=STATES[live.state],
        measured=STATES[live.measured],
        seen_at=instant(live.seen_ms, zone),
        unduh=flow_view(live.unduh, now_ns=now_ns, zone=zone),
        unggah=flow_view(live.unggah, now_ns=now_ns, zone=zone),
    )


def opd_view(live: OpdLive, *, now_ns: int, zone: Zone) -> OpdView:
    """Show one OPD."""
    return OpdView(
        code=live.opd.code,
        name=live.opd.name,
        klass=live.opd.klass,
        state=STATES[live.state],
        measured=STATES[live.measured],
        unduh=flow_view(live.unduh, now_ns=now_ns, zone=zone),
        unggah=flow_view(live.unggah, now_ns=now_ns, zone=zone),
        links=[link_view(link, now_ns=now_ns, zone=zone) for link in (*live.links, *live.seconds)],
    )


def sender_view(sender: Sender, *, zone: Zone) -> SenderView:
    """Show one sender."""
    return SenderView(name=sender.name, received_at=zone.iso(sender.received_ns), fresh=sender.fresh)


def status_view(
    snapshot: Snapshot, *, findings: list[FindingView] | None, region: str, label: str, zone: Zone
) -> StatusView:
    """Show everything live."""
    now_ns = snapshot.now_ns
    return StatusView(
        region=region,
        label=label,
        now=zone.iso(now_ns),
        open_bin=zone.iso(snapshot.window.open_ms * MS),
        opds=[opd_view(live, now_ns=now_ns, zone=zone) for live in snapshot.opds],
        uplinks=[link_view(live, now_ns=now_ns, zone=zone) for live in snapshot.uplinks],
        senders=[sender_view(sender, zone=zone) for sender in snapshot.senders.values()],
        findings=findings,
        power=power_view(snapshot.power, zone=zone),
    )


def finding_views(findings: Iterable[Finding] | None, *, zone: Zone) -> list[FindingView] | None:
    """Show the findings that stand; None while nothing is judged."""
    if findings is None:
        return None
    return [
        FindingView(
            rule=item.rule,
            severity=item.severity.name.lower(),
            object=item.object,
            direction=item.direction,
            since=zone.iso(item.start_ns),
            value=float(item.value) if item.unit else None,
            limit=float(item.limit) if item.unit else None,
            unit=item.unit,
        )
        for item in findings
    ]
