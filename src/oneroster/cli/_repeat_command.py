"""The command that repeats a run: the same options and seed, with secrets as references to environment variables."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Any, Final

import typer

__all__ = ["repeat_command"]

SECRETS: Final = {"token": "ONEROSTER_TOKEN", "client_secret": "ONEROSTER_CLIENT_SECRET"}  # names, not secrets
LEFT_OUT: Final = frozenset(
    {
        "seed",
        "write_overlay",
        "update_baseline",
        "reason",
        "report_json",
        "report_junit",
        "report_html",
        "explain",
        "github",
        "compare",
    }
)
"""Options about the output of a run, and the seed, which is added for every run."""


def repeat_command(context: typer.Context, tenant: Iterable[str], seed: int) -> str:
    """Return the command line that repeats a run.

    Args:
        context: The context of the command, with its options.
        tenant: The options that name the tenant, also where the environment named it; none for the sandbox.
        seed: The seed of the run.
    """
    words = ["oneroster", context.command.name or "check", *map(shlex.quote, tenant)]
    for parameter in context.command.params:
        if parameter.param_type_name == "option" and parameter.name not in {*LEFT_OUT, "base_url", "tenant"}:
            words += _words(context, parameter)
    return " ".join([*words, "--seed", str(seed)])


def _words(context: typer.Context, option: Any) -> Iterator[str]:
    name = option.name or ""
    source = context.get_parameter_source(name)
    # Compared by name, because the class is click's or that of typer's own copy of click, depending on the version.
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
