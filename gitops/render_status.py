"""How `lakeport status` looks: a line for each request; of one its approval, runs and what stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops.markup import clip, visible
from gitops.states import STATES, STYLES

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from gitops.account import Account
    from gitops.receipt import Receipt
    from gitops.status import Row

OUTCOMES = {
    "done": "done",
    "already": "stood already",
    "failed": "failed",
    "not_run": "not run",
    "undone": "undone",
}
NEXT = {
    "applied": "has nothing to do, as far as Git tells",
    "held": "leaves it alone until it is resumed",
    "started": "leaves it alone while that run is at work",
    "due": "drops what holds data, from the day on that the receipt names",
    "misplaced": "passes it over",
}
"""What the next apply does, by state, where nobody looked."""
MOST = 10
"""So many receipts are shown, the newest last."""


def print_status(console: Console, rows: Sequence[Row]) -> None:
    """One line for each request file: its id, where it stands, and since when."""
    from rich.text import Text

    if not rows:
        console.print("There are no requests.")
        return
    table = _bare("Request", "State", "Receipt", "At")
    for row in rows:
        state = Text(STATES[row.state], STYLES.get(row.state, "red"))
        table.add_row(_cell(row.request), state, _cell(str(row.receipt or "")), _cell(_time(row.at)))
    console.print(table)


def print_account(console: Console, account: Account) -> None:
    """All that is known of one request, as wide as the terminal is."""
    from rich.text import Text

    row = account.row
    head = Text.assemble(
        (visible(row.request), "bold"), "  ", (STATES[row.state], STYLES.get(row.state, "red"))
    )
    console.print(head)
    facts = _bare("", "")
    for label, text in _facts(account):
        facts.add_row(Text(label, "bold"), Text(text))
    console.print(facts)
    for title, found in (("Resources", _resources(account)), ("Links", _links(account))):
        if found is not None:
            console.print(Text(f"\n{title}", "bold"))
            console.print(found)
    if account.receipts:
        console.print(Text("\nReceipts", "bold"))
    for text in _receipts(account):
        console.print(Text(visible(text)), soft_wrap=True)  # an address that is cut cannot be followed
    console.print()
    for text in _closing(account):
        console.print(Text(text))


def _facts(account: Account) -> Iterator[tuple[str, str]]:
    """What stands beside a label: label and text."""
    if account.problem:
        yield "File", visible(f"{account.row.path}: {account.problem}")
    if account.loaded is not None:
        said = account.loaded.request.metadata
        by = [f"GitHub {said.requested_by.github}"] if said.requested_by.github else []
        yield "For", visible(said.purpose)
        yield "Asked by", visible(", ".join([f"Slack {said.requested_by.slack}", *by]))
        yield "Owner", visible(f"{said.business_owner}, team {said.team}")
        until = f", needed until {said.expires}" if said.expires else ""
        yield "Data", visible(f"{said.data_classification}, {said.lifecycle}{until}")
    if account.merge is not None:
        merge = account.merge
        yield "Merged", visible(f"{_time(merge.at)} as {merge.commit[:12]}: {clip(merge.subject, 120)}")
    yield "Approved", _approval(account.last)
    if account.row.error:
        yield "Reason", visible(account.row.error)


def _approval(receipt: Receipt | None) -> str:
    """By whom and what, as the newest receipt says."""
    if receipt is None:
        return "no run has asked yet: the approvals stand on the pull request"
    pull = f"pull request #{receipt.pull}" if receipt.pull else "no pull request"
    who = [f"{one.login} ({_time(one.at)})" for one in receipt.approvals] or receipt.approvers
    by = f" by {', '.join(who)}" if who else ", by nobody"
    if receipt.broke_glass:
        by += f", opened in an emergency by {', '.join(one.login for one in receipt.broke_glass)}"
    what = f", plan {receipt.plan_digest[:19]}…" if receipt.plan_digest else ""
    return visible(f"{pull}{by}{what}")


def _resources(account: Account) -> Table | None:
    """Each resource: what the last run did, what stands now, what the next would do."""
    if not account.resources:
        return None
    last, plan = account.last, account.plan
    done = f"Receipt {last.number}" if last else "Last run"
    table = _bare("Resource", done, *(("Stands now", "Next apply") if plan else ()))
    for one in account.resources:
        steps = [step for step in last.steps if _of(step.key) == one.key] if last else []
        counted = Counter(OUTCOMES.get(step.outcome, step.outcome) for step in steps)
        cells = [one.called, _counted(counted) if steps else ("nothing to do" if last else "none")]
        if plan is not None:
            changes = [change for change in plan.changes if _of(change.key) == one.key]
            refused = [
                refusal for refusal in plan.refusals if f"{refusal.kind}/{refusal.identity}" == one.key
            ]
            cells.append("yes" if one.key in plan.outputs else "no")
            next_ = [f"refused: {refusal.message}" for refusal in refused]
            next_ += [change.summary or change.key for change in changes]
            cells.append("; ".join(next_) or "nothing")
        table.add_row(*map(_cell, cells))
    return table


def _receipts(account: Account) -> Iterator[str]:
    """What each run did, oldest first: when, how it ended, and where; of the last one every step."""
    shown = account.receipts[-MOST:]
    if more := len(account.receipts) - len(shown):
        yield f"{more} older"
    for receipt in shown:
        counted = Counter(OUTCOMES.get(step.outcome, step.outcome) for step in receipt.steps)
        yield f"{receipt.number}  {_time(receipt.at)}  {receipt.status}: {_counted(counted) or 'no step'}"
        if receipt.error:
            yield f"   {receipt.error}"
        last = receipt is shown[-1]
        for step in receipt.steps:
            if last or step.error:
                words = OUTCOMES.get(step.outcome, step.outcome)
                took = f"  {step.seconds:.1f} s" if step.seconds else ""
                why = f": {step.error}" if step.error else f": {step.summary}" if step.summary else ""
                yield f"   {words:<13} {step.key}{why}{took}"
            if last and step.doubt:
                yield f"   {'':<13} ! {step.doubt}"
        yield f"   {receipt.run_url or 'by hand'}"


def _links(account: Account) -> Table | None:
    """What stands by the newest word there is on it."""
    last, plan = account.last, account.plan
    outputs = plan.outputs if plan else last.outputs if last else {}
    rows = [(key, name, value) for key, found in outputs.items() for name, value in found.items() if value]
    if not rows:
        return None
    table = _bare("Resource", "What", "Value")
    before = ""
    for key, name, value in rows:
        table.add_row(*map(_cell, ("" if key == before else key, name, value)))
        before = key
    return table


def _closing(account: Account) -> Iterator[str]:
    if account.unseen:
        yield visible(f"What stands now could not be looked at: {account.unseen}")
    elif not account.looked:
        yield f"The next apply {NEXT.get(account.row.state, 'takes up what is not done')}."
        yield "What stands now was not looked at: --live looks, with the credentials of the systems."
    elif account.plan is not None:
        yield from map(visible, account.plan.notes)


def _bare(*names: str) -> Table:
    from rich.table import Table

    plain = not any(names)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=not plain)
    for name in names:
        table.add_column(name, overflow="fold")
    if plain:
        table.columns[0].no_wrap = True
    return table


def _cell(text: str) -> RenderableType:
    from rich.text import Text

    return Text(visible(text))


def _counted(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in counted.items())


def _of(key: str) -> str:
    """``kind/identity`` of a change's key ``kind/identity/action``; an identity may have slashes."""
    return key.rpartition("/")[0]


def _time(at: str) -> str:
    """To the minute."""
    return at[:16].replace("T", " ")
