"""An organisation's own rules in CEL: what they see, what is wrong with them, that none passes by chance."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.expressions import VARIABLES
from gitops.finding import Finding, Severity
from gitops.policy import Policy, judge, load_policy
from gitops.policyfile import examine
from gitops.request import Loaded
from handlers import registry
from tests.support.language import POLICY, REGISTRY, TODAY, loaded

TEXT = POLICY.read_text()
HEAD, TAIL = TEXT[: TEXT.index("rules:\n- id: acme")], TEXT[TEXT.index("# --- People ---") :]


def text(*rules: str) -> str:
    """The sample policy with these rules instead of its own."""
    return f"{HEAD}rules:\n{''.join(f'- {rule}' for rule in rules)}\n{TAIL}"


def rule(check: str, *, more: str = "", id_: str = "acme-x", message: str = "Not so.") -> str:
    return f"id: {id_}\n  check: '{check}'\n  message: \"{message}\"\n{more}"


def with_rules(*rules: str) -> Policy:
    return load_policy(text(*rules).encode())


def said(request: Loaded, policy: Policy, today: date = TODAY) -> list[Finding]:
    found = judge(request, policy, REGISTRY, today=today)
    return [finding for finding in found if finding.rule.startswith("acme-")]


def wrong(*rules: str) -> list[Finding]:
    return examine(text(*rules).encode(), registry=registry())[1]


# --- what they see


@pytest.mark.parametrize(
    "check",
    [
        'metadata.team == "growth"',
        "metadata.members == []",
        "metadata.technical_owner == null",
        'metadata.requested_by.github == "liwei"',
        'metadata.expires < timestamp("2027-05-01T00:00:00Z")',
        'metadata.expires - today < duration("4800h")',
        "today.getFullYear() == 2026",
        'request.metadata.name == "churn-prediction"',
        'request.resources.exists(one, one.kind == "compute" && one.size == "small")',
        'request.resources.filter(one, one.kind == "repo").size() == 1',
        'cost.currency == "EUR" && cost.high > cost.low && cost.low > 0.0',
        'resource.kind == "repo" || resource.gpu == false',
        'resource.kind == "compute" || resource.visibility == "internal"',
        'metadata["team"] == "growth"',
        "has(metadata.purpose)",
    ],
)
def test_what_is_true_of_a_request(check: str) -> None:
    assert said(loaded(), with_rules(rule(check))) == []
    (found, *_) = said(loaded(), with_rules(rule(f"!({check})")))
    assert (found.rule, found.severity, found.message) == ("acme-x", Severity.ERROR, "Not so.")


def test_a_request_without_cost_costs_nothing() -> None:
    free = loaded(resources="- {kind: repo, name: growth-x}")
    assert said(free, with_rules(rule("cost.high == 0.0"))) == []


def test_a_rule_on_resources_is_judged_for_each_of_them() -> None:
    policy = with_rules(
        rule(
            'resource.size != "large"',
            more='  when: resource.kind == "compute"\n  field: resources[].size\n  severity: warning\n',
            message="{resource.name} of {metadata.team} is large.",
        )
    )
    request = loaded(
        resources="- {kind: repo, name: growth-r}\n"
        "- {kind: compute, name: growth-a, size: large}\n"
        "- {kind: compute, name: growth-b, size: small}\n"
        "- {kind: compute, name: growth-c, size: large}"
    )
    found = said(request, policy)
    assert [(item.place.path, item.message) for item in found] == [
        ("resources[1].size", "growth-a of growth is large."),
        ("resources[3].size", "growth-c of growth is large."),
    ]
    assert {item.severity for item in found} == {Severity.WARNING}
    assert all(item.place.line > 0 for item in found)


def test_a_field_of_resources_makes_it_a_rule_on_each_of_them() -> None:
    policy = with_rules(rule('metadata.team == "risk"', more="  field: resources[]\n"))
    assert [item.place.path for item in said(loaded(), policy)] == ["resources[0]", "resources[1]"]


def test_without_a_field_it_points_at_what_it_is_about() -> None:
    assert said(loaded(), with_rules(rule("false")))[0].place.path == "metadata"
    assert said(loaded(), with_rules(rule('resource.kind == ""')))[1].place.path == "resources[1]"


def test_placeholders_are_filled_with_what_the_request_says() -> None:
    policy = with_rules(
        rule(
            "false",
            message="{metadata.expires} {metadata.members} {metadata.requested_by.slack} {cost.currency}",
            more='  hint: "{metadata.technical_owner}-"\n',
        )
    )
    (found,) = said(loaded(members="[a@x.example, b@x.example]"), policy)
    assert found.message == "2027-04-30 a@x.example, b@x.example U024BE7LH EUR"
    assert found.hint == "-"


def test_what_a_request_says_is_never_part_of_an_expression() -> None:
    purpose = "'x\" || true || \"' == metadata.team"
    request = loaded(purpose=f'"{purpose.replace(chr(34), chr(92) + chr(34))}"')
    policy = with_rules(rule("metadata.purpose.size() < 3", message="{metadata.purpose}"))
    assert [item.message for item in said(request, policy)] == [purpose]


def test_what_retires_is_not_asked() -> None:
    assert said(loaded(lifecycle="retiring"), with_rules(rule("false"))) == []


# --- what cannot be judged


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ('resource.size == "small"', "there is no field size"),
        ("metadata.team", "it gives str, neither true nor false"),
        ("metadata.team > 3", "no such overload"),
        ("1 / (metadata.members.size()) > 0", "division by zero"),
        ('metadata.members[3] == ""', "index out of bounds: 3"),
        ('metadata.team.matches(metadata.team + "(")', "not a valid regex"),
        ("metadata.purpose.frobnicate()", "frobnicate"),
    ],
)
def test_a_rule_that_cannot_be_judged_never_passes(check: str, words: str) -> None:
    policy = with_rules(rule(check, more="  severity: info\n"))
    found = said(loaded(), policy)[0]
    assert (found.rule, found.severity) == ("acme-x", Severity.ERROR)
    assert found.message.startswith("The rule acme-x of the policy cannot be judged: ")
    assert words in found.message
    assert len(found.message) < 400


def test_a_condition_that_cannot_be_judged_is_no_reason_to_pass() -> None:
    policy = with_rules(rule("true", more='  when: metadata.members[0] == "x"\n'))
    assert "cannot be judged" in said(loaded(), policy)[0].message


# --- what is wrong in the file


@pytest.mark.parametrize(
    ("check", "message", "column"),
    [
        ("metadata.team ==", "This is not CEL: mismatched input 'the end'.", 27),
        ("a b", "This is not CEL: extraneous input 'b'.", 13),
        ('metdata.team == "x"', "There is no variable metdata.", 11),
        ('metadata.taem == "x"', "There is no field taem.", 20),
        ('resource.sise == "x"', "There is no field sise.", 20),
        ("cost.top > 1.0", "There is no field top.", 16),
    ],
)
def test_expressions_are_checked_with_the_policy(check: str, message: str, column: int) -> None:
    (found,) = wrong(rule(check))
    line = TEXT[: TEXT.index("rules:\n- id: acme")].count("\n") + 3
    assert (found.rule, found.severity, found.message) == ("policy-rule", Severity.ERROR, message)
    assert (found.place.line, found.place.column, found.place.path) == (line, column, "rules[0].check")
    assert found.hint


def test_an_expression_on_several_lines_is_told_by_its_line() -> None:
    block = (
        'id: acme-x\n  message: No.\n  check: |\n    metadata.team == "a" ||\n      metadata.tame == "b"\n'
    )
    (found,) = wrong(block)
    start = HEAD.count("\n")
    assert (found.place.line, found.place.column) == (start + 6, 16)
    assert found.hint == "Did you mean name?" or found.hint.startswith(("Did you mean team", "There are"))


@pytest.mark.parametrize(
    ("one", "path"),
    [
        (rule("true", id_="lifetime"), "rules[0].id"),
        (rule("true", id_="compute-size"), "rules[0].id"),
        (rule("true", more="  field: metadata.purpos\n"), "rules[0].field"),
        (rule("true", more="  field: resources[].sise\n"), "rules[0].field"),
        (rule("true", more="  field: everything\n"), "rules[0].field"),
        (rule("true", message="{metadata}"), "rules[0].message"),
        (rule("true", message="{resource.name}"), "rules[0].message"),
        (rule("true", message="{request.metadata.__class__}"), "rules[0].message"),
        (rule("true", more='  hint: "{metadata.team!r}"\n'), "rules[0].hint"),
        (rule("request.resources.all(a, a.b.all(c, c.all(d, d.all(e, e == 1))))"), "rules[0].check"),
        (rule("(" * 300 + "true" + ")" * 300), "rules[0].check"),
    ],
)
def test_rules_are_checked_with_the_policy(one: str, path: str) -> None:
    (found,) = wrong(one)
    assert (found.rule, found.place.path) == ("policy-rule", path)


def test_one_thing_that_is_wrong_is_said_once() -> None:
    (found,) = wrong(rule("a b", message="{resource.name}"))
    assert found.place.path == "rules[0].check"


def test_ids_are_unique() -> None:
    (found,) = wrong(rule("true"), rule("true"))
    assert (found.place.path, found.message) == ("rules[1].id", "There is a rule acme-x already.")


def test_an_expression_has_an_end() -> None:
    (found,) = wrong(rule("true || " * 200 + "true"))
    assert (found.rule, found.place.path) == ("policy-schema", "rules[0].check")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_no_expression_is_a_traceback(check: str) -> None:
    quoted = check.replace("'", "''")
    found, findings = examine(text(rule(quoted)).encode(), registry=registry())
    if found is not None:
        for item in said(loaded(), found):
            assert item.rule == "acme-x"
    else:
        assert all(item.message and item.place.line for item in findings)


@given(
    st.recursive(
        st.sampled_from(
            [
                *VARIABLES,
                "metadata.team",
                "resource.size",
                "cost.high",
                "1",
                "0",
                '"a"',
                "null",
                "[]",
                "{}",
                "true",
            ]
        ),
        lambda inner: st.one_of(
            st.builds(
                "({} {} {})".format, inner, st.sampled_from(["+", "/", "%", "<", "==", "&&", "in"]), inner
            ),
            st.builds("{}.{}".format, inner, st.sampled_from(["size()", "x", "all(a, a)", "map(a, a)"])),
            st.builds("{}[{}]".format, inner, inner),
            st.builds("{}({})".format, st.sampled_from(["size", "int", "string", "timestamp", "!"]), inner),
        ),
        max_leaves=8,
    )
)
def test_whatever_an_expression_gives_a_request_passes_only_when_it_is_true(check: str) -> None:
    found, findings = examine(text(rule(check)).encode())
    if found is None:
        assert {item.rule for item in findings} <= {"policy-rule", "policy-schema"}
        return
    for item in said(loaded(), found):
        assert item.message == "Not so." or "cannot be judged" in item.message


# --- what it takes


def test_the_command_line_of_the_package_is_never_imported() -> None:
    code = (
        "import sys; from gitops.policy import load_policy; "
        "load_policy(open('requests/policy.yaml', 'rb').read()); "
        "print([name for name in sys.modules if name.startswith(('cel', 'typer', 'prompt_toolkit', 'rich'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_sample_rules() -> None:
    sample = load_policy(POLICY.read_bytes())
    gpu = "- {kind: compute, name: growth-x, size: small, gpu: true}"
    (found,) = said(loaded(environment="prod", expires="None", resources=gpu), sample)
    assert found.message == "growth-x has a GPU, and those are not kept for ever."
    others = loaded(data_classification="restricted", members="[a@acme.example, b@elsewhere.example]")
    assert [item.rule for item in said(others, sample)] == ["acme-restricted-members"]
    assert said(loaded(), sample) == []


def test_what_is_remembered_goes_by_the_values() -> None:
    policy = with_rules(rule('metadata.team == "growth" || metadata.expires == null'))
    for _ in range(2):
        assert said(loaded(), policy) == []
        assert len(said(loaded(team="supply"), policy)) == 1
        assert said(loaded(team="supply", environment="prod", expires="None"), policy) == []
    sizes = with_rules(rule('resource.kind == "repo" || resource.size == "small"'))
    two = "- {kind: compute, name: growth-a, size: small}\n- {kind: compute, name: growth-b, size: large}"
    assert [item.place.path for item in said(loaded(resources=two), sizes)] == ["resources[1]"]
