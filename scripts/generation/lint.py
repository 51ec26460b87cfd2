"""Lint a document: its vocabulary, valid OpenAPI 3.1, and the rules of `lint_rules`."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema.exceptions import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import (
    DuplicateOperationIDError,
    ParameterDuplicateError,
    UnresolvableParameterError,
)

from generation import document
from generation.differences import without_words
from generation.lint_document import Found, Path, target, unknown_names, walk
from generation.lint_rules import STAGES
from oneroster_runtime.specification.schemas import escape
from oneroster_runtime.specification.vocabulary import vocabulary_problems

_MOST_LINES = 5
_NEAR = 8
"""Lines within which a mistake may be the cause of another one."""
_VALUE = re.compile(r"^(['\"]).*?\1")
_UNEXPECTED = re.compile(r"\((['\"])(.+)\1 was unexpected\)")

__all__ = ["Problem", "pointer", "problems"]


class Problem(NamedTuple):
    """A violation of a rule, and its place."""

    rule: str
    pointer: str
    line: int
    message: str
    file: str = "openapi.yaml"

    def __str__(self) -> str:
        """Return the problem as one line that an editor can follow."""
        return f"{self.file}:{self.line}: {self.message} [{self.rule}] at {self.pointer or '/'}"


def problems(source: document.Document, file: str = "openapi.yaml") -> list[Problem]:
    """Return all problems of a document, in the order of its lines.

    The lint goes on only while there are none: first the vocabulary, then OpenAPI, then the stages of the rules. What
    follows would repeat the same mistake in other words. A mistake at several places is one problem.

    Args:
        source: The document.
        file: The name of its file, for messages.
    """
    found = _located(source, file, "vocabulary", _strange_characters(source.data))
    found = found or _without_consequences(_located(source, file, "vocabulary", vocabulary_problems(source.data)))
    found = found or _located(source, file, "openapi-3.1", _invalid(source.data))
    for stage in STAGES:
        found = found or [each for rule in stage for each in _located(source, file, rule.name, rule.check(source.data))]
    return _merged(sorted(found, key=lambda problem: (problem.line, problem.rule, problem.message)))


def pointer(path: Path) -> str:
    """Return a path of keys and indices as a JSON pointer (RFC 6901)."""
    return "".join(f"/{escape(str(step))}" for step in path)


def _merged(found: list[Problem]) -> list[Problem]:
    """Return one problem for each message, with the lines of its other places."""
    places: dict[str, list[Problem]] = {}
    for each in found:
        places.setdefault(each.message, []).append(each)
    merged = []
    for first, *others in places.values():
        lines = list(dict.fromkeys(str(each.line) for each in others if each.line != first.line))
        shown = ", ".join(lines[:_MOST_LINES]) + (
            f" and {len(lines) - _MOST_LINES} more" if lines[_MOST_LINES:] else ""
        )
        also = f"; also on line{'s' if len(lines) > 1 else ''} {shown}" if lines else ""
        merged.append(first._replace(message=first.message + also))
    return merged


def _without_consequences(found: list[Problem]) -> list[Problem]:
    """Return the problems without those that likely follow from one just above, as after a line with a wrong indent."""
    kept: list[Problem] = []
    lines: list[list[str]] = []
    last = 0
    for each in sorted(found, key=lambda problem: problem.line):
        around = kept[-1].pointer.rsplit("/", 2)[0] if kept else ""
        if kept and each.line - last <= _NEAR and each.pointer.startswith(f"{around}/"):
            lines[-1].append(str(each.line))
        else:
            kept.append(each)
            lines.append([])
        last = each.line
    return [
        each._replace(message=f"{each.message}; what is wrong on line {', '.join(more)} may follow from it")
        if (more := list(dict.fromkeys(others)))
        else each
        for each, others in zip(kept, lines, strict=True)
    ]


def _located(source: document.Document, file: str, rule: str, found: Iterable[tuple[Path, str]]) -> list[Problem]:
    return [
        Problem(rule, place, source.line(place) or 1, message, file)
        for path, message in found
        for place in [pointer(path)]
    ]


def _strange_characters(data: Mapping[str, Any]) -> Found:
    """Yield names and values with a character that may look like another or like none; words may have them."""
    for path, value in walk(without_words(data)):
        for text in (path[-1] if path else "", value):
            strange = [each for each in text if not ("\x20" <= each <= "\x7e")] if isinstance(text, str) else []
            if strange:
                code = f"U+{ord(strange[0]):04X} {unicodedata.name(strange[0], '')}".strip()
                yield path, f"{text!a} has the character {code}; names and values are written in ASCII"
                break


def _invalid(data: Any) -> Found:
    if not str(data.get("openapi", "")).startswith("3.1."):
        yield ("openapi",), "the document does not say openapi: 3.1.x"
        return
    # The validator reports no place of these, and stops at a reference that leads nowhere.
    without_place = [*_lost_references(data), *_repeated_tags(data)]
    yield from without_place
    found = [] if without_place else _grouped([_placed(data, error) for error in _errors(data)])
    causes = [path for path, message in found if "unexpected" not in message]
    for path, message in dict(reversed(found)).items():
        # What has a mistake below or beside it is unexpected as a whole.
        below = [other for other, _ in found if len(other) > len(path) and other[: len(path)] == path]
        beside = [other for other in causes if other[: len(path) - 1] == path[:-1]]
        if "unexpected" not in message or not (below or beside):
            yield path, message


def _grouped(found: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """Return one of several errors that say the same of other values in one list or mapping."""
    groups: dict[tuple[Path, str], list[tuple[Path, str]]] = {}
    for path, message in found:
        groups.setdefault((path[:-2], _VALUE.sub("", message)), []).append((path, message))
    return [
        (path, f"{message}; {len(others)} more values here are alike" if others else message)
        for (path, message), *others in groups.values()
    ]


def _errors(data: Any) -> Iterator[ValidationError]:
    """Yield the errors of the validator, without those that have no place and are reported by rules.

    These are the rules operation-id, query-parameters and path-parameters.
    """
    for error in OpenAPIV31SpecValidator(data).iter_errors():
        if not isinstance(error, DuplicateOperationIDError | ParameterDuplicateError | UnresolvableParameterError):
            yield error


def _placed(data: Any, error: ValidationError) -> tuple[Path, str]:
    cause = _innermost(error)
    path, message = _whole_path(data, cause), str(cause.message).splitlines()[0][:300]
    named = _UNEXPECTED.search(message)
    return ((*path, named.group(2)) if named else path), message


def _innermost(error: ValidationError) -> ValidationError:
    """Return the cause of an error that is as near to the mistake as the validator knows it."""
    while error.context:
        deepest = max(len(each.absolute_path) for each in error.context)
        error = next(each for each in error.context if len(each.absolute_path) == deepest)
    return error


def _whole_path(data: Any, error: ValidationError) -> Path:
    """Return the path from the root of the document; the validator gives that of a schema from the schema on."""
    path = tuple(error.absolute_path)
    if _has(data, path, error.instance):
        return path
    above = (prefix for prefix, part in walk(data) if _has(part, path, error.instance))
    return (*next(above, ()), *path)


def _has(part: Any, path: Path, value: Any) -> bool:
    for step in path:
        known = isinstance(part, Mapping) if isinstance(step, str) else isinstance(part, list)
        if not known or (step not in part if isinstance(step, str) else step >= len(part)):
            return False
        part = part[step]
    return bool(part is value or (part == value and not isinstance(value, Mapping | list)))


def _lost_references(data: Mapping[str, Any]) -> Found:
    uses: dict[str, list[tuple[Path, str]]] = {}
    for path, value in walk(data):
        if path[-1:] == ("$ref",) and isinstance(value, str):
            section, _, name = value.rpartition("/")
            uses.setdefault(section, []).append((path, name))
    for section, found in uses.items():
        parts, place = target(data, section), tuple(section.split("/")[1:])
        known = {name: (*place, name) for name in parts} if isinstance(parts, Mapping) else {}
        yield from unknown_names(found, known, f"nothing is at {section}/{{}}".format)
        if "components" not in data:
            return  # one message says it


def _repeated_tags(data: Mapping[str, Any]) -> Found:
    tags = data.get("tags")
    names = [tag.get("name") for tag in tags if isinstance(tag, Mapping)] if isinstance(tags, list) else []
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("tags", index, "name"), f"the tag {name} is listed twice"
