"""Files of a case: shown or downloaded by whoever may see the case, and never run."""

from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from intake.auth import Staff
from intake.keys import SERVICES
from intake.photos import SHOWN
from models.db import restricted, views
from models.errors import NotFound


async def show(request: web.Request, staff: Staff) -> web.Response:
    """Send a file that is kept here; the connection says whether it may be seen."""
    missing = NotFound("file_unknown", "没有这个文件,或者它不在您的权限之内。")
    try:
        file_id = UUID(request.match_info["file"])
    except ValueError as error:
        raise missing from error
    async with request.app[SERVICES].db.city(staff.city, staff.unit) as conn:
        found = await views.file(conn, staff.city, file_id)
        await restricted.note_file(conn, staff.city, file_id)
    if found is None:
        raise missing
    way = "inline" if found.media_type in SHOWN else "attachment"
    headers = {
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(found.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    kind = found.media_type if way == "inline" else "application/octet-stream"
    return web.Response(body=found.content, content_type=kind, headers=headers)
