"""What the progress of a check says: how far it is, and why nothing happens."""

import io
import time
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from oneroster.cli._check_progress import _Bar, _PlainDisplay, state_words, wait_words
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.traffic import Traffic, Wait
from oneroster.contract.run_progress import RunProgress


@dataclass
class Sending:
    """What a progress reads of a gateway."""

    traffic: Traffic
    limits: RunBudget
    spent: int = 812


def progress(
    step: str = "reading getAllOrgs", done: int = 10, wait: Wait | None = None, limit: float = 600.0
) -> RunProgress:
    """The progress of a run that has taken 20 seconds."""
    traffic = Traffic()
    traffic.wait = wait
    sending: Any = Sending(traffic, RunBudget(seconds=limit))
    return RunProgress(sending, 100, step, done, 3, time.monotonic() - 20)


def waiting(status: int = 503, repeated: int = 12) -> Wait:
    return Wait(status, time.monotonic() + 5, repeated)


def test_it_says_requests_findings_and_the_time_left() -> None:
    assert state_words(progress()) == "812 requests, 3 findings, about 3:00 min left"
    assert state_words(progress(done=50)) == "812 requests, 3 findings, about 20 s left"


@pytest.mark.parametrize("done", [0, 1])
def test_the_time_left_is_never_beyond_the_limit_of_the_run(done: int) -> None:
    assert state_words(progress(done=done, limit=110.0)).endswith(", at most 1:30 min left")


@pytest.mark.parametrize(
    ("status", "why"), [(503, "HTTP 503, the server is busy"), (429, "HTTP 429, the server allows fewer requests")]
)
def test_a_wait_for_a_busy_server_has_its_length_status_and_repeats(status: int, why: str) -> None:
    assert wait_words(progress(wait=waiting(status))) == f"waiting 5 s: {why}; 12 requests sent again so far"


def test_a_slow_server_is_said_to_be_waited_for_and_a_quick_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = progress()
    with slow.gateway.traffic.sending():
        monkeypatch.setattr("oneroster.cli._check_progress.SLOW", 0.0)
        assert wait_words(slow) == "waiting for a response for 0 s"
    assert slow.silent_seconds == 0.0
    monkeypatch.undo()
    with slow.gateway.traffic.sending():
        assert wait_words(slow) == ""
    over = Wait(503, time.monotonic() - 1, 12)
    assert wait_words(progress(wait=over)) == ""


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_bar_fits_the_terminal_and_says_why_it_waits(width: int) -> None:
    bar, out = _Bar(), io.StringIO()
    bar.follow(progress("judging OR-SRT-07 " + "a long title " * 20, wait=waiting()))
    Console(file=out, width=width, force_terminal=True, color_system=None).print(bar)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "HTTP 503, the server is busy" in " ".join(" ".join(lines).split())
    assert lines[2].startswith("812 requests, 3 findings")


def test_without_a_terminal_each_stage_and_each_long_wait_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show = _PlainDisplay()
    for step in (
        "reading getAllOrgs",
        "reading getAllUsers",
        "judging OR-PAG-01 A",
        "judging OR-PAG-02 B",
        "done",
    ):
        show(progress(step))
    for _ in range(3):
        show(progress("judging OR-PAG-02 B", wait=waiting()))
    assert capsys.readouterr().err.splitlines() == [
        "reading …",
        "judging OR-PAG …",
        "waiting 5 s: HTTP 503, the server is busy; 12 requests sent again so far",
    ]
