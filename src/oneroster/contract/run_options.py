"""What a run is asked for, in the words of its options, for `oneroster check` and for pytest alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from oneroster.contract.http.budget import RunBudget, default_rate
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.target import Target
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.result import CheckReport
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.run_progress import ProgressCallback, no_progress
from oneroster.contract.run_selection import RuleSelection
from oneroster.contract.runner import check
from oneroster.settings import Settings
from oneroster.standard import Standard

__all__ = ["RunOptions"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run; None where the default of `RunBudget` applies.

    Attributes:
        selection: The rules and operations.
        allow_writes: Whether the kit may create objects in the tenant.
        fuzz: The number of generated valid requests to each operation.
        negative: Whether to send generated invalid requests.
        stateful: Whether to follow links from collections to single records.
        seed: Makes the run repeatable; random if None.
        max_requests: The maximum number of requests.
        max_time: The maximum duration of the run in seconds.
        rate: The maximum number of requests per second.
        timeout: The maximum duration of one request in seconds.
        workers: The number of concurrent requests.
    """

    selection: RuleSelection
    allow_writes: bool = False
    fuzz: int = 0
    negative: bool = False
    stateful: bool = False
    seed: int | None = None
    max_requests: int | None = None
    max_time: float | None = None
    rate: float | None = None
    timeout: float | None = None
    workers: int | None = None

    @property
    def plan(self) -> RunPlan:
        """What the run covers."""
        chosen = self.selection
        return RunPlan(
            chosen.operations, self.fuzz, self.negative, self.stateful, chosen.named, chosen.excluded, chosen.pairs
        )

    def narrowed(self, chosen: Mapping[str, Sequence[str]], known: Mapping[str, Sequence[str]]) -> "RunOptions":
        """Return the options for some of the pairs of rule and operation; see `RuleSelection.narrowed`."""
        return replace(self, selection=self.selection.narrowed(chosen, known))

    def target(self, settings: Settings, standard: Standard) -> Target:
        """Return the tenant to test.

        Args:
            settings: The settings of the tenant.
            standard: The version of the standard that it speaks.

        Raises:
            ConfigurationError: The profile or the overlay cannot be used.
        """
        return Target.from_settings(settings, allow_writes=self.allow_writes, standard=standard)

    def budget(self, target: Target) -> RunBudget:
        """Return the limits of a run on a tenant."""
        default = RunBudget()
        return RunBudget(
            requests=self.max_requests or self.plan.requests(default.requests),
            rate=self.rate or default_rate(target.base_url),
            timeout=self.timeout or default.timeout,
            seconds=self.max_time or default.seconds,
            workers=self.workers or default.workers,
        )

    def run(
        self,
        target: Target,
        progress: ProgressCallback = no_progress,
        inspect: Callable[[ObservedTenant], None] = lambda _tenant: None,
        observe: Callable[[Exchange], None] = lambda _exchange: None,
        interrupted: Callable[[], bool] | None = None,
    ) -> CheckReport:
        """Run the selected rules on a tenant; see `oneroster.contract.runner.check`."""
        return check(
            target,
            self.budget(target),
            rules=self.selection.rules,
            plan=self.plan,
            seed=self.seed,
            progress=progress,
            inspect=inspect,
            observe=observe,
            interrupted=interrupted,
        )
