"""Who may ask what: the one approved table of route and role.

The gate (``auth.py``) asks this table for every request; what does not stand in it is closed to everybody. The rows
of the registers are made from the same entries (``KINDS``) by which the book judges who may act. That an OPD reads
its own figures only is the meaning of the role *opd* wherever it stands; ``collector/own.py`` holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from starlette.routing import compile_path

from collector.acting import acting_roles
from collector.register.account_acts import ADMINS
from collector.register.kinds import Kind
from collector.register.people import ROLES, Actor, Role
from collector.register.records.delivery import DELIVERY
from collector.register.records.proposal import PROPOSAL
from collector.register.records.report_state import REPORT_STATE

Who = Literal["stranger", "local", "operator", "penetap", "pemeriksa", "noc", "opd", "auditor", "admin"]
"""Nobody known; who sits at the collector's own machine; an operator's token; an account by its roles."""

Key = tuple[str, str]
"""Method and template of the path."""

MACHINES: Final[frozenset[Who]] = frozenset(("local", "operator"))
PEOPLE: Final[frozenset[Who]] = frozenset(ROLES)
EVERYBODY: Final[frozenset[Who]] = frozenset[Who](("stranger",)) | MACHINES | PEOPLE
KNOWN: Final = MACHINES | PEOPLE
READERS: Final = KNOWN - {"opd"}
OPERATION: Final[frozenset[Who]] = MACHINES | frozenset[Who](("noc", "auditor", "admin"))
DRAFTS: Final = frozenset[Who](("local",)) | frozenset[Who](REPORT_STATE.openers | REPORT_STATE.readers)
WRITERS: Final[frozenset[Who]] = frozenset(("noc", "admin"))
ADMIN: Final[frozenset[Who]] = frozenset(ADMINS)
KEEPERS: Final[frozenset[Who]] = frozenset(("auditor", "admin"))

REGISTERS: Final = "/api/v1/registers"
IMPORTS: Final = "/api/v1/imports"

FIXED: Final[Mapping[Key, frozenset[Who]]] = MappingProxyType(
    {
        ("GET", "/"): KNOWN,
        ("GET", "/docs"): KNOWN,
        ("GET", "/openapi.json"): KNOWN,
        ("GET", "/metrics"): READERS,
        ("GET", "/assets/{name}"): KNOWN,
        ("GET", "/assets/swagger/{path:path}"): KNOWN,
        ("GET", "/api/v1/status"): KNOWN,
        ("GET", "/api/v1/findings"): KNOWN,
        ("GET", "/api/v1/power"): READERS,
        ("GET", "/api/v1/datacentre"): READERS,
        ("GET", "/api/v1/opd"): KNOWN,
        ("GET", "/api/v1/agents"): OPERATION,
        ("POST", "/api/v1/agents"): ADMIN,
        ("POST", "/api/v1/agents/{name}/devices"): ADMIN,
        ("DELETE", "/api/v1/agents/{name}"): ADMIN,
        ("GET", "/api/v1/tokens"): KEEPERS,
        ("POST", "/api/v1/tokens"): ADMIN,
        ("DELETE", "/api/v1/tokens/{sort}/{name}"): ADMIN,
        ("GET", "/api/v1/quarantine"): OPERATION,
        ("GET", "/api/v1/logbook/power"): READERS,
        ("POST", "/api/v1/logbook/power"): WRITERS,
        ("GET", "/api/v1/logbook/restore-tests"): READERS,
        ("POST", "/api/v1/logbook/restore-tests"): WRITERS,
        ("GET", "/api/v1/limits"): READERS,
        ("GET", "/api/v1/limits/routeros"): READERS,
        ("GET", "/api/v1/evaluations/{month}"): KNOWN,
        ("GET", "/api/v1/reports"): READERS,
        ("GET", "/api/v1/reports/{month}/{file}"): READERS,
        ("POST", "/api/v1/reports/{month}"): frozenset(REPORT_STATE.openers),
        ("POST", "/api/v1/signatures/{month}"): frozenset(DELIVERY.openers),
        ("POST", "/api/v1/deliveries/{month}"): frozenset(DELIVERY.openers),
        ("GET", "/api/v1/rollups"): READERS,
        ("POST", "/api/v1/rollups/{period}"): frozenset(REPORT_STATE.openers),
        ("GET", "/api/v1/rollups/{period}/{file}"): READERS,
        ("GET", "/api/v1/sheets"): KNOWN,
        ("GET", "/api/v1/sheets/{month}/{opd}"): KNOWN,
        ("GET", "/api/v1/sheets/{month}/{opd}/{file}"): KNOWN,
        ("POST", "/api/v1/verify"): PEOPLE,
        ("GET", "/api/v1/verify/{month}"): READERS,
        ("GET", "/api/v1/audit"): KEEPERS,
        ("GET", "/api/v1/audit/verify"): KEEPERS,
        ("GET", "/api/v1/accounts"): KEEPERS,
        ("POST", "/api/v1/accounts"): ADMIN,
        ("POST", "/api/v1/accounts/{name}/roles"): ADMIN,
        ("POST", "/api/v1/accounts/{name}/password"): ADMIN,
        ("POST", "/api/v1/accounts/{name}/disable"): ADMIN,
        ("DELETE", "/api/v1/accounts/{name}/tokens/{label}"): ADMIN,
        ("GET", REGISTERS): KNOWN,
        ("POST", "/api/v1/inventory"): ADMIN,
        ("GET", "/api/v1/determinations"): KNOWN,
        ("POST", "/api/v1/determinations"): frozenset[Who](("penetap",)),
        ("GET", f"{IMPORTS}/inventory"): OPERATION,
        ("POST", f"{IMPORTS}/inventory"): frozenset[Who](("noc", "admin")),
        ("GET", f"{IMPORTS}/{PROPOSAL.name}"): KNOWN,
        ("POST", f"{IMPORTS}/{PROPOSAL.name}"): frozenset(PROPOSAL.openers),
        ("POST", "/api/v1/session"): EVERYBODY,
        ("GET", "/api/v1/session"): PEOPLE,
        ("DELETE", "/api/v1/session"): PEOPLE,
        ("POST", "/api/v1/session/password"): PEOPLE,
        ("GET", "/api/v1/session/tokens"): PEOPLE,
        ("POST", "/api/v1/session/tokens"): PEOPLE,
        ("DELETE", "/api/v1/session/tokens/{label}"): PEOPLE,
        # Senders prove themselves by what they send, where it is read.
        ("POST", "/api/v1/batches"): EVERYBODY,
        ("POST", "/api/v1/enrol"): EVERYBODY,
        ("POST", "/api/v2/write"): EVERYBODY,
        # These tell nothing but that a collector is here.
        ("GET", "/api/v2/ping"): EVERYBODY,
        ("GET", "/ping"): EVERYBODY,
        ("GET", "/health"): EVERYBODY,
    }
)


def of_registers(kinds: Mapping[str, Kind]) -> dict[Key, frozenset[Who]]:
    """Return the rows of the registers: who may read, open and move their records."""
    rows: dict[Key, frozenset[Who]] = {}
    for kind in kinds.values():
        place = f"{REGISTERS}/{kind.name}"
        seeing = frozenset[Who](kind.openers | kind.readers)
        # Who only looks (a machine) sees what an auditor sees.
        rows["GET", place] = rows["GET", f"{place}/{{code}}"] = seeing | (MACHINES if "auditor" in seeing else set())
        rows["POST", place] = frozenset(kind.openers)
        file = f"{place}/{{code}}/attachments/{{sha256}}"
        # What people attach is for people: no machine's token opens it.
        rows["GET", file], rows["PUT", file] = seeing, frozenset[Who](acting_roles(kind))
        for move in kind.moves:
            step = "POST", f"{place}/{{code}}/{move.target}"
            rows[step] = rows.get(step, frozenset()) | move.roles
    return rows


class Policy:
    """The table, asked by method and path."""

    def __init__(self, table: Mapping[Key, frozenset[Who]]) -> None:
        self.table = table
        self._plain = {key: who for key, who in table.items() if "{" not in key[1]}
        self._patterns = [(method, compile_path(path)[0], who) for (method, path), who in table.items() if "{" in path]

    def allowed(self, method: str, path: str) -> frozenset[Who] | None:
        """Return who may; None where nothing is said of this path and method. HEAD is as GET."""
        method = "GET" if method == "HEAD" else method
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain
        return next((who for named, regex, who in self._patterns if named == method and regex.match(path)), None)

    def methods(self, path: str) -> str:
        """Return the methods of a path as the header Allow has them; "" where there are none."""
        return ", ".join(sorted({method for method, _ in self.table if self.allowed(method, path) is not None}))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request for ``path``: as the table knows him, and as somebody who acts and reads in the registers."""

    who: frozenset[Who]
    actor: Actor
    path: str = ""

    @property
    def is_person(self) -> bool:
        """Tell whether it is an account."""
        return not self.who & MACHINES

    @property
    def opd(self) -> str | None:
        """The only OPD of which he may see figures; None: all."""
        return self.actor.opd if self.who == {"opd"} else None

    @property
    def sees_drafts(self) -> bool:
        """Tell whether he may see a report that is not approved; who only has an operator's token may not."""
        return bool(self.who & DRAFTS)


_LOOKING: Final[frozenset[Role]] = frozenset(("auditor",))
LOCAL: Final = Visitor(frozenset(("local",)), Actor("local", _LOOKING))


def operator(name: str) -> Visitor:
    """Return the visitor with an operator's token: he looks as an auditor does, and does nothing."""
    return Visitor(frozenset(("operator",)), Actor(f"operator:{name}", _LOOKING))


def person(actor: Actor) -> Visitor:
    """Return the visitor with an account."""
    return Visitor(frozenset[Who](actor.roles), actor)
