"""What the API answers instead of a result: a status, a code and one sentence.

| status | code | |
|---|---|---|
| 400 | bad_request, no_picture, one_picture | the request is not as documented |
| 401 | unauthorized | no token, or a wrong one |
| 403 | forbidden_origin | a page of another site asks |
| 403 | corrections_off | this server takes none |
| 404, 405 | not_found, method_not_allowed | |
| 408 | slow_upload | the body did not arrive in time |
| 413 | too_many_bytes, too_many_files | |
| 421 | wrong_host | a name that is not this machine's |
| 422 | empty, not_an_image, corrupt | no picture that is taken |
| 422 | too_many_pixels, too_small, too_costly | the same, out of bounds |
| 422 | not_taken | this picture was removed, because it is gone where it was seen |
| 429 | busy, too_many_guesses | come back after Retry-After |
| 500 | internal | a defect of ours; it is in the log |
| 503 | no_model, collection_unavailable | something has to be mended here |
| 503 | no_memory | too little for this picture just now; come back after Retry-After |
| 504 | too_slow, process_died | this very picture takes too long, or ends the process |
"""

from starlette.responses import JSONResponse

from app.messages import Failure, Problem
from core.errors import MemeEraError

__all__ = ["ApiError", "as_response"]


class ApiError(MemeEraError):
    """A request that cannot be answered."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def problem(self) -> Problem:
        """For a body."""
        return Problem(code=self.code, message=str(self))


def as_response(error: ApiError) -> JSONResponse:
    """The answer that says so."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.status in (408, 413):  # what is left of the body is not read
        headers["Connection"] = "close"
    return JSONResponse(Failure(error=error.problem).model_dump(), error.status, headers)
