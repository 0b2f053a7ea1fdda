"""Chapter VII: how the links ran, from the rows of ``judge/network.py`` to typed cells, each rounded once."""

from __future__ import annotations

from fractions import Fraction

from collector.judge.network import NetworkMonth, NetworkRow
from collector.report import network_words as words
from collector.report.document import DECIMALS, Chapter, Paragraph, Table, Value, percent, plain, rounded
from collector.report.followup_words import minutes

NUMBER = "VII"


def chapter(network: NetworkMonth | None) -> Chapter:
    """Return chapter VII; without a link that was to be measured it says so."""
    if network is None or not network.rows:
        return Chapter(NUMBER, words.TITLE, (Paragraph(words.NOTHING),))
    parts = tuple(
        (words.PART.get(part.attribution, part.attribution), minutes(part.gross_ns), minutes(part.net_ns))
        for part in network.parts
    )
    told = Table("bab-vii-bagian", words.PARTS, words.PART_COLUMNS, parts) if parts else Paragraph(words.NO_OUTAGE)
    table = Table("bab-vii-tautan", words.LINKS, words.COLUMNS, tuple(map(_row, network.rows)), note=words.NOTE)
    return Chapter(NUMBER, words.TITLE, (Paragraph(words.INTRO), table, told), landscape=True)


def _row(row: NetworkRow) -> tuple[Value, ...]:
    link, found, probed = row.link, row.found, row.quality
    return (
        plain(link.opd) or None,
        plain(link.code),
        plain(f"{link.device} {link.point}"),
        plain(link.medium),
        link.maintainer,
        minutes(found.known_ns),
        minutes(row.unknown_ns),
        found.outages,
        minutes(found.down_ns),
        minutes(found.net_down_ns),
        minutes(row.planned_ns),
        minutes(row.disconnected_ns),
        availability(found.gross),
        availability(found.net),
        _milliseconds(probed.rtt_median),
        _milliseconds(probed.rtt_p95),
        percent(probed.loss),
        availability(row.target),
        status(row),
    )


def status(row: NetworkRow) -> str:
    """Say how a link stands to its target."""
    if row.found.net is None:
        return words.NOT_JUDGED
    return words.KEPT[row.kept]


def availability(share: Fraction | None) -> Value:
    """Return a share (1 = always) in percent with three decimals; None stays missing."""
    return None if share is None else rounded(share * 100, DECIMALS["availability"])


def _milliseconds(seconds: Fraction | None) -> Value:
    return None if seconds is None else rounded(seconds * 1000, DECIMALS["tenth"])
