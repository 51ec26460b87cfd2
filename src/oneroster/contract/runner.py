"""Run a check: take a snapshot of the tenant, then run every rule on its operations, family by family."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable
from oneroster.contract.errors import BudgetSpentError, TenantNotTestableError
from oneroster.contract.grounds import standing_of
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_coverage import operation_coverage
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.observation.unreadable_tenant import spent_before_reading, unanswered_in_words
from oneroster.contract.observation.whole_run import whole_run
from oneroster.contract.result import Cause, Check, CheckReport, TargetInfo
from oneroster.contract.rule import Rule
from oneroster.contract.rule_runner import RuleRunner, kit_error
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.run_progress import ProgressCallback, RunProgress, no_progress
from oneroster.contract.writes.owned_objects import cleanup, leftovers
from oneroster.standard import DEFAULT

__all__ = ["RulesOutcome", "check", "musts_first", "run_rules"]

_MAX_SEED: Final = 2**31
IN_ORDER: Final = ("writes", "engine")
"""Families whose rules build on each other; they run last."""


def check(
    target: Target,
    limits: RunBudget | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    plan: RunPlan | None = None,
    seed: int | None = None,
    progress: ProgressCallback = no_progress,
    inspect: Callable[[ObservedTenant], None] = lambda _tenant: None,
    observe: Callable[[Exchange], None] = lambda _exchange: None,
    interrupted: Callable[[], bool] | None = None,
) -> CheckReport:
    """Run rules on a tenant and return a report.

    Errors caused by the tenant are not raised: the report says that the tenant could not be judged.

    Args:
        target: The tenant.
        limits: The limits of the run.
        rules: The rules to run; all if None.
        plan: What the run covers.
        seed: Makes the run repeatable; random if None.
        progress: Called before each step, and when the run waits for a busy tenant.
        inspect: Called with the tenant after all rules have run.
        observe: Called with every request and its response.
        interrupted: Returns whether the run was interrupted. With it, an interrupted run ends with a report of what
            was judged until then.

    Raises:
        OverlayError: The target's dialect does not exist.
        KeyboardInterrupt: The run was interrupted, and ``interrupted`` is None.
    """
    chosen = select() if rules is None else tuple(rules)
    seed = random.randrange(_MAX_SEED) if seed is None else seed  # noqa: S311 - not used for security
    started, began = datetime.now(UTC), time.monotonic()
    with Gateway(target, limits, observe=observe) as gateway:
        tenant = ObservedTenant(gateway, seed, plan)
        with cleanup(tenant):
            outcome = run_rules(tenant, chosen, progress, interrupted)
            if not outcome.interrupted:
                inspect(tenant)
        spent, unanswered = gateway.spent, unanswered_in_words(gateway.log)
    info = TargetInfo(
        base_url=target.base_url,
        standard=target.standard.version,
        profile=tenant.dialect.profile,
        overlay=Path(target.overlay).name,
        started_at=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        seconds=round(time.monotonic() - began, 3),
        requests=spent,
        unanswered=unanswered,
    )
    return CheckReport(
        version("oneroster-kit"),
        info,
        tuple(outcome.checks),
        seed,
        outcome.unjudged,
        operation_coverage(tenant),
        leftovers(tenant),
        named=tenant.plan.named,
        interrupted=outcome.interrupted,
    )


class RulesOutcome(NamedTuple):
    """What rules found in a tenant.

    Attributes:
        checks: The checks.
        unjudged: Why the tenant could not be judged completely, or None.
        interrupted: Whether the run was interrupted before its end.
    """

    checks: list[Check]
    unjudged: str | None
    interrupted: bool = False


def run_rules(
    tenant: ObservedTenant,
    rules: Sequence[Rule],
    progress: ProgressCallback = no_progress,
    interrupted: Callable[[], bool] | None = None,
) -> RulesOutcome:
    """Take a snapshot of a tenant and run rules on it; see `check` for the arguments."""
    version = tenant.standard.version
    of_run = _rules_of_the_run(tenant, rules)
    selected = {rule.id for rule in rules}
    runner = RuleRunner(tenant)
    runner.leave_out(rules)
    rules = musts_first((rule for rule in applicable(rules, version) if rule.over is not whole_run), version)
    state = RunProgress(tenant.gateway, len(tenant.dialect.operations) + len(rules))
    tenant.gateway.traffic.on_wait = lambda: progress(state)
    was_interrupted = False
    try:
        for number, rule in enumerate(_after_reading(tenant, runner, rules, state, progress)):
            if interrupted is not None and interrupted():
                raise KeyboardInterrupt  # an interrupt that a library has made something else of
            state.step, state.findings = f"judging {rule.id} {rule.title}", runner.violated
            state.done = len(tenant.dialect.operations) + number
            progress(state)
            runner.run(rule)
    except KeyboardInterrupt:
        if interrupted is None:
            raise
        was_interrupted = True
        runner.interrupt(rules)
    for rule in of_run:
        runner.run_once(rule, selected=rule.id in selected)
    runner.explain_unread()
    state.step, state.done, state.findings = "done", state.steps, runner.violated
    progress(state)
    return RulesOutcome(runner.checks, runner.unjudged, was_interrupted)


def _after_reading(
    tenant: ObservedTenant, runner: RuleRunner, rules: Sequence[Rule], state: RunProgress, progress: ProgressCallback
) -> Sequence[Rule]:
    """Read the collections of a tenant, and return the rules that can then be run: none if it cannot be read."""

    def reading(operation_id: str) -> None:
        state.step = f"reading {operation_id}"
        progress(state)
        state.done += 1

    try:
        read_all_collections(tenant, reading)
    except (TenantNotTestableError, BudgetSpentError) as error:
        runner.give_up(rules, spent_before_reading(tenant, error) if isinstance(error, BudgetSpentError) else error)
        return ()
    except Exception as error:
        runner.judge_none(rules, Cause.KIT_ERROR, kit_error(error))
        return ()
    return rules


def musts_first(rules: Iterable[Rule], version: str = DEFAULT) -> list[Rule]:
    """Return rules in the order of a run, in which musts get the requests before all others.

    Writes and the engine keep their own order, after all reads: a write changes what the next one finds, and the engine
    reports only what no law has found.
    """

    def precedence(rule: Rule) -> int:
        if rule.family in IN_ORDER:
            return IN_ORDER.index(rule.family)
        return -2 if standing_of(rule, version).level is Level.MUST else -1

    return sorted(rules, key=precedence)


def _rules_of_the_run(tenant: ObservedTenant, rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules about the whole run: those that are selected, or all that are not excluded.

    What goes wrong with a request is reported whichever rules were named, as long as something did go wrong.
    """
    selected = {rule.id for rule in rules}
    known = applicable(catalogue(), tenant.standard.version)
    every = [rule for rule in known if rule.over is whole_run]
    partial = tenant.plan.partial
    return [rule for rule in every if rule.id in selected or (partial and rule.id not in tenant.plan.excluded)]
