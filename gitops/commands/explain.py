"""`lakeport explain`: why a rule exists and how to satisfy it, and the list of all rules."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gitops.commands import shared
from gitops.errors import InvalidRequest, LakeportError, UsageError
from gitops.terminal import answer, as_text, note, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from gitops.kind import Registry
    from gitops.rulebook import Entry

PAGE = "docs/rules.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rule; or the whole book, as a page."""
    parser.add_argument(
        "rule", nargs="?", metavar="RULE", help="Id of a rule, as findings show it; all rules when left out."
    )
    parser.add_argument("--markdown", action="store_true", help=f"The whole book as the page {PAGE}.")
    parser.add_argument(
        "--check", action="store_true", help=f"With --markdown: say whether {PAGE} is current."
    )
    shared.add_out(parser, "With --markdown: write it to this file.")
    shared.add_json(parser)
    parser.epilog = f"""\
Examples:
  lakeport explain
  lakeport explain schema-unknown
  lakeport explain --markdown --out {PAGE}

Knows the rules of the organisation's own policy too, in a checkout that has one.
Exit code 1 when --check finds another page, 2 when there is no such rule."""


def run(options: argparse.Namespace, registry: Registry) -> int:
    """Show one rule, all of them, or the page."""
    from gitops.rulebook import rule_book

    if options.markdown and options.rule:
        raise UsageError("--markdown is the whole book.", fix="Leave the rule out, or --markdown.")
    if options.markdown:
        return _page(options, rule_book(registry))
    if options.check or options.out:
        raise UsageError("--check and --out go with --markdown.", fix="Add --markdown.")
    book = rule_book(registry, _own())
    if options.rule is None:
        _show(options, book)
    elif options.rule in book:
        _show_one(options, book[options.rule])
    else:
        raise _unknown(options.rule, book)
    return 0


def _own() -> Iterable[Entry]:
    """The rules of the policy of this checkout; none where there is no policy, or one that cannot be read."""
    from gitops.checking import read_policy
    from gitops.rulebook import own_entries

    try:
        return tuple(own_entries(read_policy(shared.checkout_here())))
    except UsageError:
        return ()
    except InvalidRequest:
        note("The policy has findings, so its own rules are left out; `lakeport check` shows them.")
        return ()


def _show(options: argparse.Namespace, book: Mapping[str, Entry]) -> None:
    from gitops.render import open_console
    from gitops.render_rules import print_rules

    if options.json:
        say(as_text({"rules": [entry.as_json() for entry in book.values()]}))
    else:
        print_rules(open_console(sys.stdout), book)


def _show_one(options: argparse.Namespace, entry: Entry) -> None:
    from gitops.render import open_console
    from gitops.render_rules import print_rule

    if options.json:
        say(as_text({"rule": entry.as_json()}))
    else:
        print_rule(open_console(sys.stdout), entry)


def _page(options: argparse.Namespace, book: Mapping[str, Entry]) -> int:
    """Print the page of the book, write it, or compare it with the one that is there."""
    from gitops.render_rules import book_markdown

    text = book_markdown(book)
    if options.check:
        path = Path(PAGE)
        if not path.is_file() or path.read_text("utf-8") != text:
            raise LakeportError(
                f"{PAGE} is not what the rules say.",
                fix=f"Run `lakeport explain --markdown --out {PAGE}` and commit it.",
            )
        answer(options.json, "The page of the rules is current.", {"current": True})
    elif options.out is not None:
        shared.write(options.out, text)
    else:
        say(text)
    return 0


def _unknown(word: str, book: Mapping[str, Entry]) -> UsageError:
    from gitops.suggest import did_you_mean

    alike = [rule for rule in book if rule.startswith(f"{word}-")]
    close = did_you_mean(word, book) or (f"There are {', '.join(alike)}." if alike else "")
    return UsageError(f"There is no rule {word}. {close}".rstrip(), fix="`lakeport explain` lists all rules.")
