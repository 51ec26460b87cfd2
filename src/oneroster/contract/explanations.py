"""Name the failed check that explains a check which could not be judged because of how the server behaves.

A rule that meets a symptom, such as a collection that cannot be read to its end, raises `ExplainedBy` with the rules
that report its cause. When all rules have run, each such check gets the failed check of one of them: on the same
operation, on the operation that the rule names, or on the only operation that the explaining rule judges. A rule that
is not part of the run is evaluated for this, unless the run excludes it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from oneroster.contract.errors import ExplainedBy
from oneroster.contract.levels import Level, weakest
from oneroster.contract.result import STATUS_OF, VIOLATED, Cause, Check, Status

__all__ = ["JudgeOnDemand", "SymptomKey", "explain", "without_repeated"]

SymptomKey = tuple[str, str | None]
"""The id of a rule, and the operation that it was judged on."""
JudgeOnDemand = Callable[[str, str], list[Check]]
"""Takes the id of a rule and an operationId, and returns the checks of that rule there."""


def explain(
    checks: Iterable[Check],
    symptoms: Mapping[SymptomKey, ExplainedBy],
    judge: JudgeOnDemand,
    excluded: frozenset[str] = frozenset(),
    uncertain: frozenset[str] = frozenset(),
) -> list[Check]:
    """Return the checks of a run, each symptom with the failed check that explains it.

    Args:
        checks: The checks.
        symptoms: Why rules could not be judged, by rule and operation.
        judge: Evaluates a rule that is not part of the run.
        excluded: The ids of rules that the run must not evaluate.
        uncertain: The ids of operations that the document does not hold certain: what is wrong with them is not a must,
            and so explains no must elsewhere.
    """
    explanations = _Explanations(list(checks), symptoms, judge, excluded, uncertain)
    explained = [explanations.settled(check) for check in explanations.checks]
    return explained + explanations.further


def without_repeated(checks: Iterable[Check], symptom_of: Mapping[Check, tuple[str, ...]]) -> list[Check]:
    """Return the checks of a run, findings that another failed check would report as well explained by it.

    The other rule may have run later, so this is done when all rules have run.

    Args:
        checks: The checks.
        symptom_of: The rules that would report the same, by check.
    """
    known = list(checks)
    failed = Counter((each.id, each.operation_id, each.status) for each in known if each.status in VIOLATED)
    explained: dict[SymptomKey, Check] = {}
    kept: list[Check] = []
    for check in known:
        hiding = (Status.FAILED,) if check.level is Level.MUST else (Status.FAILED, Status.WARNED)
        causes = symptom_of.get(check, ()) if check.status in VIOLATED else ()
        others = (each for each in causes if each != check.id)
        # A rule on the whole run fails on no operation.
        places = (check.operation_id, None)
        causes_there = ((each, at) for each in others for at in places if any(failed[each, at, one] for one in hiding))
        cause, place = next(causes_there, (None, None))
        if cause is None:
            kept.append(check)
            continue
        failed[check.id, check.operation_id, check.status] -= 1
        by = replace(
            check, status=Status.NOT_JUDGED, cause=Cause.EXPLAINED, message=f"explained by {cause}", evidence=()
        )
        explained[check.id, check.operation_id] = replace(by, explained_by=cause, explained_on=place)
    left = {(each.id, each.operation_id) for each in kept if each.status in VIOLATED}
    gone = {key: check for key, check in explained.items() if key not in left}
    return [*(_explained_further(each, gone) for each in kept), *gone.values()]


def _explained_further(check: Check, gone: Mapping[SymptomKey, Check]) -> Check:
    """Return a check, with the finding that explains the one that explains it if that one is itself explained."""
    cause = gone.get((check.explained_by or "", check.explained_on))
    if cause is None:
        return check
    return replace(check, explained_by=cause.explained_by, message=f"explained by {cause.explained_by}")


class _Explanations:
    def __init__(
        self,
        checks: list[Check],
        symptoms: Mapping[SymptomKey, ExplainedBy],
        judge: JudgeOnDemand,
        excluded: frozenset[str],
        uncertain: frozenset[str],
    ) -> None:
        self.checks = checks
        self.further: list[Check] = []
        """Checks of rules that are not part of the run and explain some that are."""
        self._symptoms = symptoms
        self._judge = judge
        self._excluded = excluded
        self._uncertain = uncertain
        self._ran = {check.id for check in checks}
        self._failed: defaultdict[str, set[str | None]] = defaultdict(set)
        self._suppressed = {
            (check.id, check.operation_id): (check.explained_by, check.explained_on)
            for check in checks
            if check.explained_by is not None
        }
        self._asked: set[tuple[str, str]] = set()
        self._settled: dict[SymptomKey, Check] = {}
        self._settling: set[SymptomKey] = set()
        for check in checks:
            self._note(check)

    def _note(self, check: Check) -> None:
        if check.status in VIOLATED:
            self._failed[check.id].add(check.operation_id)

    def settled(self, check: Check) -> Check:
        """Return a check, with the failed check that explains it if it is a symptom."""
        key = (check.id, check.operation_id)
        symptom = self._symptoms.get(key)
        if symptom is None or check.cause is not Cause.EXPLAINED:
            return check
        if key not in self._settled:
            self._settling.add(key)
            self._settled[key] = self._settle(check, symptom)
        return self._settled[key]

    def _settle(self, check: Check, symptom: ExplainedBy) -> Check:
        operations = tuple(dict.fromkeys((check.operation_id, symptom.operation_id)))
        found = (
            self._known(symptom, operations, {check.id})
            or self._evaluated(symptom, operations)
            or self._elsewhere(check, symptom)
            or self._of_other_symptoms(check, symptom, operations)
        )
        if found is not None:
            rule_id, operation_id = found
            message = f"explained by {rule_id}: {check.message}"
            return replace(check, explained_by=rule_id, explained_on=operation_id, message=message)
        if left_out := sorted(self._excluded.intersection(symptom.rules)):
            message = f"{check.message}; {left_out[0]}, which may explain it, is excluded from the run"
            return replace(check, cause=Cause.NOT_REQUESTED, message=message)
        gap = self._gap(symptom, operations)
        if gap is None and symptom.otherwise:
            level = weakest(check.level, symptom.level or check.level)
            violated = replace(
                check,
                level=level,
                status=STATUS_OF[level],
                cause=None,
                message=symptom.otherwise,
                evidence=symptom.evidence,
            )
            self._note(violated)
            return violated
        return replace(check, cause=gap or Cause.UNEXPLAINED)

    def _of_other_symptoms(
        self, check: Check, symptom: ExplainedBy, operations: tuple[str | None, ...]
    ) -> tuple[str, str | None] | None:
        """Return the failed check that explains a symptom, when the symptoms of the rules it names are settled.

        Whichever of two symptoms is settled first, the one that names the rule of the other is explained.
        """
        for other in self.checks:
            key = (other.id, other.operation_id)
            if other.id in symptom.rules and key in self._symptoms and key not in self._settling:
                self.settled(other)
        return self._known(symptom, operations, {check.id}) or self._elsewhere(check, symptom)

    def _gap(self, symptom: ExplainedBy, operations: tuple[str | None, ...]) -> Cause | None:
        """Return the gap for which the rules that would explain a symptom were not judged."""
        causes = (
            check.cause for check in self.checks if check.id in symptom.rules and check.operation_id in operations
        )
        return next((cause for cause in causes if cause is not None and cause.leaves_a_gap), None)

    def _known(
        self, symptom: ExplainedBy, operations: tuple[str | None, ...], seen: set[str]
    ) -> tuple[str, str | None] | None:
        """Return the rule and the operation of a failed check that explains a symptom."""
        for rule_id in symptom.rules:
            failed = self._failed.get(rule_id, set())
            for operation_id in operations:
                if operation_id in failed:
                    return rule_id, operation_id
            if len(failed) == 1 and len({each.operation_id for each in self.checks if each.id == rule_id}) == 1:
                return rule_id, next(iter(failed))
        # The likeliest rule may itself not be judged, for a reason that a third one explains.
        for rule_id in symptom.rules:
            for operation_id in operations:
                if (known := self._suppressed.get((rule_id, operation_id))) is not None:
                    return known
                further = self._symptoms.get((rule_id, operation_id))
                if further is None or rule_id in seen:
                    continue
                if found := self._known(further, (operation_id, further.operation_id), seen | {rule_id}):
                    return found
        return None

    def _elsewhere(self, check: Check, symptom: ExplainedBy) -> tuple[str, str | None] | None:
        """Return a failed check on any operation, if the symptom may have its explanation anywhere."""
        is_must = weakest(check.level, symptom.level or check.level) is Level.MUST
        useless = self._uncertain - {check.operation_id} if is_must else frozenset()
        for rule_id in symptom.rules if symptom.anywhere else ():
            if failed := self._failed.get(rule_id, set()) - useless:
                return rule_id, min(failed, key=str)
        return None

    def _evaluated(self, symptom: ExplainedBy, operations: tuple[str | None, ...]) -> tuple[str, str | None] | None:
        """Return the same for rules that are not part of the run, after evaluating them."""
        for rule_id in symptom.rules:
            for operation_id in filter(None, operations):
                if rule_id in self._ran | self._excluded or (rule_id, operation_id) in self._asked:
                    continue
                self._asked.add((rule_id, operation_id))
                for check in self._judge(rule_id, operation_id):
                    if check.status in VIOLATED:
                        self._note(check)
                        self.further.append(check)
                if operation_id in self._failed.get(rule_id, set()):
                    return rule_id, operation_id
        return None
