"""The commands of an agent: run, once, check, health, enrol, discover, walk. Exit status 0 done, 1 not, 2 misuse."""

from __future__ import annotations

import sys
from collections.abc import Container
from pathlib import Path

from agent.config import ConfigError

USAGE = """\
usage: nadi-agent run   [--config FILE]                 measure and send until stopped
       nadi-agent once  [--config FILE]                 measure once and print the readings
       nadi-agent check [--config FILE]                 say what is wrong with this node and its way out
       nadi-agent health [--config FILE]                say whether the agent does its own part; asks no collector
       nadi-agent enrol [--config FILE] --token TOKEN   make this node known to the collector
       nadi-agent discover HOST [how]                   say what an SNMP device is, write what registers it
       nadi-agent walk     HOST [how]                   show a device's readings, and what is unknown and why

FILE is /etc/nadi/agent.toml unless named. A TOKEN of '-' is read from stdin, where no process list shows it.
HOST is a device of the configuration, or any address with [how]: --credential NAME [--credentials FILE] [--port N]
(the file in which the credential of that name stands, unless the configuration names it)."""

_OPTIONS = {
    "run": frozenset({"config"}),
    "once": frozenset({"config"}),
    "check": frozenset({"config"}),
    "health": frozenset({"config"}),
    "enrol": frozenset({"config", "token"}),
    "discover": frozenset({"config", "credential", "credentials", "port"}),
    "walk": frozenset({"config", "credential", "credentials", "port"}),
}
_WITH_HOST = ("discover", "walk")


class _Misuse(Exception):
    """A command line that cannot be understood."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("help", "--help", "-h") or "--help" in words:
        print(USAGE)
        return 0 if words else 2
    try:
        return _command(words[0], words[1:])
    except _Misuse as error:
        print(f"nadi-agent: {error}\n{USAGE}", file=sys.stderr)
        return 2
    except ConfigError as error:
        print(f"nadi-agent: {error}", file=sys.stderr)
        return 1


def _options(words: list[str], known: Container[str]) -> dict[str, str]:
    """Read ``--name VALUE`` and ``--name=VALUE``. (argparse would cost the resident agent 0.4 MiB.)"""
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name[2:] not in known:
            raise _Misuse(f"{word!r} is not an option here")
        found = value if equals else next(rest, None)
        if not found:
            raise _Misuse(f"{name} needs a value")
        options[name[2:]] = found
    return options


def _command(command: str, words: list[str]) -> int:
    if command not in _OPTIONS:
        raise _Misuse(f"{command!r} is not a command")
    host = words.pop(0) if command in _WITH_HOST and words else ""
    options = _options(words, _OPTIONS[command])
    path = Path(options.get("config", "/etc/nadi/agent.toml"))
    if command in _WITH_HOST:
        return _look(command, host, path, options)
    if command == "enrol" and "token" not in options:
        raise _Misuse("enrol needs --token")
    if command == "run":
        from agent import main as resident

        return resident.run(path)
    from agent import commission  # what only these commands need stays out of the resident agent's memory

    if command == "once":
        return commission.once(path, print)
    if command == "check":
        return commission.check(path, print)
    if command == "health":
        return commission.health(path, print)
    token = options["token"]
    return commission.enrol_node(path, sys.stdin.readline().strip() if token == "-" else token, print)  # noqa: S105


def _look(command: str, host: str, path: Path, options: dict[str, str]) -> int:
    port = options.get("port", "161")
    if not host or host.startswith("-"):
        raise _Misuse(f"{command} needs the HOST to look at")
    if not port.isascii() or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise _Misuse("--port is a number from 1 to 65535")
    from agent.snmp import discover

    asked = discover.Asked(
        host=host,
        config=path,
        credential=options.get("credential", ""),
        credentials=options.get("credentials", ""),
        port=int(port),
    )
    return (discover.walk if command == "walk" else discover.discover)(asked, print)


if __name__ == "__main__":
    sys.exit(main())
