"""`oneroster check`: judge a OneRoster server, or the sandbox."""

from typing import Final

import typer

from oneroster.cli import _check_options as options
from oneroster.cli._command_class import command_class
from oneroster.cli._command_list import COMMANDS
from oneroster.cli._tenant_options import NO_TENANT, TenantOptions, takes_tenant

HELP = f"""{COMMANDS["check"].summary}

The run only reads, unless --allow-writes is given, and limits the number and rate of its requests. Reports show ids,
field names and counts, and no other value of a record.

Exit status, the first that fits: 2 wrong usage, 1 a must is violated, 4 the kit itself failed, 3 the server could not
be judged or too little of it could be tested, 0 otherwise. The last line counts what was tested and what was not.

Examples:

- `oneroster check --sandbox` judges the embedded sandbox tenant

- `oneroster check --base-url URL --report-json report.json` judges a server, with
  `ONEROSTER_TOKEN`, or `ONEROSTER_CLIENT_ID` and `ONEROSTER_CLIENT_SECRET`, in the environment

- `oneroster check --tenant springfield` judges a tenant of `oneroster.toml`

- `oneroster check --sandbox --fault lost-row` enables a fault: the report names the rule that it violates

- `oneroster check --sandbox --explain OR-PAG-05 getAllOrgs` judges one rule on one operation, and prints each request,
  the form of its response, and the reasoning

- `oneroster check --write-overlay dialect.yaml` describes how the server deviates from the document;
  `oneroster check --overlay dialect.yaml` then reports only other violations
"""

RENAMED: Final = {
    "--known": "--baseline",
    "--write-known": "--update-baseline",
    "--learn": "--write-overlay",
}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    cls = command_class(
        renamed=RENAMED,
        details={"profile": options.profile_names},
        names=("include", "exclude", "fault", "variant"),
    )
    app.command("check", help=HELP, cls=cls)(check)


@takes_tenant
def check(
    context: typer.Context,
    chosen: TenantOptions = NO_TENANT,
    profile: options.Profile = None,
    overlay: options.Overlay = None,
    write_overlay: options.WriteOverlay = "",
    include: options.Include = [],  # noqa: B006  # typer reads the default and never changes it
    exclude: options.Exclude = [],  # noqa: B006  # typer reads the default and never changes it
    explain: options.Explain = ("", ""),
    fail_on: options.FailOn = None,
    allow_writes: options.AllowWrites = False,
    fuzz: options.Fuzz = 0,
    negative: options.Negative = False,
    stateful: options.Stateful = False,
    seed: options.Seed = None,
    baseline: options.BaselineFile = "",
    update_baseline: options.UpdateBaseline = "",
    reason: options.ReasonText = "",
    report_json: options.ReportJson = "",
    report_junit: options.ReportJunit = "",
    report_html: options.ReportHtml = "",
    github: options.Github = False,
    compare: options.Compare = "",
    max_requests: options.MaxRequests = None,
    max_time: options.MaxTime = None,
    rate: options.Rate = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    fault: options.Faults = [],  # noqa: B006  # typer reads the default and never changes it
    variant: options.VariantNames = [],  # noqa: B006  # typer reads the default and never changes it
    size: options.Size = "small",
) -> None:
    """Judge a tenant, write the reports, and end with the exit status that the report gives."""
    given = locals()
    from oneroster.cli._check_run import run_check

    run_check(**given)
