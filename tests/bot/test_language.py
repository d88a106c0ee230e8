"""Which messages are in a language that the rules do not read, and that the form is offered then."""

from __future__ import annotations

import pytest

from bot.conversation import step
from bot.dialogue import Card, Note, Said
from bot.language import OFFER, foreign, offer_of_form
from tests.support.organisation import LI_WEI, draft, world

WORLD = world()


@pytest.mark.parametrize(
    "text",
    [
        "Necesitamos un esquema y un clúster pequeño para el equipo growth en dev",
        "Bonjour, nous avons besoin d'un schéma pour le projet churn",
        "Abbiamo bisogno di uno schema per il progetto",
        "Precisamos de um cluster pequeno para a equipe growth",
        "Wij hebben een schema nodig voor ons project",
        "Potrzebujemy klastra dla zespołu growth",
        "Vi behöver ett schema för vårt projekt",
        "我们需要一个小型集群",
        "スキーマが必要です",
        "Нам нужна схема для команды growth",
        "sí, por favor",
    ],
)
def test_another_language_is_recognised(text: str) -> None:
    assert foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        ":tada:",
        "internal",
        "Tomás Blanco",
        "We need a schema for El Niño, please",
        "wir brauchen ein kleines Schema für die Mahnungen",
        "die Gruppe de la Cruz",
        "until 30 April",
        "repo, schema + cluster (small)",
    ],
)
def test_english_german_and_bare_values_are_not(text: str) -> None:
    assert not foreign(text)


def test_the_form_is_offered_once_and_stands_on_the_card() -> None:
    state, replies = step(draft(), Said(LI_WEI, "Necesitamos un esquema para el equipo", "1.0"), world=WORLD)
    assert [reply.text for reply in replies if isinstance(reply, Note)] == [OFFER]
    assert any(isinstance(reply, Card) for reply in replies)
    _, replies = step(state, Said(LI_WEI, "es para los datos de clientes", "2.0"), world=WORLD)
    assert OFFER not in [reply.text for reply in replies if isinstance(reply, Note)]


def test_nothing_said_offers_nothing() -> None:
    assert offer_of_form([]) == ()
