"""What stands of a scaffold: the note in its repository, or what keeps us from filling that; one or many.

Many repositories are asked for with GraphQL, a hundred in one call. What that cannot tell, or tells only in
part, is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from gitops.clients import translate
from gitops.errors import RemoteError
from gitops.kind import Desired
from handlers._scaffold_fields import ScaffoldSpec
from handlers._scaffold_marker import Marker, blob_id, parse
from handlers._scaffold_paths import CODEOWNERS, MARKER

if TYPE_CHECKING:
    from github import Github, InputGitTreeElement
    from github.GitTreeElement import GitTreeElement
    from github.Repository import Repository

    from handlers._scaffold_files import File

T = TypeVar("T")

REPOSITORY_MARK = "lakeport-request"
"""The custom property by which a repository says which request it belongs to."""

AT_ONCE = 100
"""Repositories in one call of GraphQL."""

FEW = 2
"""So many are asked for one by one, which takes fewer calls where nothing stands yet."""

_FOLDER, _NAME = MARKER.split("/")
_REGULAR = (0o100644, 0o100755)
_FOLDER_MODE = 0o040000


@dataclass(frozen=True, kw_only=True)
class ScaffoldState:
    """What is in the repository: our note, or (``stands`` false) what keeps us from filling it.

    ``template``, ``version`` and ``mark`` (the request) are from the note. ``files`` names some files that
    are in the way; ``owner`` is the mark of a repository that is not this request's, empty where nobody's.
    """

    stands: bool = True
    template: str = ""
    version: str = ""
    mark: str = ""
    files: tuple[str, ...] = ()
    foreign: bool = False
    owner: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A repository with a note, whoever wrote that."""

    archived: bool
    url: str
    marker: Marker


def known(look: Callable[[], T]) -> T | None:
    """What ``look`` gives; ``None`` where GitHub says: no such thing, or (409) nothing in it yet."""
    from github import GithubException

    try:
        return look()
    except GithubException as error:
        if error.status in (404, 409):
            return None
        raise


def read(desired: Desired[ScaffoldSpec], client: Github) -> ScaffoldState | None:
    """Three calls for a repository with our note; four, or five, for one that is still to be filled."""
    origin = desired.origin
    with translate("GitHub"):
        repository = known(partial(client.get_repo, full_name(desired)))
        if repository is None:
            return None
        marker = marker_in(repository)
        if marker is not None:
            found = Found(archived=repository.archived, url=repository.html_url, marker=marker)
            return _state(desired, found)
        if repository.archived and origin.lifecycle != "active":
            return None
        owner = owner_of(repository)
        files = in_the_way(repository, files_at(repository, repository.default_branch), origin.purpose)
        if not files and owner == origin.request:
            return None
        return ScaffoldState(stands=False, files=files[:3], foreign=owner != origin.request, owner=owner)


def full_name(desired: Desired[ScaffoldSpec]) -> str:
    """``organisation/repository``."""
    return f"{desired.origin.organisation}/{desired.spec.repo}"


def _state(desired: Desired[ScaffoldSpec], found: Found) -> ScaffoldState | None:
    """What a note means for this request; nothing stands in the archive of a request that is going."""
    if found.archived and desired.origin.lifecycle != "active":
        return None
    marker = found.marker
    return ScaffoldState(template=marker.template, version=marker.version, mark=marker.request, url=found.url)


def owner_of(repository: Repository) -> str:
    """The request that the repository belongs to, as its own kind marks it."""
    return str((repository.custom_properties or {}).get(REPOSITORY_MARK) or "")


def marker_in(repository: Repository) -> Marker | None:
    """The note on the default branch: ``None`` where there is none, an empty one where it cannot be read."""
    folder = known(partial(repository.get_contents, _FOLDER))
    if not isinstance(folder, list):
        return None
    entry = next((one for one in folder if one.name == _NAME and one.type != "dir"), None)
    if entry is None:
        return None
    if entry.type != "file":  # a symbolic link is followed by nobody
        return Marker()
    blob = known(partial(repository.get_git_blob, entry.sha))
    return Marker() if blob is None else parse(content_of(blob))


def content_of(blob: Any) -> bytes:
    """The bytes of a blob of Git."""
    from base64 import b64decode

    return b64decode(blob.content) if blob.encoding == "base64" else str(blob.content).encode()


def files_at(repository: Repository, at: str) -> dict[str, GitTreeElement]:
    """All but folders in a tree, or at the head of a branch, by path; nothing where there is no commit.

    Raises:
        RemoteError: there is more than GitHub lists.
    """
    tree = known(partial(repository.get_git_tree, at, recursive=True))
    if tree is None:
        return {}
    if tree.raw_data.get("truncated"):
        raise RemoteError(
            f"The repository {repository.full_name} has more files than GitHub lists.", where="GitHub"
        )
    return {entry.path: entry for entry in tree.tree if entry.type != "tree"}


def elements_of(files: Mapping[str, File | None]) -> list[InputGitTreeElement]:
    """The files as GitHub takes them for a tree, by path; ``None`` for one that goes."""
    from github import InputGitTreeElement

    return [
        InputGitTreeElement(path=path, mode="100644", type="blob", sha=None)
        if file is None
        else InputGitTreeElement(
            path=path, mode="100755" if file.executable else "100644", type="blob", content=file.text
        )
        for path, file in sorted(files.items())
    ]


def in_the_way(repository: Repository, files: Mapping[str, GitTreeElement], purpose: str) -> tuple[str, ...]:
    """The files that a template would have to share the repository with, sorted.

    A new repository has a README that GitHub wrote, from its name and its description; where its kind wrote
    down the owners of its files, those stay.
    """
    readme = files.get("README.md")
    allowed = set(CODEOWNERS)
    if readme is not None and readme.mode == "100644":
        text = content_of(repository.get_git_blob(readme.sha)).decode("utf-8", "replace")
        if _is_first_readme(text, repository, purpose):
            allowed.add("README.md")
    return tuple(sorted(files.keys() - allowed))


def _is_first_readme(text: str, repository: Repository, purpose: str) -> bool:
    heading, _, rest = text.strip().partition("\n")
    described = {"", (repository.description or "").strip(), purpose.strip()}
    return heading.strip() == f"# {repository.name}" and rest.strip() in described


# --- many at once


def read_all(wanted: Sequence[Desired[ScaffoldSpec]], client: Github) -> Sequence[ScaffoldState | None]:
    """The same as :func:`read` of each: one call for a hundred that are filled, or do not stand at all."""
    if len(wanted) <= FEW:
        return [read(one, client) for one in wanted]
    told = notes((full_name(one) for one in wanted), client)
    return [
        _told(one, told[full_name(one)]) if full_name(one) in told else read(one, client) for one in wanted
    ]


def _told(desired: Desired[ScaffoldSpec], found: Found | None) -> ScaffoldState | None:
    return None if found is None else _state(desired, found)


def notes(full_names: Iterable[str], client: Github) -> dict[str, Found | None]:
    """The notes of many repositories: ``None`` for one that is not there.

    One without a note, or with one that is too large for such an answer, is left out.
    """
    names = sorted(set(full_names))
    told: dict[str, Found | None] = {}
    for start in range(0, len(names), AT_ONCE):
        told |= _notes(names[start : start + AT_ONCE], client)
    return told


def _notes(names: Sequence[str], client: Github) -> dict[str, Found | None]:
    variables: dict[str, Any] = {"folder": f"HEAD:{_FOLDER}"}
    for index, name in enumerate(names):
        variables[f"o{index}"], _, variables[f"n{index}"] = name.partition("/")
    with translate("GitHub"):
        data = _data(client, _query(len(names)), variables)
    told: dict[str, Found | None] = {}
    for index, name in enumerate(names):
        answer = data.get(f"r{index}")
        if answer is None:
            told[name] = None
        elif (marker := _marker(answer)) is not None:
            told[name] = Found(archived=bool(answer["isArchived"]), url=str(answer["url"]), marker=marker)
    return told


@cache
def _query(count: int) -> str:
    """The question for so many repositories; their names are variables, and never part of the text."""
    declared = "".join(f", $o{index}: String!, $n{index}: String!" for index in range(count))
    asked = "\n".join(
        f"  r{index}: repository(owner: $o{index}, name: $n{index}) {{ ...note }}" for index in range(count)
    )
    return f"""query ($folder: String!{declared}) {{
{asked}
}}
fragment note on Repository {{
  url
  isArchived
  object(expression: $folder) {{
    ... on Tree {{ entries {{ name mode oid object {{ ... on Blob {{ text }} }} }} }}
  }}
}}"""


def _data(client: Github, query: str, variables: dict[str, Any]) -> Mapping[str, Any]:
    """The answer; that some repositories do not exist is an answer, though GitHub calls it an error."""
    from github import GithubException

    try:
        _, answer = client.requester.graphql_query(query, variables)
    except GithubException as error:
        answer = error.data if isinstance(error.data, dict) else {}
        if any(one.get("type") != "NOT_FOUND" for one in answer.get("errors", [{}])):
            raise
    found = answer.get("data")
    if not isinstance(found, dict):
        raise RemoteError("GitHub answered something that cannot be read.", where="GitHub")
    return found


def _marker(answer: Mapping[str, Any]) -> Marker | None:
    """The note in an answer; ``None`` where there is none, or its text is not all that the file holds."""
    entries = (answer.get("object") or {}).get("entries") or ()
    entry = next((one for one in entries if one["name"] == _NAME), None)
    if entry is None or entry["mode"] == _FOLDER_MODE:
        return None
    if entry["mode"] not in _REGULAR:
        return Marker()
    text = (entry.get("object") or {}).get("text")
    if not isinstance(text, str) or blob_id(text) != entry["oid"]:
        return None
    return parse(text.encode())
