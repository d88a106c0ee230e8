"""The words of one command's line: argparse with our errors, our help, and options before or after files."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NoReturn

from gitops.errors import UsageError
from gitops.suggest import did_you_mean
from gitops.terminal import say

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_WIDEST = 100
"""Columns; a longer line is hard to read, however wide the terminal is."""
_USUAL = 80
_NAMED = re.compile(r"argument (?P<name>[^:]+): (?P<rest>.*)", re.DOTALL)
_REQUIRED = re.compile(r"the following arguments are required: (.*)")


class Parser(argparse.ArgumentParser):
    """Takes what one command takes; whatever else is a :class:`~gitops.errors.UsageError` in a sentence.

    A command that has commands of its own calls ``add_subparsers`` with a title, ``dest``, ``metavar`` and
    ``required=True``. Options of these stand before or after their files, not between them.
    """

    def __init__(self, *, prog: str, description: str = "", **rest: Any) -> None:
        rest |= {"formatter_class": _Help, "allow_abbrev": False, "add_help": False}
        super().__init__(prog=prog, description=description, **rest)
        self._positionals.title = "Arguments"
        self._optionals.title = "Options"
        self.add_argument("-h", "--help", action="help", help="Show this and leave.")

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options and arguments of the command.

        Raises:
            UsageError: the command does not take them.
            SystemExit: help was asked for, and shown.
        """
        # argparse can let options stand between files, but not in a command that has commands of its own,
        # and not together with `--`, which Python 3.11 then forgets.
        nested = any(action.nargs in (argparse.PARSER, argparse.REMAINDER) for action in self._actions)
        mixed = not nested and "--" not in arguments
        read = self.parse_known_intermixed_args if mixed else self.parse_known_args
        options, rest = read(arguments)
        if rest:
            self._refuse(rest)
        return options

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Show the help; that nobody reads it to its end is no failure."""
        del file  # argparse itself never gives one
        say(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Say what argparse complains of in a sentence."""
        raise UsageError(self._sentence(message), fix=self._fix())

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Only what is among the choices; the names of the commands of a command are choices too."""
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        close = did_you_mean(str(value), known)
        if isinstance(action, argparse._SubParsersAction):
            what = f"There is no command {self.prog.partition(' ')[2]} {value}. {close}"
            raise UsageError(what.rstrip(), fix=self._fix())
        raise argparse.ArgumentError(action, f"takes {one_of(known)}, not {value}. {close}".rstrip())

    def _refuse(self, rest: Sequence[str]) -> NoReturn:
        """Words that nothing takes: the first option among them, or else the first word."""
        word = next((word for word in rest if word.startswith("-") and word != "-"), rest[0])
        if not word.startswith("-"):
            raise UsageError(f"`{self.prog}` does not take {word}.", fix=self._fix())
        name = word.partition("=")[0]
        known = list(self._options())
        longer = [option for option in known if option.startswith(name)] if len(name) > 3 else []
        close = f"Did you mean {longer[0]}?" if len(longer) == 1 else did_you_mean(name, known)
        raise UsageError(f"`{self.prog}` has no option {name}. {close}".rstrip(), fix=self._fix())

    def _options(self) -> Iterator[str]:
        """The options of this command and of its commands."""
        for action in self._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for parser in action.choices.values():
                    yield from parser._options()

    def _sentence(self, message: str) -> str:
        if required := _REQUIRED.fullmatch(message):
            return f"`{self.prog}` needs {_listed(required[1].split(', '), 'and')}."
        named = _NAMED.fullmatch(message)
        if named is None:
            return f"{message[:1].upper()}{message[1:].rstrip('.')}."
        name, rest = named["name"], named["rest"]
        if rest.startswith("expected "):
            return f"{name} needs a value."
        if rest.startswith("ignored explicit argument"):
            return f"{name} takes no value."
        if rest.startswith("not allowed with argument "):
            return f"{name} and {rest.removeprefix('not allowed with argument ')} do not go together."
        if rest.startswith("invalid "):
            return f"{name}: {rest}."
        return f"{name} {rest}"  # of a type of ours, whose sentence goes on after the name

    def _fix(self) -> str:
        return f"`{self.prog} --help` shows what it takes."


class _Help(argparse.HelpFormatter):
    """Help that begins with ``Usage:``; in its prose, lines that are indented stay as they are."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=min(_columns(), _WIDEST) - 2)

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """The line that says how the command is called."""
        super().add_usage(usage, actions, groups, "Usage: " if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """What an argument is for; an id or an option is not broken at its hyphens."""
        from textwrap import wrap

        return wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Every paragraph wrapped; examples are indented, and are never broken."""
        blocks = groupby(text.splitlines(), key=lambda line: bool(line) and not line.startswith(" "))
        lines = (self._split_lines(" ".join(block), width) if prose else block for prose, block in blocks)
        return "\n".join(indent + line for line in chain.from_iterable(lines))


def _columns() -> int:
    """How wide the terminal is, as ``shutil.get_terminal_size`` says; that takes 2 ms to import."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    try:
        return os.get_terminal_size().columns or _USUAL
    except OSError:
        return _USUAL


def whole_number(least: int) -> Callable[[str], int]:
    """The type of an option whose value is a whole number, at least this one."""

    def number(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"takes a whole number of at least {least}, not {text}.")
        return int(text)

    return number


def one_of(words: Sequence[str]) -> str:
    """``terminal, json or github``."""
    return _listed(words, "or")


def _listed(words: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
