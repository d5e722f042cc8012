"""The played S3: `HEAD /<bucket>`, path style. Not the signature is verified, only whose key it names (checks.md)."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from salina_monitor.sandbox.faults import Breakable, FaultBoard


def s3(board: FaultBoard, *, bucket: str, region: str, access_key: str) -> ASGIApp:
    """The application. HEAD answers have no body, so status and `x-amz-*` headers say everything."""

    def answer(status: int) -> Response:
        headers = {"x-amz-request-id": "SANDBOX0000000000", "x-amz-id-2": "c2FuZGJveA==", "server": "AmazonS3"}
        if status in (200, 403):
            headers["x-amz-bucket-region"] = region
        return Response(None, status, headers=headers, media_type="application/xml")

    async def head_bucket(request: Request) -> Response:
        if f"Credential={access_key}/" not in request.headers.get("authorization", ""):
            return answer(403)
        return answer(200 if request.path_params["bucket"] == bucket else 404)

    # 500, not 503: S3 throttles with 503, which is a lesser trouble than being broken.
    app = Starlette(routes=[Route("/{bucket}", head_bucket, methods=["HEAD"])])
    return Breakable(app, board, "s3", error=lambda: answer(500), refused=lambda: answer(403))
