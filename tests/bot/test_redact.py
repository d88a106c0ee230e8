"""No secret leaves the house, and ordinary text does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from bot.conversation import composed_of, step
from bot.dialogue import Said
from bot.model import Extractor, connect
from gitops.redact import redact
from tests.fakes.model_server import Answer, ModelServer, good, serving
from tests.support.organisation import LI_WEI, draft, world

HEX, WORD = "0123456789abcdef", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ"
SECRETS = {
    "GitHub, personal": f"ghp_{WORD}0123456789",
    "GitHub, OAuth": f"gho_{WORD}0123456789",
    "GitHub, user": f"ghu_{WORD}0123456789",
    "GitHub, installation": f"ghs_{WORD}0123456789",
    "GitHub, refresh": f"ghr_{WORD}0123456789",
    "GitHub, fine-grained": f"github_pat_11ABCDEFG0{WORD}_{WORD}",
    "GitHub App, old": f"v1.{HEX}{HEX}01234567",
    "GitLab": f"glpat-{WORD}",
    "Slack, bot": f"xoxb-1234567890-1234567890-{WORD}",
    "Slack, user": f"xoxp-1234567890-1234567890-{WORD}",
    "Slack, browser": f"xoxc-1234567890-{WORD}",
    "Slack, refresh": f"xoxe-1-{WORD}",
    "Slack, rotated": f"xoxe.xoxb-1-{WORD}",
    "Slack, app": f"xapp-1-A0123-{WORD}",
    "Slack, webhook": f"https://hooks.slack.com/services/T0123/B0123/{WORD}",
    "AWS, key": "AKIAIOSFODNN7EXAMPLE",
    "AWS, session": "ASIAIOSFODNN7EXAMPLE",
    "AWS, secret": "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS, signed address": f"https://b.s3.amazonaws.com/x?X-Amz-Signature={HEX}{HEX}{HEX}{HEX}",
    "Databricks, personal": f"dapi{HEX}{HEX}",
    "Databricks, with a suffix": f"dapi{HEX}{HEX}-2",
    "Databricks, service principal": f"dose{HEX}{HEX}",
    "Databricks, key": f"dkea{HEX}{HEX}",
    "OpenAI": f"sk-{WORD}{WORD}",
    "OpenAI, project": f"sk-proj-{WORD}_{WORD}",
    "OpenAI, service account": f"sk-svcacct-{WORD}-{WORD}",
    "Anthropic": f"sk-ant-api03-{WORD}-{WORD}",
    "Azure, storage": f"AccountKey={(WORD * 4)[:86]}==",
    "Azure, storage key alone": f"{(WORD * 4)[:86]}==",
    "Azure, shared access": f"https://x.blob.core.windows.net/c?sv=2023&sig={WORD}%3D",
    "Azure, client secret": f"abc8Q~{(WORD * 2)[:34]}",
    "Azure OpenAI": f"api-key: {HEX}{HEX}",
    "Google, API key": f"AIza{WORD}0123456789",
    "Google, OAuth": f"ya29.{WORD}{WORD}",
    "Google, client secret": f"GOCSPX-{WORD}",
    "Stripe": f"sk_live_{WORD}",
    "Stripe, restricted": f"rk_live_{WORD}",
    "SendGrid": f"SG.{WORD}.{WORD}",
    "npm": f"npm_{WORD}0123456789",
    "PyPI": f"pypi-AgEIcHlwaS5vcmc{WORD}{WORD}",
    "Hugging Face": f"hf_{WORD}0123456789",
    "Docker": f"dckr_pat_{WORD}",
    "Vault": f"hvs.{WORD}{WORD}",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijkLMNOP",
    "JWT without a signature": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "Bearer": f"Authorization: Bearer {WORD}.{WORD}",
    "Basic": "Authorization: Basic dXNlcjpodW50ZXIyaHVudGVyMg==",
    "RSA key": f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{WORD}\n-----END RSA PRIVATE KEY-----",
    "OpenSSH key": f"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl{WORD}\n-----END OPENSSH PRIVATE KEY-----",
    "EC key": f"-----BEGIN EC PRIVATE KEY-----\nMHcC{WORD}\n-----END EC PRIVATE KEY-----",
    "PGP key": f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdG{WORD}\n-----END PGP PRIVATE KEY BLOCK-----",
    "key cut off": f"-----BEGIN PRIVATE KEY-----\nMIIE{WORD}",
    "password": "password: hunter2!Hunter",
    "password in a sentence": "the password is Tr0ub4dor&3",
    "password in German": "das Passwort lautet Geheim99!x",
    "password in quotation marks": 'DB_PASSWORD="correct-horse-battery"',
    "password in an address": "postgres://user:s3cret-s3cret@db.example/x",
    "password of nobody": "redis://:s3cret-s3cret@cache.example:6379/0",
    "client secret": f"client_secret={WORD}",
    "token with a label": f"SLACK_BOT_TOKEN={WORD}",
    "card, Visa": "4111 1111 1111 1111",
    "card, with hyphens": "5500-0055-5555-5559",
    "card, Amex": "378282246310005",
    "card, nineteen digits": "6304000000000000000",
    "IBAN, German": "DE89 3704 0044 0532 0130 00",
    "IBAN, British": "GB82WEST12345698765432",
    "IBAN, Norwegian": "NO93 8601 1117 947",
}
ORDINARY = (
    "commit 3f786850e387550fdab836ed7e6dc881de23001b on main",
    "run 550e8400-e29b-41d4-a716-446655440000 failed",
    "lightgbm==4.5.0, pandas 2.2.3 and scikit-learn==1.5.2",
    "until 2027-04-30, or 31.03.2027, at 14:30",
    "jane.doe@acme.example and <@U024BE7LH>",
    "CC-1042, growth-churn-prediction, growth_churn_prediction_dev",
    "1234 5678 9012 3456 is a number with no check digit",
    "order 2026112312345678 of 2026-11-23",
    "https://github.com/acme/growth/pull/12?diff=split#r1234567890",
    "https://acme.slack.com/archives/C0REQUESTS/p1700000000000100",
    "the token is needed for the job, and the secret is stored in a vault",
    "tokens per message, password policy, key figures and access keys",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "between 2 and 8 workers, 30 minutes, 1 to 4",
    "grant USE_SCHEMA and SELECT to risk-analytics on ml_dev.churn",
    "we call it basic training and sk-learn, with Basic authentication",
    "+49 170 1234567 or 10.0.0.12:5432",
)


def canary(secret: str) -> str:
    """The piece of a secret that must be nowhere."""
    for part in (f"{WORD}%3D", "s3cret-s3cret"):
        if part in secret:
            return part
    return max(secret.replace("\n", " ").replace("=", " ").split(), key=len)[-12:]


def test_there_are_enough_samples() -> None:
    assert len(SECRETS) >= 60


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_taken_out(name: str) -> None:
    shown = redact(f"here it is {SECRETS[name]} ok, until 2027-04-30")
    assert "[removed]" in shown
    assert canary(SECRETS[name]) not in shown
    assert shown.startswith("here it is")
    assert "key cut off" in name or shown.endswith("2027-04-30")


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_redacting_twice_is_redacting_once() -> None:
    whole = " ".join(SECRETS.values())
    assert redact(redact(whole)) == redact(whole)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_kept_or_gets_into_the_file(name: str) -> None:
    """Not in the draft, which is what the database holds, and not in a value."""
    place, text = world(), f"a schema please. Purpose: load the data with {SECRETS[name]}"
    found = Extractor()(
        place.catalogue,
        draft(),
        None,
        text,
        policy=place.policy,
        requester=place.policy.person(slack=LI_WEI),
        today=place.today,
    )
    state, replies = step(draft(), Said(LI_WEI, text, "1.0"), updates=found, world=place)
    assert "metadata.purpose" in state.said
    assert canary(SECRETS[name]) not in state.to_json()
    assert canary(SECRETS[name]) not in str(composed_of(state, place).values)
    assert canary(SECRETS[name]) not in str(replies)


@pytest.fixture
def server(loopback: None) -> Iterator[ModelServer]:
    with serving({"good": good, "down": lambda asked: Answer(status=400, body=asked.user.encode())}) as found:
        yield found


def test_no_secret_reaches_the_models_server_or_the_log(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when the model answers, nor when it fails and throws the message back at us."""
    place, said = world(), io.StringIO()
    # Another test may have set the log up: what is told is looked at as it is, before any of that.
    plain = structlog.wrap_logger(
        structlog.PrintLogger(said),
        processors=[structlog.processors.KeyValueRenderer()],
        wrapper_class=structlog.BoundLogger,
    )
    monkeypatch.setattr("bot.model.extractor.log", plain)
    for name, secret in SECRETS.items():
        extractor = Extractor(
            connect(api_key="k", models=("down", "good"), base_url=server.url), place.registry
        )
        extractor(
            place.catalogue,
            draft().hear(f"earlier: {secret}"),
            None,
            f"a schema please, {secret}",
            policy=place.policy,
            requester=place.policy.person(slack=LI_WEI),
            today=place.today,
        )
        sent = server.bodies[-1].decode()
        assert canary(secret) not in json.loads(sent)["messages"][1]["content"], name
        assert canary(secret) not in sent, name
    assert "model_not_used" in said.getvalue()
    assert not [name for name, secret in SECRETS.items() if canary(secret) in said.getvalue()]
