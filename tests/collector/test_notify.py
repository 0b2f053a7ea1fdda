"""Nadi's own notifications against real receivers on loopback: a webhook and a small SMTP server of this test."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.clock import NS
from collector.cli import main
from collector.feeds.notify import FILE, Notifier, View, message
from collector.feeds.notify_settings import Channel, NotifySettings
from collector.notifying import add_notifier, announced, view
from collector.register.engine import RegisterError
from collector.register.kinds import Context
from collector.register.people import Actor
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.web.facts import facts
from tests.collector.feed_place import Centre, centre, free_port
from tests.collector.notify_place import Place, channels
from tests.collector.receivers import Post, mail_server, web_server
from tests.collector.test_web_main import answers
from tests.collector.test_web_main import collector as running_collector

LINK = "https://nadi.contoh.go.id/"
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # imported by apprise


@pytest.fixture
def webhook() -> Iterator[Post]:
    with web_server(lambda _, table: str(table["message"])) as post:
        post.url = f"json://petugas:rahasia@127.0.0.1:{post.port}/"
        yield post


@pytest.fixture
def mailbox() -> Iterator[Post]:
    with mail_server() as post:
        post.url = f"mailto://127.0.0.1:{post.port}?from=nadi@contoh.go.id&to=noc@contoh.go.id&format=text"
        yield post


@pytest.fixture
def place(tmp_path: Path, webhook: Post) -> Place:
    found = Place(tmp_path, NotifySettings(urls=channels(tmp_path, kait=webhook.url), link=LINK))
    found.after(0, PD01="hidup", PD02="hidup")
    return found


def test_a_webhook_and_a_mail_server_get_code_level_and_link_and_nothing_else(
    tmp_path: Path, webhook: Post, mailbox: Post
) -> None:
    urls = channels(tmp_path, kait=webhook.url, surel=mailbox.url)
    place = Place(tmp_path, NotifySettings(urls=urls, link=LINK))
    place.after(0, PD01="hidup")
    place.flip(PD01="mati")
    assert webhook.taken == [f"opd PD01 mati (tinggi)\n{LINK}"]
    (mail,) = mailbox.taken
    head, _, body = mail.partition("\r\n\r\n")
    assert f"opd PD01 mati (tinggi)\r\n{LINK}" in body
    assert "Subject: Nadi: 1 perubahan" in head
    assert "apprise" not in mail.lower()
    assert place.notifier.counts == dict.fromkeys((("kait", "terkirim"), ("surel", "terkirim")), 1) | dict.fromkeys(
        (("kait", "gagal"), ("surel", "gagal")), 0
    )


def test_changes_of_a_minute_are_one_message(place: Place, webhook: Post) -> None:
    place.flip(PD01="mati", PD02="mati")
    assert webhook.taken == [f"opd PD01 mati (tinggi)\nopd PD02 mati (tinggi)\n{LINK}"]
    place.after(0, PD03="hidup", PD04="hidup")
    place.after(1, PD03="mati")
    place.after(29, PD04="mati")
    place.after(151)
    place.after(29)
    assert len(webhook.taken) == 2
    place.after(31)
    assert webhook.taken[1:] == [f"opd PD03 mati (tinggi)\n{LINK}", f"opd PD04 mati (tinggi)\n{LINK}"]


def test_a_channel_gets_no_more_than_its_share_of_an_hour_and_the_rest_is_grouped(place: Place, webhook: Post) -> None:
    place.after(0, **{f"X{i}": "hidup" for i in range(40)})
    for i in range(40):
        place.after(61, **{f"X{i}": "mati"})
    assert len(webhook.taken) == 20
    place.after(3600 - 20 * 61)
    assert len(webhook.taken) == 21
    assert "lainnya" in webhook.taken[20] or webhook.taken[20].count("mati") > 5


def test_many_lines_are_counted_not_shown(place: Place, webhook: Post) -> None:
    place.after(0, **{f"X{i}": "hidup" for i in range(60)})
    place.flip(**{f"X{i}": "mati" for i in range(60)})
    assert webhook.taken[0].splitlines()[10:] == ["dan 50 lainnya", LINK]
    assert len(webhook.taken[0]) < 500


def test_a_restart_tells_nothing_old_again(place: Place, webhook: Post) -> None:
    place.flip(PD01="mati")
    for _ in range(3):
        place.again()
        place.after(15)
        place.after(1000)
    assert len(webhook.taken) == 1
    place.flip(PD01="hidup")
    place.after(600)
    assert webhook.taken[1:] == [f"opd PD01 hidup (tinggi)\n{LINK}"]


def test_what_waits_survives_a_restart_and_is_no_news_after_an_hour(place: Place, webhook: Post) -> None:
    webhook.status = 500
    place.flip(PD01="mati")
    assert place.notifier.counts == {("kait", "terkirim"): 0, ("kait", "gagal"): 1}
    place.again()
    webhook.status = 200
    place.after(61)
    assert webhook.taken[1:] == [f"opd PD01 mati (tinggi)\n{LINK}"]
    webhook.status = 500
    place.flip(PD02="mati")
    webhook.status = 200
    place.again()
    place.after(3700)
    assert len(webhook.taken) == 3


def test_the_first_judgement_is_taken_in_silence_also_after_a_restart_before_it(place: Place, webhook: Post) -> None:
    (place.folder / FILE).unlink()
    place.judged, place.finding = False, True
    place.again()
    place.after(15)
    place.again()
    place.after(15)
    place.judged = True
    place.flip()
    place.flip()
    assert webhook.taken == []
    place.finding = False
    place.flip()
    place.finding = True
    place.flip()
    assert webhook.taken == [f"temuan PD01 terbuka (tinggi)\n{LINK}"]


def test_a_channel_that_fails_does_not_keep_the_others_from_it(tmp_path: Path, webhook: Post) -> None:
    urls = channels(tmp_path, mati=f"json://u:sandi@127.0.0.1:{free_port()}/", kait=webhook.url)
    place = Place(tmp_path, NotifySettings(urls=urls))
    place.after(0, PD01="hidup")
    place.flip(PD01="mati")
    assert webhook.taken == ["opd PD01 mati (tinggi)"]
    assert place.notifier.counts["mati", "gagal"] == 1


def test_a_damaged_file_means_silence_not_a_page(place: Place, webhook: Post, caplog: pytest.LogCaptureFixture) -> None:
    place.flip(PD01="mati")
    (place.folder / FILE).write_text('{"known": [[1]]}', encoding="utf-8")
    place.again()
    place.after(500)
    place.after(500)
    assert len(webhook.taken) == 1
    assert "in silence" in caplog.text


def test_no_password_is_logged_or_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="apprise")
    url = f"json://petugas:rahasia@127.0.0.1:{free_port()}/jalan-rahasia"
    place = Place(tmp_path, NotifySettings(urls=channels(tmp_path, kait=url)))
    place.after(0, PD01="hidup")
    place.flip(PD01="mati")
    assert "kait did not take a message" in caplog.text
    shown = caplog.text + "".join(capsys.readouterr()) + repr(Channel("kait", url)) + (tmp_path / FILE).read_text()
    assert "rahasia" not in shown


def test_the_message_ends_with_the_link_and_an_empty_link_is_left_out() -> None:
    assert message([], LINK) == ("Nadi: 0 perubahan", LINK)
    assert message([], "") == ("Nadi: 0 perubahan", "")


# --- with a real collector ---


def noticing(place: Centre, folder: Path, webhook: Post) -> Notifier:
    """Give the collector of a place its notifier."""
    settings = NotifySettings(urls=channels(folder, kait=webhook.url), link=LINK)
    made = Notifier(folder, settings, view=lambda: view(place.collector), clock=place.collector.clock)
    place.collector.notifier = made
    return made


def test_a_link_that_falls_silent_is_told_of_a_real_collector_and_counted_in_metrics(
    tmp_path: Path, webhook: Post
) -> None:
    with centre(tmp_path, hours_ago=2) as place:
        notifier = noticing(place, tmp_path, webhook)
        place.until(60)
        place.take(range(0, 61, 10))
        place.collector.jobs.run("judge")
        for second in range(75, 2400, 15):
            place.until(second)
            notifier.step()
        assert webhook.taken == [f"opd BPKAD tidak diketahui (sedang)\n{LINK}"]
        assert facts(place.collector).notifications == {("kait", "terkirim"): 1, ("kait", "gagal"): 0}


def test_announced_maintenance_is_silent_and_what_is_down_after_it_is_told(tmp_path: Path, webhook: Post) -> None:
    with centre(tmp_path, hours_ago=3) as place:
        notifier = noticing(place, tmp_path, webhook)
        place.until(60)
        place.take(range(0, 61, 10))
        announce(place, minutes=(5, 60))
        for second in range(75, 3600, 15):
            place.until(second)
            notifier.step()
        assert webhook.taken == []
        for second in range(3600, 5000, 15):
            place.until(second)
            notifier.step()
        assert webhook.taken == [f"opd BPKAD tidak diketahui (sedang)\n{LINK}"]


def announce(place: Centre, *, minutes: tuple[int, int]) -> None:
    """Announce work on the one link, between minutes after the start."""
    collector = place.collector
    zone, now_ns = collector.folder.zone, collector.clock.now().wall_ns
    starts, ends = (zone.local(place.start_ns + minute * 60 * NS) for minute in minutes)
    form = Maintenance(title="Ganti kabel", reason="Rusak", starts=starts, ends=ends, links=("wan-bpkad",))
    collector.snapshot()
    context = Context(collector.live.inventory, zone, now_ns)
    collector.folder.register.book.open(MAINTENANCE, form, actor=Actor("dedi", frozenset(("noc",))), context=context)
    assert not announced(collector)("BPKAD")
    place.clock.advance(10 * 60 * NS)
    assert announced(collector)("BPKAD")
    assert announced(collector)("wan-bpkad")
    assert not announced(collector)("r1")
    place.clock.advance(-10 * 60 * NS)


def test_twenty_days_of_backfill_send_nothing(tmp_path: Path, webhook: Post) -> None:
    with centre(tmp_path, hours_ago=21 * 24) as place:
        notifier = noticing(place, tmp_path, webhook)
        end = 20 * 86_400
        place.until(end + 3600)
        notifier.step()
        for start in range(0, end, 86_400):
            place.take(range(start, start + 86_400, 300), rate=12_000_000)
            place.until(end + 3600 + start // 240)
            place.collector.jobs.run("judge")
            notifier.step()
            notifier.step()
        for minute in range(60):
            place.until(end + 3600 + end // 240 + minute * 60)
            place.collector.jobs.run("judge") if minute % 5 == 0 else None
            notifier.step()
        assert webhook.taken == []
        assert place.collector.folder.journal.length() >= 20


def test_notify_test_sends_one_message_and_says_what_became_of_it(
    tmp_path: Path, webhook: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> int:
        return main(["notify", "test", "--data", str(tmp_path)])

    urls = channels(tmp_path, kait=webhook.url, mati=f"json://127.0.0.1:{free_port()}/")
    config = f'data = "."\nzone = "WIB"\n[notify]\nlink = "{LINK}"\n'
    (tmp_path / "collector.toml").write_text(config, encoding="utf-8")
    assert run() == 1
    assert "[notify]" in capsys.readouterr().err
    (tmp_path / "collector.toml").write_text(f'{config}urls = "{urls}"\n', encoding="utf-8")
    assert run() == 1
    assert webhook.taken == [f"uji saluran (info)\n{LINK}"]
    assert capsys.readouterr().out.splitlines()[0] == "kait: sent"


def test_a_running_collector_has_its_channels_and_tells_so_in_its_metrics(tmp_path: Path, webhook: Post) -> None:
    urls = channels(tmp_path, kait=webhook.url)
    with running_collector(tmp_path, f'[notify]\nurls = "{urls}"\n') as (_, url):
        text = answers(f"{url}/metrics").text
    assert 'nadi_collector_notifications_total{channel="kait",result="gagal"} 0.0' in text


def test_a_collector_without_channels_has_no_notifier(tmp_path: Path) -> None:
    with centre(tmp_path) as place:
        add_notifier(place.collector)
        assert place.collector.notifier is None
        assert facts(place.collector).notifications == {}


def test_the_thread_looks_by_itself_and_ends(place: Place, monkeypatch: pytest.MonkeyPatch, webhook: Post) -> None:
    monkeypatch.setattr("collector.feeds.notify.LOOK_SECONDS", 0.02)
    place.after(15, PD01="mati")
    place.clock.advance(200 * NS)
    place.notifier.start()
    until_taken(lambda: webhook.taken)
    place.notifier.stop()
    assert not any(thread.name == "notify" for thread in threading.enumerate())


def test_a_look_that_fails_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[int] = []

    def failing() -> View:
        looks.append(1)
        raise RegisterError("register.db: cannot be read: database is locked")

    monkeypatch.setattr("collector.feeds.notify.LOOK_SECONDS", 0.01)
    place.view = failing  # type: ignore[method-assign]
    place.again()
    place.notifier.start()
    until_taken(lambda: len(looks) > 3)
    place.notifier.stop()
    assert caplog.text.count("database is locked") == 1


def until_taken(what: Callable[[], object]) -> None:
    done = threading.Event()
    for _ in range(500):
        if what():
            return
        done.wait(0.02)
    pytest.fail("nothing was taken")
