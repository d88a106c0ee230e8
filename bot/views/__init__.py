"""What is shown in Slack, as plain Block Kit; pure.

``messages`` are the replies in a thread, ``card`` is the card of a thread, ``form`` the modal, and ``blocks``
knows Slack's limits and escapes.
"""

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
    home,
    message,
    read_form,
    status,
)

__all__ = [
    "ANSWER", "CONFIRM", "EDIT", "FORM", "UNDO", "WITHDRAW", "Form", "Message", "card", "event_of",
    "form", "home", "message", "read_form", "status",
]  # fmt: skip
