"""Answer a request: routing, authentication, parameters, then the handler of the operation. Independent of ASGI."""

from collections.abc import Mapping

from oneroster.sandbox.auth.authentication import Authenticated
from oneroster.sandbox.auth.oauth2 import TOKEN_PATH
from oneroster.sandbox.faults import Fault
from oneroster.sandbox.handlers import reads, writes
from oneroster.sandbox.handlers.discovery import discovery_document
from oneroster.sandbox.http.percent_encoding import EncodingError, decode
from oneroster.sandbox.http.raw_request import RawRequest
from oneroster.sandbox.http.responses import Problem, Reply, error_reply, invalid_data, unknown_object
from oneroster.sandbox.http.routes import RouteMatch
from oneroster.sandbox.http.status_forms import in_form_of, without_minor_codes
from oneroster.sandbox.requests.operation_request import OperationRequest, element_of
from oneroster.sandbox.requests.put_bodies import MAX_BODY_BYTES
from oneroster.sandbox.requests.query_parameters import parse_query, parse_query_string
from oneroster.sandbox.tenant import SandboxTenant, is_gradebook
from oneroster_runtime.specification import Operation


def serve(tenant: SandboxTenant, raw_request: RawRequest) -> Reply:
    """Return the reply to any request; a malformed one gets a 4xx status, too (6.1)."""
    is_token_request = raw_request.raw_path == TOKEN_PATH.encode() and tenant.authentication.issues_tokens()
    reply = _token(tenant, raw_request) if is_token_request else _api(tenant, raw_request)
    reply = in_form_of(tenant.standard, tenant.faults.apply(Fault.any_response, raw_request, reply))
    reply = reply if tenant.variants.minor_codes else without_minor_codes(reply)
    return tenant.faults.apply(Fault.formed_response, raw_request, reply)


def _api(tenant: SandboxTenant, raw_request: RawRequest) -> Reply:
    match = tenant.routes.match(raw_request.raw_path)
    method = "GET" if raw_request.method == "HEAD" else raw_request.method
    operation = match.route.operations.get(method) if match is not None else None
    request = None
    if match is None and method == "GET" and (document := discovery_document(tenant, raw_request)) is not None:
        reply = document
    elif match is None:
        bases = " and ".join(sorted(set(tenant.specification.services.values())))
        reply = error_reply(unknown_object(f"no resource at this URL; the API is served below {bases}"))
    elif operation is None:
        reply = _other_method(raw_request.method, match)
    else:
        denied = _denied(tenant, raw_request, operation)
        request, problems = _parse(tenant, raw_request, operation, match)
        reply = denied or _handle(tenant, raw_request, request, problems)
    return tenant.faults.apply(Fault.api_response, request, reply)


def _token(tenant: SandboxTenant, raw_request: RawRequest) -> Reply:
    if raw_request.method != "POST":
        return error_reply(invalid_data("the token endpoint accepts POST only", 405), headers={"Allow": "POST"})
    server = tenant.authentication.oauth2_server
    return server.token_reply(raw_request.signed_url, raw_request.headers, raw_request.body or b"")


def _other_method(method: str, match: RouteMatch) -> Reply:
    headers = {"Allow": match.route.allow}
    if method == "OPTIONS":
        return Reply(204, headers=headers)
    problem = invalid_data(f"{method} is not supported at this URL; supported: {match.route.allow}", 405)
    return error_reply(problem, headers=headers)


def _denied(tenant: SandboxTenant, raw_request: RawRequest, operation: Operation) -> Reply | None:
    """Return 401 without valid credentials, 403 without the required scope, None if access is granted (6.1, 7.4)."""
    outcome = tenant.faults.authenticate(raw_request, tenant.authentication)
    name = operation.operation_id
    if not isinstance(outcome, Authenticated):
        problem = Problem(401, "unauthorized", outcome.reason)
        return error_reply(problem, operation_id=name, headers={"WWW-Authenticate": outcome.challenge})
    if tenant.variants.gradebook_refused and is_gradebook(operation):
        return error_reply(Problem(403, "forbidden", "these credentials do not open the gradebook"), operation_id=name)
    if outcome.may(operation.oauth_scopes):
        return None
    required = " or ".join(operation.oauth_scopes)
    problem = Problem(403, "forbidden", f"the token lacks the scope {required}")
    challenge = tenant.authentication.scope_challenge(operation)
    return error_reply(problem, operation_id=name, headers={"WWW-Authenticate": challenge})


def _parse(
    tenant: SandboxTenant, raw_request: RawRequest, operation: Operation, match: RouteMatch
) -> tuple[OperationRequest, tuple[Problem, ...]]:
    """Return the parsed request and all problems of its path and query."""
    ids, problems = _ids(match.raw_ids)
    query_string = parse_query_string(raw_request.query_string)
    element = element_of(operation, tenant.specification)
    parsed = parse_query(query_string, operation, tenant.serializer.element(element), tenant.store)
    request = OperationRequest(
        store=tenant.store,
        serializer=tenant.serializer,
        operation=operation,
        element=element,
        ids=ids,
        url=raw_request.url,
        origin=raw_request.origin,
        pairs=query_string.pairs,
        query=parsed.query,
    )
    return request, (*problems, *parsed.problems)


def _ids(raw_ids: Mapping[str, bytes]) -> tuple[dict[str, str], list[Problem]]:
    ids: dict[str, str] = {}
    problems = []
    for name, raw in raw_ids.items():
        try:
            ids[name] = decode(raw)
        except EncodingError as problem:
            problems.append(invalid_data(f"path, {name}: {problem}"))
    return ids, problems


def _handle(
    tenant: SandboxTenant, raw_request: RawRequest, request: OperationRequest, problems: tuple[Problem, ...]
) -> Reply:
    operation = request.operation
    if tenant.variants.unknown_names_refused:
        problems = tuple(each._replace(status=max(each.status, 400)) for each in problems)
    if operation.body is not None and raw_request.body is None:
        problems = (*problems, invalid_data(f"the body is larger than {MAX_BODY_BYTES} bytes"))
    if any(problem.fatal for problem in problems):
        return error_reply(*problems, operation_id=operation.operation_id)
    if operation.method == "PUT":
        return writes.put(tenant, request, raw_request.headers.get("content-type", ""), raw_request.body or b"")
    if operation.method == "POST":
        return writes.post(tenant, request, raw_request.headers.get("content-type", ""), raw_request.body or b"")
    if operation.method == "DELETE":
        return writes.delete(tenant, request)
    read = reads.read_collection if operation.many else reads.read_single
    return read(tenant, request, list(problems))
