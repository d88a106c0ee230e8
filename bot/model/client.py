"""How a model is asked: one question over HTTP, within a time and a size, and what it cost.

The only module that knows the OpenAI SDK. Tries and fallbacks are decided here and not by the SDK, which
would wait for minutes where a server asks for it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from bot.model.breaker import Breaker

if TYPE_CHECKING:
    import httpx2
    from openai import OpenAI

TRIES = 2
LONGEST_WAIT = 2.0
"""Seconds that a server may ask us to wait; another model or the rules are quicker than more."""

MAX_ANSWER_TOKENS = 3000
MAX_ANSWER_BYTES = 256_000
BYTES_PER_TOKEN = 4
"""For an estimate where a server does not say what an answer cost."""

T = TypeVar("T")


class Unusable(Exception):
    """An answer cannot be used; the message says why, without any of its text. ``cost`` is what it took."""

    def __init__(self, why: str, cost: Cost | None = None) -> None:
        super().__init__(why)
        self.cost = cost or Cost()


class Unavailable(Unusable):
    """The model did not answer at all: ask it less."""


@dataclass(frozen=True)
class Cost:
    """Tokens of a prompt and of the answer to it."""

    prompt_tokens: int = 0
    answer_tokens: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.prompt_tokens + other.prompt_tokens, self.answer_tokens + other.answer_tokens)


@dataclass(frozen=True)
class Question:
    """What a model is asked: two texts and the JSON schema of the answer."""

    system: str
    user: str
    schema: Mapping[str, Any]

    @property
    def estimated(self) -> Cost:
        """What asking costs, from the length of it."""
        size = len(self.system.encode()) + len(self.user.encode()) + len(json.dumps(self.schema))
        return Cost(prompt_tokens=size // BYTES_PER_TOKEN)


@dataclass
class Model:
    """One model of a server, by the name that the server knows it by."""

    name: str
    client: OpenAI
    breaker: Breaker = field(default_factory=Breaker)
    _without: set[str] = field(default_factory=set)
    """Parameters that the server has refused; it is not asked with them again."""

    def ask(self, question: Question, seconds: float) -> tuple[str, Cost]:
        """The text of the answer and its cost, after at most ``seconds``.

        Raises:
            Unusable: an answer that is none: declined, cut off, filtered, empty, too long, a call of a tool.
            Unavailable: no answer in time, no connection, an error of the server.
        """
        deadline = time.monotonic() + seconds
        try:
            body = within(seconds, lambda: self._tried(question, deadline))
        except TimeoutError:
            self.breaker.failed()
            raise Unavailable("the model did not answer in time", question.estimated) from None
        except Unavailable:
            self.breaker.failed()
            raise
        self.breaker.worked()
        return _read(body, question)

    def _tried(self, question: Question, deadline: float) -> bytes:
        """The body of an answer; once more where that may help, and without what the server does not know."""
        from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

        tries, changes = TRIES, 0
        while True:
            try:
                return self._post(question, deadline)
            except APITimeoutError:
                raise Unavailable("the model did not answer in time", question.estimated) from None
            except APIStatusError as error:
                refused = self._refused(error) if changes < len(_SPARE) else None
                if refused:
                    changes += 1
                    self._without.add(refused)
                    continue
                wait = _wait(error)
                if error.status_code == 400 and "content_filter" in str(error.body):
                    raise Unusable("the model's server filtered the message") from None
                failed = f"the model's server answered {error.status_code}"
            except APIConnectionError:
                wait, failed = _pause(), "the model's server was not reached"
            except (OpenAIError, ValueError) as error:
                raise Unavailable(f"the model could not be asked ({type(error).__name__})") from None
            tries -= 1
            if not tries or wait is None or time.monotonic() + wait > deadline:
                raise Unavailable(failed)
            time.sleep(wait)

    def _post(self, question: Question, deadline: float) -> bytes:
        """Send it and read the body, not more of it than an answer may be long."""
        seconds = max(deadline - time.monotonic(), 0.1)
        body = bytearray()
        create = self.client.chat.completions.with_streaming_response.create
        with create(timeout=seconds, **self._parameters(question)) as response:
            for part in response.iter_bytes():
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise Unusable("the model's answer was too long", question.estimated)
                if time.monotonic() > deadline:
                    raise Unavailable("the model did not answer in time", question.estimated)
        return bytes(body)

    def _parameters(self, question: Question) -> dict[str, Any]:
        strict = {"name": "field_updates", "strict": True, "schema": question.schema}
        wanted: dict[str, Any] = {
            "model": self.name,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": question.user},
            ],
            "response_format": {"type": "json_schema", "json_schema": strict},
            "max_completion_tokens": MAX_ANSWER_TOKENS,
            "temperature": 0,
        }
        for name in self._without:
            wanted.pop(name)
            wanted |= _SPARE[name]
        return wanted

    def _refused(self, error: Any) -> str | None:
        """A parameter that this server does not take, by what it says."""
        if error.status_code not in (400, 422):
            return None
        said = f"{error.body} {error}"
        return next((name for name in _SPARE if name in said and name not in self._without), None)


_SPARE: Mapping[str, Mapping[str, Any]] = {
    "temperature": {},
    "response_format": {"response_format": {"type": "json_object"}},
    "max_completion_tokens": {"max_tokens": MAX_ANSWER_TOKENS},
}
"""What some servers do not know, and what is sent instead; the prompt says the shape of the answer too."""


def within(seconds: float, do: Callable[[], T]) -> T:
    """Do it in a thread of its own and wait no longer than this; what comes later is dropped.

    A time-out of the HTTP client is one of each read: a server that sends a byte now and then has no end.

    Raises:
        TimeoutError: it took longer.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="model")
    try:
        return pool.submit(do).result(timeout=max(seconds, 0.0))
    finally:
        pool.shutdown(wait=False)


def _pause() -> float:
    return random.SystemRandom().uniform(0.2, 0.5)


def _wait(error: Any) -> float | None:
    """Seconds to wait before another try, ``None`` where another try does not help."""
    if error.status_code not in (408, 409, 429) and error.status_code < 500:
        return None
    asked = error.response.headers.get("retry-after", "")
    try:
        wait = float(asked) if asked else _pause()
    except ValueError:
        return None
    return wait if 0 <= wait <= LONGEST_WAIT else None


def _read(body: bytes, question: Question) -> tuple[str, Cost]:
    """The text of a completion and what it cost."""
    estimated = question.estimated + Cost(0, len(body) // BYTES_PER_TOKEN)
    try:
        data = json.loads(body)
        choice = data["choices"][0]
        message, reason = choice["message"], choice.get("finish_reason")
        text, refusal, tools = message.get("content"), message.get("refusal"), message.get("tool_calls")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Unusable("the model's server answered something else", estimated) from None
    cost = _cost(data.get("usage"), estimated)
    wrong = {"length": "the model's answer was cut off", "content_filter": "the model's answer was filtered"}
    if reason in wrong:
        raise Unusable(wrong[reason], cost)
    if tools or reason in ("tool_calls", "function_call"):
        raise Unusable("the model wanted to call a tool", cost)
    if refusal:
        raise Unusable("the model declined", cost)
    if not isinstance(text, str) or not text.strip():
        raise Unusable("the model answered nothing", cost)
    return text, cost


def _cost(usage: Any, estimated: Cost) -> Cost:
    if not isinstance(usage, dict):
        return estimated
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    told = [count for count in counts if isinstance(count, int) and 0 <= count < 10_000_000]
    return Cost(*told) if len(told) == 2 else estimated


def connect(
    *,
    api_key: str,
    models: tuple[str, ...],
    base_url: str | None = None,
    azure_endpoint: str | None = None,
    api_version: str = "2024-10-21",
    http_client: httpx2.Client | None = None,
) -> tuple[Model, ...]:
    """The models of a server in the order in which they are asked.

    ``azure_endpoint`` makes it Azure's, where a model is a deployment. ``base_url`` is any compatible server.
    """
    from openai import AzureOpenAI, OpenAI

    client: OpenAI
    if azure_endpoint:
        client = AzureOpenAI(
            api_key=api_key,
            azure_endpoint=azure_endpoint,
            api_version=api_version,
            max_retries=0,
            http_client=http_client,
        )
    else:
        client = OpenAI(api_key=api_key, base_url=base_url, max_retries=0, http_client=http_client)
    return tuple(Model(name, client) for name in models)
