"""What is taken out of photos, and what files really are."""

import struct
from collections.abc import Callable

import pytest

from intake.photos import clean, sniff
from models.errors import Invalid
from tests.pages.photos import jpeg, png, webp

HIDDEN = b"28.2282N 112.9388E phone of somebody"


@pytest.mark.parametrize("make", [jpeg, png, webp])
def test_hidden_parts_are_gone_and_the_picture_stays(
    make: Callable[[bytes], bytes],
) -> None:
    """Place, device and remarks go; what a browser draws is untouched."""
    photo = make(HIDDEN)
    kind = sniff(photo)
    cleaned = clean(photo, kind)
    assert HIDDEN in photo
    assert HIDDEN not in cleaned
    assert sniff(cleaned) == kind
    assert clean(cleaned, kind) == cleaned


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_photo_taken_sideways_still_stands_upright(turned: int) -> None:
    """How it is turned is all that is kept of its Exif part."""
    cleaned = clean(jpeg(HIDDEN, turned), "image/jpeg")
    at = cleaned.find(b"Exif\0\0")
    if turned == 1:
        assert at == -1
    else:
        (value,) = struct.unpack_from(">H", cleaned, at + 6 + 8 + 2 + 8)
        assert value == turned


@pytest.mark.parametrize("cut", [5, 20, 40, 70])
def test_a_damaged_photo_is_refused(cut: int) -> None:
    """A file that ends too early is no photo."""
    with pytest.raises(Invalid):
        clean(jpeg(HIDDEN)[:cut], "image/jpeg")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (jpeg(), "image/jpeg"),
        (png(), "image/png"),
        (webp(), "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"<svg onload=alert(1)>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, kind: str) -> None:
    """Names and declared types are not believed."""
    assert sniff(content) == kind
