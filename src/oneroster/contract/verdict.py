"""The verdict of a run: its exit status, how many rules were tested and passed, and why others were not tested.

Nothing exercised is not good: a run whose rules could not be tried ends with 3, never with 0.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from oneroster.contract.causes import Cause
from oneroster.contract.check_model import INTERRUPTED, VIOLATED, Check, Status
from oneroster.contract.errors import NotRequested
from oneroster.contract.levels import Level, level_of_clause
from oneroster.counts import count_of

__all__ = ["Outcome", "RuleCounts", "Verdict", "verdict_on"]

VIOLATED_EXIT: Final = 1
UNJUDGED_EXIT: Final = 3
KIT_ERROR_EXIT: Final = 4
INTERRUPTED_EXIT: Final = 130
SHOWN_GAPS: Final = 2
LABELS: Final = {
    str(NotRequested("writes")): "writes not allowed",
    str(NotRequested("negative")): "optional",
    str(NotRequested("stateful")): "optional",
    str(NotRequested("excluded")): "excluded",
    INTERRUPTED: "interrupted",
}
"""How the headline calls what a run does not ask for, or did not reach."""
_BY_WEIGHT: Final = (
    Cause.KIT_ERROR,
    Cause.UNEXPLAINED,
    Cause.NO_RESPONSE,
    Cause.BUDGET,
    Cause.REFUSED,
    Cause.EXPLAINED,
    Cause.NOT_ENOUGH_DATA,
    Cause.NOT_OFFERED,
    Cause.OTHER_AUTHENTICATION,
    Cause.NOT_REQUESTED,
)
"""Of several causes of one rule, the first counts."""
_NOT_ASKED: Final = frozenset({Cause.NOT_REQUESTED, Cause.OTHER_AUTHENTICATION, Cause.NOT_OFFERED})
"""Causes of rules that nobody asks for, unless the run names them: a valid tenant need not offer everything."""


class Outcome(StrEnum):
    """How a run ended, in one word."""

    HOLDS = "holds"
    WARNED = "warned"
    VIOLATED = "violated"
    UNJUDGED = "unjudged"
    KIT_ERROR = "kit error"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """How many rules of one level passed, failed, and were not tested.

    Attributes:
        passed: Rules that hold wherever they were tested.
        failed: Rules that are violated somewhere.
        accepted: Rules whose only violations the baseline accepts.
        not_tested: How many rules were tested nowhere, by the cause of that.
    """

    passed: int
    failed: int
    accepted: int
    not_tested: dict[str, int]

    @property
    def tested(self) -> int:
        """How many rules were tested somewhere."""
        return self.passed + self.failed + self.accepted

    def as_json(self) -> dict[str, Any]:
        """Return the counts as JSON types."""
        return {
            "tested": self.tested,
            "passed": self.passed,
            "failed": self.failed,
            "accepted": self.accepted,
            "not_tested": self.not_tested,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of a run.

    Attributes:
        exit_status: The exit status of the command.
        outcome: How the run ended, in one word.
        headline: The same in one line, with the counts.
        musts: The counts of the must rules.
        shoulds: The counts of the should rules.
        gaps: Why the run cannot be relied on; empty unless it ends with 3 or 130.
        gap_rules: The ids of the must rules that should have been tested and were not.
    """

    exit_status: int
    outcome: Outcome
    headline: str
    musts: RuleCounts
    shoulds: RuleCounts
    gaps: tuple[str, ...]
    gap_rules: frozenset[str] = frozenset()


class _Gap(NamedTuple):
    """Why a run cannot be relied on, and the rules that were not tested for it."""

    text: str
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """The checks of one rule, and what they say together."""

    id: str
    family: str
    level: Level
    checks: tuple[Check, ...]

    @property
    def tested(self) -> bool:
        return any(check.status is not Status.NOT_JUDGED for check in self.checks)

    @property
    def statuses(self) -> set[Status]:
        return {check.status for check in self.checks}

    @property
    def causes(self) -> set[Cause]:
        return {check.cause for check in self.checks if check.cause is not None}

    @property
    def asked(self) -> bool:
        return self.tested or not self.causes <= _NOT_ASKED

    @property
    def label(self) -> str:
        """The cause for which the rule was tested nowhere."""
        cause = next((cause for cause in _BY_WEIGHT if cause in self.causes), Cause.UNEXPLAINED)
        messages = (check.message for check in self.checks if check.cause is cause)
        return LABELS.get(next(messages, ""), str(cause))


def verdict_on(
    checks: Sequence[Check],
    unjudged: str | None,
    named: Collection[str],
    fail_on: Level = Level.MUST,
    *,
    interrupted: bool = False,
) -> Verdict:
    """Return the verdict of a run.

    Args:
        checks: Its checks, after the baseline was applied.
        unjudged: Why the tenant could not be judged; None when it could.
        named: The families and rules that the run names one by one.
        fail_on: The lowest level whose violations fail the run.
        interrupted: Whether the run was interrupted, which is its verdict whatever was found until then.
    """
    rules = list(_rules(checks))
    musts, shoulds = (_counts(rule for rule in rules if rule.level is level) for level in (Level.MUST, Level.SHOULD))
    status, found = 0, tuple(_gaps(unjudged, named, rules))
    gaps = tuple(gap.text for gap in found)
    failing = {Status.FAILED} if fail_on is Level.MUST else VIOLATED
    if interrupted:
        status = INTERRUPTED_EXIT
    elif any(check.status in failing for check in checks):
        status = VIOLATED_EXIT
    elif any(check.cause is Cause.KIT_ERROR for check in checks):
        status = KIT_ERROR_EXIT
    elif gaps:
        status = UNJUDGED_EXIT
    tested = any(rule.tested for rule in rules)
    counts = _counts_text(musts, shoulds, _violated(rules, Status.WARNED))
    if unjudged is not None and not tested:
        # One cause; how many rules it leaves untested by which cause says nothing more.
        counts = f"none of {count_of(len(rules), 'rule')} was tested"
    headline = _prefix(status, gaps) + counts
    if unjudged is not None and status in (VIOLATED_EXIT, KIT_ERROR_EXIT):
        headline += f"; the rest could not be judged: {unjudged}"
    shown = gaps if status in (UNJUDGED_EXIT, INTERRUPTED_EXIT) else ()
    gap_rules = frozenset[str]().union(*(gap.rules for gap in found))
    return Verdict(status, _outcome(status, rules), headline, musts, shoulds, shown, gap_rules)


def _rules(checks: Iterable[Check]) -> Iterator[_Rule]:
    by_rule: defaultdict[str, list[Check]] = defaultdict(list)
    for check in checks:
        by_rule[check.id].append(check)
    for rule_id, mine in by_rule.items():
        # A finding may have a lower level than its rule, and a rule a lower one on some operations.
        levels = {check.rule_level or _level_of_clause(check) for check in mine}
        level = next(level for level in Level if level in levels)
        yield _Rule(rule_id, mine[0].family, level, tuple(mine))


def _level_of_clause(check: Check) -> Level:
    return level_of_clause(check.clause) if check.clause else check.level


def _counts(rules: Iterable[_Rule]) -> RuleCounts:
    counted: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for rule in rules:
        if not rule.tested:
            labels[rule.label] += 1
        elif rule.statuses & {Status.FAILED if rule.level is Level.MUST else Status.WARNED}:
            counted["failed"] += 1
        else:
            counted["accepted" if Status.ACCEPTED in rule.statuses else "passed"] += 1
    return RuleCounts(counted["passed"], counted["failed"], counted["accepted"], dict(labels.most_common()))


def _violated(rules: Iterable[_Rule], status: Status) -> int:
    return sum(1 for rule in rules if status in rule.statuses)


def _gaps(unjudged: str | None, named: Collection[str], rules: list[_Rule]) -> Iterator[_Gap]:
    """Yield why a run cannot be relied on."""
    untested = [rule for rule in rules if not rule.tested]
    if unjudged is not None:
        yield _Gap(unjudged, frozenset(rule.id for rule in untested))
        return
    musts = [rule for rule in rules if rule.level is Level.MUST]
    told: set[str] = set()
    for name, members in _families(musts, named):
        if not any(rule.tested for rule in members) and (name in named or any(rule.asked for rule in members)):
            told |= {rule.id for rule in members}
            yield _Gap(_family_text(name, members), frozenset(rule.id for rule in members))
    for rule in musts:
        gaps = sorted(cause for cause in rule.causes if cause.leaves_a_gap)
        if gaps and not rule.tested and rule.id not in told:
            yield _Gap(f"{rule.id} was not tested ({', '.join(gaps)})", frozenset({rule.id}))
    if rules and not told and len(untested) == len(rules):
        yield _Gap("no rule was tested", frozenset(rule.id for rule in rules))


def _family_text(name: str, members: list[_Rule]) -> str:
    labels = Counter(rule.label for rule in members)
    if name == members[0].id:
        return f"{name} was not tested ({next(iter(labels))})"
    causes = ", ".join(f"{label} {count}" for label, count in labels.most_common())
    return f"no must of {name} was tested ({causes})"


def _families(musts: Iterable[_Rule], named: Collection[str]) -> Iterator[tuple[str, list[_Rule]]]:
    """Yield the families of must rules; a rule that the run names is a family of its own."""
    groups: defaultdict[str, list[_Rule]] = defaultdict(list)
    for rule in musts:
        groups[rule.id if rule.id in named else rule.family].append(rule)
    yield from groups.items()


_OUTCOMES: Final = {
    VIOLATED_EXIT: Outcome.VIOLATED,
    UNJUDGED_EXIT: Outcome.UNJUDGED,
    KIT_ERROR_EXIT: Outcome.KIT_ERROR,
    INTERRUPTED_EXIT: Outcome.INTERRUPTED,
}


def _outcome(status: int, rules: Iterable[_Rule]) -> Outcome:
    if status:
        return _OUTCOMES[status]
    return Outcome.WARNED if _violated(rules, Status.WARNED) else Outcome.HOLDS


def _prefix(status: int, gaps: tuple[str, ...]) -> str:
    if status == INTERRUPTED_EXIT:
        return "Interrupted, so this is no verdict; until then "
    if status == KIT_ERROR_EXIT:
        return "The kit failed, please report it; "
    if status != UNJUDGED_EXIT:
        return ""
    more = f" and {len(gaps) - SHOWN_GAPS} more" if len(gaps) > SHOWN_GAPS else ""
    return f"Could not be judged: {', '.join(gaps[:SHOWN_GAPS])}{more}; "


def _counts_text(musts: RuleCounts, shoulds: RuleCounts, warned: int) -> str:
    """Return the counts in words; of the should rules if the run has no must rule."""
    level, counts = ("must", musts) if musts.tested or musts.not_tested or not shoulds.tested else ("should", shoulds)
    total = counts.tested
    parts = [f"{counts.passed} of {total} tested {level} rule{'' if total == 1 else 's'} passed"]
    parts += [f"{counts.failed} failed"] if counts.failed else []
    parts += [f"{counts.accepted} accepted by the baseline"] if counts.accepted else []
    if warned and level == "must":
        parts.append(f"{warned} rule{'' if warned == 1 else 's'} with a violated should")
    if counts.not_tested:
        causes = ", ".join(f"{label} {count}" for label, count in counts.not_tested.items())
        parts.append(f"{sum(counts.not_tested.values())} not tested: {causes}")
    return "; ".join(parts)
