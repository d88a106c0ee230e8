"""The note a filled repository carries: which template it was filled from, with what, and which files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from handlers._scaffold_files import File
from handlers._scaffold_paths import fault

MAX_BYTES = 500_000
"""Larger than that is no note of ours."""


class Context(Struct, frozen=True, kw_only=True):
    """What a template was rendered with: two names for folders, and every value as it was said."""

    project: str = ""
    package: str = ""
    values: Mapping[str, str] = {}

    def as_json(self) -> dict[str, Any]:
        """All fields, as a change carries them."""
        return {"project": self.project, "package": self.package, "values": dict(self.values)}


class Marker(Struct, frozen=True, kw_only=True):
    """The content of ``.lakeport/scaffold.json``; all empty where it is not a note of ours.

    ``digest`` is that of the template's own files, ``files`` maps each file that was written to the id Git
    gives its content: whoever lists the tree sees at once what people have changed since.
    """

    request: Annotated[str, Meta(max_length=300)] = ""
    template: Annotated[str, Meta(max_length=100)] = ""
    version: Annotated[str, Meta(pattern=r"\A[0-9.]{0,20}\Z")] = ""
    digest: Annotated[str, Meta(pattern=r"\A(sha256:[0-9a-f]{64})?\Z")] = ""
    context: Context = Context()
    files: Mapping[str, Annotated[str, Meta(pattern=r"\A[0-9a-f]{40}\Z")]] = {}

    def text(self) -> str:
        """As it stands in the repository."""
        return json.dumps(msgspec.to_builtins(self), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def parse(raw: bytes) -> Marker:
    """What a repository says; people can write into it, so what is not as we write it is nobody's note."""
    if len(raw) > MAX_BYTES:
        return Marker()
    try:
        found = msgspec.json.decode(raw, type=Marker)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Marker()
    return Marker() if any(fault(path) for path in found.files) else found


def context_of(given: Mapping[str, Any]) -> Context:
    """The context as a change carries it."""
    return msgspec.convert(given, Context)


def blob_id(text: str | bytes) -> str:
    """The id that Git gives this content: the SHA-1 of ``blob``, its length and itself."""
    import hashlib  # the library behind it takes its time to load, and a check has no need of it

    raw = text.encode() if isinstance(text, str) else text
    return hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()


def files_of(rendered: Iterable[File]) -> dict[str, str]:
    """``files`` of a marker."""
    return {file.path: blob_id(file.text) for file in rendered}
