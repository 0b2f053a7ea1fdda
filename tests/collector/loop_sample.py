"""What the registers tell of the sample month: a plan, and proposals in each state with a hostile reason."""

from __future__ import annotations

from datetime import date

from collector.judge.figures import Evaluation
from collector.judge.planning import Asked, plan
from collector.register.book import Papers, Record
from collector.register.records.proposal import Proposal
from collector.report.planning import Loop
from tests.collector.report_sample import CLOSED, HOSTILE, START


def proposal(code: str, state: str, *, opd: str = "1.02.01", reason: str = "Rekam medis elektronik") -> Record:
    form = Proposal(
        opd=opd,
        link=f"wan-{opd}-1",
        down_mbps=90,
        up_mbps=5,
        reason=reason,
        services=("SIMPUS", "Antrean"),
        users=140,
        starts=date(2026, 11, 1),
        target=date(2026, 12, 1),
        cost_rupiah_month=4_750_000,
        risk="Layanan melambat",
        new_service="SIMPUS",
    )
    return Record("usulan", code, 1, state, opd, START, form, Papers(), "ani", "opd", CLOSED - 1, "00" * 32)


PROPOSALS = (
    proposal("USL-2026-00001", "diterima"),
    proposal("USL-2026-00002", "ditolak", opd="1.01.01", reason=HOSTILE[0]),
)


def loop(evaluation: Evaluation) -> Loop:
    asked = {"1.02.01": Asked("USL-2026-00001", 90, 5, raises=True)}
    return Loop(plan(evaluation, past=(), asked=asked), PROPOSALS)
