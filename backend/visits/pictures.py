"""Photographs are made anew from their pixels: what a file holds beside them (where and when it was taken, by which
telephone, a smaller copy of what was cut off) stays outside. Pure: no database, no clock.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from backend.core.errors import DomainError

MOST_BYTES = 8_000_000
"""Of a file that comes in; telephones send a tenth of it."""
MOST_PIXELS = 25_000_000
"""Of a file that comes in: what a telephone's camera takes, 100 MB in memory. A few bytes can claim far more."""
LONGEST_SIDE = 1600
"""Pixels of what is kept: enough to see a room, too little to read a document in it."""
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP")
CONTENT_TYPE = "image/jpeg"
"""Of what is kept, whatever came in."""


class NotAPhoto(DomainError):
    """The file is no JPEG, PNG or WebP, or it is damaged."""

    code = "not_a_photo"
    message = _("This file is no photograph (JPEG, PNG or WebP), or it is damaged.")


class PhotoTooLarge(DomainError):
    """The file, or the picture that it unpacks to, is larger than any camera's."""

    code = "photo_too_large"
    status = 413
    message = _("This photograph is too large.")


@dataclass(frozen=True)
class Picture:
    """A JPEG that holds nothing but pixels; sizes in pixels."""

    content: bytes
    width: int
    height: int


def cleaned(data: bytes) -> Picture:
    """The picture in a file, upright and no larger than needed. Raises NotAPhoto, PhotoTooLarge."""
    if len(data) > MOST_BYTES:
        raise PhotoTooLarge
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            return _encoded(_pixels(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PhotoTooLarge from error
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, struct.error, zlib.error) as error:
        raise NotAPhoto from error  # what the library says of damaged files


def _pixels(image: Image.Image) -> Image.Image:
    """A picture of its own, without anything that the file said about it. Raises PhotoTooLarge before unpacking."""
    if image.width * image.height > MOST_PIXELS:
        raise PhotoTooLarge
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is unpacked to what is needed only
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    paper = Image.new("RGB", upright.size, "white")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        paper.paste(upright, mask=upright)
    else:
        paper.paste(upright.convert("RGB"))
    return paper


def _encoded(image: Image.Image) -> Picture:
    into = BytesIO()
    image.save(into, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return Picture(into.getvalue(), image.width, image.height)
