"""Errors as RFC 9457 has them (application/problem+json): one clear line in `detail`."""

import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.errors import AppError, JobError, NotAllowedError, NotFoundError, QueryError, TakenError
from clipcore import ClipcoreError
from indexer.errors import FolderError, IndexerError, PhotoError


class Problem(BaseModel):
    """An error, as RFC 9457 has it (application/problem+json)."""

    title: str
    status: int
    detail: str
    position: int | None = Field(None, description="of the character at fault in a query, from 0")


PROBLEMS: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "The body is not JSON, or the server does not answer under this name"},
    401: {"model": Problem, "description": "A token is needed"},
    404: {"model": Problem, "description": "No such thing"},
    413: {"model": Problem, "description": "The body is too long"},
    422: {"model": Problem, "description": "The request is not right, or the picture cannot be read"},
    429: {"model": Problem, "description": "Too many requests"},
    503: {"model": Problem, "description": "The catalog or the encoder cannot be used now"},
}
CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Not as things are now"}}
_MEDIA_TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str, position: int | None = None) -> JSONResponse:
    """An error as an answer."""
    body = Problem(title=title, status=status, detail=detail, position=position).model_dump(exclude_none=True)
    return JSONResponse(body, status, media_type=_MEDIA_TYPE)


def add_problems(api: FastAPI) -> None:
    """Makes every error of the API such an answer."""

    @api.exception_handler(AppError)
    @api.exception_handler(IndexerError)
    @api.exception_handler(ClipcoreError)
    def ours(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, NotFoundError):
            return problem(404, "Not found", str(error))
        if isinstance(error, JobError | TakenError):
            return problem(409, "Not as things are now", str(error))
        if isinstance(error, QueryError | PhotoError | FolderError):
            return problem(422, "Cannot answer this", str(error), getattr(error, "position", None))
        if isinstance(error, NotAllowedError):
            return problem(403, "Not allowed", str(error))
        return problem(503, "Not available", str(error))

    @api.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, HTTPStatus(error.status_code).phrase, error.detail)
        answer.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(_methods(api, request))
        return answer

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"]
        if first["type"] == "model_attributes_type":  # pydantic's own words are of dictionaries and attributes
            said = "expected a JSON object" + (", sent as Content-Type: application/json" if where == "body" else "")
        return problem(422, "Cannot answer this", f"{where}: {said}")


def describe_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document in which problems are of their own media type, which FastAPI knows none for."""
    for item in schema["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {})
                if content.get("application/json", {}).get("schema", {}).get("$ref", "").endswith("/Problem"):
                    content[_MEDIA_TYPE] = content.pop("application/json")
    return schema


def _methods(api: FastAPI, request: Request) -> list[str]:
    """All that may be done at a path, whichever of its routes was met first."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    found = set[str]()
    for template, item in api.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found |= {method.upper() for method in item}
    return sorted(found)
