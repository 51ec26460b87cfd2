"""Run rules one by one on the operations that they select, and turn what they find into checks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from oneroster.contract.catalogue import catalogue
from oneroster.contract.check_model import INTERRUPTED
from oneroster.contract.clauses_by_version import basis
from oneroster.contract.errors import (
    AccessRefusedError,
    BudgetSpentError,
    ExplainedBy,
    KitError,
    NoResponseError,
    NotEnoughData,
    NotJudged,
    TenantNotTestableError,
)
from oneroster.contract.explanations import SymptomKey, explain, without_repeated
from oneroster.contract.grounds import Standing, standing_of, standing_on, strongest_standing
from oneroster.contract.http.parallel import map_parallel
from oneroster.contract.levels import Level, level_of, lower_here, weakest
from oneroster.contract.observation.nothing_to_judge import nothing_to_judge
from oneroster.contract.observation.observed_tenant import ObservedTenant
from oneroster.contract.observation.outside_the_run import outside_the_run
from oneroster.contract.observation.whole_run import FailedChecks
from oneroster.contract.result import (
    HOLDS,
    STATUS_OF,
    VIOLATED,
    Cause,
    Check,
    Evidence,
    Finding,
    Status,
)
from oneroster.contract.rule import Rule
from oneroster_runtime.specification import Operation

__all__ = ["RuleRunner", "kit_error"]

CONCURRENT: Final = frozenset({"paging", "sorting", "filtering", "fields", "access", "errors", "http"})
"""Families whose result for one operation does not depend on another; they run on several operations at a time."""
EXPLAIN_UNREAD: Final = frozenset({"OR-ACC-15", "OR-ENV-09", "OR-ERR-10", "OR-HTP-08"})
"""The rules whose violation leaves responses unread: no usable token, a status other than 200, a damaged body."""


class RuleRunner:
    """Runs rules one by one, and remembers which failed on which operation."""

    def __init__(self, tenant: ObservedTenant) -> None:
        self._tenant = tenant
        self._failed: dict[tuple[str, str], set[Status]] = {}
        self._symptoms: dict[SymptomKey, ExplainedBy] = {}
        self._symptom_of: dict[Check, tuple[str, ...]] = {}
        self._checks: list[Check] = []
        self._unreadable: Cause | None = None
        self._ended = False
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
            self._checks.append(self._unjudged_check(rule, None, Cause.KIT_ERROR, kit_error(error)))
            return
        workers = self._tenant.gateway.limits.workers if rule.family in CONCURRENT else 1
        judged: dict[str, list[Check]] = {}

        def judge(operation: Operation) -> None:
            judged[operation.operation_id] = self._judged(rule, operation)

        try:
            map_parallel(workers, judge, operations)
        finally:
            # After an interrupt, those that were judged until then.
            for name in (operation.operation_id for operation in operations if operation.operation_id in judged):
                self._checks += judged[name]
                self._failed[rule.id, name] = {each.status for each in judged[name]} & VIOLATED

    def interrupt(self, rules: Sequence[Rule]) -> None:
        """Note that the run ends here: rules without a check are not judged, and no more requests are sent."""
        self._ended, self._unreadable, self.unjudged = True, Cause.BUDGET, INTERRUPTED
        known = {check.id for check in self._checks}
        self.judge_none([rule for rule in rules if rule.id not in known], Cause.BUDGET, INTERRUPTED)

    def give_up(self, rules: Sequence[Rule], error: KitError) -> None:
        """Note that the tenant could not be read, and so none of the rules can be judged."""
        self._unreadable, self.unjudged = _cause_of(error), str(error)
        self.judge_none(rules, self._unreadable, str(error))

    def judge_none(self, rules: Sequence[Rule], cause: Cause, message: str) -> None:
        """Note that rules cannot be judged, all for one cause."""
        self._checks += [self._unjudged_check(rule, None, cause, message) for rule in rules]

    def run_once(self, rule: Rule, *, selected: bool = True) -> None:
        """Run a rule about the whole run; one that is not selected counts only if it has a finding."""
        reported = FailedChecks.of(self._tenant)
        for each in self._checks:
            if each.status in VIOLATED:
                reported.add(each)
        operation = next(iter(self._tenant.standard.specification.operations.values()))
        try:
            findings = list(rule.judge(self._tenant, operation))
        except NotJudged as reason:
            # Of a tenant that was not read, too little data is no cause of its own.
            unread = isinstance(reason, NotEnoughData) and self._unreadable is not None
            check = self._held(rule) if unread else self._not_judged(rule, None, reason)
            self._checks += [check] if selected else []
            return
        except Exception as error:
            self._checks.append(self._unjudged_check(rule, None, Cause.KIT_ERROR, kit_error(error)))
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
        failed = (check for check in self._checks if check.status is Status.FAILED and check.id in EXPLAIN_UNREAD)
        known = next(failed, None)
        if self._unreadable is None or known is None or self._ended:
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
        """Let findings of a rule explain the findings of others on the same requests that are not violated musts."""
        operations = {
            evidence.request: check.operation_id
            for check in found
            if check.status is Status.FAILED
            for evidence in check.evidence
        }
        for number, check in enumerate(self._checks):
            request = check.evidence[0].request if check.evidence else None
            if check.status in (Status.WARNED, Status.OPEN) and request in operations:
                self._checks[number] = replace(
                    check,
                    status=Status.NOT_JUDGED,
                    message=f"explained by {rule.id}",
                    evidence=(),
                    cause=Cause.EXPLAINED,
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
            return [self._cut_short(rule, name, error)]
        except Exception as error:
            return [self._unjudged_check(rule, name, Cause.KIT_ERROR, kit_error(error))]
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

    def _cut_short(self, rule: Rule, operation_id: str, error: KitError) -> Check:
        """Return the check of a rule whose requests got no response, or were too many."""
        if isinstance(error, TenantNotTestableError):
            self.unjudged = str(error)
        return self._unjudged_check(rule, operation_id, _cause_of(error), str(error))

    def _judged_on_demand(self, rule_id: str, operation_id: str) -> list[Check]:
        """Run a rule that is not part of the run on one operation, to explain another check."""
        rule = next((each for each in catalogue() if each.id == rule_id and not self._ended), None)
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
            found = replace(check, level=level, status=STATUS_OF[level], evidence=self._with_commands(finding.evidence))
            if level is not check.level:
                why = f"{lower_here(level)} {finding.uncertain or _pointer_of(finding) or 'this case'}"
                found = replace(found, clause=f"{check.clause}; {why}")
            if finding.symptom_of:
                self._symptom_of[found] = finding.symptom_of
            yield found

    def _with_commands(self, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        """Return evidence with commands that repeat its reads, where a rule knows only the lines of the requests."""
        return tuple(
            replace(each, curl=self._tenant.gateway.target.command(each.request))
            if each.request is not None and each.curl is None
            else each
            for each in evidence
        )

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


def _pointer_of(finding: Finding) -> str | None:
    """Return the field that a finding is about; None if it is about no single one."""
    return next((each.pointer for each in finding.evidence if each.pointer), None)


def kit_error(error: Exception) -> str:
    """Describe where the kit failed. Messages of errors of other libraries are left out: they may quote the tenant."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    location = f" in {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
    message = f": {error}" if isinstance(error, KitError) else ""
    return f"error of the kit, please report it: {type(error).__name__}{location}{message}"
