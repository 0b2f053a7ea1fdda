"""The whole report of a month, from the evaluation to signed files: PDF/A with a sheet and a chart per agency, XLSX,
CSV and JSON, manifest and signature.

Each run is a process of its own, so imports count, and so does the child which sets the PDF. ``cpu_s`` is user and
system time of both, with imports and the making of the sample; ``files_s`` is wall time from the evaluation in memory
to files on disk (fsync), which on a busy machine says more about the machine. Goal (spec/performance.md): at most 3 s
for 60 agencies. Peer: WeasyPrint, which is no dependency; where it is absent that is said.

``python -m benchmarks.report [--json FILE] [--runs N]``

With ``--year DIR``, the folder of a simulated year (``nadi simulate --year 2026 --opd 60 --data DIR``), it measures
instead what ``nadi report 2026-12`` costs there, from stored bins and registers to signed files, with eleven months
behind it: once looking back at what was kept of the approved months, once evaluating them again. It works on a copy.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL_S = 3.0
SIZES = (12, 60, 500)
PEER = "weasyprint"


def once(count: int) -> dict[str, float]:
    """Write one report of ``count`` agencies in this process and return its cost."""
    from agent.identity import Key
    from collector.report.folder import write
    from tests.collector.report_sample import ORIGIN, SETTINGS, many, sample

    evaluation = sample(cases=many(count), label="SIMULASI")
    with tempfile.TemporaryDirectory() as folder:
        wall = time.perf_counter()
        report = write(
            evaluation=evaluation, settings=SETTINGS, origin=ORIGIN, key=Key(bytes(32)), folder=Path(folder) / "v1"
        )
        files_s = time.perf_counter() - wall
        sizes = {path.suffix: path.stat().st_size for path in report.folder.iterdir()}
    own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_s": own.ru_utime + own.ru_stime + child.ru_utime + child.ru_stime,
        "cpu_pdf_s": child.ru_utime + child.ru_stime,
        "files_s": files_s,
        "rss_mb": own.ru_maxrss / 1024,
        "rss_pdf_mb": child.ru_maxrss / 1024,
        "pdf_kb": sizes[".pdf"] / 1000,
        "xlsx_kb": sizes[".xlsx"] / 1000,
    }


def issue_once(data: Path) -> dict[str, float]:
    """Write the newest month's report of a data folder in this process and return its cost."""
    from agent.clock import NS, ManualClock
    from collector.config import FILE, read
    from collector.evaluation import closing_ns
    from collector.folder import Folder

    settings = read(data / FILE)
    with Folder(settings, clock=ManualClock(0), writer=False) as folder:
        month = folder.reports.months()[-1]
    shutil.rmtree(data / "reports" / str(month))
    clock = ManualClock(closing_ns(month, settings.place) + NS)
    before = _cpu_s()
    with Folder(settings, clock=clock, writer=False) as folder:
        issue, _ = folder.issue(month)
        opd = len(folder.register.inventory().opds)
    own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "opd": opd,
        "cpu_s": _cpu_s() - before,
        "cpu_pdf_s": child.ru_utime + child.ru_stime,
        "rss_mb": own.ru_maxrss / 1024,
        "rss_pdf_mb": child.ru_maxrss / 1024,
        "pdf_kb": next(issue.folder.glob("*.pdf")).stat().st_size / 1000,
    }


def _cpu_s() -> float:
    own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + child.ru_utime + child.ru_stime


def of_year(data: Path, runs: int) -> None:
    """Print what a simulated year's last report costs, with and without what was kept of the months before."""
    for text, kept in (("with what was kept", True), ("months evaluated again", False)):
        found = []
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as place:
                copy = shutil.copytree(data, Path(place) / "data")
                if not kept:
                    for file in copy.glob("reports/*/*-tepat.json"):
                        file.unlink()
                command = [sys.executable, "-m", "benchmarks.report", "--issue", str(copy)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found.append(json.loads(done.stdout))
        row = {key: round(statistics.median(run[key] for run in found), 2) for key in found[0]}
        print(f"{text}: {', '.join(f'{key} {value:g}' for key, value in row.items())}")


def measured(count: int, runs: int) -> dict[str, float]:
    """Return medians over ``runs`` processes."""
    found = []
    for _ in range(runs):
        command = [sys.executable, "-m", "benchmarks.report", "--once", str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
    return {"opd": count} | {key: round(statistics.median(run[key] for run in found), 3) for key in found[0]}


def main() -> int:
    """Measure, print a table, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--once", type=int)
    parser.add_argument("--issue", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--year", type=Path, metavar="DIR", help="the data folder of a simulated year")
    options = parser.parse_args()
    if options.issue:
        print(json.dumps(issue_once(options.issue)))
        return 0
    if options.year:
        of_year(options.year, options.runs)
        return 0
    if options.once:
        print(json.dumps(once(options.once)))
        return 0
    rows = [measured(count, options.runs) for count in SIZES]
    keys = ("opd", "cpu_s", "cpu_pdf_s", "files_s", "rss_mb", "rss_pdf_mb", "pdf_kb", "xlsx_kb")
    print("| " + " | ".join(keys) + " |\n|" + "---|" * len(keys))
    for row in rows:
        print("| " + " | ".join(f"{row[key]:g}" for key in keys) + " |")
    spent = rows[SIZES.index(60)]["cpu_s"]
    print(f"\n60 agencies: {spent:.2f} CPU s; goal {GOAL_S:g} s: {'met' if spent <= GOAL_S else 'MISSED'}")
    present = importlib.util.find_spec(PEER) is not None
    print(f"Peer {PEER}: " + ("installed, but no run of it is written" if present else "not installed, not compared"))
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "goal_s": GOAL_S, "peer": None}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
