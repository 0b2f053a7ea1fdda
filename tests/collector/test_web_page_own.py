"""The status page of an account of one OPD: its own figures, and nothing by which another one's could be known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.collector.web_world import B_SIGNS, World, world

OTHERS = (*B_SIGNS, "Agen", "/metrics", "Laporan bulanan", "Jurnal", "sidik pengumpul")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("own")) as made:
        yield made


def test_an_opd_sees_its_own_state_and_nothing_of_the_others(seen: World) -> None:
    answer = seen.visitors["opd"].get("/")
    assert answer.status_code == 200
    assert "Badan Keuangan" in answer.text
    assert "dari 1 OPD" in answer.text
    assert [word for word in OTHERS if word in answer.text] == []


def test_the_noc_sees_all(seen: World) -> None:
    text = seen.visitors["noc"].get("/").text
    assert [word for word in ("Badan Keuangan", "Dinas Pendidikan", "wan-dikbud", "Agen") if word not in text] == []
