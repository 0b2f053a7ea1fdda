"""What the API shows of the register and the quarantine, as plain frozen dataclasses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.clock import Zone
from agent.identity import fingerprint
from collector.inventory import Allocation, Inventory
from collector.ledger.journal import Quarantined
from collector.live import Snapshot
from collector.register.enrolment import AgentKey

SHOWN_BYTES = 500


@dataclass(frozen=True, slots=True)
class AllocationView:
    """A determination in force."""

    decision_number: str
    decision_date: str
    legal_basis: str
    down_bps: int
    up_bps: int
    floor_down_bps: int
    floor_up_bps: int
    valid_from: str
    valid_to: str | None


@dataclass(frozen=True, slots=True)
class OpdEntry:
    """A registered OPD, its active links, and the determination in force."""

    code: str
    name: str
    klass: str
    site: str
    links: list[str]
    allocation: AllocationView | None


def opd_entries(snapshot: Snapshot, inventory: Inventory, *, zone: Zone) -> list[OpdEntry]:
    """Show the registered OPD."""
    return [
        OpdEntry(
            code=live.opd.code,
            name=live.opd.name,
            klass=live.opd.klass,
            site=live.opd.site,
            links=[link.link.code for link in live.links],
            allocation=_allocation(inventory.allocation_at(live.opd.code, snapshot.now_ns), zone),
        )
        for live in snapshot.opds
    ]


def _allocation(item: Allocation | None, zone: Zone) -> AllocationView | None:
    if item is None:
        return None
    return AllocationView(
        decision_number=item.decision_number,
        decision_date=item.decision_date.isoformat(),
        legal_basis=item.legal_basis,
        down_bps=item.down_bps,
        up_bps=item.up_bps,
        floor_down_bps=item.floor_down_bps,
        floor_up_bps=item.floor_up_bps,
        valid_from=zone.iso(item.valid_from_ns),
        valid_to=None if item.valid_to_ns is None else zone.iso(item.valid_to_ns),
    )


@dataclass(frozen=True, slots=True)
class AgentView:
    """An enrolled agent; ``received_at`` is null where it has not sent since the collector started."""

    name: str
    fingerprint: str
    devices: list[str]
    enrolled_at: str
    revoked_at: str | None
    received_at: str | None
    fresh: bool


def agent_views(known: Sequence[AgentKey], snapshot: Snapshot, *, zone: Zone) -> list[AgentView]:
    """Show the agents."""
    found = []
    for key in known:
        sender = snapshot.senders.get(key.agent)
        found.append(
            AgentView(
                name=key.agent,
                fingerprint=fingerprint(key.public),
                devices=list(key.devices),
                enrolled_at=zone.iso(key.enrolled_ns),
                revoked_at=None if key.revoked_ns is None else zone.iso(key.revoked_ns),
                received_at=None if sender is None else zone.iso(sender.received_ns),
                fresh=sender is not None and sender.fresh,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """Something that was not stored; ``line`` 0 is the whole of it, ``content`` its beginning."""

    id: int
    received_at: str
    source: str
    device: str
    key: str
    line: int
    reason: str
    content: str


def quarantine_views(items: Sequence[Quarantined], *, zone: Zone) -> list[QuarantineView]:
    """Show what was put aside."""
    return [
        QuarantineView(
            id=item.id,
            received_at=zone.iso(item.received_ns),
            source=item.source,
            device=item.device,
            key=item.key,
            line=item.number,
            reason=item.reason,
            content=item.content[:SHOWN_BYTES].decode("utf-8", "backslashreplace"),
        )
        for item in items
    ]
