"""GitHub's device flow in memory: codes that a test says are entered; see :class:`bot.linking.Flow`."""

from __future__ import annotations

from bot.device import Account, Code, Unanswered, Wait


class FakeFlow:
    """``agreed`` maps a device code to who entered it; ``fail`` holds what the next calls raise or answer.

    A code is good for one account once, and for codes nobody was given there is a failure.
    """

    def __init__(self, interval: int = 0, seconds: int = 900) -> None:
        self.interval = interval
        self.seconds = seconds
        self.given: list[Code] = []
        self.agreed: dict[str, Account] = {}
        self.asks: list[tuple[str, int]] = []
        self.fail: list[Exception | Wait] = []

    def begin(self) -> Code:
        self._may_fail()
        number = len(self.given) + 1
        code = Code(
            user=f"BCDF-{number:04}",
            address="https://github.example/login/device",
            device=f"device-{number}",
            interval=self.interval,
            seconds=self.seconds,
        )
        self.given.append(code)
        return code

    def ask(self, device: str, interval: int) -> Account | Wait:
        assert device in {code.device for code in self.given}, "nobody was given this code"
        self.asks.append((device, interval))
        planned = self._may_fail()
        if planned is not None:
            return planned
        account = self.agreed.get(device)
        if account is None:
            return Wait(interval)
        self.agreed[device] = SPENT
        if account is SPENT:
            raise Unanswered("The code is no longer good, so nothing was linked.")
        return account

    def _may_fail(self) -> Wait | None:
        planned = self.fail.pop(0) if self.fail else None
        if isinstance(planned, Exception):
            raise planned
        return planned


SPENT = Account("", 0)
