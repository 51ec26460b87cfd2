"""The generated package works where `oneroster` cannot be imported: it needs `oneroster_runtime` only."""

import subprocess
import sys

from tests.generated.loopback import Loopback

CODE = """
import sys
from importlib.abc import MetaPathFinder

class Hide(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"oneroster", "generation"}:
            raise ImportError(f"{name} is hidden")
        return None

sys.meta_path.insert(0, Hide())
try:
    import oneroster
except ImportError:
    print("hidden")
import oneroster_v1p1
from oneroster_v1p1.api.rostering import get_all_orgs
with oneroster_v1p1.Client(sys.argv[1], verify_ssl=False) as client:
    print(get_all_orgs.sync(client=client, filter="status='active'").orgs[0].sourced_id)
print(len(oneroster_v1p1.specification().operations), oneroster_v1p1.facade.Operations.__name__)
print(oneroster_v1p1.wire.page_decoder("Org")(b'{"orgs": []}'))
"""


def test_the_package_sends_and_reads_without_the_kit(loopback: Loopback) -> None:
    loopback.answers({"orgs": [{"sourcedId": "o-1"}]})
    outcome = subprocess.run(
        [sys.executable, "-c", CODE, loopback.base_url], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines() == ["hidden", "o-1", "64 Operations", "[]"]
    assert loopback.seen[0].target.endswith("/orgs?filter=status%3D%27active%27")
