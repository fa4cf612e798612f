"""What browsers fetch beside pages: our style and script, htmx out of its wheel; in memory."""

import gzip
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import web

from models.errors import NotFound

_FOLDER: Final = Path(__file__).with_name("static")
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER: Final = "public, max-age=31536000, immutable"


class Asset:
    """One file as it is sent: its bytes, their compressed form and a version made of them."""

    def __init__(self, name: str, body: bytes) -> None:
        """Compress the bytes once and name the version."""
        self.body = body
        self.small = gzip.compress(body, mtime=0)
        self.version = hashlib.sha256(body).hexdigest()[:10]
        self.media_type = _TYPES[Path(name).suffix]


def _load() -> dict[str, Asset]:
    bodies = {path.name: path.read_bytes() for path in _FOLDER.iterdir()}
    htmx = files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js"
    bodies["htmx.min.js"] = htmx.read_bytes()
    return {name: Asset(name, body) for name, body in bodies.items()}


_ASSETS: Final = _load()


def url(name: str) -> str:
    """Give the address of a file, which changes with its content and may be kept for ever."""
    return f"/static/{name}?v={_ASSETS[name].version}"


async def serve(request: web.Request) -> web.Response:
    """Send a file; NotFound for any other name."""
    asset = _ASSETS.get(request.match_info["name"])
    if asset is None:
        raise NotFound("page_unknown", "没有这个文件。")
    headers = {"Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    body = asset.body
    if request.query.get("v") == asset.version:
        headers["Cache-Control"] = _FOREVER
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body, headers["Content-Encoding"] = asset.small, "gzip"
    return web.Response(body=body, content_type=asset.media_type, charset="utf-8", headers=headers)
