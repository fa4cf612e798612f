"""Files as they are sent up with a page's form: how many, how big, and what they really are."""

from asyncio import to_thread
from typing import Final

from aiohttp import web

from intake.asked import Form
from intake.photos import PDF, SHOWN, clean, sniff
from models.db.lines import Upload
from models.errors import Invalid, TooLarge

LIMIT: Final = 5 * 1024 * 1024
MOST: Final = 4
_NAME_LENGTH: Final = 80


async def photos(form: Form, field: str) -> list[Upload]:
    """Take the photos of a form; Invalid or TooLarge says in Chinese what is wrong."""
    return await to_thread(
        _take, form, field, SHOWN, "照片只支持 JPG、PNG、WebP,每张不超过 5 MB,最多 4 张。"
    )


async def evidence(form: Form, field: str) -> list[Upload]:
    """Take the evidence of a form: photos and PDF files."""
    detail = "附件只支持 JPG、PNG、WebP、PDF,每个不超过 5 MB,最多 4 个。"
    return await to_thread(_take, form, field, (*SHOWN, PDF), detail)


def _take(form: Form, field: str, allowed: tuple[str, ...], detail: str) -> list[Upload]:
    sent = [part for part in form.getall(field, []) if isinstance(part, web.FileField)]
    if len(sent) > MOST:
        raise Invalid("upload_too_many", detail)
    found = [_read(part, detail) for part in sent if part.filename]
    if any(upload.media_type not in allowed for upload in found):
        raise Invalid("upload_type", detail)
    return [upload for upload in found if upload.content]


def _read(part: web.FileField, detail: str) -> Upload:
    content = part.file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise TooLarge("upload_too_large", detail)
    media_type = sniff(content)
    name = part.filename.replace("\\", "/").rpartition("/")[2][-_NAME_LENGTH:]
    return Upload(name=name or "附件", media_type=media_type, content=clean(content, media_type))
