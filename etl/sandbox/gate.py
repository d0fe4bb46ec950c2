"""May this request come in?"""

from __future__ import annotations

from etl.sandbox.access import Access
from etl.sandbox.answers import RefusalError, bad_request, not_found
from etl.sandbox.calls import Call, forbidden
from etl.sandbox.requests import Request
from etl.sandbox.workspace import Workspace

API_VERSION = "2026-03-01"


def authenticated(request: Request, workspace: Workspace) -> Access:
    """Whose key it is.

    Raises:
        RefusalError: 401.
    """
    word, _, key = request.header(b"authorization").partition(" ")
    access = workspace.keys.get(key.strip()) if word.lower() == "bearer" else None
    if access is None:
        raise RefusalError(401, "unauthorized", "Missing or invalid API key.")
    return access


def admitted(call: Call | None, request: Request, access: Access) -> Call:
    """What the request asks for, once its headers and scope are in order.

    Args:
        call: The endpoint; None where there is none.
        request: The request.
        access: The rights of its key.

    Raises:
        RefusalError: 400 ``version_header``, 404, 403 or 415.
    """
    if request.header(b"lightfield-version") != API_VERSION:
        raise bad_request("version_header", f"The header Lightfield-Version: {API_VERSION} is required.", "Lightfield-Version")
    if call is None:
        raise not_found(f"No route for {request.method} {request.path}.")
    if call.scope is not None and not access.allows(call.scope):
        raise forbidden(call.scope)
    media_type = request.header(b"content-type").partition(";")[0].strip().lower()
    if request.body and media_type != "application/json":
        raise RefusalError(415, "unsupported_media_type", "Content-Type must be application/json.")
    return call
