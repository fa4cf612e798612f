"""Reading what people send: a JSON document or a page's form, as the same struct."""

import asyncio
import hashlib
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web
from aiohttp.web_request import FileField

from intake import asked, photos, problems
from intake.channels import fields
from intake.channels.base import FORMS
from intake.delivery import Content, FileRef
from intake.privacy import Vault
from intake.services import Services
from models.errors import Invalid, TooLarge, Unsupported

_T = TypeVar("_T", bound=msgspec.Struct)
_TICKED: Final = frozenset({"on", "1", "true", "yes", "是"})
_MOST_FILES: Final = 6
_LARGEST_FILE: Final = 8 << 20
_MEDIA_TYPES: Final = ("image/", "video/", "audio/", "application/pdf")


async def read(
    request: web.Request, body: bytes, decoder: msgspec.json.Decoder[_T], kind: type[_T]
) -> tuple[_T, tuple[FileRef, ...]]:
    """Read a struct and uploaded files; Invalid says which field to fix.

    A form's fields may be written camelCase or snake_case; where one comes twice (a hidden value
    under a tick box) the last holds.
    """
    if request.content_type not in FORMS:
        if request.content_type not in {"application/json", "application/octet-stream"}:
            code = "media_type_unsupported"
            raise Unsupported(code, "请以 application/json 或表单提交。")
        return fields.decode(decoder, body), ()
    form = await asked.form(request)
    values: dict[str, str] = {}
    uploads: list[FileField] = []
    for name, value in form.items():
        if isinstance(value, FileField):
            uploads.append(value)
        elif isinstance(value, str):
            values[name] = value
    files = await asyncio.to_thread(_files, uploads) if uploads else ()
    return _convert(values, kind), files


def digest(vault: Vault, content: Content, more: object) -> bytes:
    """Fingerprint what was filled in; files count by their hash."""
    files = [(file.name, file.sha256) for file in content.files]
    return fields.digest(vault, (msgspec.structs.replace(content, files=()), files, more))


def served_city(services: Services, given: str | None) -> str:
    """Give the city that a report is for; Invalid when it is not one of those served here."""
    cities = services.cities
    if not given and len(cities) == 1:
        return next(iter(cities))
    if given is None or given not in cities:
        code = "city_unknown"
        served = "、".join(f"{adcode}({city.name})" for adcode, city in cities.items())
        raise Invalid(code, f"请选择所在城市:{served}。", path="city")
    return given


def _convert(values: dict[str, str], kind: type[_T]) -> _T:
    """Fill a struct from a form's texts: empty ones are left out, ticks become yes."""
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        value = values.get(field.encode_name, values.get(field.name, ""))
        if "\x00" in value:
            raise fields.nul_character()
        if field.type is bool and (field.encode_name in values or field.name in values):
            given[field.encode_name] = value.strip().lower() in _TICKED
        elif value.strip():
            given[field.encode_name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise problems.malformed(error) from error


def _files(uploads: list[FileField]) -> tuple[FileRef, ...]:
    files = [upload for upload in uploads if upload.filename]
    if len(files) > _MOST_FILES:
        code = "files_too_many"
        raise Invalid(code, f"最多上传 {_MOST_FILES} 个文件。", path="files")
    return tuple(_file(upload) for upload in files)


def _file(upload: FileField) -> FileRef:
    if not upload.content_type.startswith(_MEDIA_TYPES):
        code = "file_type_unsupported"
        raise Unsupported(code, "仅支持图片、音视频与 PDF 文件。", path=upload.name)
    content = upload.file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        code = "file_too_large"
        raise TooLarge(code, f"单个文件不得超过 {_LARGEST_FILE >> 20} MB。", path=upload.name)
    media_type = photos.sniff(content)
    if media_type in photos.SHOWN:
        content = photos.clean(content, media_type)
    elif upload.content_type.startswith("image/"):
        code = "file_type_unsupported"
        raise Unsupported(code, "图片仅支持 JPG、PNG、WebP。", path=upload.name)
    else:
        media_type = upload.content_type
    sha256 = hashlib.sha256(content).hexdigest()
    return FileRef(
        file_id=sha256[:16],
        name=upload.filename.replace("\x00", "")[:200],
        media_type=media_type,
        size=len(content),
        sha256=sha256,
        content=content,
    )
