"""What the words of a request mean: terms of ours, and the values of closed sets, also inside lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitops.fields import Field
from gitops.kind import Ask, Registry
from gitops.model import FieldInfo, bare, entry_type, fields_of, is_model

TERMS: Mapping[str, str] = {
    "said": "Said: you said it, in this thread or in the form.",
    "looked up": "Looked up: it stands in the directory or in the policy, such as the team you are in.",
    "default": "Default: nobody said it, so the policy or a naming rule fills it in. Say another value to "
    "change it.",
    "my reading": "My reading: I concluded it from your words; please check that it is what you meant.",
    "inferred": "Inferred: I concluded it from your words; please check that it is what you meant.",
    "pull request": "A pull request is the proposal to add your file to the repository of all requests; "
    "the approvers see there exactly what would change, and nothing happens before they agree.",
    "merge": "To merge is to take the approved file over; after that everything is set up.",
    "merged": "To merge is to take the approved file over; after that everything is set up.",
    "confirm": "Confirm submits exactly the file that the card shows. If anything changes later, I ask "
    "again.",
    "withdraw": "Withdraw ends this request; an open pull request is closed, and nothing is made.",
    "unity catalog": "Unity Catalog is where Databricks keeps catalogs, schemas and tables, and who may "
    "do what.",
    "driver": "The driver is the machine of a cluster that hands out the work; the workers do it.",
    "worker": "Workers are the machines of a cluster that do the work; their number follows the load.",
    "workers": "Workers are the machines of a cluster that do the work; their number follows the load.",
    "dbu": "A DBU is the unit in which Databricks bills: so many an hour for each machine.",
    "plan": "The plan says what would be made, changed or taken away; it stands in the pull request.",
    "policy": "The policy says what may be asked for and who approves it; the platform team keeps it.",
    "receipt": "A receipt says what was done for a request, when, and what came of it.",
    "drift": "Drift is what was changed by hand after it was set up, so that it differs from the file.",
}
"""Words of ours that are neither fields nor values."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A value of a closed set: of which ``label``, and what it is."""

    label: str
    value: str
    words: str
    path: str


def meanings(registry: Registry, catalogue: Mapping[str, Field]) -> Iterator[Meaning]:
    """Every value that has a meaning, also those inside lists of a resource (privileges, levels)."""
    for path, field in catalogue.items():
        for value, words in field.ask.meanings.items():
            yield Meaning(field.ask.label, value, words, path)
        for info in inside(field, registry):
            ask = info.ask or Ask(label="", help="")
            for value, words in ask.meanings.items():
                yield Meaning(f"{field.ask.label}, {ask.label.lower()}", value, words, path)


def inside(field: Field, registry: Registry) -> tuple[FieldInfo, ...]:
    """The fields of one entry of a list of mappings (``principal`` and ``privileges`` of ``grants``)."""
    if field.kind is None:
        return ()
    model = bare(entry_type(fields_of(registry[field.kind].spec)[field.name].annotation))
    return tuple(fields_of(model).values()) if is_model(model) else ()
