"""From contracts, their registered promises, uplinks and incidents to what each provider kept in a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.clock import Zone
from collector.judge.contracts import NOTHING, PROVIDER, ContractMonth, Promise, availability_kept, service_kept, worst
from collector.judge.figures import ContractSummary, Evaluation
from collector.judge.network import NetworkMonth, NetworkRow
from collector.judge.service import ServiceHours, Target, service
from collector.register.book import Record
from collector.register.content import utc_ns
from collector.register.records.contract import MOST_HOURS, ContractTerms, in_force
from collector.register.records.incident import Incident, case_of
from collector.report.loop import Handled


def promises(
    evaluation: Evaluation,
    network: NetworkMonth | None,
    incidents: Iterable[Handled],
    terms: Sequence[Record],
    *,
    zone: Zone,
) -> tuple[ContractMonth, ...]:
    """Return every contract of the month; ``terms`` are the records of what was promised."""
    start_ns, end_ns = evaluation.month.start_ns(zone), evaluation.month.end_ns(zone)
    theirs = [item.record.form for item in incidents if item.record.form.attribution == PROVIDER]
    rows = [row for row in network.rows if row.link.role == "uplink"] if network is not None else []
    found = []
    for contract in (item.contract for item in evaluation.upstream):
        last_ns = end_ns if contract.valid_to_ns is None else min(end_ns, contract.valid_to_ns)
        term = in_force(terms, contract.code, contract.number, zone.day(last_ns - 1))
        mine = [row for row in rows if row.link.contract == contract.code]
        codes = {row.link.code for row in mine}
        begun = range(max(start_ns, contract.valid_from_ns), last_ns)
        cases = [form for form in theirs if form.link in codes and utc_ns(form.started) in begun]
        whole = contract.valid_from_ns <= start_ns and last_ns == end_ns  # else the month is partly another contract's
        found.append(_month(contract, _promise(term), mine if whole else [], cases, evaluation, zone))
    return tuple(found)


def _promise(term: ContractTerms | None) -> Promise:
    if term is None:
        return NOTHING
    return Promise(term.availability, term.response_hours, term.restore_hours, term.credit)


def _month(
    contract: ContractSummary,
    promise: Promise,
    rows: Sequence[NetworkRow],
    cases: Sequence[Incident],
    evaluation: Evaluation,
    zone: Zone,
) -> ContractMonth:
    judged = [row.found for row in rows]
    shown = worst(judged)
    hours = promise.response_hours or MOST_HOURS, promise.restore_hours or MOST_HOURS
    target = Target(hours[0] * 60, hours[1] * 60, ServiceHours())
    times = [service(case_of(form), target, now_ns=evaluation.closed_ns, zone=zone, holidays=()) for form in cases]
    late_answers, late_restores, kept = service_kept(promise, times)
    return ContractMonth(
        code=contract.code,
        number=contract.number,
        provider=contract.provider,
        promise=promise,
        net=None if shown is None else shown.net,
        own=None if shown is None else shown.attributed_to(PROVIDER),
        verdict=availability_kept(promise.availability, judged),
        incidents=len(cases),
        late_answers=late_answers,
        late_restores=late_restores,
        service=kept,
    )
