"""What the documents name exists: commands, keys, series, alerts, variables, playbooks, units, files, links."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from agent import cli as agent_cli
from agent import settings as agent_settings
from agent.catalogue import RAW
from collector.cli import parser
from collector.config import Settings, read
from collector.feeds.derived import DERIVED
from collector.register.people import ROLES
from collector.register.registers import KINDS
from collector.report.settings import ReportSettings

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, ROOT / "README.md"]
PLAYS = ROOT / "ansible"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_BEFORE = re.compile(r"^(?:#\s+)?(?:sudo(?: -u [\w-]+)? )?(?:\S*/bin/)?(nadi-agent|nadi) (.*)$")
_ELLIPSIS = ("…", "...")


@cache
def text_of(page: Path) -> str:
    """Return a document."""
    return page.read_text(encoding="utf-8")


def fences(page: Path) -> list[tuple[str, str]]:
    """Return the blocks of a document with their language."""
    return _FENCE.findall(text_of(page))


def spans(page: Path) -> list[str]:
    """Return what stands between backticks in a line."""
    return _SPAN.findall(_FENCE.sub("", text_of(page)))


def lines(page: Path) -> Iterator[str]:
    """Yield every line that may be a command."""
    for _, block in fences(page):
        yield from block.replace("\\\n", " ").splitlines()
    yield from spans(page)


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield program and words of each command of Nadi that a document names."""
    for line in lines(page):
        found = _BEFORE.match(line.strip())
        if found:
            yield found[1], shlex.split(found[2].partition("  #")[0].replace("\\|", "|"), comments=True)


def subcommands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the actions of a parser by name."""
    actions = (action for action in of._actions if isinstance(action, argparse._SubParsersAction))
    return dict(next(actions, argparse.Namespace(choices={})).choices)


def strange(words: list[str]) -> str:
    """Return what ``nadi`` does not know of a command, "" when it knows all."""
    now = [parser()]
    for word in words:
        if word in _ELLIPSIS or (word.isupper() and any(map(subcommands, now))):
            return ""  # whatever may stand there
        below = [subcommands(each) for each in now]
        names = word.split("|")
        if word.startswith("-"):
            option = word.partition("=")[0]
            if not all(option in each._option_string_actions for each in now):
                return option
        elif any(below) and all(name in each for each in below for name in names):
            now = [each[name] for each in below for name in names]
        elif any(below):
            if "write" not in below[0]:  # `nadi report 2026-10` writes
                return word
            now = [each["write"] for each in below]
    return ""


def strange_to_agent(words: list[str]) -> str:
    """Return what ``nadi-agent`` does not know of a command."""
    names = words[0].split("|")
    for name in names:
        if name not in agent_cli._OPTIONS:
            return name
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    return next((word for word in options for name in names if word[2:] not in agent_cli._OPTIONS[name]), "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: Path) -> None:
    known = {"nadi": strange, "nadi-agent": strange_to_agent}
    wrong = [
        f"{program} {' '.join(words)}: {bad}" for program, words in commands(page) if (bad := known[program](words))
    ]
    assert wrong == []


def test_the_manuals_name_commands_at_all() -> None:
    found = {(program, words[0]) for page in DOCS for program, words in commands(page) if words}
    assert {("nadi", "backup"), ("nadi", "check"), ("nadi-agent", "enrol"), ("nadi-agent", "walk")} <= found


@pytest.mark.parametrize(
    ("program", "words"), [("nadi", "backup mak X"), ("nadi", "check --fast"), ("nadi-agent", "go")]
)
def test_what_does_not_exist_would_be_found(program: str, words: str) -> None:
    assert {"nadi": strange, "nadi-agent": strange_to_agent}[program](words.split()) != ""


# --- configuration ---


def shown_files() -> list[tuple[str, str, str]]:
    """Return the examples of configuration in the documents: page, file, text."""
    blocks = ((page.name, block) for page in DOCS for language, block in fences(page) if language == "toml")
    named = [(page, re.match(r"# (\w+\.toml)\n", block), block) for page, block in blocks]
    return [(page, found[1], block) for page, found, block in named if found]


@pytest.mark.parametrize(("page", "name", "text"), shown_files())
def test_every_example_of_a_configuration_loads(tmp_path: Path, page: str, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    if name == "collector.toml":
        assert read(tmp_path / name).zone
    else:
        assert agent_settings.load(tmp_path / name)[0].name


def config_keys() -> set[str]:
    """Return every key and table of the shipped examples, those that stand commented out too."""
    keys = {*Settings.__dataclass_fields__, *ReportSettings.__dataclass_fields__}
    keys |= {*agent_settings.Settings.__dataclass_fields__}
    for path in (ROOT / "config").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        keys |= set(re.findall(r"^#? ?(\w+) = ", text, re.M)) | set(re.findall(r"\b(\w+) = ", text))
        keys |= {part for table in re.findall(r"\[\[?([\w.-]+)\]\]?", text) for part in table.split(".")}
    return keys


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_table_and_key_of_a_configuration_exists(page: Path) -> None:
    known, wrong = config_keys(), []
    for span in spans(page):
        table = re.fullmatch(r"\[\[?([a-z_.]+)\]\]?", span)
        key = re.fullmatch(r"([a-z_]+) = \S.*", span)
        there = set(table[1].split(".")) <= known if table else not key or key[1] in known | table_keys()
        wrong += [] if there else [span]
    assert wrong == []


def table_keys() -> set[str]:
    """Return the keys of the tables of vendors, of which docs/snmp.md tells."""
    found: set[str] = set()
    for path in (ROOT / "agent" / "snmp" / "vendors").glob("*.toml"):
        for group in tomllib.loads(path.read_text(encoding="utf-8")).get("group", []):
            found |= {*group, *(key for item in group.get("read", []) for key in item)}
    return found | {"least", "most", "total", "untrusted", "where", "empty", "ends", "name_arcs", "label"}


# --- series, variables, alerts ---


def series() -> set[str]:
    """Return the name of every series."""
    raw = {f"{name}_{field}" for name, measurement in RAW.items() for field in measurement.fields}
    return {*DERIVED, *RAW, *raw}


def variables() -> set[str]:
    """Return every variable, group, role and filter of the playbooks."""
    found: set[str] = set()
    for path in [*PLAYS.rglob("*.yml"), *PLAYS.rglob("*.j2")]:
        found |= set(re.findall(r"\b(?:nadi|routeros|grafana|victoriametrics)_[a-z_0-9]+", text_of(path)))
    return found | {path.name for path in (PLAYS / "roles").iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_series_and_variable_exists(page: Path) -> None:
    known, wrong = series() | variables(), []
    names = re.findall(
        r"\b((?:nadi|routeros|grafana|victoriametrics)_[a-z_0-9]*[a-z0-9])(_?\.\.\.|_?…|_?\*)?", text_of(page)
    )
    for name, open_end in names:
        begins = any(each.startswith(name) for each in known)
        if name not in known and not (open_end and begins):
            wrong.append(name)
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_alert_exists(page: Path) -> None:
    alerts = set(
        re.findall(r"alert: (\w+)", (ROOT / "dashboards" / "alerts" / "alarm.yml").read_text(encoding="utf-8"))
    )
    assert len(alerts) > 40
    assert set(re.findall(r"\bNadi[A-Z]\w+", text_of(page))) <= alerts


# --- playbooks, units, files, links, messages ---


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_playbook_target_and_unit_exists(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    wrong = []
    for line in lines(page):
        if "ansible-playbook" in line:
            named = re.findall(r"(?<![\w/.-])(\w+\.yml)", line)
            wrong += [name for name in named if not (PLAYS / name).is_file()]
        made = re.match(r"make ([a-z-]+)", line)
        wrong += [line] if made and made[1] not in targets else []
        units = re.findall(r"\b(nadi-[a-z-]+)\.(?:service|timer)", line)
        if line.startswith(("journalctl", "systemctl")):
            units += re.findall(r" (nadi[a-z-]*)(?![\w.-])", line)
        wrong += [unit for unit in units if unit not in known_units()]
    assert wrong == []


def known_units() -> set[str]:
    """Return the units that the playbooks write."""
    named = {path.name.partition(".")[0] for path in (PLAYS / "roles").rglob("nadi-*.j2")}
    return named | {"nadi-collector", "nadi-agent", "nadi-poller"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    tops = {"agent", "ansible", "benchmarks", "collector", "config", "dashboards", "docs", "requirements", "tests"}
    wrong = []
    for span in spans(page):
        path = span.removesuffix("/")
        if path.partition("/")[0] in tops and "/" in path and re.fullmatch(r"[\w./*-]+", path):
            there = (ROOT / path).exists() or bool(list(ROOT.glob(path)))
            wrong += [] if there or any(name.startswith(path) for name in tracked) else [span]
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a document's headings, as forges make them."""
    heads = re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(page)), re.M)
    plain = (re.sub(r"[^\w\s-]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head).lower()) for head in heads)
    return {head.strip().replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for target in _LINK.findall(_FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            wrong.append(target)
    assert wrong == []


def messages() -> list[str]:
    """Return the messages that the manual of troubles explains."""
    text = text_of(ROOT / "docs" / "manual-penanganan-masalah.md")
    tables = re.findall(r"^\| Pesan .*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M)
    return [found[1] for table in tables for row in table.splitlines() if (found := re.match(r"\| `([^`]+)`", row))]


def test_every_message_that_is_explained_is_one_that_is_said() -> None:
    said = "\n".join(text_of(path) for package in ("agent", "collector") for path in (ROOT / package).rglob("*.py"))
    assert len(messages()) > 25
    wrong = [text for text in messages() if not all(part.strip() in said for part in text.split("…"))]
    assert wrong == []


def test_every_alert_is_in_the_book_of_handling() -> None:
    alerts = set(
        re.findall(r"alert: (\w+)", (ROOT / "dashboards" / "alerts" / "alarm.yml").read_text(encoding="utf-8"))
    )
    book = text_of(ROOT / "docs" / "penanganan.md")
    assert [name for name in sorted(alerts) if f"### {name}\n" not in book] == []


def test_the_manual_of_administration_names_every_register_and_role() -> None:
    manual = text_of(ROOT / "docs" / "manual-administrator.md")
    assert [name for name in (*KINDS, *ROLES) if f"`{name}`" not in manual] == []
