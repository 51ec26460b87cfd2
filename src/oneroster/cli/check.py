"""`oneroster check`: judge a OneRoster server, or the sandbox."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from typing import Annotated, Final, Literal, NamedTuple, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from oneroster.cli import USAGE
from oneroster.cli._check_baseline import Keeping, KnownFile, Learn, ReasonText, WriteKnown
from oneroster.cli._check_reports import Compare, Destinations, Github, ReportError, ReportHtml, ReportJson, ReportJunit
from oneroster.cli._repeat_command import command_of
from oneroster.contract.dialects.overlay import base_profile, known_profiles
from oneroster.contract.http.budget import DEFAULT_RATE, RunBudget, default_rate
from oneroster.contract.http.target import DEFAULT_PROFILE, Target, TargetError
from oneroster.contract.levels import Level
from oneroster.contract.rule import FAMILIES
from oneroster.contract.run_plan import RunPlan
from oneroster.contract.runner import check as judge
from oneroster.contract.selection import choose
from oneroster.sandbox.server import Sandbox
from oneroster.sandbox.store.database import default_cache
from oneroster.sandbox.variants import by_name
from oneroster.standard import Standard

HELP = """Judge a OneRoster 1.1 server by the bytes it sends: what it breaks, where, and how to see it with curl.

It only reads, unless writes are allowed, in bounded number and pace; it shows ids, field names and counts, never a
value of a record.

Exit status: 0 all musts hold, 1 a must failed, 2 wrong usage, 3 the server could not be judged, 4 the kit itself
failed on some rule, which is no verdict on the server.

Examples:

- `oneroster check --sandbox` judges the embedded tenant

- `oneroster check --base-url https://sis.example/ims/oneroster/v1p1 --report-json report.json` with `ONEROSTER_TOKEN`,
  or `ONEROSTER_CLIENT_ID` and `ONEROSTER_CLIENT_SECRET`, in the environment

- `oneroster check --sandbox --fault lost-row` rehearses a fault: the report names the rule that it breaks

- `oneroster check --learn dialect.yaml` writes down how the server deviates from the document;
  `oneroster check --profile dialect.yaml` tells only what is new since
"""

_STANDARD: Final = Standard.of()
INTERRUPTED: Final = 130

_ACCESS: Final = "How to enter"
_LIMITS: Final = "How much to ask"
_ENGINE: Final = "What to make up"
_SANDBOX: Final = "Sandbox"


def _from_environment(name: str, text: str) -> str:
    return f"{text} [env: ONEROSTER_{name}]"


BaseUrl = Annotated[
    str, typer.Option(help=_from_environment("BASE_URL", "Address of the tenant, ending in /ims/oneroster/v1p1."))
]
Token = Annotated[str, typer.Option(help=_from_environment("TOKEN", "Static bearer token."), rich_help_panel=_ACCESS)]
ClientId = Annotated[str, typer.Option(help=_from_environment("CLIENT_ID", "Client id."), rich_help_panel=_ACCESS)]
ClientSecret = Annotated[
    str,
    typer.Option(
        help=_from_environment("CLIENT_SECRET", "Client secret; safer in the environment."), rich_help_panel=_ACCESS
    ),
]
TokenUrl = Annotated[
    str,
    typer.Option(
        help=_from_environment("TOKEN_URL", "OAuth 2 token endpoint; without one, id and secret sign by OAuth 1.0a."),
        rich_help_panel=_ACCESS,
    ),
]
Profile = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help=_from_environment(
            "PROFILE",
            f"The dialect: {', '.join(known_profiles(_STANDARD))}, or an OpenAPI Overlay that describes it.",
        ),
    ),
]
UseSandbox = Annotated[bool, typer.Option("--sandbox", help="Judge the embedded tenant.", rich_help_panel=_SANDBOX)]
Faults = Annotated[
    list[str],
    typer.Option(
        "--fault",
        metavar="NAME",
        help="Let the sandbox do this wrong; can be repeated. A rehearsal also fails on a should. "
        "`oneroster sandbox --list-faults` names them.",
        rich_help_panel=_SANDBOX,
    ),
]
ChosenVariants = Annotated[
    list[str],
    typer.Option(
        "--variant",
        metavar="NAME",
        help="Let the sandbox do this another lawful way; can be repeated. "
        "`oneroster sandbox --list-variants` names them.",
        rich_help_panel=_SANDBOX,
    ),
]
Size = Annotated[str, typer.Option(help="small, medium, large, or a number of users.", rich_help_panel=_SANDBOX)]
Seed = Annotated[int | None, typer.Option(help="Repeats a run; also names the sandbox's district.", min=0)]
AllowWrites = Annotated[
    bool,
    typer.Option(
        "--allow-writes",
        help="Judge PUT and DELETE as well. WARNING: this writes to the tenant: it makes a few categories, line items "
        "and results under sourcedIds that begin with oneroster-check-, for a class and a student who are there, and "
        "removes them again. People may see them meanwhile; use a tenant made for tests. What cannot be removed is "
        "listed. Takes up to 200 requests more.",
    ),
]
Include = Annotated[
    list[str],
    typer.Option(
        "--include",
        metavar="NAME",
        help=f"Only these: {', '.join(FAMILIES)}, ids of rules, or operationIds; can be repeated.",
    ),
]
Exclude = Annotated[
    list[str], typer.Option("--exclude", metavar="NAME", help="Not these families, rules or operations.")
]
FailOn = Annotated[
    Literal["must", "should"] | None,
    typer.Option(help="Exit with 1 when a must, or already when a should fails.", show_default="must"),
]
Fuzz = Annotated[
    int,
    typer.Option(
        min=0, metavar="N", help="Make up N lawful requests for each operation as well.", rich_help_panel=_ENGINE
    ),
]
Negative = Annotated[
    bool,
    typer.Option(
        "--negative",
        help="Also ask what is not lawful: it must be refused (some 700 requests).",
        rich_help_panel=_ENGINE,
    ),
]
Stateful = Annotated[
    bool,
    typer.Option(
        "--stateful",
        help="Also read what pages list, wherever they begin (some 100 requests).",
        rich_help_panel=_ENGINE,
    ),
]
MaxRequests = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Requests in all.",
        show_default=f"{RunBudget().requests}, more with --fuzz, --negative and --stateful",
        rich_help_panel=_LIMITS,
    ),
]
MaxTime = Annotated[float, typer.Option(min=1, help="Seconds in all.", rich_help_panel=_LIMITS)]
Rate = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        help="Requests a second.",
        show_default=f"{DEFAULT_RATE:g}; on this machine no bound",
        rich_help_panel=_LIMITS,
    ),
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds for one answer.", rich_help_panel=_LIMITS)]
Workers = Annotated[
    int, typer.Option(min=1, max=16, help="Requests at a time; a busy tenant holds all back.", rich_help_panel=_LIMITS)
]

_DEFAULTS: Final = RunBudget()


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("check", help=HELP)(check)


def check(
    context: typer.Context,
    base_url: BaseUrl = "",
    token: Token = "",
    client_id: ClientId = "",
    client_secret: ClientSecret = "",
    token_url: TokenUrl = "",
    profile: Profile = "",
    sandbox: UseSandbox = False,
    fault: Faults = [],  # noqa: B006  # typer reads the default and never changes it
    variant: ChosenVariants = [],  # noqa: B006  # typer reads the default and never changes it
    size: Size = "small",
    seed: Seed = None,
    include: Include = [],  # noqa: B006  # typer reads the default and never changes it
    exclude: Exclude = [],  # noqa: B006  # typer reads the default and never changes it
    fail_on: FailOn = None,
    report_json: ReportJson = "",
    report_junit: ReportJunit = "",
    report_html: ReportHtml = "",
    github: Github = False,
    compare: Compare = "",
    learn: Learn = "",
    known: KnownFile = "",
    write_known: WriteKnown = "",
    reason: ReasonText = "",
    fuzz: Fuzz = 0,
    negative: Negative = False,
    stateful: Stateful = False,
    max_requests: MaxRequests = None,
    max_time: MaxTime = _DEFAULTS.seconds,
    rate: Rate = None,
    timeout: Timeout = _DEFAULTS.timeout,
    workers: Workers = _DEFAULTS.workers,
    allow_writes: AllowWrites = False,
) -> None:
    """Judge a tenant, show the report, and end with the status that says how it went."""
    given = {
        "base_url": base_url,
        "token": token,
        "client_id": client_id,
        "client_secret": client_secret,
        "token_url": token_url,
        "profile": profile,
    }
    try:
        chosen = choose(include, exclude)
        plan = RunPlan(chosen.operations, fuzz, negative, stateful)
        keeping = Keeping.of(learn, known, write_known, reason)
        destinations = Destinations.of(
            json=report_json, junit=report_junit, html=report_html, github=github, older=compare
        )
        with ExitStack() as stack:
            target = (
                _sandbox_target(stack, given, _Embedded(fault, variant, size, seed), allow_writes=allow_writes)
                if sandbox
                else _named_target(given, fault + variant, allow_writes=allow_writes)
            )
            limits = RunBudget(
                max_requests or plan.requests(_DEFAULTS.requests),
                rate or default_rate(target.base_url),
                timeout,
                max_time,
                workers=workers,
            )
            with _progress() as progress, _ended_politely() if allow_writes else nullcontext():
                found = judge(
                    target,
                    limits,
                    rules=chosen.rules,
                    plan=plan,
                    seed=seed,
                    progress=progress,
                    inspect=keeping.inspect,
                )
    except ValueError as error:
        _refuse(str(error))
    except KeyboardInterrupt as interrupt:
        for note in getattr(interrupt, "__notes__", ()):
            typer.echo(f"oneroster check: {note}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    level = Level(fail_on or ("should" if fault else "must"))
    try:
        command = command_of(context, None if sandbox else target.base_url, found.seed)
        report = replace(keeping.settled(found), repeat=command)
        destinations.hand_over(report, level)
    except ReportError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"cannot write {error.filename}: {error.strerror}")
    raise typer.Exit(report.exit_code(level))


def _refuse(reason: str) -> NoReturn:
    typer.echo(f"oneroster check: {reason}", err=True)
    raise typer.Exit(USAGE)


class _Embedded(NamedTuple):
    """What the sandbox shall be like."""

    faults: list[str]
    variants: list[str]
    size: str
    seed: int | None


def _sandbox_target(stack: ExitStack, given: Mapping[str, str], wanted: _Embedded, *, allow_writes: bool) -> Target:
    """Start the sandbox and name it as the target.

    Raises ``ValueError`` for a fault, a variant, a size or a profile that does not exist, and for options of a live
    tenant.
    """
    if any(value for name, value in given.items() if name != "profile"):
        raise TargetError("--sandbox judges the embedded tenant; leave out the address and the credentials of another")
    profile, variants = given["profile"] or DEFAULT_PROFILE, by_name(wanted.variants)
    seed = 1 if wanted.seed is None else wanted.seed
    tenant = stack.enter_context(
        Sandbox(
            wanted.size,
            seed,
            base_profile(profile, _STANDARD),
            wanted.faults,
            variants=variants,
            cache=default_cache(),
        )
    )
    access = (
        {"token": tenant.token}
        if "bearer" in variants.ways_in
        else {"client_id": tenant.client_id, "client_secret": tenant.client_secret}
    )
    # An empty environment: its credentials belong to another tenant.
    settings = {"base_url": tenant.base_url, "profile": profile, **access}
    target = Target.from_settings(settings, {}, allow_writes=allow_writes)
    assert target is not None  # noqa: S101 - a base URL was given
    return target


def _named_target(given: Mapping[str, str], for_sandbox: list[str], *, allow_writes: bool) -> Target:
    if for_sandbox:
        raise TargetError("--fault and --variant are for the sandbox; add --sandbox")
    target = Target.from_settings(given, allow_writes=allow_writes)
    if target is None:
        raise TargetError("name a tenant with --base-url or ONEROSTER_BASE_URL, or use --sandbox")
    return target


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let the signal by which services are ended do what Ctrl-C does, so that what was written is removed first."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal; elsewhere one line on stderr whenever another kind of work begins."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
    )
    if not console.is_terminal:
        yield _plain_progress()
        return
    with bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, steps: bar.update(task, description=what, completed=done, total=steps)


def _plain_progress() -> Callable[[str, int, int], None]:
    told: set[str] = set()

    def tell(what: str, _done: int, _steps: int) -> None:
        # "reading getAllUsers" and "judging OR-PAG-01 …" are told once for each kind and family.
        kind = what.partition(" ")[0]
        stage = kind if kind != "judging" else " ".join([kind, what.split(" ")[1].rpartition("-")[0]])
        if stage not in told and what != "done":
            told.add(stage)
            typer.echo(f"{stage} …", err=True)

    return tell
