"""A request file: reading it with all its findings, writing it in canonical form, and what it wants.

The path is the identity: ``requests/<environment>/<team>/<name>.yaml`` says what its metadata says, and the
id of a request is its path without folder and suffix. The models are :mod:`gitops.envelope`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gitops import explain, yamlfile
from gitops.envelope import API_VERSION, KIND, Metadata, Request, RequestedBy, request_model
from gitops.errors import InvalidRequest
from gitops.finding import Finding, Place, Related, Severity
from gitops.kind import Desired, Origin, Registry
from gitops.markup import clip
from gitops.model import fields_of
from gitops.plan import digest
from gitops.vocabulary import ENVIRONMENTS
from gitops.yamlfile import Document

if TYPE_CHECKING:
    from gitops.policy import Policy
    from gitops.yamlcomments import Comment

__all__ = [
    "API_VERSION",
    "ROOT",
    "Loaded",
    "Metadata",
    "Request",
    "RequestedBy",
    "branch_of",
    "desired",
    "dump_request",
    "json_schema",
    "load_request",
    "path_of",
    "request_id",
    "request_model",
]

ROOT = "requests"
HEADER = "yaml-language-server: $schema=../../schema.json"
_HEADER = re.compile(r"#\s*yaml-language-server:")

_PATH = re.compile(
    rf"{ROOT}/(?P<environment>{'|'.join(ENVIRONMENTS)})/(?P<team>[a-z](?:-?[a-z0-9])*)/(?P<name>[a-z](?:-?[a-z0-9])*)\.yaml"
)


class Loaded(Struct, frozen=True, dict=True):
    """A request file that was read and is valid."""

    id: str
    path: str
    document: Document
    request: Request

    @cached_property
    def file_digest(self) -> str:
        """The digest of the file's bytes."""
        return digest(self.document.raw)


def request_id(path: str) -> str:
    """``requests/dev/growth/churn.yaml`` → ``dev/growth/churn``.

    Raises:
        InvalidRequest: the path is not where a request can be.
    """
    found = _PATH.fullmatch(path)
    if not found:
        raise InvalidRequest(
            [
                Finding(
                    "path",
                    Severity.ERROR,
                    "A request cannot be at this path.",
                    Place(path),
                    f"Requests are at {ROOT}/<environment>/<team>/<name>.yaml; the environment is one of "
                    f"{', '.join(ENVIRONMENTS)}, team and name are lower-case words with hyphens.",
                )
            ]
        )
    return f"{found['environment']}/{found['team']}/{found['name']}"


def path_of(environment: str, team: str, name: str) -> str:
    """Where the request of this name stands: ``requests/dev/growth/churn.yaml``."""
    return f"{ROOT}/{environment}/{team}/{name}.yaml"


def branch_of(request_id: str) -> str:
    """The branch that carries the pull request of a request: ``request/dev/growth/churn``."""
    return f"request/{request_id}"


def load_request(raw: bytes, path: str, registry: Registry) -> Loaded:
    """Read a request file; ``path`` is its path in the repository.

    Raises:
        InvalidRequest: with all findings: path, YAML, fields, and resources that are there twice.
    """
    findings: list[Finding] = []
    identity = ""
    try:
        identity = request_id(path)
    except InvalidRequest as invalid:
        findings += invalid.findings
    document, unreadable = yamlfile.survey(raw, path)
    findings += unreadable
    if document is None:
        raise InvalidRequest(findings)
    slips = slips_of_path(document.data, identity)
    findings += _path_findings(document, identity, slips)
    if document.data.get("apiVersion") != API_VERSION:
        document, version = _of_another_version(document)
        findings += version
    try:
        request = explain.validate(request_model(registry), document)
    except InvalidRequest as invalid:
        known = {finding.place.path for finding in unreadable} | {f"metadata.{key}" for key in slips}
        raise InvalidRequest(_sorted([*findings, *_besides(invalid.findings, known)])) from None
    findings += _twice(request, document, registry)
    if findings:
        raise InvalidRequest(_sorted(findings))
    return Loaded(identity, path, document, request)


def _of_another_version(document: Document) -> tuple[Document, list[Finding]]:
    """The document as if it were of the version that is read, and what there is to say of its own version.

    Raises:
        InvalidRequest: with this alone where the fields of its version are others.
    """
    from gitops.migration import UNKNOWN, version_finding

    found = version_finding(document)
    if found is None:
        return document, []
    if found.rule != UNKNOWN:
        raise InvalidRequest([found])
    return replace(document, data=document.data | {"apiVersion": API_VERSION}), [found]


def _besides(findings: Iterable[Finding], known: set[str]) -> list[Finding]:
    """The findings that are about something else: a value that cannot be read is not called missing too."""
    paths = known - {""}
    return [
        finding
        for finding in findings
        if not any(re.match(rf"{re.escape(path)}(?![a-z0-9_])", finding.place.path) for path in paths)
    ]


def _apart_from_path(data: Mapping[str, Any], identity: str) -> Iterator[tuple[str, Any, str]]:
    """Where the metadata says something else than the path: the key, what it says, what the path says."""
    metadata = data.get("metadata")
    if not identity or not isinstance(metadata, dict):
        return
    for key, expected in zip(("environment", "team", "name"), identity.split("/"), strict=True):
        value = metadata.get(key)
        if value is not None and value != expected:
            yield key, value, expected


def slips_of_path(data: Mapping[str, Any], identity: str) -> dict[str, str]:
    """Keys of the metadata that are a slip of what the path says, with what it says."""
    from gitops.suggest import nearest

    apart = _apart_from_path(data, identity)
    return {key: says for key, value, says in apart if isinstance(value, str) and nearest(value, [says])}


def _path_findings(document: Document, identity: str, slips: Mapping[str, str]) -> Iterator[Finding]:
    """The path and the metadata say the same."""
    renamed = "A request is not renamed: write what the path says, or make a new file and retire this one."
    for key, value, expected in _apart_from_path(document.data, identity):
        yield Finding(
            "path-metadata",
            Severity.ERROR,
            f"The file's path says {key} {expected}, the file says {clip(str(value), 60)}.",
            document.place(("metadata", key)),
            f"Did you mean {expected}?" if key in slips else renamed,
        )


def _twice(request: Request, document: Document, registry: Registry) -> Iterator[Finding]:
    first: dict[tuple[str, str], int] = {}
    for index, spec in enumerate(request.resources):
        identity = registry[spec.kind].identity(spec)
        before = first.setdefault((spec.kind, identity), index)
        if before != index:
            yield Finding(
                "resource-twice",
                Severity.ERROR,
                f"The {spec.kind} {identity} is there twice, first as resources[{before}].",
                document.place(("resources", index)),
                "Delete one of the two, or give it another name.",
                related=(Related(document.place(("resources", before)), "First here."),),
            )


def _sorted(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.sort_key)


def dump_request(data: Mapping[str, Any], *, comments: Sequence[Comment] = ()) -> bytes:
    """A request's data as the canonical bytes of its file: the format's key order, without what says nothing.

    ``comments`` belong to paths of the data. Those of the file as it was before an edit are taken over with
    ``carry(find(before), before.data, data)`` of :mod:`gitops.yamlcarry`.

    Raises:
        TypeError: a value is of a type that a file cannot hold.
    """
    metadata = data.get("metadata", {})
    ordered = {
        "apiVersion": data.get("apiVersion", API_VERSION),
        "kind": data.get("kind", KIND),
        "metadata": _present({key: metadata[key] for key in _order(metadata, tuple(fields_of(Metadata)))}),
        "resources": [
            _present({key: resource[key] for key in _order(resource, ("kind",))})
            for resource in data.get("resources", ())
        ],
    }
    if not comments:
        return yamlfile.dump(ordered, header=HEADER)
    from gitops import yamldump
    from gitops.yamlcarry import settle

    kept = [comment for comment in comments if not _HEADER.match(comment.text)]
    return yamldump.dump(ordered, header=HEADER, comments=settle(kept, ordered))


def _order(data: Mapping[str, Any], first: tuple[str, ...]) -> list[str]:
    return [key for key in first if key in data] + [key for key in data if key not in first]


def _present(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without values that say nothing: ``None``, and empty lists, at any depth."""
    cleaned = {key: _present(value) if isinstance(value, Mapping) else value for key, value in data.items()}
    return {key: value for key, value in cleaned.items() if value is not None and value != [] and value != ()}


def desired(
    loaded: Loaded,
    policy: Policy,
    earlier: Sequence[Loaded] = (),
    registry: Registry | None = None,
    *,
    settled: bool = False,
) -> tuple[Desired[Any], ...]:
    """What the file wants, one entry for each resource in the file's order, with where it comes from.

    ``earlier`` are versions of the request that were applied or tried, oldest first; telling which of their
    resources is which needs the ``registry``. Where the file leaves them out, the technical owner is the
    requester, and the cost center the team's.
    """
    metadata = loaded.request.metadata
    team = policy.teams.get(metadata.team)
    requester = policy.person(slack=metadata.requested_by.slack)
    technical = metadata.technical_owner or (requester.email if requester else metadata.business_owner)
    told = (email for version in earlier for email in version.request.metadata.members)
    former = tuple(dict.fromkeys(email for email in told if email not in metadata.members))
    mentioned = (metadata.business_owner, technical, *metadata.members, *former)
    origin = Origin(
        request=loaded.id,
        name=metadata.name,
        team=metadata.team,
        environment=metadata.environment,
        organisation=policy.organisation,
        cloud=policy.cloud,
        region=policy.default_region,
        group=team.databricks_group if team else "",
        github_team=team.github_team if team else "",
        purpose=metadata.purpose,
        business_owner=metadata.business_owner,
        technical_owner=technical,
        data_classification=metadata.data_classification,
        cost_center=metadata.cost_center or (team.cost_center if team else ""),
        lifecycle=metadata.lifecycle,
        members=metadata.members,
        people={email: person.github for email in mentioned if (person := policy.person(email=email))},
        price_book=policy.price_book,
        member_access=policy.members,
        former_members=former,
        kinds=tuple(dict.fromkeys(spec.kind for spec in loaded.request.resources)),
        repositories=policy.repositories,
        compute=policy.compute,
        schemas=policy.schemas,
    )

    def key(spec: Any) -> tuple[str, str]:
        return spec.kind, registry[spec.kind].identity(spec) if registry else ""

    before: dict[tuple[str, str], list[Any]] = {}
    for version in earlier if registry else ():
        for spec in version.request.resources:
            before.setdefault(key(spec), []).append(spec)
    return tuple(
        Desired(spec=spec, origin=origin, earlier=tuple(before.get(key(spec), ())), settled=settled)
        for spec in loaded.request.resources
    )


def json_schema(registry: Registry) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a request file, for editors and other tools."""
    from gitops.fileschema import file_schema  # a quarter of the start-up time of a check, which needs none

    return file_schema(request_model(registry), registry) | {
        "title": "Lakeport request",
        "description": f"One onboarding: {ROOT}/<environment>/<team>/<name>.yaml.",
    }
