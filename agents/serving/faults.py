"""Refusals in the shape that OpenAI's clients understand."""

from typing import Any

KINDS = {
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class Fault(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        message: What is wrong, with which value, and what would be right.
        code: A short word for programs.
        parameter: The field that is wrong.
        retry_after: Seconds after which another try may succeed.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        parameter: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.parameter = parameter
        self.retry_after = retry_after

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": KINDS.get(self.status, kind),
                "param": self.parameter,
                "code": self.code,
            }
        }

    @property
    def headers(self) -> dict[str, str]:
        """The answer's headers."""
        found = {}
        if self.retry_after is not None:
            found["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            found["WWW-Authenticate"] = "Bearer"
        return found


def bad_value(parameter: str, message: str) -> Fault:
    """Return the refusal of one field."""
    return Fault(400, f"{parameter}: {message}", code="invalid_value", parameter=parameter)
