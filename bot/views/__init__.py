"""What is shown in Slack, as plain Block Kit; pure.

``messages`` are the replies in a thread, ``card`` is the card of a thread, ``form`` the modal, ``home`` App
Home and the lists, and ``blocks`` knows Slack's limits and escapes.
"""

from bot.views.card import STATES
from bot.views.home import Detail, Item, ambiguous, detail, home, listing
from bot.views.messages import (
    ANSWER,
    CONFIRM,
    EDIT,
    FORM,
    UNDO,
    WITHDRAW,
    Form,
    Message,
    card,
    event_of,
    form,
    message,
    read_form,
)

__all__ = [
    "ANSWER", "CONFIRM", "EDIT", "FORM", "STATES", "UNDO", "WITHDRAW", "Detail", "Form", "Item",
    "Message", "ambiguous", "card", "detail", "event_of", "form", "home", "listing", "message",
    "read_form",
]  # fmt: skip
