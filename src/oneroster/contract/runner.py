"""Run a check: take a snapshot of the tenant, then run every rule on its operations, family by family."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from oneroster.contract.catalogue import catalogue, select
from oneroster.contract.clauses_by_version import applicable, basis
from oneroster.contract.errors import (
    AccessRefusedError,
    BudgetSpentError,
    ExplainedBy,
    KitError,
    NoResponseError,
    NotJudged,
    TenantNotTestableError,
)
from oneroster.contract.explanations import SymptomKey, explain, without_repeated
from oneroster.contract.grounds import Standing, standing_of, standing_on, strongest_standing
from oneroster.contract.http.budget import RunBudget
from oneroster.contract.http.exchange import Exchange
from oneroster.contract.http.gateway import Gateway
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.http.target import Target
from oneroster.contract.levels import Level, level_of, weakest
from oneroster.contract.observation.nothing_to_judge import nothing_to_judge
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.operation_coverage import operation_coverage
from oneroster.contract.observation.outside_the_run import outside_the_run
from oneroster.contract.observation.snapshot import read_all_collections
from oneroster.contract.observation.whole_run import FailedRequests, ToldRequests, whole_run
from oneroster.contract.result import HOLDS, STATUS_OF, VIOLATED, Cause, Check, CheckReport, Finding, Status, TargetInfo
from oneroster.contract.rule import Rule
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.writes.owned_objects import cleanup, leftovers
from oneroster.standard import DEFAULT
from oneroster_runtime.specification import Operation

__all__ = ["ProgressCallback", "check", "musts_first", "run_rules"]

ProgressCallback = Callable[[str, int, int], None]
"""Called with a description of the current step, the number of finished steps, and the number of all steps."""

_MAX_SEED: Final = 2**31
IN_ORDER: Final = ("writes", "engine")
"""Families whose rules build on each other; they run last."""
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
    observe: Callable[[Exchange], None] = lambda _exchange: None,
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
        observe: Called with every request and its response.

    Raises:
        OverlayError: The target's dialect does not exist.
    """
    chosen = select() if rules is None else tuple(rules)
    seed = random.randrange(_MAX_SEED) if seed is None else seed  # noqa: S311 - not used for security
    started, began = datetime.now(UTC), time.monotonic()
    with Gateway(target, limits, observe=observe) as gateway:
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
        version("oneroster-kit"),
        info,
        tuple(checks),
        seed,
        unjudged,
        operation_coverage(tenant),
        leftovers(tenant),
        named=tenant.plan.named,
    )


def run_rules(
    tenant: ObservedTenant, rules: Sequence[Rule], progress: ProgressCallback
) -> tuple[list[Check], str | None]:
    """Take a snapshot of a tenant and run rules on it.

    Returns:
        The checks, and why the tenant could not be judged completely, or None.
    """
    version = tenant.standard.version
    of_run = _rules_of_the_run(tenant, rules)
    selected = {rule.id for rule in rules}
    runner = _RuleRunner(tenant)
    runner.leave_out(rules)
    rules = musts_first((rule for rule in applicable(rules, version) if rule.over is not whole_run), version)
    steps = len(tenant.dialect.operations) + len(rules)
    done = 0

    def reading(operation_id: str) -> None:
        nonlocal done
        progress(f"reading {operation_id}", done, steps)
        done += 1

    try:
        read_all_collections(tenant, reading)
    except (TenantNotTestableError, BudgetSpentError) as error:
        runner.give_up(rules, error)
        rules = []
    except Exception as error:
        runner.judge_none(rules, Cause.KIT_ERROR, _kit_error(error))
        rules = []
    for number, rule in enumerate(rules):
        spent = f"{tenant.gateway.spent} requests, {runner.violated} violations"
        progress(f"judging {rule.id} {rule.title} ({spent})", len(tenant.dialect.operations) + number, steps)
        runner.run(rule)
    for rule in of_run:
        runner.run_once(rule, selected=rule.id in selected)
    runner.explain_unread()
    progress("done", steps, steps)
    return runner.checks, runner.unjudged


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


class _RuleRunner:
    """Runs rules one by one, and remembers which failed on which operation."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._failed: dict[tuple[str, str], set[Status]] = {}
        self._symptoms: dict[SymptomKey, ExplainedBy] = {}
        self._symptom_of: dict[Check, tuple[str, ...]] = {}
        self._checks: list[Check] = []
        self._unreadable: Cause | None = None
        self.unjudged: str | None = None

    @property
    def violated(self) -> int:
        """How many violations were found so far."""
        return sum(1 for check in self._checks if check.status in VIOLATED)

    @property
    def checks(self) -> list[Check]:
        """The checks of all rules that have run, symptoms with the failed checks that explain them."""
        checks = without_repeated(self._checks, self._symptom_of)
        operations = self._tenant.dialect.operations.values()
        uncertain = frozenset(each.operation_id for each in operations if level_of(each.trust) is not Level.MUST)
        return explain(checks, self._symptoms, self._judged_on_demand, self._tenant.plan.excluded, uncertain)

    def leave_out(self, rules: Sequence[Rule]) -> None:
        """Note which rules that the run names do not apply to the version of the tenant."""
        for rule in rules:
            if rule.id in self._tenant.plan.named and (why := basis(rule, self._tenant.standard.version).reason):
                self._checks.append(self._unjudged_check(rule, None, Cause.NOT_OFFERED, why))

    def run(self, rule: Rule) -> None:
        """Run a rule on every operation that it selects."""
        try:
            subjects = list(rule.over(self._tenant))
            if not subjects:
                raise nothing_to_judge(self._tenant)
            operations = [each for each in subjects if self._tenant.plan.judges(each.operation_id, rule.id)]
            if not operations:
                raise outside_the_run(self._tenant, rule.id)
        except NotJudged as reason:
            self._checks.append(self._not_judged(rule, None, reason))
            return
        except Exception as error:
            self._checks.append(self._unjudged_check(rule, None, Cause.KIT_ERROR, _kit_error(error)))
            return
        workers = self._tenant.gateway.limits.workers if rule.family in CONCURRENT else 1
        results = map_parallel(workers, lambda operation: self._judged(rule, operation), operations)
        for operation, checks in zip(operations, results, strict=True):
            self._checks += checks
            self._failed[rule.id, operation.operation_id] = {each.status for each in checks} & VIOLATED

    def give_up(self, rules: Sequence[Rule], error: KitError) -> None:
        """Note that the tenant could not be read, and so none of the rules can be judged."""
        self._unreadable, self.unjudged = _cause_of(error), str(error)
        self.judge_none(rules, self._unreadable, str(error))

    def judge_none(self, rules: Sequence[Rule], cause: Cause, message: str) -> None:
        """Note that rules cannot be judged, all for one cause."""
        self._checks += [self._unjudged_check(rule, None, cause, message) for rule in rules]

    def run_once(self, rule: Rule, *, selected: bool = True) -> None:
        """Run a rule about the whole run; one that is not selected counts only if it has a finding."""
        for each in self._checks:
            told = {evidence.request for evidence in each.evidence if evidence.request is not None}
            if each.status in VIOLATED:
                ToldRequests.of(self._tenant).update(told)
            if each.status is Status.FAILED:
                FailedRequests.of(self._tenant).update(told)
        operation = next(iter(self._tenant.standard.specification.operations.values()))
        try:
            findings = list(rule.judge(self._tenant, operation))
        except NotJudged as reason:
            self._checks += [self._not_judged(rule, None, reason)] if selected else []
            return
        except Exception as error:
            self._checks.append(self._unjudged_check(rule, None, Cause.KIT_ERROR, _kit_error(error)))
            return
        found = [
            replace(check, operation_id=finding.operation_id)
            for finding in findings
            for check in self._finding_checks(rule, operation, [finding])
        ]
        self._explain_weaker_checks(rule, found)
        self._checks += found or ([self._held(rule)] if selected else [])

    def explain_unread(self) -> None:
        """Let a finding about the whole run, such as an unusable token, explain why a tenant could not be read."""
        known = next((check for check in self._checks if check.status is Status.FAILED), None)
        if self._unreadable is None or known is None:
            return
        for number, check in enumerate(self._checks):
            if check.cause is self._unreadable and check.message == self.unjudged:
                self._checks[number] = replace(
                    check,
                    cause=Cause.EXPLAINED,
                    explained_by=known.id,
                    explained_on=known.operation_id,
                    message=f"explained by {known.id}: {check.message}",
                )

    def _held(self, rule: Rule) -> Check:
        """Return the check of a rule about the whole run without a finding: of a tenant that was read, it holds."""
        if self._unreadable is not None:
            return self._unjudged_check(rule, None, self._unreadable, self.unjudged or "")
        return self._check(rule, None, Status.PASSED, HOLDS)

    def _explain_weaker_checks(self, rule: Rule, found: Sequence[Check]) -> None:
        """Let findings of a rule explain the findings of others on the same requests that are no violated musts."""
        operations = {
            evidence.request: check.operation_id
            for check in found
            if check.status is Status.FAILED
            for evidence in check.evidence
        }
        for number, check in enumerate(self._checks):
            request = check.evidence[0].request if check.evidence else None
            if check.status in (Status.WARNED, Status.OPEN) and request in operations:
                other = self._unjudged_check(rule, check.operation_id, Cause.EXPLAINED, f"explained by {rule.id}")
                self._checks[number] = replace(
                    other,
                    id=check.id,
                    family=check.family,
                    title=check.title,
                    level=check.level,
                    clause=check.clause,
                    rule_level=check.rule_level,
                    explained_by=rule.id,
                    explained_on=operations[request],
                )

    def _judged(self, rule: Rule, operation: Operation) -> list[Check]:
        """Run a rule on one operation."""
        name = operation.operation_id
        level = self._standing(rule, name).level
        if (needed := self._failed_of(rule.needs, name, level)) is not None:
            return [self._explained(rule, name, needed)]
        try:
            findings = list(rule.judge(self._tenant, operation))
        except NotJudged as reason:
            return [self._not_judged(rule, name, reason)]
        except (NoResponseError, BudgetSpentError, TenantNotTestableError) as error:
            return [self._interrupted(rule, name, error)]
        except Exception as error:
            return [self._unjudged_check(rule, name, Cause.KIT_ERROR, _kit_error(error))]
        explained = {
            each: self._failed_of(each.symptom_of, name, weakest(level, each.level or level)) for each in findings
        }
        if findings and (needed := explained[findings[0]]) is not None and None not in explained.values():
            return [self._explained(rule, name, needed)]
        findings = [each for each in findings if explained[each] is None]
        return list(self._finding_checks(rule, operation, findings)) or [self._check(rule, name, Status.PASSED, HOLDS)]

    def _failed_of(self, rule_ids: Sequence[str], operation_id: str, level: Level) -> str | None:
        """Return the first of some rules that is violated on an operation; a violated should may not hide a must."""
        hiding = {Status.FAILED} if level is Level.MUST else VIOLATED
        return next((each for each in rule_ids if self._failed.get((each, operation_id), set()) & hiding), None)

    def _not_judged(self, rule: Rule, operation_id: str | None, reason: NotJudged) -> Check:
        if isinstance(reason, ExplainedBy):
            self._symptoms[rule.id, operation_id] = reason
        return self._unjudged_check(rule, operation_id, reason.cause, str(reason))

    def _interrupted(self, rule: Rule, operation_id: str, error: KitError) -> Check:
        """Return the check of a rule whose requests got no response, or were too many."""
        if isinstance(error, TenantNotTestableError):
            self.unjudged = str(error)
        return self._unjudged_check(rule, operation_id, _cause_of(error), str(error))

    def _judged_on_demand(self, rule_id: str, operation_id: str) -> list[Check]:
        """Run a rule that is not part of the run on one operation, to explain another check."""
        rule = next((each for each in catalogue() if each.id == rule_id), None)
        try:
            subjects = [] if rule is None else list(rule.over(self._tenant))
        except NotJudged:
            return []
        operation = next((each for each in subjects if each.operation_id == operation_id), None)
        return [] if rule is None or operation is None else self._judged(rule, operation)

    def _standing(self, rule: Rule, operation_id: str | None) -> Standing:
        """Return the level of a rule on an operation; without one, the highest that it has in the dialect."""
        marked = self._tenant.specification.specification
        known = self._tenant.dialect.operations
        if operation_id is None:
            return strongest_standing(rule, known.values(), marked)
        operation = known.get(operation_id) or self._tenant.standard.specification.operations.get(operation_id)
        return standing_of(rule, marked.version) if operation is None else standing_on(rule, operation, marked)

    def _finding_checks(self, rule: Rule, operation: Operation, findings: Sequence[Finding]) -> Iterator[Check]:
        for finding in findings:
            name = finding.operation_id or operation.operation_id
            check = self._check(rule, name, Status.PASSED, finding.message)
            level = weakest(check.level, finding.level or check.level)
            found = replace(check, level=level, status=STATUS_OF[level], evidence=finding.evidence)
            if finding.symptom_of:
                self._symptom_of[found] = finding.symptom_of
            yield found

    def _check(self, rule: Rule, operation_id: str | None, status: Status, message: str) -> Check:
        level, clause = self._standing(rule, operation_id)
        return Check(
            rule.id,
            rule.family,
            rule.title,
            level,
            status,
            operation_id,
            message,
            clause=clause,
            harm=rule.harm,
            rule_level=level,
        )

    def _explained(self, rule: Rule, operation_id: str, by: str) -> Check:
        """Return the check of a rule that would say the same as a failed one."""
        check = self._unjudged_check(rule, operation_id, Cause.EXPLAINED, f"explained by {by}")
        return replace(check, explained_by=by, explained_on=operation_id)

    def _unjudged_check(self, rule: Rule, operation_id: str | None, cause: Cause, message: str) -> Check:
        return replace(self._check(rule, operation_id, Status.NOT_JUDGED, message), cause=cause)


def _cause_of(error: KitError) -> Cause:
    """Return the cause that an error of the tenant or of the budget is for all that it interrupts."""
    if isinstance(error, BudgetSpentError):
        return Cause.BUDGET
    return Cause.REFUSED if isinstance(error, AccessRefusedError) else Cause.NO_RESPONSE


def _kit_error(error: Exception) -> str:
    """Describe where the kit failed. Messages of errors of other libraries are left out: they may quote the tenant."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    location = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    message = f": {error}" if isinstance(error, KitError) else ""
    return f"error of the kit, please report it: {type(error).__name__}{location}{message}"
