"""What the executive summary says in words, each sentence derived by rule from the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from agent.clock import DAY_S, NS
from collector.judge.datacentre import DataCentreMonth
from collector.judge.month import CapacityMonth, Evaluation, OpdMonth, Status
from collector.judge.network import NetworkMonth
from collector.register.records.disconnection import overdue as past_end
from collector.register.records.followup import overdue
from collector.report import words
from collector.report.document import DECIMALS, mbps, percent, plain, rounded
from collector.report.incidents import broken
from collector.report.loop import Loop

MAX_DECISIONS = 5
"""Decisions asked for (spec/evaluation.md §1, Bab I)."""

CONTRACT_NOTICE_NS = 90 * DAY_S * NS
"""A contract that ends within this time after the month is brought up."""


def letter(evaluation: Evaluation, region: str) -> tuple[str, ...]:
    """Return the paragraphs of the covering letter."""
    period = words.month(evaluation.month)
    closed = words.instant(evaluation.zone.local(evaluation.closed_ns), evaluation.zone)
    opening = (
        "Dengan hormat, dalam rangka pemantauan dan evaluasi penggunaan bandwidth yang dilakukan melalui "
        f"sistem otomatis dan dievaluasi setiap bulan, bersama ini disampaikan {words.TITLE} {region} Periode "
        f"{period}."
    )
    body = (
        f"Laporan ini memuat hasil pengukuran terhadap {words.counted(len(evaluation.opds))} Perangkat Daerah "
        f"dengan data yang ditutup pada {closed}, disertai mutu data dan keterbatasannya. "
        f"{_status_sentence(evaluation)}"
    )
    end = (
        "Laporan ini disampaikan sebagai bahan perencanaan kebutuhan bandwidth. Pokok-pokok keputusan yang "
        "dimohonkan tercantum pada Bab I."
    )
    thanks = "Demikian disampaikan. Atas perhatian dan kerja sama Saudara diucapkan terima kasih."
    warning = f"Surat dan laporan ini bertanda {evaluation.label}: seluruh angkanya berasal dari data buatan."
    return (opening, body, end, *((warning,) if evaluation.label else ()), thanks)


def _status_sentence(evaluation: Evaluation) -> str:
    parts = [
        f"{words.counted(count)} berstatus {words.STATUS[status]}"
        for status in reversed(Status)
        if (count := evaluation.totals.statuses.get(status, 0))
    ]
    if evaluation.totals.without_status:
        parts.append(
            f"{words.counted(evaluation.totals.without_status)} tanpa status karena alokasinya belum ditetapkan"
        )
    return f"Dari jumlah tersebut, {words.listed(parts)}." if parts else ""


def overview(evaluation: Evaluation) -> str:
    """Say what was evaluated and how the agencies stand."""
    links = sum(len(opd.links) for opd in evaluation.opds)
    return (
        f"Pada periode {words.month(evaluation.month)} dinilai {words.counted(len(evaluation.opds))} Perangkat "
        f"Daerah melalui {words.counted(links)} tautan. {_status_sentence(evaluation)}"
    ).strip()


def capacity(evaluation: Evaluation) -> str:
    """Say what capacity was bought and how much of it was used, or that it is not known."""
    totals = evaluation.totals
    if totals.capacity_down_bps is None or totals.capacity_up_bps is None:
        return f"{words.NO_CONTRACT} Kapasitas total dan utilisasinya tidak disajikan."
    text = (
        "Kapasitas layanan internet menurut kontrak yang berlaku pada akhir periode adalah "
        f"{_rate(Fraction(totals.capacity_down_bps))} (Unduh) dan {_rate(Fraction(totals.capacity_up_bps))} (Unggah)."
    )
    if totals.unduh is None or totals.utilisation_p95 is None or totals.utilisation_peak is None:
        return (
            f"{text} Total P95 dan utilisasi puncak tidak disajikan karena tautan hulu belum terdaftar atau "
            "belum terukur secara cukup."
        )
    return (
        f"{text} P95 seluruh tautan hulu mencapai {_share(totals.utilisation_p95)} dari kapasitas; puncak 5 "
        f"menit mencapai {_share(totals.utilisation_peak)}."
    )


def _rate(value: Fraction) -> str:
    rate = mbps(value)
    return words.MISSING if rate is None else f"{words.number(rate)} Mbps"


def _share(value: Fraction) -> str:
    share = percent(value)
    return words.MISSING if share is None else f"{words.number(share)} %"


def _network(network: NetworkMonth) -> Iterator[str]:
    lowest, judged = network.lowest, [row for row in network.rows if row.found.net is not None]
    if lowest is None or lowest.found.net is None:
        return
    below = sum(row.kept is False for row in judged)
    missed = ""
    if any(row.target is not None for row in judged):
        missed = f"; {words.counted(below) if below else 'tidak ada yang'} di bawah target"
    upstream = ", termasuk tautan hulu," if any(row.link.role == "uplink" for row in network.rows) else ""
    net = words.number(rounded(lowest.found.net * 100, DECIMALS["availability"]))
    of = f"{words.counted(len(judged))} dari {words.counted(len(network.rows))} tautan{upstream}"
    place = f"terendah {net} % pada {plain(lowest.link.code)}"
    yield f"Ketersediaan bersih {of} dinilai, {place}{missed} (Bab VII)."


MAX_NAMES = 3
"""Names in a sentence of the summary, which must fit one page; the rest are counted, and all are in chapter VI."""


def names(opds: Sequence[OpdMonth]) -> str:
    """Join the names of agencies in a sentence."""
    return words.joined([plain(opd.name) for opd in opds], limit=MAX_NAMES)


def _of(evaluation: Evaluation, status: Status) -> list[OpdMonth]:
    return [opd for opd in evaluation.opds if opd.status is status]


def _without_allocation(evaluation: Evaluation) -> list[OpdMonth]:
    return [opd for opd in evaluation.opds if opd.allocation is None]


def found(evaluation: Evaluation, datacentre: DataCentreMonth | None, loop: Loop) -> tuple[str, ...]:
    """Return the findings of the month in words; one line says so where there is none."""
    return (*_found(evaluation), *_told(evaluation, loop), *_found_in(datacentre)) or (words.NO_FINDING,)


def _told(evaluation: Evaluation, loop: Loop) -> Iterator[str]:
    """Say in a few lines what chapters III, VII and VIII tell in full."""
    if loop.network:
        yield from _network(loop.network)
    late = sum(overdue(item, zone=evaluation.zone, now_ns=evaluation.closed_ns) for item in loop.followups)
    parts = [f"{words.counted(late)} rekomendasi periode sebelumnya melewati tenggat (Bab III)"] if late else []
    beyond = sum(past_end(item, now_ns=evaluation.closed_ns) for item in loop.disconnections)
    if beyond:
        parts.append(f"{words.counted(beyond)} pemutusan atau pemblokiran melewati rencana selesai (Bab IX)")
    judged = sum(one.target is not None for one in loop.incidents)
    if judged:
        missed = words.counted(broken(loop.incidents))
        parts.append(f"dari {words.counted(judged)} insiden yang dinilai, {missed} melampaui tingkat layanan")
    if parts:
        yield _sentence(parts, "Bab VIII" if judged else "")


def _sentence(parts: Sequence[str], chapter: str) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}{f' ({chapter})' if chapter else ''}."


def _found_in(datacentre: DataCentreMonth | None) -> Iterator[str]:
    """Say in two lines what chapter X tells in full."""
    if datacentre is None or not datacentre:
        return
    outages = [event for event in datacentre.events if not event.test]
    if outages:
        failed = sum(event.ever_carried is False for event in outages)
        without = f", {words.counted(failed)} di antaranya tidak dipikul genset" if failed else ""
        yield f"Listrik PLN padam {words.counted(len(outages))} kali di pusat data{without} (Bab X)."
    if datacentre.servers:
        unprotected = sum(row.protected is False for row in datacentre.servers)
        unknown = sum(row.protected is None for row in datacentre.servers)
        parts = [f"{words.counted(unprotected) if unprotected else 'tidak ada yang'} belum terlindung"]
        parts += [f"{words.counted(unknown)} tidak diketahui perlindungannya"] if unknown else []
        yield f"Dari {words.counted(len(datacentre.servers))} server, {words.listed(parts)} (Bab X)."
    if datacentre.lines:
        lines = len({item.object for item in datacentre.lines})
        yield f"Pengukuran kedua ujung {words.counted(lines)} tautan tidak bersesuaian (Bab X)."


def _found(evaluation: Evaluation) -> Iterator[str]:
    # Names stand in the decisions below and in chapter VI: the summary is one page.
    grave = (Status.JENUH, Status.PERLU_PERHATIAN, Status.RENDAH, Status.DATA_TIDAK_CUKUP)
    counts = [(status, len(_of(evaluation, status))) for status in grave]
    if parts := [f"{words.counted(count)} berstatus {words.STATUS[status]}" for status, count in counts if count]:
        yield f"Perangkat Daerah yang perlu dicermati: {words.listed(parts)} (Bab VI)."
    highest = evaluation.totals.highest_utilisation
    if highest is not None:
        name = next((plain(opd.name) for opd in evaluation.opds if opd.code == highest[0]), plain(highest[0]))
        yield f"Utilisasi P95 tertinggi dicapai oleh {name}, yaitu {_share(highest[1])} dari alokasinya."
    marks = (
        (sum(opd.indicative for opd in evaluation.opds), "berstatus indikatif karena cakupan datanya (Bab VI)"),
        (sum(bool(opd.sub_periods) for opd in evaluation.opds), "berubah alokasinya pada periode ini (Bab V)"),
    )
    if parts := [f"{words.counted(count)} Perangkat Daerah {what}" for count, what in marks if count]:
        yield _sentence(parts, "")
    quality = evaluation.totals.quality
    parts = []
    if quality.gaps:
        hours = words.number(quality.gap_ns // (3600 * NS))
        parts.append(f"terdapat {words.counted(quality.gaps)} celah data lebih dari satu jam, seluruhnya {hours} jam")
    if quality.counts.rejected:
        parts.append(f"sebanyak {words.number(quality.counts.rejected)} selisih penghitung ditolak")
    if parts:
        yield _sentence(parts, "Bab XIV")


Rule = Callable[[Evaluation], str | None]


def decisions(evaluation: Evaluation, datacentre: DataCentreMonth | None) -> tuple[str, ...]:
    """Return the decisions asked for, at most five, the weightiest first; each follows from a status by rule."""
    asked = [text for rule in _RULES if (text := rule(evaluation)) is not None]
    protection = _unprotected(datacentre)
    if protection is not None:
        asked.insert(min(len(asked), MAX_DECISIONS - 1), protection)
    return tuple(asked[:MAX_DECISIONS])


def _unprotected(datacentre: DataCentreMonth | None) -> str | None:
    servers = [row.server.code for row in datacentre.servers if row.protected is False] if datacentre else []
    if not servers:
        return None
    names = ", ".join(plain(code) for code in servers[:MAX_NAMES])
    rest = f", dan {len(servers) - MAX_NAMES} server lainnya" if len(servers) > MAX_NAMES else ""
    return f"Menugaskan Dinas melengkapi perlindungan {words.counted(len(servers))} server: {names}{rest} (Bab X)."


def _no_capacity_left(evaluation: Evaluation) -> str | None:
    used = evaluation.totals.utilisation_p95
    if used is None or used < evaluation.parameters.saturated:
        return None
    return (
        "Mempertimbangkan penambahan kapasitas layanan internet, karena P95 seluruh tautan hulu mencapai "
        f"{_share(used)} dari kapasitas kontrak."
    )


def _saturated(evaluation: Evaluation) -> str | None:
    opds = _of(evaluation, Status.JENUH)
    if not opds:
        return None
    return (
        f"Meninjau alokasi bandwidth {words.counted(len(opds))} Perangkat Daerah berstatus JENUH berdasarkan skala "
        f"prioritas: {names(opds)}."
    )


def _undetermined(evaluation: Evaluation) -> str | None:
    opds = _without_allocation(evaluation)
    if not opds:
        return None
    return f"Menetapkan alokasi bandwidth bagi {words.counted(len(opds))} Perangkat Daerah: {names(opds)}."


def _unmeasured(evaluation: Evaluation) -> str | None:
    opds = _of(evaluation, Status.DATA_TIDAK_CUKUP)
    if not opds:
        return None
    return (
        "Menugaskan Dinas bersama Perangkat Daerah terkait memulihkan pengukuran, dengan alokasi tetap, pada "
        f"{words.counted(len(opds))} Perangkat Daerah yang datanya tidak cukup: {names(opds)}."
    )


def _ending(evaluation: Evaluation) -> str | None:
    end = evaluation.month.end_ns(evaluation.zone)
    ending = [item for item in evaluation.upstream if _ends_soon(item, end)]
    if not ending:
        return None
    numbers = words.listed([plain(item.contract.number) for item in ending])
    return f"Menyiapkan kelanjutan kontrak yang berakhir dalam 90 hari setelah periode ini: {numbers}."


def _ends_soon(item: CapacityMonth, end_ns: int) -> bool:
    last = item.contract.valid_to_ns
    return last is not None and end_ns <= last <= end_ns + CONTRACT_NOTICE_NS


def _idle(evaluation: Evaluation) -> str | None:
    opds = _of(evaluation, Status.RENDAH)
    if not opds:
        return None
    return (
        f"Mencermati pemanfaatan alokasi {words.counted(len(opds))} Perangkat Daerah berstatus RENDAH sebagai bahan "
        f"penyesuaian apabila berlanjut: {names(opds)}."
    )


def _rising(evaluation: Evaluation) -> str | None:
    opds = _of(evaluation, Status.PERLU_PERHATIAN)
    if not opds:
        return None
    return (
        f"Memantau {words.counted(len(opds))} Perangkat Daerah berstatus PERLU PERHATIAN pada periode berikutnya: "
        f"{names(opds)}."
    )


_RULES: tuple[Rule, ...] = (_no_capacity_left, _saturated, _undetermined, _unmeasured, _ending, _idle, _rising)
