"""Run a check: take a snapshot of the tenant, then run every rule on its operations, family by family."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from oneroster.contract.catalogue import select
from oneroster.contract.errors import (
    BudgetSpentError,
    KitError,
    NoResponseError,
    NotExercised,
    NotOffered,
    TenantNotTestableError,
)
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_coverage import operation_coverage
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.result import HOLDS, Check, CheckReport, Finding, Reason, Status, TargetInfo
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.writes.owned_objects import cleanup, leftovers
from oneroster_runtime.specification import Operation

__all__ = ["ProgressCallback", "check", "run_rules"]

ProgressCallback = Callable[[str, int, int], None]
"""Called with a description of the current step, the number of finished steps, and the number of all steps."""

_STATUS: Final = {Level.MUST: Status.FAILED, Level.SHOULD: Status.WARNED, Level.OPEN: Status.PASSED}
_MAX_SEED: Final = 2**31
CONCURRENT: Final = frozenset({"paging", "sorting", "filtering", "fields", "access", "errors", "http"})
"""Families whose result for one operation does not depend on another; they run on several operations at a time."""


def check(
    target: Target,
    limits: RunBudget | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    plan: RunPlan | None = None,
    seed: int | None = None,
    progress: ProgressCallback = lambda _what, _done, _steps: None,
    inspect: Callable[[ObservedTenant], None] = lambda _tenant: None,
) -> CheckReport:
    """Run rules on a tenant and return a report.

    Errors caused by the tenant are not raised: the report says that the tenant could not be judged.

    Args:
        target: The tenant.
        limits: The limits of the run.
        rules: The rules to run; all if None.
        plan: What the run covers.
        seed: Makes the run repeatable; random if None.
        progress: Called before each step.
        inspect: Called with the tenant after all rules have run.

    Raises:
        OverlayError: The target's dialect does not exist.
    """
    chosen = select() if rules is None else tuple(rules)
    seed = random.randrange(_MAX_SEED) if seed is None else seed  # noqa: S311 - not used for security
    started, began = datetime.now(UTC), time.monotonic()
    with Gateway(target, limits) as gateway:
        tenant = ObservedTenant(gateway, seed, plan)
        with cleanup(tenant):
            checks, unjudged = run_rules(tenant, chosen, progress)
            inspect(tenant)
        spent = gateway.spent
    info = TargetInfo(
        base_url=target.base_url,
        standard=target.standard.version,
        profile=tenant.dialect.profile,
        overlay=Path(target.overlay).name,
        started_at=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        seconds=round(time.monotonic() - began, 3),
        requests=spent,
    )
    return CheckReport(
        version("oneroster-kit"), info, tuple(checks), seed, unjudged, operation_coverage(tenant), leftovers(tenant)
    )


def run_rules(
    tenant: ObservedTenant, rules: Sequence[Rule], progress: ProgressCallback
) -> tuple[list[Check], str | None]:
    """Take a snapshot of a tenant and run rules on it.

    Returns:
        The checks, and why the tenant could not be judged completely, or None.
    """
    steps = len(tenant.dialect.operations) + len(rules)
    done = 0

    def reading(operation_id: str) -> None:
        nonlocal done
        progress(f"reading {operation_id}", done, steps)
        done += 1

    try:
        read_all_collections(tenant, reading)
    except (TenantNotTestableError, BudgetSpentError) as error:
        return [_tenant_check(rule, Status.SKIPPED, str(error), Reason.UNJUDGED) for rule in rules], str(error)
    except Exception as error:
        return [_tenant_check(rule, Status.SKIPPED, _kit_error(error), Reason.KIT_ERROR) for rule in rules], None
    runner = _RuleRunner(tenant)
    for number, rule in enumerate(rules):
        progress(f"judging {rule.id} {rule.title}", len(tenant.dialect.operations) + number, steps)
        runner.run(rule)
    progress("done", steps, steps)
    return runner.checks, runner.unjudged


class _RuleRunner:
    """Runs rules one by one, and remembers which failed on which operation."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._failed: set[tuple[str, str]] = set()
        self.checks: list[Check] = []
        self.unjudged: str | None = None

    def run(self, rule: Rule) -> None:
        """Run a rule on every operation that it selects."""
        try:
            subjects = list(rule.over(self._tenant))
        except NotExercised as reason:
            self.checks.append(_tenant_check(rule, Status.SKIPPED, str(reason), Reason.NOT_EXERCISED))
            return
        except Exception as error:
            self.checks.append(_tenant_check(rule, Status.SKIPPED, _kit_error(error), Reason.KIT_ERROR))
            return
        if not subjects:
            message = "the tenant offers nothing to judge"
            self.checks.append(_tenant_check(rule, Status.SKIPPED, message, Reason.NOT_OFFERED))
        operations = [each for each in subjects if self._tenant.plan.judges(each.operation_id)]
        workers = self._tenant.gateway.limits.workers if rule.family in CONCURRENT else 1
        results = map_parallel(workers, lambda operation: self._checks(rule, operation), operations)
        for operation, checks in zip(operations, results, strict=True):
            self.checks += checks
            if any(each.status in (Status.FAILED, Status.WARNED) for each in checks):
                self._failed.add((rule.id, operation.operation_id))

    def _checks(self, rule: Rule, operation: Operation) -> list[Check]:
        """Run a rule on one operation."""
        cause = next((name for name in rule.needs if (name, operation.operation_id) in self._failed), None)
        if cause is not None:
            return [_check(rule, operation, Status.SKIPPED, f"follows from {cause}", Reason.FOLLOWS)]
        try:
            findings = list(rule.judge(self._tenant, operation))
        except NotExercised as error:
            reason = Reason.NOT_OFFERED if isinstance(error, NotOffered) else Reason.NOT_EXERCISED
            return [_check(rule, operation, Status.SKIPPED, str(error), reason)]
        except (NoResponseError, BudgetSpentError, TenantNotTestableError) as error:
            if self.unjudged is None or isinstance(error, TenantNotTestableError):
                self.unjudged = str(error)
            return [_check(rule, operation, Status.SKIPPED, f"not judged: {error}", Reason.UNJUDGED)]
        except Exception as error:
            return [_check(rule, operation, Status.SKIPPED, _kit_error(error), Reason.KIT_ERROR)]
        return list(_finding_checks(rule, operation, findings)) or [_check(rule, operation, Status.PASSED, HOLDS)]


def _finding_checks(rule: Rule, operation: Operation, findings: Sequence[Finding]) -> Iterator[Check]:
    for finding in findings:
        level = finding.level or rule.level
        yield Check(
            rule.id,
            rule.family,
            rule.title,
            level,
            _STATUS[level],
            finding.operation_id or operation.operation_id,
            finding.message,
            finding.evidence,
            rule.clause,
        )


def _check(rule: Rule, operation: Operation, status: Status, message: str, reason: Reason | None = None) -> Check:
    name = operation.operation_id
    return Check(rule.id, rule.family, rule.title, rule.level, status, name, message, (), rule.clause, reason)


def _tenant_check(rule: Rule, status: Status, message: str, reason: Reason) -> Check:
    """Return the check of a rule that did not run on any operation."""
    return Check(rule.id, rule.family, rule.title, rule.level, status, None, message, (), rule.clause, reason)


def _kit_error(error: Exception) -> str:
    """Describe where the kit failed. Messages of errors of other libraries are left out: they may quote the tenant."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    location = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    message = f": {error}" if isinstance(error, KitError) else ""
    return f"error of the kit, please report it: {type(error).__name__}{location}{message}"
