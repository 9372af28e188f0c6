"""The API describes itself: its OpenAPI document, and a page on which a person reads it."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from ..operations import Operation
from .openapi import document

TITLE = "Headgate"
DOCUMENT = "/openapi.json"

SWAGGER = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5"
PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}: its API</title>
<link rel="stylesheet" href="{SWAGGER}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{SWAGGER}/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({{ url: "{DOCUMENT}", dom_id: "#swagger-ui", deepLinking: true }});
</script>
</body>
</html>
"""
"""Swagger UI, which the browser loads from elsewhere: a server alone needs no pages."""


def described(operations: Sequence[Operation], prefix: str) -> list[Route]:
    """Routes to the document of *operations*, below the *prefix* and outside, and to the page."""

    @cache
    def written() -> Any:
        return document(operations, TITLE, prefix)

    async def read_document(_: Request) -> Response:
        return JSONResponse(written())

    async def read_page(_: Request) -> Response:
        return HTMLResponse(PAGE)

    return [
        *(Route(path, read_document) for path in (DOCUMENT, prefix + DOCUMENT)),
        Route("/docs", read_page),
    ]
