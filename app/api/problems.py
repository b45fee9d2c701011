"""Errors as RFC 9457 has them (application/problem+json): one clear line in `detail`."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.errors import AppError, JobError, NotAllowedError, NotFoundError, QueryError
from clipcore import ClipcoreError
from indexer.errors import FolderError, IndexerError, PhotoError


class Problem(BaseModel):
    """An error, as RFC 9457 has it (application/problem+json)."""

    title: str
    status: int
    detail: str
    position: int | None = Field(None, description="of the character at fault in a query, from 0")


PROBLEMS: dict[int | str, dict[str, object]] = {
    404: {"model": Problem, "description": "No such photo or vocabulary"},
    422: {"model": Problem, "description": "The request is not right, or the picture cannot be read"},
}


def problem(status: int, title: str, detail: str, position: int | None = None) -> JSONResponse:
    """An error as an answer."""
    body = Problem(title=title, status=status, detail=detail, position=position).model_dump(exclude_none=True)
    return JSONResponse(body, status, media_type="application/problem+json")


def add_problems(api: FastAPI) -> None:
    """Makes every error of the API such an answer."""

    @api.exception_handler(AppError)
    @api.exception_handler(IndexerError)
    @api.exception_handler(ClipcoreError)
    def ours(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, NotFoundError):
            return problem(404, "Not found", str(error))
        if isinstance(error, QueryError | PhotoError | FolderError):
            return problem(422, "Cannot answer this", str(error), getattr(error, "position", None))
        if isinstance(error, NotAllowedError):
            return problem(403, "Not allowed", str(error))
        if isinstance(error, JobError):
            return problem(409, "Not as things are now", str(error))
        return problem(503, "Not available", str(error))

    @api.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, error.detail)
        answer.headers.update(error.headers or {})
        return answer

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(422, "Cannot answer this", f"{where}: {first['msg']}")
