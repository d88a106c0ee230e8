"""Renders one template, in a process of its own.

cookiecutter changes the working directory of the whole process, and a template is a program. Run by
:mod:`handlers._scaffold_files` as a script, without any credential in its environment. Standard input is the
JSON ``{"template": folder, "target": folder, "context": {variable: value}}``.
"""

from __future__ import annotations

import json
import sys

from cookiecutter.generate import generate_files


def main() -> None:
    """Render with literal values: nothing in them is a template, and no hook runs."""
    order = json.load(sys.stdin)
    generate_files(
        repo_dir=order["template"],
        context={"cookiecutter": order["context"]},
        output_dir=order["target"],
        accept_hooks=False,
    )


if __name__ == "__main__":
    main()
