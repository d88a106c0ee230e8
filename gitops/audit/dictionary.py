"""What each column of the tables of a pack means."""

from __future__ import annotations

from collections.abc import Mapping

COLUMNS: Mapping[str, str] = {
    "after": (
        "steps: what a look at the end of the run found, as JSON; empty where it is as wanted, or "
        "nobody looked"
    ),
    "applied": "when the request was applied last",
    "approved": "exceptions: the first receipt of this version of the file that its approver approved",
    "approver": "exceptions: who agreed to it, as the file says",
    "approvers": "the logins whose approval the gate counted for the receipt of the row",
    "asker": "approvals: whether who approved is who asked for the request",
    "at": "when: a receipt was written, an approval given, or the gate opened",
    "author": "changes: the author of the commit as Git has it, which anybody can set",
    "before": "steps: what was found before, as JSON; empty where nothing was",
    "brought_back": "drift: how much stands as the file says again, with no change of the file",
    "brought_back_in": "drift: the requests of which that is",
    "business_owner": "who answers for the request, as its file says",
    "changed": "problems: what was changed in the receipt, field by field",
    "classification": "how confidential its data are, as the file says",
    "commit": (
        "a commit of the default branch; in approvals, the commit of the pull request that was "
        "approved; in problems, of whichever branch it is about"
    ),
    "day": "when the commit came into the default branch, or the day of the look",
    "differs": "steps: how it stood at the end of the run, in a sentence; or why nobody could look",
    "digest": "applies: the digest of the receipt, over all its other fields",
    "done": "applies: how many steps were done",
    "doubt": "steps: where the look at the end contradicts the outcome, in a sentence",
    "doubts": "applies: how many steps have a doubt",
    "environment": "dev, staging or prod",
    "error": "what went wrong, as the receipt says; in requests also what is wrong with the file",
    "expires": "the day on which the request ends, as its file says",
    "field": "exceptions: the field of the file that it is for; empty where for all",
    "file": "drift: the look that the row is taken from, in this pack and on the branch of receipts",
    "file_digest": "the SHA-256 of the request file that was applied",
    "gate": (
        "applies: how the gate was judged (`open`, `broken_glass` …); empty in receipts of versions "
        "before it was kept"
    ),
    "github": "the login of who asked; empty where it is not known",
    "holds": "exceptions: its last day is not before the end of the period",
    "ignored": "drift: how much stood differently, and its file says to leave it so",
    "kind": "access: what sort of resource",
    "levels": "access: the privileges or the level",
    "lifecycle": "active, retiring or retired, as the file says",
    "login": "a login of GitHub: who approved, or who opened the gate",
    "looked": "drift: at how many requests the look was",
    "made_by": (
        "how the pull request was opened: `bot`, or `hand` for anybody else; empty where no receipt says"
    ),
    "message": "problems: what is wrong, in a sentence",
    "model": (
        "applies: the model that read the words of the request, and its prompt; empty where nobody knows"
    ),
    "not_done": "applies: how many steps failed, were left, or were undone",
    "note": "changes: what is odd about the commit",
    "open": "drift: how much stood differently, and no file says to leave it so",
    "original": "problems: the commit of the branch of receipts that wrote it first",
    "outcome": (
        "steps: `done`, `already` (nothing to do), `failed`, `not_run`, or `undone` (taken away again)"
    ),
    "owner": "who looks after the request; the owner on the technical side, else the other one",
    "passes_alone": "applies: the rules of the policy that let it pass without approvals",
    "path": "where the file is on the default branch",
    "plan_digest": "applies: the digest of the plan that was carried out",
    "policy_digest": (
        "applies: the digest of the policy it was judged by; empty in receipts of versions before it was kept"
    ),
    "previous": "applies: the digest of the receipt before this one; empty in the first",
    "principal": "access: the group, team or person who holds it",
    "pull": "the number of the pull request on GitHub, as the receipt of the row has it",
    "read_back": (
        "steps: the look at the end of the run: `as_wanted`, `differs`, `unseen` (nobody could look); "
        "empty where nobody looked"
    ),
    "reason": (
        "why: as the file says of an exception, or as the person wrote who opened the gate; where the "
        "policy let it pass, the name of the rule"
    ),
    "receipt": (
        "the number of the receipt that proves the row: `receipts/` has it; in changes, the latest by "
        "the end of the period that names the commit, and empty where none does"
    ),
    "request": "the id of the request: environment, team and name",
    "request_ids": "steps: the ids that GitHub and Databricks gave to what was sent to change something",
    "requests": "drift: the requests of which something stood differently",
    "rule": "the rule of the policy that an approval was for, or that an exception is from",
    "run_url": "applies: the address of the run of the workflow",
    "settled": "drift: how much is settled by a change of the file",
    "settled_in": "drift: the requests of which that is",
    "shakes": "problems: whether the receipt may not be taken for a fact because of it",
    "since": "access: when it was first given without a break since",
    "slack": "the id of who asked in Slack; empty where it is not known",
    "sound": (
        "nothing is wrong with the receipt of the row: its digest is that of its contents, it is in "
        "its place, and it was not written over"
    ),
    "standing": (
        "access: `held`, or why it is not sure: `failed` (the step that gives it failed), `shaken` "
        "(held before, and a later step on it failed), `not taken away`, `found otherwise` (by the "
        "look at the end of the run), `under way`, `ending`, `not known`"
    ),
    "started_at": "steps: when it began; empty where it did not",
    "state": "requests: where it stood at the end of the period",
    "status": (
        "how the run ended: `applied`, `partial`, `failed`, `refused` or `waiting`; `started` where "
        "no receipt tells its end"
    ),
    "step": "the step within the run: kind, resource and action",
    "steps": "applies: how many steps were meant",
    "summary": "steps: the step in a sentence",
    "sure": "access: it is held by all that the record says; `standing` and `sound` tell why where it is not",
    "team": "the team of the request",
    "thing": "access: what it is held on",
    "tool_version": "applies: the version of Lakeport",
    "undated": "applies: the approvers of whom the receipt does not say when they approved",
    "unseen": "drift: how many requests could not be seen",
    "until": "exceptions: the last day",
    "url": "emergencies: where the person said so",
    "wanted": "steps: what it was to be, as JSON; empty where it was to go",
    "way": (
        "emergencies: `broke_glass`, where a person opened the gate, or `passes_alone`, where a rule "
        "of the policy let it pass"
    ),
    "what": "changes: whether the file was added, changed or removed",
    "written": "emergencies: when the receipt was written",
}
"""By the name of the column; which table is meant stands first where it is not in all."""
