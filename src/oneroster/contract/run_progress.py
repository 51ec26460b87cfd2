"""The progress of a run, as its displays show it: the step, and what changes within a step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.traffic import Wait

__all__ = ["ProgressCallback", "RunProgress", "no_progress"]


@dataclass
class RunProgress:
    """The progress of one run; a display may read it at any time, from any thread.

    Attributes:
        gateway: Sends the requests of the run.
        steps: The number of all steps.
        step: A description of the current step.
        done: The number of finished steps.
        findings: How many violations were found so far.
        began: When the run began (monotonic clock).
    """

    gateway: Gateway = field(repr=False)
    steps: int
    step: str = ""
    done: int = 0
    findings: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self.gateway.spent

    @property
    def seconds_left(self) -> float:
        """After how many seconds the run ends at the latest, by its limit."""
        return max(self.began + self.gateway.limits.seconds - time.monotonic(), 0.0)

    @property
    def estimated_seconds(self) -> float | None:
        """About how many seconds the run still takes, as long for each step as before; None before the second step."""
        return (time.monotonic() - self.began) / self.done * (self.steps - self.done) if self.done else None

    @property
    def wait(self) -> Wait | None:
        """The pause that is being made because the tenant is busy; None without one."""
        wait = self.gateway.traffic.wait
        return wait if wait is not None and wait.until > time.monotonic() else None

    @property
    def silent_seconds(self) -> float:
        """For how long a request has been without its response."""
        since = self.gateway.traffic.silent_since
        return 0.0 if since is None else time.monotonic() - since


ProgressCallback = Callable[[RunProgress], None]
"""Called before each step, and when the run begins to wait for a busy tenant, from any thread."""


def no_progress(_progress: RunProgress) -> None:
    """Show nothing."""
