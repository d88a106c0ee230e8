"""``python -m sandbox``: start the rehearsal world and keep it up, or play the demonstration in it."""

from __future__ import annotations

import signal
import sys
import time
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from gitops.errors import LakeportError, UsageError
from sandbox.children import ChildError
from sandbox.project import fresh_home
from sandbox.world import World

FAILED, INTERRUPTED = 1, 130
LOOK_SECONDS = 0.5

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A rehearsal world for one machine: Slack, GitHub and its runner, Databricks, and the bot.",
)
out, err = Console(), Console(stderr=True)

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="An absent or empty folder for all data; a fresh one below .lakeport/sandbox by default.",
    ),
]


@app.command()
def up(
    home: Home = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the workspace in the browser.")] = False,
) -> None:
    """Start everything and keep it up until Ctrl-C."""
    with out.status("Starting Slack, GitHub, Databricks and the bot …"):
        world = World(home or fresh_home())
        world.__enter__()
    try:
        _show(world)
        if open_page:
            webbrowser.open(world.slack.url)
        while True:
            world.check()
            time.sleep(LOOK_SECONDS)
    finally:
        with out.status("Stopping …"):
            world.stop()
        out.print("Everything is stopped.")


@app.command()
def demo(home: Home = None) -> None:
    """Play one onboarding from Slack to Databricks and verify it."""
    from sandbox.demo import play

    with World(home or fresh_home()) as world:
        code = play(world)
    raise typer.Exit(int(code or 0))


def main() -> int:
    """Run a command; every failure is said in plain words. Returns the exit code."""
    former = signal.signal(signal.SIGTERM, _end)
    try:
        # typer turns a typer.Exit, and Ctrl-C into 130, into what this returns.
        code = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except typer.TyperException as error:
        err.print(f"{error.format_message()}\n`python -m sandbox --help` shows what it takes.", markup=False)
        return UsageError.exit_code
    except LakeportError as error:
        err.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except ChildError as error:
        err.print(f"The sandbox stopped: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return FAILED
    finally:
        signal.signal(signal.SIGTERM, former)
    return code if isinstance(code, int) else 0


def _show(world: World) -> None:
    out.print(f"Open [bold]{world.slack.url}[/] in a browser: everything is on that page.\n", soft_wrap=True)
    for one in world.addresses():
        # Never cut or wrapped, however narrow the terminal: an address is there to be clicked or copied.
        out.print(f"[bold]{one.name:<11}[/]{one.url}  [dim]{one.note}[/]", soft_wrap=True)
    out.print(f"[dim]Data and logs: {world.home}[/]", highlight=False, soft_wrap=True)
    out.print("Stop everything with Ctrl-C.")


def _end(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends it the way Ctrl-C does, so that nothing is left running."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
