"""What displays say about a pause."""

import pytest

from oneroster.cli._pauses import pause_words


@pytest.mark.parametrize(("seconds", "shown"), [(4.2, "5 s"), (0.01, "1 s"), (0.0, "1 s"), (90.0, "90 s")])
def test_a_pause_is_told_in_whole_seconds(seconds: float, shown: str) -> None:
    assert pause_words(seconds, "HTTP 503", 1) == f"waiting {shown}: HTTP 503; 1 request sent again so far"
