"""Routes come from the specification, with the base path of their service."""

from oneroster.sandbox.http.routes import RouteTable, operations_of
from oneroster.standard import Standard

SPECIFICATION = Standard.of().specification
(BASE_PATH,) = (path.encode() for path in SPECIFICATION.services.values())


def test_a_path_matches_its_operations() -> None:
    routes = RouteTable(SPECIFICATION, operations_of(SPECIFICATION, "standard"))
    match = routes.match(BASE_PATH + b"/categories/a%2Fb")
    assert match is not None
    assert match.raw_ids == {"id": b"a%2Fb"}
    assert match.route.allow == "DELETE, GET, HEAD, OPTIONS, PUT"
    assert routes.match(b"/categories") is None
    assert routes.match(BASE_PATH + b"/nothing") is None
