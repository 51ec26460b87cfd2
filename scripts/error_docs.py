"""The page of the documentation on exit statuses and errors: what to do about each error, and the messages of each.

Causes are the first sentences of the docstrings of the errors, messages are read from where the code raises them.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["ADVICE", "MARKER", "errors_as_markdown", "messages", "messages_as_markdown", "public_errors"]

SOURCE: Final = Path(__file__).resolve().parent.parent / "src"
PLACES: Final = (
    "oneroster_runtime/errors.py",
    "oneroster/errors.py",
    "oneroster/pull/errors.py",
    "oneroster/contract/errors.py",
    "oneroster/contract/dialects/overlay.py",
    "oneroster/contract/baseline.py",
    "oneroster/contract/reports/comparison.py",
    "oneroster/sandbox/http_server.py",
    "oneroster/sandbox/name_lookup.py",
    "oneroster/other_versions.py",
    "oneroster/settings.py",
    "oneroster/dlt/source.py",
)
"""The modules with errors and warnings that reach a caller or a terminal."""

ADVICE: Final = {
    "OneRosterError": "Catch it to catch all errors of the client and of a pull.",
    "ConfigurationError": "Correct the setting or the option that the message names; see "
    "[Settings](client.md#settings).",
    "FilterError": "Send a filter of at most two clauses, and check the rest on the records. A string is sent "
    "unchanged.",
    "UnknownFieldError": "Use a name of the standard, or a string as the filter for a field of the vendor's own.",
    "AccessError": "See the three errors below it.",
    "AccessDeniedError": "401: correct the credentials. 403: ask the operator of the tenant for the scope or the "
    "right; "
    "`--without` leaves a collection out of a pull.",
    "TokenError": "Check token URL, client id, secret and scopes; try `client_auth = 'body'`. With `retry_after`, try "
    "later.",
    "ForeignOriginError": "If the tenant has moved, change `base_url`. Otherwise report it to the operator: links and "
    "redirects must stay at the tenant.",
    "TransportError": "Check base URL, proxy, certificates and the network, then try again. A pull continues with "
    "`--resume`.",
    "ResponseTooLargeError": "Request fewer rows per page: `Paging(limit=…)`. The limits are `ResponseLimits`.",
    "ResponseTimeoutError": "Request fewer rows per page, or raise `ResponseLimits.total_timeout`.",
    "PagingError": "The rows cannot be trusted. Read again at a quieter time; if it stays, run "
    "`oneroster check --include paging` and send its report to the operator.",
    "UnstableCollectionError": "As `PagingError`. For records that occur twice with different content: "
    "`--accept-duplicates`, `Paging(accept_duplicates=True)`.",
    "CountMismatchError": "As `PagingError`. If the total of the server is known to be wrong: `--ignore-total`, "
    "`Paging(trust_total=False)`; rows that are never sent then go unnoticed.",
    "WrongRecordError": "Do not use the record. Report it to the operator: `oneroster check --include OR-SEM-08`.",
    "StatusError": "`status_code` and `status_info` say why. 404: the id is not known, or the operation is not served. "
    "4xx: run `oneroster check --explain` on the operation. 5xx: try later.",
    "DecodeError": "Check that the base URL is that of the service and not of a web page or a gateway; "
    "`oneroster check --include envelope` shows what is wrong.",
    "FieldError": "Test with `record.problems()`, or catch it; the record stays usable.",
    "MissingFieldError": "Add the field to `fields=`, or use `to_dict()`, which has what was received.",
    "UnreadableFieldError": "`to_dict()` has the value as received; `oneroster check --include schema` reports it.",
    "WriteError": "Correct the value; nothing was sent.",
    "PullError": "The old roster is unchanged. See the errors below it.",
    "DestinationError": "Correct what the message names, or choose another `--to`.",
    "UnknownFormatError": "Pass `--format`, or a name with a known ending; see [Destinations](pull.md#destinations).",
    "StagingError": "Pull without `--resume`, or move the folder away that the message names.",
    "NothingOfferedError": "Check base URL and scopes; leave out of `--only` what the server does not offer.",
    "GuardError": "Look at the numbers. If they are right, pull again with the option that the message names; see "
    "[What is guaranteed](pull.md#what-is-guaranteed).",
    "RejectsWarning": "`arrow(rejects=Rejects())` lists the records; `oneroster check --include schema` reports them.",
    "UnreachableError": "Check base URL, proxy and certificates, and that the server is running.",
    "AccessRefusedError": "Correct the credentials and scopes; see [Settings](client.md#settings).",
    "TenantNotTestableError": "Check that the base URL ends in the path of the version, as in `/ims/oneroster/v1p1`.",
    "EngineError": "Repeat the run with the `--seed` of the report; if it stays, please report it.",
    "OverlayError": "Correct the overlay at the line that the message names; see "
    "[Dialects](dialects.md#add-a-dialect).",
    "BaselineError": "Correct the file, or write it again with `--update-baseline` and `--reason`; see "
    "[Baseline files](report.md#baseline-files).",
    "OldReportError": "Give `--compare` a file of `--report-json`; one of another format has to be made again.",
    "PortError": "Choose another `--port`, or 0 for any free one.",
    "UnknownNameError": "Use a name of `oneroster sandbox --list-faults` or `--list-variants`.",
    "OtherVersionWarning": "Set `standard` and `base_url` to the version that the server sends; see "
    "[Versions](client.md#versions).",
    "UnencryptedHttpWarning": "Use https, or set `allow_http` if it is meant.",
    "SharedDatasetWarning": "Give each tenant a pipeline and a dataset of its own.",
}
"""What to do about each public error; one that is missing here fails the page."""

_INTERNAL: Final = frozenset(
    {"KitError", "BudgetSpentError", "RequestNotAllowedError", "NoResponseError", "BrokenResponseError"}
)
"""Errors of the contract kit that become checks that are not judged, see docs/report.md."""

_RAISED_AS: Final = {"Unstable": "UnstableCollectionError", "IncompleteError": "PagingError"}
"""Errors inside the client that are raised as another one."""

_SAID_IN: Final = {"oneroster/settings.py": "ConfigurationError", "oneroster/pull/sanity_checks.py": "GuardError"}
"""Modules whose functions put together the messages of an error."""

_FAULTS: Final = "oneroster/sandbox/faults/"
_MAKES_ERRORS: Final = re.compile(r"(?:Error|Unstable)\(|Final = \"")
"""What a module has that makes errors, or names a part of their messages."""

_SENTENCE: Final = re.compile(
    r".* is missing .*|.*credentials are missing.*|.+ accepts? .*|.* allow_http .*", re.DOTALL
)
"""What such a message says, unlike the other texts of these modules."""

_STATUSES: Final = (
    ("status", "`check`", "`pull`", "`diff`", "all other commands"),
    ("---",) * 5,
    ("0", "all that was tested holds", "the roster was written", "the rosters are equal", "done"),
    (
        "1",
        "a must failed; with `--fail-on should` or `--fault`, also a should",
        "the roster could not be pulled",
        "the rosters differ",
        "the tenant or the destination failed",
    ),
    ("2", "usage error", "usage error", "usage error, or a roster that cannot be read", "usage error"),
    ("3", "could not be judged", "the roster exceeds a sanity limit; the old one stays", "", ""),
    ("4", "the kit itself failed; please report it", "", "", ""),
    ("130", "interrupted", "interrupted", "interrupted", "interrupted"),
)

_HEAD: Final = """# Exit statuses and errors

Written by `scripts/docs` from the errors in the code. Messages name the operation, the URL without its query, the
file, the field and the sourcedId, and say what to do next. They never show a value of a record or a credential.

## Exit statuses

{statuses}
## What to do

Each error is a class in Python; a command prints its message and ends with one of the statuses above. `pull` ends with
2 after a `ConfigurationError`, with 3 after a `GuardError`, and with 1 after all others.

| error | cause | what to do |
|---|---|---|
{errors}"""

MARKER: Final = "<!-- messages -->"
"""Where the site has the messages. In the repository, each change of a word would change a second file."""

_MESSAGES: Final = f"""
## Messages

The documentation site lists here the messages of each error, in alphabetical order. `…` stands for a name, a number or
an id.

{MARKER}
"""

_TAIL: Final = """
## Errors in Python

::: oneroster.errors
    options:
      show_root_heading: false
      show_root_toc_entry: false
      heading_level: 3

### Errors of a pull

::: oneroster.pull.errors
    options:
      show_root_heading: false
      show_root_toc_entry: false
      heading_level: 4
"""


def public_errors() -> dict[str, str]:
    """Return the cause of each error and warning of the modules, by name."""
    return {
        node.name: _cause(node)
        for place in PLACES
        for node in ast.parse((SOURCE / place).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Error", "Warning")) and node.name not in _INTERNAL
    }


def errors_as_markdown() -> str:
    """Return the page.

    Raises:
        ValueError: `ADVICE` lacks an error, or has one that does not exist.
    """
    causes = public_errors()
    if wrong := sorted(causes.keys() ^ ADVICE.keys()):
        raise ValueError(f"scripts/error_docs.py: ADVICE must have each public error and no other: {', '.join(wrong)}")
    statuses = "".join(f"| {' | '.join(row)} |\n" for row in _STATUSES)
    rows = "".join(f"| `{name}` | {causes[name]} | {advice} |\n" for name, advice in ADVICE.items())
    return _HEAD.format(statuses=statuses, errors=rows) + _MESSAGES + _TAIL


def messages_as_markdown() -> str:
    """Return what the site has in place of the marker."""
    by_error = messages()
    return "\n".join(f"### Messages of {name}\n\n{_listed(by_error[name])}" for name in ADVICE if by_error.get(name))


def _cause(error: ast.ClassDef) -> str:
    """Return the first sentence of a docstring, in one line."""
    paragraph = " ".join((ast.get_docstring(error) or "").partition("\n\n")[0].replace("``", "`").split())
    return paragraph.partition(". ")[0].rstrip(".").replace("|", "\\|") + "."


def _listed(texts: Iterable[str]) -> str:
    return "".join(f"- `{text}`\n" for text in texts)


@cache
def messages() -> dict[str, list[str]]:
    """Return the messages of each error that the source names as literals, in alphabetical order."""
    sources = {path.relative_to(SOURCE).as_posix(): path for path in sorted(SOURCE.rglob("*.py"))}
    texts = {
        place: path.read_text(encoding="utf-8") for place, path in sources.items() if not place.startswith(_FAULTS)
    }
    trees = {place: ast.parse(text) for place, text in texts.items() if place in _SAID_IN or _MAKES_ERRORS.search(text)}
    everywhere = {name: text for tree in trees.values() for name, text in _constants(tree)}
    found: dict[str, set[str]] = {}
    for place, tree in trees.items():
        constants = everywhere | dict(_constants(tree))
        for name, text in _raised(tree, constants, _SAID_IN.get(place)):
            shown = " ".join(text.replace("`", "'").split())
            # One without words is a part of another message.
            if re.search(r"[A-Za-z]{2,}", shown):
                found.setdefault(name, set()).add(shown)
    return {
        name: sorted(texts, key=lambda text: (text.lstrip("… :,-'").lower(), text)) for name, texts in found.items()
    }


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the texts that a module names."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            text = _text(node.value, {})
            if text is not None:
                yield node.target.id, text


def _raised(tree: ast.Module, constants: dict[str, str], said: str | None) -> Iterator[tuple[str, str]]:
    """Yield the name of each error that is made, with its message."""
    for node in ast.walk(tree):
        if said and isinstance(node, ast.JoinedStr) and (whole := _SENTENCE.search(_text(node, constants) or "")):
            yield said, whole[0]
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        name = _RAISED_AS.get(node.func.id, node.func.id)
        if name not in ADVICE:
            continue
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(argument, ast.Name) and argument.id in ADVICE:
                name = argument.id
        texts = (_text(argument, constants) for argument in node.args)
        text = next((each for each in texts if each is not None), None)
        if text is not None:
            yield name, text


def _text(node: ast.expr, constants: dict[str, str]) -> str | None:
    """Return what an expression says, with `…` for what is only known later; None for an expression without words."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return constants.get(name)
        case ast.JoinedStr(values=values):
            return "".join(_text(value, constants) or "…" for value in values)
        case ast.FormattedValue(value=value):
            return _text(value, constants) if isinstance(value, ast.Name) else "…"
        case ast.List(elts=[first, *_]) | ast.IfExp(body=first):
            return _text(first, constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = _text(left, constants), _text(right, constants)
            return "".join(part or "…" for part in parts) if any(parts) else None
    return None
