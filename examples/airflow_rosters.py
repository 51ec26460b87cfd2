"""Pull the roster of each tenant every night with Airflow: a mapped task per tenant, and a pool that bounds them."""

from pathlib import Path

from airflow.sdk import dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from oneroster.pull import PullOptions, Tenant, pull_tenant
from oneroster.settings import read_tenants

CONFIG, TO = "/opt/k12/oneroster.toml", "s3://lake/rosters"


@dag(dag_id="rosters", schedule="@daily", catchup=False)
def rosters():
    @task
    def names() -> list[str]:
        return sorted(read_tenants(Path(CONFIG)))

    @task(pool="oneroster", retries=3)
    def roster(name: str) -> str:
        options = PullOptions(since="last", rate=2, run_id=get_current_context()["run_id"])
        outcome = pull_tenant(Tenant(name, config=CONFIG), TO, options)
        if outcome.error is not None and not outcome.transient:
            raise AirflowFailException(outcome.error)
        if outcome.error is not None:
            raise RuntimeError(outcome.error)
        # For Snowflake: COPY INTO users FROM @lake/rosters PATTERN = '.*users.*parquet' MATCH_BY_COLUMN_NAME = ...
        return outcome.destination

    roster.expand(name=names())


rosters()
