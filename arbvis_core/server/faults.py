"""What goes wrong over HTTP: one table from errors to statuses, and one shape of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.errors import (
    ArbvisError,
    FormatError,
    PluginError,
    SourceChangedError,
    SourceError,
    UsageError,
)

if TYPE_CHECKING:
    from starlette.responses import Response

#: After how many seconds to ask again.
RETRY = 1


class NotFoundError(UsageError):
    """What was asked for is not one of the things this server was started with."""


class ForbiddenError(ArbvisError):
    """The request does not come from the page, or lacks the token."""


class TooLargeError(UsageError):
    """More was asked for than is given at once."""


class PreparingError(ArbvisError):
    """The picture is still being planned."""


class BusyError(ArbvisError):
    """More is being drawn than the server takes on at once."""


class Fault(NamedTuple):
    """How an error is answered."""

    error: type[BaseException]
    status: int
    kind: str


#: The first row that fits an error answers it.
TABLE = (
    Fault(PreparingError, 503, "preparing"),
    Fault(BusyError, 503, "busy"),
    Fault(MemoryError, 503, "memory"),
    Fault(ForbiddenError, 403, "forbidden"),
    Fault(NotFoundError, 404, "not-found"),
    Fault(TooLargeError, 413, "too-large"),
    Fault(UsageError, 400, "bad-request"),
    Fault(SourceChangedError, 409, "changed"),
    Fault(SourceError, 502, "source"),
    Fault(FormatError, 422, "format"),
    Fault(PluginError, 500, "plugin"),
    Fault(ArbvisError, 422, "refused"),
    Fault(BaseException, 500, "defect"),
)


def fault_of(error: BaseException) -> Fault:
    """Return the row of the table that answers an error."""
    return next(one for one in TABLE if isinstance(error, one.error))


def described(kind: str, message: str) -> dict[str, Any]:
    """Return the body of an answer that is none."""
    return {"error": {"kind": kind, "message": message}}


def answer_of(error: BaseException) -> Response:
    """Return the answer to a request that failed."""
    from starlette.responses import JSONResponse

    fault = fault_of(error)
    message = str(error) if isinstance(error, ArbvisError) else _defect(error)
    response = JSONResponse(described(fault.kind, message), fault.status)
    if fault.status == 503:
        response.headers["Retry-After"] = str(RETRY)
    return response


def _defect(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory; ask for less at once"
    return f"this is a defect of ours: {type(error).__name__}; ARBVIS_DEBUG=1 prints where"
