"""Playbooks and roles: what Ansible itself and ansible-lint's strictest profile find wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ansible.playing import EXAMPLE, PLAYS, ran

PLAYBOOKS = sorted(path.name for path in PLAYS.glob("*.yml"))
ROLES = sorted(path.name for path in (PLAYS / "roles").iterdir() if path.is_dir())


def test_ansible_lint_finds_nothing_in_its_production_profile(tmp_path: Path) -> None:
    status, said = ran(tmp_path, "ansible-lint", "--offline", "--profile", "production", "--nocolor", "--strict")
    assert status == 0, said
    assert "Profile 'production' was required, and it passed" in said


def test_ansible_lint_would_find_something(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("---\n- name: Wrong\n  hosts: all\n  tasks:\n    - shell: ls\n", encoding="utf-8")
    status, said = ran(tmp_path, "ansible-lint", "--offline", "--profile", "production", "--nocolor", str(wrong))
    assert status != 0
    assert "fqcn" in said


def test_ansible_reads_every_playbook(tmp_path: Path) -> None:
    status, said = ran(tmp_path, "ansible-playbook", "-i", str(EXAMPLE), "--syntax-check", *PLAYBOOKS)
    assert status == 0, said
    assert [name for name in PLAYBOOKS if f"playbook: {name}" not in said] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_tells_its_variables_and_bears_its_name_in_them(role: str) -> None:
    place = PLAYS / "roles" / role
    for part in ("defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml"):
        assert (place / part).is_file(), f"{role}: {part} is missing"
    named = [line.partition(":")[0] for line in (place / "defaults/main.yml").read_text(encoding="utf-8").splitlines()]
    wrong = [name for name in named if name and name[0].isalpha() and not name.startswith(f"{role}_")]
    assert wrong == []
    options = (place / "meta/argument_specs.yml").read_text(encoding="utf-8")
    missing = [name for name in named if name.startswith(f"{role}_") and f" {name}:" not in options]
    assert missing == []


def test_no_role_uses_a_shell_where_a_module_exists() -> None:
    for path in sorted(PLAYS.rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        assert "ansible.builtin.shell" not in text, path
        assert "ansible.builtin.raw" not in text, path


def test_the_tools_are_those_of_the_lock(tmp_path: Path) -> None:
    status, said = ran(tmp_path, "ansible-playbook", "--version")
    locked = (PLAYS.parent / "requirements" / "deploy.txt").read_text(encoding="utf-8")
    core = next(line for line in locked.splitlines() if line.startswith("ansible-core=="))
    assert status == 0
    assert f"core {core.split('==')[1].split()[0]}]" in said
