"""`lakeport new`: writes a request file from options, and asks for what they leave out in a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from gitops.commands import shared
from gitops.errors import InvalidRequest, Refused, UsageError
from gitops.terminal import as_text, note, say

if TYPE_CHECKING:
    import argparse

    from gitops.checkout import Checkout
    from gitops.commands._new_options import Given
    from gitops.compose import Composed
    from gitops.draft import Value
    from gitops.kind import Registry
    from gitops.policyfile import Person, Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The fields of a request, who asks, and where the text goes."""
    from gitops.commands._new_options import add_fields

    add_fields(parser)
    parser.add_argument(
        "--requested-by", metavar="WHO", help="Who asks: e-mail, GitHub login or Slack id; else Git's e-mail."
    )
    parser.add_argument(
        "--print", action="store_true", help="Write no file; the text goes to standard output."
    )
    shared.add_json(parser)
    parser.epilog = """\
Examples:
  lakeport new
  lakeport new --name churn --purpose "Find out who leaves." \\
    --business-owner jane.doe@acme.example --data-classification internal \\
    --expires 2027-04-30 --with repo,compute --set compute.size=medium

What nobody says is looked up, derived, or a default of the policy, and is shown
as that. In a terminal it asks for the rest. A file is never overwritten. Exit
code 1 when the policy refuses it, 2 when something is missing, 5 when the file
exists."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Compose the request, ask for what is missing where somebody can answer, and write it."""
    from gitops.commands._new_options import given
    from gitops.fields import catalogue
    from gitops.interview import Left

    work = _Work(options, registry)
    found = given(options, catalogue(registry), registry, work.policy)
    try:
        if sys.stdin.isatty() and sys.stderr.isatty() and not options.json and not found.problems:
            composed = work.with_questions(found.said)
        else:
            composed = work.without_questions(found)
    except Left:
        note("Nothing is written.")
        return 1
    work.tell(composed)
    return 0


class _Work:
    """One call: the options, and what they are read by."""

    def __init__(self, options: argparse.Namespace, registry: Registry) -> None:
        from gitops import checking

        self.options = options
        self.registry = registry
        self.checkout = shared.checkout_here()
        self.policy = checking.read_policy(self.checkout)
        self.requester, self.slack = _requester(options.requested_by, self.checkout, self.policy)

    def compose(self, said: Mapping[str, Value]) -> Composed:
        """The request that follows from what is said."""
        from gitops import checking
        from gitops.compose import compose

        return compose(
            said,
            registry=self.registry,
            policy=self.policy,
            requester=self.requester,
            requester_slack=self.slack,
            today=checking.today(),
        )

    def with_questions(self, said: Mapping[str, Value]) -> Composed:
        """The request as a person completed and confirmed it, written.

        Raises:
            Left: they left.
        """
        from gitops.fields import catalogue
        from gitops.interview import Interview

        asking = Interview(
            fields=catalogue(self.registry),
            registry=self.registry,
            policy=self.policy,
            compose=self.compose,
            hear=_hear,
            tell=note,
            width=get_terminal_size().columns,
        )
        return asking.run(dict(said), self.finish)

    def without_questions(self, found: Given) -> Composed:
        """The request, written.

        Raises:
            UsageError: with everything that is wrong or missing.
            InvalidRequest: the policy refuses it.
            Refused: its file exists.
        """
        from gitops.commands._new_options import still_needed
        from gitops.fields import catalogue
        from gitops.interview import errors

        composed = self.compose(found.said)
        lines = [*still_needed(found, composed, catalogue(self.registry))]
        if lines:
            lines += [f"{wrong.place.path}: {wrong.message} {wrong.hint}" for wrong in errors(composed)]
            raise UsageError(
                "The request is not complete:",
                points=[f"  {line}" for line in lines],
                fix="Say it with these options, or run lakeport new in a terminal, where it asks.",
            )
        if errors(composed):
            raise InvalidRequest(composed.findings)
        self.finish(composed)
        return composed

    def finish(self, composed: Composed) -> None:
        """Write the file, unless it is only to be shown.

        Raises:
            Refused: it exists, or would not be below ``requests/``.
        """
        if not self.options.print:
            assert composed.raw is not None
            _write(self.checkout, _path(composed), composed.raw)

    def tell(self, composed: Composed) -> None:
        """Where the file is, which of its values nobody said, and what to do next; or the file itself."""
        assert composed.raw is not None
        if self.options.json:
            say(as_text(_as_data(composed, written=not self.options.print)))
        elif self.options.print:
            say(composed.raw.decode())
        else:
            from gitops.interview import summary

            for line in (
                () if sys.stdin.isatty() else summary(composed)
            ):  # else they saw it before it was written
                note(line)
            say(f"{_path(composed)}\n")
            _tell_next(_path(composed))


def _path(composed: Composed) -> str:
    """Where the file of a complete request is."""
    from gitops.request import path_of

    assert composed.document is not None
    metadata = composed.document["metadata"]
    return path_of(metadata["environment"], metadata["team"], metadata["name"])


def _tell_next(path: str) -> None:
    from gitops.request import branch_of, request_id

    id_ = request_id(path)
    note("Next: read it, put comments where they help, then")
    note(f"  lakeport check {path}")
    note(f"  git switch -c {branch_of(id_)} && git add {path}")
    note(f'  git commit -m "Request {id_}" && git push -u origin {branch_of(id_)}')
    note("and open a pull request: it shows the plan and who has to approve.")


def _requester(who: str | None, checkout: Checkout, policy: Policy) -> tuple[Person | None, str]:
    """The person who asks and their Slack id.

    Raises:
        UsageError: nobody in the policy's directory is that.
    """
    name = who if who is not None else checkout.setting("user.email")
    if name:
        bare = name.removeprefix("@")
        person = policy.person(email=name) or policy.person(github=bare) or policy.person(slack=bare)
        if person is not None:
            return person, person.slack
        if re.fullmatch("[UW][A-Z0-9]{2,24}", name):
            return None, name
    whose = "--requested-by" if who is not None else "Git's user.email"
    raise UsageError(
        f"{whose} is {name}, whom the policy does not know." if name else f"{whose} is not set.",
        why="A request says who asks for it.",
        fix="Say it with --requested-by: e-mail, GitHub login or Slack id of one of the policy's people.",
    )


def _hear(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def _write(checkout: Checkout, path: str, raw: bytes) -> None:
    target = checkout.root / path
    try:
        if target.parent.resolve() != target.parent:
            raise Refused(f"{path} is behind a symbolic link.", fix="Put a folder there.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(raw)
    except FileExistsError:
        raise Refused(
            f"{path} exists already, and is left as it is.", fix="Choose another name, or edit that file."
        ) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go round
        raise UsageError(f"{path} cannot be written: {getattr(error, 'strerror', error)}.") from error


def _as_data(composed: Composed, *, written: bool) -> dict[str, Any]:
    assert composed.raw is not None
    values = {name: {"value": one.value, "source": one.source} for name, one in composed.values.items()}
    return {
        "path": _path(composed),
        "written": written,
        "text": composed.raw.decode(),
        "values": values,
        "findings": [finding.as_json() for finding in composed.findings],
        "approvals": [rule.as_json() for rule in composed.approvals],
    }
