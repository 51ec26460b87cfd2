"""A pull in a process of its own that is killed at its n-th step to the disk, as by a power cut: nothing is tidied up.

Usage: python killed.py BASE_URL TOKEN PLACE STEP; STEP 0 kills nothing. It prints the number of its steps.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oneroster import OneRoster, Paging, Retry
from oneroster.pull import PullOptions, pull
from oneroster.pull.fetch import collections

steps = 0


def counted(function: Callable[..., Any], deadly: int) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        global steps
        steps += 1
        if steps == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return call


def main(base_url: str, token: str, place: str, deadly: int) -> None:
    for name in ("fsync", "replace", "rename", "unlink", "rmdir", "mkdir"):
        setattr(os, name, counted(getattr(os, name), deadly))
    collections._SEGMENT_ROWS = 20  # type: ignore[misc]  # many segments from a small tenant
    with OneRoster(base_url=base_url, token=token, retry=Retry(first_delay=0.0)) as roster:
        pull(roster, Path(place), PullOptions(resume=True, workers=2, paging=Paging(limit=9, windows=2)))
    print(steps)  # noqa: T201  # what the test reads


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]))
