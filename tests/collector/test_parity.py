"""Every act by command line and by HTTP: each command has its address, or a reason why it stays on the machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from collector.cli import parser
from collector.register.registers import KINDS
from collector.web.policy import FIXED, of_registers
from tests.collector.register_sample import OPD, later
from tests.collector.web_world import INVENTORY, World, world

API = "/api/v1"
BY_HTTP = {
    "status": f"GET {API}/status",
    "evaluate": f"GET {API}/evaluations/{{month}}",
    "report write": f"POST {API}/reports/{{month}}",
    "report list": f"GET {API}/reports",
    "report check": f"POST {API}/registers/laporan/{{code}}/diperiksa",
    "report approve": f"POST {API}/registers/laporan/{{code}}/disahkan",
    "report return": f"POST {API}/registers/laporan/{{code}}/dikembalikan",
    "report register-signed": f"POST {API}/signatures/{{month}}",
    "report send": f"POST {API}/deliveries/{{month}}",
    "quarantine": f"GET {API}/quarantine",
    "agents list": f"GET {API}/agents",
    "agents token": f"POST {API}/agents",
    "agents bind": f"POST {API}/agents/{{name}}/devices",
    "agents revoke": f"DELETE {API}/agents/{{name}}",
    "tokens list": f"GET {API}/tokens",
    "tokens write": f"POST {API}/tokens",
    "tokens operator": f"POST {API}/tokens",
    "tokens revoke": f"DELETE {API}/tokens/{{sort}}/{{name}}",
    "inventory apply": f"POST {API}/inventory",
    "inventory diff": f"POST {API}/inventory",
    "inventory show": f"GET {API}/opd",
    "inventory import": f"POST {API}/imports/inventory",
    "inventory export": f"GET {API}/imports/inventory",
    "inventory template": f"GET {API}/imports/inventory",
    "accounts list": f"GET {API}/accounts",
    "accounts add": f"POST {API}/accounts",
    "accounts roles": f"POST {API}/accounts/{{name}}/roles",
    "accounts password": f"POST {API}/accounts/{{name}}/password",
    "accounts disable": f"POST {API}/accounts/{{name}}/disable",
    "accounts token": f"POST {API}/session/tokens",
    "accounts revoke-token": f"DELETE {API}/accounts/{{name}}/tokens/{{label}}",
    "register list": f"GET {API}/registers/usulan",
    "register show": f"GET {API}/registers/usulan/{{code}}",
    "register open": f"POST {API}/registers/usulan",
    "register move": f"POST {API}/registers/usulan/{{code}}/diterima",
    "register attachment": f"GET {API}/registers/usulan/{{code}}/attachments/{{sha256}}",
    "register determine": f"POST {API}/determinations",
    "register import": f"POST {API}/imports/usulan",
    "register export": f"GET {API}/imports/usulan",
    "register template": f"GET {API}/imports/usulan",
    "limits show": f"GET {API}/limits",
    "limits render": f"GET {API}/limits/routeros",
    "audit list": f"GET {API}/audit",
    "audit verify": f"GET {API}/audit/verify",
    "power log": f"POST {API}/logbook/power",
    "power list": f"GET {API}/logbook/power",
    "backup tested": f"POST {API}/logbook/restore-tests",
    "backup list": f"GET {API}/logbook/restore-tests",
    "verify": f"POST {API}/verify",
}
ON_THE_MACHINE = {
    "run": "it is what answers",
    "report sign": "a private key and its passphrase are never sent; the signed copy is",
    "check": "reads the whole data folder for minutes; the collector does it weekly and tells on its page",
    "rebuild": "needs the collector to be stopped",
    "seal": "the collector does it nightly; by hand it needs the collector to be stopped",
    "feed status": "operation of the time-series server; told in /metrics",
    "feed check": "operation of the time-series server",
    "feed replay": "operation of the time-series server",
    "notify test": "sends to people from the machine's own configuration",
    "backup make": "writes to the machine's disks, the key among the files",
    "backup drill": "needs room on the machine's disks",
    "backup verify": "reads the machine's disks",
    "backup restore": "makes a data folder, for which no collector runs yet",
    "simulate": "makes another data folder",
    "try": "starts a collector",
}


def commands(parsed: argparse.ArgumentParser, *before: str) -> Iterator[str]:
    """Yield every command that does something."""
    groups = [item for item in parsed._actions if isinstance(item, argparse._SubParsersAction)]
    if not groups:
        yield " ".join(before)
    for group in groups:
        for name, below in group.choices.items():
            yield from commands(below, *before, name)


def test_each_command_has_its_address_or_its_reason() -> None:
    found = set(commands(parser()))
    assert found == BY_HTTP.keys() | ON_THE_MACHINE.keys()
    assert not BY_HTTP.keys() & ON_THE_MACHINE.keys()
    known = {f"{method} {path}" for method, path in {**FIXED, **of_registers(KINDS)}}
    assert {address for address in BY_HTTP.values() if address not in known} == set()


@pytest.fixture(scope="module")
def nadi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("data")) as made:
        yield made


def test_an_inventory_document_is_compared_applied_and_determines_nothing(nadi: World) -> None:
    def brought(text: str, query: str = "", who: str = "admin") -> tuple[int, dict[str, object]]:
        headers = {"Content-Type": "application/octet-stream"}
        answer = nadi.visitors[who].ask("POST", f"/api/v1/inventory{query}", content=text.encode(), headers=headers)
        told: dict[str, object] = answer.json()
        return answer.status_code, told

    more = INVENTORY + OPD.replace("BPKAD", "DINKES")
    assert brought(INVENTORY) == (200, {"revision": 1, "changes": [], "notes": []})
    status, told = brought(more)
    assert (status, told["revision"], nadi.collector.folder.register.revision()) == (200, 2, 1)
    assert brought(more, "?apply=true")[1]["revision"] == 2
    assert nadi.collector.folder.register.revision() == 2
    status, told = brought(more + later("SK-99", "2026-09-01"), "?apply=true")
    assert (status, "peran penetap" in str(told["message"])) == (403, True)
    refused = [item.action for item in nadi.collector.folder.register.audit.records() if item.result == "refused"]
    assert "inventory.apply" in refused
    assert brought("bukan = toml [", "?apply=true")[0] == 400
    assert brought(INVENTORY, "?apply=true", "noc")[0] == 403
