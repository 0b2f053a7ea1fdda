"""Tape drives, from recorded pages and outputs: no drive is here (tests/cases/tape/README.md)."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.gather import look
from agent.inputs import tape
from agent.inputs.tape import Config, Drive, TapeError, flags, loaded, told
from agent.reading import Reading, decode, encode
from agent.source import Env
from agent.tool import Finished
from tests.agent.backup_place import needed, sleeper

needed("sg_logs", "mt")
CASES = Path(__file__).parents[1] / "cases" / "tape"
NAMES = {3: "Hard error", 5: "Read failure", 7: "Media life", 19: "Nearing media life", 20: "Cleaning required"}
NAMES |= {21: "Cleaning requested"}


def page(case: str) -> bytes:
    return bytes.fromhex((CASES / f"{case}.hex").read_text())


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def turn(config: Config) -> tuple[list[Reading], str]:
    clock = SystemClock()
    found, trouble = [], ""
    try:
        for item in tape.collect(config, Env("srv-a", look(clock), clock)):
            found.append(item)
    except TapeError as error:
        trouble = str(error)
    assert decode(encode(found)) == (found, [])
    return found, trouble


@pytest.fixture
def drives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let Linux have two drives, as its tree of devices shows them."""
    for number in (0, 1):
        for name in (f"st{number}", f"nst{number}", f"nst{number}a"):
            (tmp_path / "class" / name / "device" / "scsi_generic" / f"sg{number + 3}").mkdir(parents=True)
    monkeypatch.setattr(tape, "_CLASS", tmp_path / "class")
    return tmp_path


@pytest.mark.parametrize("case", ["tenang", "rusak", "aus", "perlu-bersih"])
def test_recorded_pages_give_the_flags_that_sg_logs_names(case: str) -> None:
    done = subprocess.run(["sg_logs", f"--in={CASES / case}.hex"], capture_output=True, text=True, check=True)
    said = {line.rpartition(":")[0].strip(): line.rpartition(":")[2].strip() == "1" for line in done.stdout.split("\n")}
    found = flags(page(case))
    assert sorted(found) == list(range(1, 65))
    assert {name: found[number] for number, name in NAMES.items()} == {name: said[name] for name in NAMES.values()}


def test_recorded_pages_become_fields_with_the_gravest_flag() -> None:
    calm = {"cleaning_required": 0, "cleaning_requested": 0, "media_worn": 0, "hard_error": 0}
    assert told(flags(page("tenang"))) == {"alerts": 0, "alert": 0, **calm}
    broken = {"alerts": 3, "alert": 5, **calm, "cleaning_required": 1, "hard_error": 1}
    assert told(flags(page("rusak"))) == broken, "a read failure is critical, a hard error warns"
    assert told(flags(page("aus"))) == {"alerts": 2, "alert": 21, **calm, "cleaning_requested": 1, "media_worn": 1}


def test_recorded_pages_that_lack_a_flag_leave_it_unknown() -> None:
    short = page("perlu-bersih")[: 4 + 5 * 20]
    short = short[:2] + (100).to_bytes(2) + short[4:]
    assert told(flags(short)) == {"alerts": 1, "alert": 20, "cleaning_required": 1, "media_worn": 0, "hard_error": 0}


@pytest.mark.parametrize(
    ("raw", "message"),
    [(b"", "nothing"), (b"\x0d\x00\x00\x00", "not the TapeAlert page"), (page("aus")[:99], "was cut: 99 of 324")],
)
def test_another_page_or_half_of_one_is_told(raw: bytes, message: str) -> None:
    with pytest.raises(TapeError, match=message):
        flags(raw)


def test_an_empty_page_is_no_drive_without_alerts() -> None:
    with pytest.raises(TapeError, match="no flag"):
        flags(b"\x2e\x00\x00\x00")


@pytest.mark.parametrize(("case", "state"), [("mt-loaded", True), ("mt-empty", False), ("mt-loading", None)])
def test_recorded_status_of_mt_tells_whether_a_tape_is_in(case: str, state: bool | None) -> None:
    output = (CASES / f"{case}.txt").read_bytes()
    assert loaded(Finished(0, output, b"")) is state
    assert loaded(Finished(1, b"", b"/dev/nst0: Device or resource busy\n")) is None


def test_recorded_drives_are_found_and_one_that_fails_hides_no_other(drives: Path) -> None:
    (drives / "page").write_bytes(page("rusak"))
    logs = script(drives / "sg_logs", f'case "$*" in *sg3) cat {drives}/page;; *) echo "sg busy" >&2; exit 99;; esac')
    mt = script(drives / "mt", f"cat {CASES}/mt-loaded.txt")
    found, trouble = turn(Config(sg_logs=logs, mt=mt, timeout=10))
    assert [(dict(one.tags)["drive"], one.fields["up"], one.fields["loaded"]) for one in found] == [("nst0", 1, 1)]
    assert found[0].fields["hard_error"] == 1
    assert trouble == "nst1: sg_logs: exit status 99: sg busy"


def test_a_drive_that_is_gone_or_does_not_answer_is_down(drives: Path) -> None:
    gone = turn(Config(drive=(Drive("LTO-8", Path("/dev/nst7")),)))
    assert ([dict(one.fields) for one in gone[0]], "cable and power" in gone[1]) == ([{"up": 0}], True)
    silent = script(drives / "sg_logs", "echo timeout >&2; exit 33")
    found, trouble = turn(Config(drive=(Drive("LTO-8", Path("/dev/nst1")),), sg_logs=silent))
    assert ([dict(one.fields) for one in found], trouble) == ([{"up": 0}], "LTO-8: no answer: timeout")


def test_a_tool_that_hangs_or_is_missing_leaves_the_drive_unknown(drives: Path) -> None:
    begun = time.monotonic()
    found, trouble = turn(Config(drive=(Drive("a", Path("/dev/nst0")),), sg_logs=sleeper(drives), timeout=1))
    assert (found, "no end after 1 s" in trouble) == ([], True)
    assert time.monotonic() - begun < 5
    (drives / "page").write_bytes(page("rusak"))
    logs = script(drives / "sg_logs", f"cat {drives}/page")
    found, trouble = turn(Config(drive=(Drive("a", Path("/dev/nst0")),), sg_logs=logs, mt=sleeper(drives), timeout=1))
    assert ([one.fields["alerts"] for one in found], "no end" in trouble) == ([3], True), "flags are not told again"
    found, trouble = turn(Config(drive=(Drive("a", Path("/dev/nst0")),), sg_logs="sg_logs-nowhere"))
    assert (found, "install it" in trouble) == ([], True)


def test_a_node_that_rewinds_is_not_touched(drives: Path) -> None:
    touched = script(drives / "mt", f"touch {drives}/touched")
    found, trouble = turn(Config(drive=(Drive("a", Path("/dev/st0")),), sg_logs=touched, mt=touched))
    assert (found, "rewinds the tape" in trouble, (drives / "touched").exists()) == ([], True, False)


def test_a_machine_without_a_drive_says_so() -> None:
    if Path("/sys/class/scsi_tape").is_dir():
        pytest.skip("this machine has a tape drive")
    found, trouble = turn(Config())
    assert (found, "has no drive" in trouble) == ([], True)
