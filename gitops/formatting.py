"""The canonical form of a request file: the order of its fields, its spacing and quoting, its comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops.envelope import Metadata
from gitops.errors import LakeportError
from gitops.model import bare, entry_type, fields_of, is_model
from gitops.request import HEADER, dump_request, load_request
from gitops.yamlcomments import Comment, find

if TYPE_CHECKING:
    from gitops.kind import Registry


def formatted(raw: bytes, path: str, registry: Registry) -> bytes:
    """A request file in canonical form: the same request, with all its comments.

    Raises:
        InvalidRequest: the file has findings.
    """
    loaded = load_request(raw, path, registry)
    only_header = b"#" not in raw.removeprefix(f"# {HEADER}\n".encode())  # most files; finding takes longer
    result = canonical(loaded.document.data, () if only_header else find(loaded.document), registry)
    if result != raw and load_request(result, path, registry).request != loaded.request:
        raise LakeportError(  # nobody's mistake but ours, and no reason to spoil a file
            "The formatted file would not be the same request; the file was left as it is.", where=path
        )
    return result


def canonical(data: Mapping[str, Any], comments: Sequence[Comment], registry: Registry) -> bytes:
    """The canonical bytes of a request's data, with the comments that belong to it."""
    return dump_request(ordered(data, registry), comments=comments)


def ordered(data: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """A request's data with its fields in the order of their models, then those that no model knows."""
    metadata = _ordered(data.get("metadata", {}), Metadata)
    resources = [_resource(entry, registry) for entry in data.get("resources", ())]
    return dict(data) | {"metadata": metadata, "resources": resources}


def _resource(entry: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    kind = registry.get(str(entry.get("kind")))
    fields: dict[str, Any] = _ordered(entry, kind.spec) if kind else dict(entry)
    return {key: fields[key] for key in ("kind", *fields) if key in fields}


def _ordered(value: Any, kind: Any) -> Any:
    """A value with the fields of every mapping in it in the order of their model."""
    inner = bare(kind)
    if isinstance(value, Mapping) and is_model(inner):
        fields = fields_of(inner)
        known = {key: _ordered(value[key], field.annotation) for key, field in fields.items() if key in value}
        return known | {key: item for key, item in value.items() if key not in known}
    entry = entry_type(kind)
    if isinstance(value, list | tuple) and entry is not None:
        return [_ordered(item, entry) for item in value]
    return value
