"""The extractors that a rehearsal can be played with: the rules, or the models that the environment names."""

from __future__ import annotations

from bot.dialogue import World
from bot.draft import Draft
from bot.model import Extractor
from bot.rehearsal.player import Read, Reading
from gitops.errors import ConfigurationError

NAMES = ("rules", "openai")


def reader(name: str) -> Read:
    """The extractor of this name, as the bot would have it.

    Raises:
        ConfigurationError: no model is configured, or not as it should be.
    """
    return reading_with(Extractor() if name == "rules" else _configured())


def reading_with(extractor: Extractor) -> Read:
    """Read messages with this extractor; where it has models, a message that the rules read is remarked."""

    def read(world: World, draft: Draft, text: str) -> Reading:
        found = extractor(
            world.catalogue,
            draft,
            draft.asked,
            text,
            policy=world.policy,
            requester=world.policy.person(slack=draft.requester_slack),
            today=world.today,
        )
        remark = f"read by the rules: {found.note}" if extractor.models and found.note else ""
        return Reading(found.updates, found.prompt_tokens + found.answer_tokens, remark)

    return read


def _configured() -> Extractor:
    # Imported here: it brings along all that the bot talks to, and the rules talk to nobody.
    from bot import logs
    from bot.assembly import extractor
    from bot.settings import Settings

    logs.configure("ERROR")  # standard output is for the result; what a model does not do is in the talk
    try:
        found = extractor(Settings())
    except ValueError:  # its message repeats the value, which may be a secret
        raise ConfigurationError(
            "A setting of the bot has a value that cannot be used.", fix="`python -m bot` says which."
        ) from None
    if not found.models:
        raise ConfigurationError(
            "No model is configured, and --extractor openai needs one.",
            fix="Set LAKEPORT_MODEL and OPENAI_API_KEY, or what else the bot reaches its model with; without "
            "the option the rules are played.",
        )
    return found
