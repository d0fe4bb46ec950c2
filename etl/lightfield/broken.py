"""A request got no answer: can the server have executed it?"""

from __future__ import annotations

from etl.lean_httpx import httpx
from etl.lightfield.answer import NoAnswerError

_TABLE: tuple[tuple[type[Exception], str, bool, str], ...] = (
    # error, our kind, may it be executed, what to say. The first that fits; subclasses before their parents.
    (httpx.PoolTimeout, "pool_timeout", False, "no connection of ours became free in time"),
    (httpx.ConnectTimeout, "connect_timeout", False, "Lightfield did not accept a connection in time"),
    (httpx.ConnectError, "connect_failed", False, "no connection to Lightfield (refused, name not found, or TLS failed)"),
    (httpx.ProxyError, "connect_failed", False, "the proxy gave no connection to Lightfield"),
    (httpx.UnsupportedProtocol, "connect_failed", False, "no connection to Lightfield: the address is not http or https"),
    (httpx.WriteTimeout, "write_timeout", True, "Lightfield stopped taking the request"),
    (httpx.ReadTimeout, "read_timeout", True, "Lightfield gave no answer in time"),
    (TimeoutError, "read_timeout", True, "Lightfield gave no answer in time"),
    (httpx.RemoteProtocolError, "bad_answer", True, "Lightfield's answer was cut off or is no HTTP"),
    (httpx.NetworkError, "connection_lost", True, "the connection to Lightfield broke before its answer"),
)
_HUNG_UP = "Server disconnected without sending a response."


def no_answer(error: Exception) -> NoAnswerError:
    """What a transport's error means. One that is not in the table may have been executed."""
    for kind_of_error, kind, may_be_executed, sentence in _TABLE:
        if isinstance(error, kind_of_error):
            if str(error) == _HUNG_UP:
                return NoAnswerError("connection_lost", "the connection to Lightfield broke before its answer", may_be_executed=True)
            return NoAnswerError(kind, _with_cause(sentence, error), may_be_executed=may_be_executed)
    return NoAnswerError("connection_lost", f"the request broke off ({type(error).__name__})", may_be_executed=True)


def _with_cause(sentence: str, error: Exception) -> str:
    # Connection errors carry the system's words; they hold no header and so no key.
    text = str(error).strip() if isinstance(error, httpx.ConnectError | httpx.ProxyError) else ""
    return f"{sentence}: {text}" if text else sentence
