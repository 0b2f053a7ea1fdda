"""Since when each link is as it is, and which falls and recoveries of links are certain (pure).

A state is dated by the readings, never by when somebody looked: what came in late dates it no other way. What was so
already when it was first seen has no date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.inventory import Link
from collector.judge.now import State
from collector.live import LinkLive, Run, Snapshot

KNOWN = (State.MATI, State.HIDUP)
"""States that a reading tells."""


@dataclass(frozen=True, slots=True)
class Since:
    """A state, and since when (UTC ms) it is so; None: it was so already when it was first seen."""

    state: State
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class LinkSince:
    """What is shown of a link and what is measured, each with its date."""

    shown: Since
    measured: Since


@dataclass(frozen=True, slots=True)
class Fall:
    """A link that surely is down since ``since_ms`` (UTC); ``dated`` False: at least since then.

    ``behind`` are the codes of the OPDs that have no other way, where the link is an uplink.
    """

    link: Link
    since_ms: int
    dated: bool
    behind: tuple[str, ...] = ()


Standing = Mapping[str, LinkSince]
"""By the code of each active link that counts."""


def follow(before: Standing, snapshot: Snapshot, runs: Mapping[str, Run]) -> dict[str, LinkSince]:
    """Return how the links stand at a look, by how they stood at the last one."""
    return {
        live.link.code: _followed(before.get(live.link.code), live, runs.get(live.link.code), snapshot.window.now_ms)
        for live in snapshot.links
    }


def _followed(before: LinkSince | None, live: LinkLive, run: Run | None, now_ms: int) -> LinkSince:
    measured = Since(live.measured, _measured_since(before.measured if before else None, live, run, now_ms))
    if before is None:
        shown_ms = measured.since_ms if live.state is live.measured else None
    elif before.shown.state is live.state:
        dates = [before.shown.since_ms, measured.since_ms if live.state is live.measured else None]
        shown_ms = max((date for date in dates if date is not None), default=None)
    else:
        moved = live.state is live.measured and before.measured.state is not live.measured
        shown_ms = measured.since_ms if moved else now_ms
    return LinkSince(Since(live.state, shown_ms), measured)


def _measured_since(before: Since | None, live: LinkLive, run: Run | None, now_ms: int) -> int | None:
    if live.measured in KNOWN and run is not None and run.begun:
        return run.first_ms
    if before is not None and before.state is live.measured:
        return before.since_ms
    if live.measured is State.TIDAK_DIKETAHUI:
        return live.seen_ms
    return None if before is None else now_ms


def falls(snapshot: Snapshot, standing: Standing, runs: Mapping[str, Run], *, confirm_ms: int) -> Iterator[Fall]:
    """Yield the links that are shown to be down for ``confirm_ms``, those of an OPD behind a dark uplink left out.

    An uplink that came back must have stood so long, too: what is behind it needs a while.
    """
    now_ms = snapshot.window.now_ms
    dark = dark_contracts(snapshot.uplinks, standing, since_ms=now_ms - confirm_ms)
    for live in snapshot.links:
        known, link = standing[live.link.code].shown, live.link
        run = runs.get(link.code)
        since_ms = known.since_ms if known.since_ms is not None else run.first_ms if run else None
        if live.state is not State.MATI or since_ms is None or now_ms - since_ms < confirm_ms:
            continue
        if link.role == "uplink":
            yield Fall(link, since_ms, known.since_ms is not None, _behind(link, snapshot, dark))
        elif link.contract not in dark:
            yield Fall(link, since_ms, known.since_ms is not None)


def dark_contracts(uplinks: Sequence[LinkLive], standing: Standing, *, since_ms: int) -> frozenset[str]:
    """Return the contracts none of whose uplinks is measured to be up since ``since_ms`` or before."""
    every = {live.link.contract for live in uplinks if live.link.contract}
    bright = {
        live.link.contract
        for live in uplinks
        if live.measured is State.HIDUP and (standing[live.link.code].measured.since_ms or 0) <= since_ms
    }
    return frozenset(contract for contract in every - bright if contract)


def _behind(link: Link, snapshot: Snapshot, dark: frozenset[str]) -> tuple[str, ...]:
    if link.contract not in dark:
        return ()
    return tuple(
        opd.opd.code for opd in snapshot.opds if opd.links and all(one.link.contract in dark for one in opd.links)
    )
