"""The command that repeats a run: the same options and seed, secrets as references to the environment."""

import shlex
from collections.abc import Iterator
from typing import Any, Final

import typer

__all__ = ["command_of"]

SECRETS: Final = {"token": "ONEROSTER_TOKEN", "client_secret": "ONEROSTER_CLIENT_SECRET"}  # names, not secrets
ONLY_ONCE: Final = frozenset(
    {"seed", "learn", "write_known", "reason", "report_json", "report_junit", "report_html", "github", "compare"}
)
"""Options that say what to do with the outcome; the seed is added anew."""


def command_of(context: typer.Context, base_url: str | None, seed: int) -> str:
    """The command line of a run that was given these options.

    ``base_url`` is that of the tenant, told even when it came from the environment; None for the sandbox, whose
    address changes.
    """
    words = ["oneroster", context.command.name or "check"]
    if base_url is not None:
        words += ["--base-url", shlex.quote(base_url)]
    for parameter in context.command.params:
        if parameter.param_type_name == "option" and parameter.name not in {*ONLY_ONCE, "base_url"}:
            words += _words(context, parameter)
    return " ".join([*words, "--seed", str(seed)])


def _words(context: typer.Context, option: Any) -> Iterator[str]:
    name = option.name or ""
    source = context.get_parameter_source(name)
    # By its name, for the class comes from click or from typer's own copy of it, as the version has it.
    if source is None or source.name != "COMMANDLINE":
        return
    value: Any = context.params[name]
    flag = option.opts[0]
    if option.is_flag:
        yield flag if value else option.secondary_opts[0]
        return
    for each in value if option.multiple else [value]:
        yield flag
        yield f'"${SECRETS[name]}"' if name in SECRETS else shlex.quote(str(each))
