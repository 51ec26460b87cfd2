"""From a request to an answer: routing, access, parameters, then the operation itself. Knows nothing of ASGI."""

from collections.abc import Mapping

from oneroster.sandbox.auth.authentication import Admitted, Denied
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.handlers import reads, writes
from oneroster.sandbox.http.percent_encoding import EncodingError, decode
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, invalid_data, refusal, unknown_object
from oneroster.sandbox.http.routes import BASE_PATH, Match
from oneroster.sandbox.requests import query_parameters as queries
from oneroster.sandbox.requests.bodies import MAXIMUM
from oneroster.sandbox.requests.operation_request import OperationRequest, element_of
from oneroster.sandbox.tenant import SandboxTenant
from oneroster_v1p1.tables import Operation


def serve(tenant: SandboxTenant, arrival: RawRequest) -> Reply:
    """Answer any request; none is too strange for a clean status (6.1)."""
    is_token = arrival.raw_path == TOKEN_PATH.encode() and tenant.access.serves_tokens()
    answer = _token(tenant, arrival) if is_token else _api(tenant, arrival)
    for fault in tenant.faults:
        answer = fault.sent(arrival, answer)
    return answer


def _api(tenant: SandboxTenant, arrival: RawRequest) -> Reply:
    match = tenant.routes.match(arrival.raw_path)
    method = "GET" if arrival.method == "HEAD" else arrival.method
    operation = match.route.operations.get(method) if match is not None else None
    call = None
    if match is None:
        answer = refusal(unknown_object("nothing is served at this address; collections stand below " + BASE_PATH))
    elif operation is None:
        answer = _other_method(arrival.method, match)
    else:
        refused = _refused_access(tenant, arrival, operation)
        call, problems = _understand(tenant, arrival, operation, match)
        answer = refused or _perform(tenant, arrival, call, problems)
    for fault in tenant.faults:
        answer = fault.answer(call, answer)
    return answer


def _token(tenant: SandboxTenant, arrival: RawRequest) -> Reply:
    if arrival.method != "POST":
        return refusal(invalid_data("a token is asked for by POST", 405), headers={"Allow": "POST"})
    return tenant.access.token_endpoint.answer(arrival.signed_url, arrival.headers, arrival.body or b"")


def _other_method(method: str, match: Match) -> Reply:
    headers = {"Allow": match.route.allow}
    if method == "OPTIONS":
        return Reply(204, headers=headers)
    return refusal(invalid_data(f"this address is not for {method}, but for {match.route.allow}", 405), headers=headers)


def _refused_access(tenant: SandboxTenant, arrival: RawRequest, operation: Operation) -> Reply | None:
    """401 for who is not known, 403 for who lacks the scope, None for who may go on (6.1, 7.4)."""
    verdict = tenant.access.examine(arrival)
    for fault in tenant.faults:
        if isinstance(verdict, Denied) and (other := fault.mistaken_for(arrival, verdict)) is not None:
            verdict = tenant.access.examine(other)
        verdict = fault.admit(arrival, verdict)
    name = operation.operation_id
    if not isinstance(verdict, Admitted):
        problem = Problem(401, "unauthorized", verdict.reason)
        return refusal(problem, operation_id=name, headers={"WWW-Authenticate": verdict.challenge})
    if verdict.may(operation.oauth_scopes):
        return None
    wanted = " or ".join(operation.oauth_scopes)
    problem = Problem(403, "forbidden", f"the token lacks the scope {wanted}")
    return refusal(problem, operation_id=name, headers={"WWW-Authenticate": tenant.access.scope_challenge(operation)})


def _understand(
    tenant: SandboxTenant, arrival: RawRequest, operation: Operation, match: Match
) -> tuple[OperationRequest, tuple[Problem, ...]]:
    """The call, and all that is wrong with its path and its query."""
    ids, problems = _ids(match.raw_ids)
    pairs = queries.split(arrival.query_string)
    element = tenant.presenter.element(element_of(operation))
    reading = queries.read(pairs, operation, element, tenant.store)
    call = OperationRequest(
        store=tenant.store,
        operation=operation,
        ids=ids,
        url=arrival.url,
        base_url=arrival.origin + BASE_PATH,
        pairs=pairs.pairs,
        query=reading.query,
    )
    return call, (*problems, *reading.problems)


def _ids(raw_ids: Mapping[str, bytes]) -> tuple[dict[str, str], list[Problem]]:
    ids: dict[str, str] = {}
    problems = []
    for name, raw in raw_ids.items():
        try:
            ids[name] = decode(raw)
        except EncodingError as problem:
            problems.append(invalid_data(f"path, {name}: {problem}"))
    return ids, problems


def _perform(
    tenant: SandboxTenant, arrival: RawRequest, call: OperationRequest, problems: tuple[Problem, ...]
) -> Reply:
    operation = call.operation
    if operation.body is not None and arrival.body is None:
        problems = (*problems, invalid_data(f"the body is larger than {MAXIMUM} bytes"))
    if any(problem.fatal for problem in problems):
        return refusal(*problems, operation_id=operation.operation_id)
    if operation.method == "PUT":
        return writes.put(tenant, call, arrival.headers.get("content-type", ""), arrival.body or b"")
    if operation.method == "DELETE":
        return writes.delete(tenant, call)
    read = reads.read_collection if operation.many else reads.read_single
    return read(tenant, call, list(problems))
