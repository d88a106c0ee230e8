"""Which reader reads which field, when it is asked for or stands behind a label."""

from __future__ import annotations

from bot.rules.access import answer_access
from bot.rules.libraries import answer_libraries
from bot.rules.reading import Reader
from bot.rules.values import (
    read_boolean,
    read_choice,
    read_date,
    read_integer,
    read_list,
    read_minutes,
    read_name,
    read_people,
    read_person,
    read_team,
    read_template,
    read_text,
    read_word,
)
from gitops.fields import Field

BY_NAME: dict[str, Reader] = {
    "name": read_name,
    "purpose": read_text,
    "comment": read_text,
    "team": read_team,
    "members": read_people,
    "business_owner": read_person,
    "technical_owner": read_person,
    "expires": read_date,
    "libraries": answer_libraries,
    "template": read_template,
    "catalog": read_word,
    "cost_center": read_word,
    "auto_stop_minutes": read_minutes,
    "repo": read_name,
    "grants": answer_access,
    "access": answer_access,
}
BY_TYPE: dict[str, Reader] = {
    "choice": read_choice,
    "integer": read_integer,
    "boolean": read_boolean,
    "date": read_date,
    "email": read_person,
    "person": read_person,
    "people": read_people,
    "list": read_list,
    "text": read_text,
}


def reader_of(field: Field) -> Reader | None:
    """The reader for a field, by its name or its type; ``None`` where people use the form."""
    return BY_NAME.get(field.name) or BY_TYPE.get(field.type)
