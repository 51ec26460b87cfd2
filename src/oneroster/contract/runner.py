"""One run of the kit: the first look, then every rule on every operation it is about, in the order of the families."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from oneroster.contract.catalogue import select
from oneroster.contract.errors import (
    BudgetSpentError,
    KitError,
    NoAnswerError,
    NotExercised,
    NotOffered,
    UnjudgeableError,
)
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.http.target import RunBudget, Target
from oneroster.contract.levels import Level
from oneroster.contract.observation.coverage import observe
from oneroster.contract.observation.snapshot import take_snapshot
from oneroster.contract.observation.tenant import ObservedTenant
from oneroster.contract.result import HOLDS, Check, CheckReport, Finding, Reason, Status, TargetInfo
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.writes.owned_objects import cleanup, leftovers
from oneroster.standard import Standard
from oneroster_v1p1.tables import Operation

__all__ = ["Progress", "check", "judge"]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and how many there are."""

_STATUS: Final = {Level.MUST: Status.FAILED, Level.SHOULD: Status.WARNED, Level.OPEN: Status.PASSED}
_LARGEST_SEED: Final = 2**31
INDEPENDENT: Final = frozenset({"paging", "sorting", "filtering", "fields", "access", "errors", "http"})
"""Families in which the verdict on one operation does not depend on that on another; they may be reached together."""


def check(
    target: Target,
    limits: RunBudget | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    plan: RunPlan | None = None,
    seed: int | None = None,
    progress: Progress = lambda _what, _done, _steps: None,
    inspect: Callable[[ObservedTenant], None] = lambda _tenant: None,
) -> CheckReport:
    """Judge a tenant by the given rules (default: all) and report.

    ``inspect`` is given the tenant as it was met, when all is judged.

    Never raises for what the tenant does: a tenant that cannot be judged gives a report that says so. Raises
    ``OverlayError`` when the target's dialect is none.
    """
    chosen = select() if rules is None else tuple(rules)
    seed = random.randrange(_LARGEST_SEED) if seed is None else seed  # noqa: S311 - it only names a run
    started, began = datetime.now(UTC), time.monotonic()
    with Gateway(target, limits) as gateway:
        tenant = ObservedTenant(gateway, seed, plan)
        with cleanup(tenant):
            checks, unjudged = judge(tenant, chosen, progress)
            inspect(tenant)
        spent = gateway.spent
    info = TargetInfo(
        base_url=target.base_url,
        standard=Standard.of().version,
        profile=tenant.dialect.profile,
        overlay=Path(target.overlay).name,
        started_at=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        seconds=round(time.monotonic() - began, 3),
        requests=spent,
    )
    return CheckReport(
        version("oneroster-kit"), info, tuple(checks), seed, unjudged, observe(tenant), leftovers(tenant)
    )


def judge(tenant: ObservedTenant, rules: Sequence[Rule], progress: Progress) -> tuple[list[Check], str | None]:
    """The checks of all rules over a tenant, and why it could not be judged wholly, if so."""
    steps = len(tenant.dialect.operations) + len(rules)
    looked = 0

    def look(what: str) -> None:
        nonlocal looked
        progress(f"reading {what}", looked, steps)
        looked += 1

    try:
        take_snapshot(tenant, look)
    except (UnjudgeableError, BudgetSpentError) as error:
        return [_whole(rule, Status.SKIPPED, str(error), Reason.UNJUDGED) for rule in rules], str(error)
    except Exception as error:
        return [_whole(rule, Status.SKIPPED, _kit_error(error), Reason.KIT_ERROR) for rule in rules], None
    court = _RuleRunner(tenant)
    for number, rule in enumerate(rules):
        progress(f"judging {rule.id} {rule.title}", len(tenant.dialect.operations) + number, steps)
        court.hear(rule)
    progress("done", steps, steps)
    return court.checks, court.unjudged


class _RuleRunner:
    """Hears one rule after the other and remembers which are broken where."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._broken: set[tuple[str, str]] = set()
        self.checks: list[Check] = []
        self.unjudged: str | None = None

    def hear(self, rule: Rule) -> None:
        """Judge one rule on every operation it is about."""
        try:
            subjects = list(rule.over(self._tenant))
        except NotExercised as nothing:
            self.checks.append(_whole(rule, Status.SKIPPED, str(nothing), Reason.NOT_EXERCISED))
            return
        except Exception as error:
            self.checks.append(_whole(rule, Status.SKIPPED, _kit_error(error), Reason.KIT_ERROR))
            return
        if not subjects:
            self.checks.append(_whole(rule, Status.SKIPPED, "the tenant offers nothing to judge", Reason.NOT_OFFERED))
        operations = [each for each in subjects if self._tenant.plan.judges(each.operation_id)]
        workers = self._tenant.gateway.limits.workers if rule.family in INDEPENDENT else 1
        heard = map_parallel(workers, lambda operation: self._verdicts(rule, operation), operations)
        for operation, verdicts in zip(operations, heard, strict=True):
            self.checks += verdicts
            if any(verdict.status in (Status.FAILED, Status.WARNED) for verdict in verdicts):
                self._broken.add((rule.id, operation.operation_id))

    def _verdicts(self, rule: Rule, operation: Operation) -> list[Check]:
        cause = next((name for name in rule.needs if (name, operation.operation_id) in self._broken), None)
        if cause is not None:
            return [_on(rule, operation, Status.SKIPPED, f"follows from {cause}", Reason.FOLLOWS)]
        try:
            findings = list(rule.judge(self._tenant, operation))
        except NotExercised as nothing:
            reason = Reason.NOT_OFFERED if isinstance(nothing, NotOffered) else Reason.NOT_EXERCISED
            return [_on(rule, operation, Status.SKIPPED, str(nothing), reason)]
        except (NoAnswerError, BudgetSpentError, UnjudgeableError) as error:
            if self.unjudged is None or isinstance(error, UnjudgeableError):
                self.unjudged = str(error)
            return [_on(rule, operation, Status.SKIPPED, f"not judged: {error}", Reason.UNJUDGED)]
        except Exception as error:
            return [_on(rule, operation, Status.SKIPPED, _kit_error(error), Reason.KIT_ERROR)]
        return list(_told(rule, operation, findings)) or [_on(rule, operation, Status.PASSED, HOLDS)]


def _told(rule: Rule, operation: Operation, findings: Iterable[Finding]) -> Iterable[Check]:
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


def _on(rule: Rule, operation: Operation, status: Status, message: str, reason: Reason | None = None) -> Check:
    name = operation.operation_id
    return Check(rule.id, rule.family, rule.title, rule.level, status, name, message, (), rule.clause, reason)


def _whole(rule: Rule, status: Status, message: str, reason: Reason) -> Check:
    return Check(rule.id, rule.family, rule.title, rule.level, status, None, message, (), rule.clause, reason)


def _kit_error(error: Exception) -> str:
    """Where the kit failed; the text of the error is left out, since it may quote what a tenant sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    told = f": {error}" if isinstance(error, KitError) else ""
    return f"error of the kit, please report it: {type(error).__name__}{place}{told}"
