"""Which paths a file of a template may have: those that mean one harmless file on every system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MARKER = ".lakeport/scaffold.json"
"""Where a repository says which template it was filled from."""

WORKFLOWS = (".github/workflows", ".github/actions")
"""What GitHub runs: a template's files there are copied as they are, and no value is ever put into them."""

CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the owners of a repository's files, in this order."""

MAX_NAME = 255
"""Bytes that a name may have on the file systems in use."""

MAX_PATH = 1024
"""Bytes of a whole path: what macOS takes. Windows takes less, and can be told to take more."""

_OURS = (*WORKFLOWS, ".github", ".lakeport")
# What Windows takes for a device, whatever the extension; the superscript digits count as digits there.
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.I
)
_SHORT_NAME = re.compile(r"~[0-9]+(?:\.|$)")  # GIT~1 is .git on NTFS
_NOT_ON_WINDOWS = frozenset('<>:"|?*\\')


def folded(path: str) -> str:
    """The path as file systems compare it that know no case and no difference in how an accent is made."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def fault(path: str) -> str:
    """Why no template may write there, as the end of the sentence "the path …"; empty when it may.

    The rules are those of Git, GitHub, NTFS and APFS together: a repository is checked out on all of them.
    """
    if not path or len(path.encode("utf-8", "surrogatepass")) > MAX_PATH:
        return "is empty or too long"
    if path.startswith("/") or "\\" in path or re.match(r"[A-Za-z]:", path):
        return "does not begin in the repository"
    if unicodedata.normalize("NFC", path) != path:
        return "has accents that some systems spell in another way"
    for name in path.split("/"):
        if found := _fault_of_name(name):
            return found
    same = folded(path)
    if same == ".lakeport" or same.startswith(".lakeport/"):
        return "is where Lakeport keeps its own notes"
    for folder in _OURS:
        if (same == folder or same.startswith(f"{folder}/")) and not f"{path}/".startswith(f"{folder}/"):
            return f"is another spelling of {folder}"
    return ""


def _fault_of_name(name: str) -> str:
    """The same for one name of the path."""
    if name in ("", ".", ".."):
        return "has a part that leads somewhere else"
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME:
        return "has a name that is too long"
    if any(unicodedata.category(char)[0] == "C" or char in "\u2028\u2029" for char in name):
        return "has a character that does not show"
    if name != name.strip() or name.endswith("."):
        return "has a name that begins or ends with a space, or ends with a dot"
    if _NOT_ON_WINDOWS & set(name) or _DEVICE.fullmatch(name) or _SHORT_NAME.search(name):
        return "has a name that means something else on Windows"
    if folded(unicodedata.normalize("NFKC", name)) in (".git", ".gitmodules"):
        return "is Git's own"
    return ""


def clash(paths: Iterable[str]) -> tuple[str, str] | None:
    """Two of the paths that some file systems take for one, or of which one would have to be in the other."""
    spelled: dict[str, str] = {}
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            part = "/".join(parts[:depth])
            if spelled.setdefault(folded(part), part) != part:
                return spelled[folded(part)], part
            if depth < len(parts):
                folders[part] = path
        if path in files:
            return files[path], path
        files[path] = path
    return next(((path, folders[path]) for path in files if path in folders), None)


def is_run_by_github(path: str) -> bool:
    """Whether GitHub runs what is in this file."""
    return folded(path).startswith(tuple(f"{folder}/" for folder in WORKFLOWS))
