"""Short messages with what they say: the words people use, written before the readers were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PATHS = {
    "res": "resources",
    "name": "metadata.name",
    "team": "metadata.team",
    "env": "metadata.environment",
    "purpose": "metadata.purpose",
    "owner": "metadata.business_owner",
    "cls": "metadata.data_classification",
    "expires": "metadata.expires",
    "tech": "metadata.technical_owner",
    "members": "metadata.members",
    "cc": "metadata.cost_center",
    "type": "resources.compute.type",
    "wl": "resources.compute.workload",
    "size": "resources.compute.size",
    "gpu": "resources.compute.gpu",
    "min": "resources.compute.min_workers",
    "max": "resources.compute.max_workers",
    "stop": "resources.compute.auto_stop_minutes",
    "libs": "resources.compute.libraries",
    "access": "resources.compute.access",
    "vis": "resources.repo.visibility",
    "repo_access": "resources.repo.access",
    "topics": "resources.repo.topics",
    "catalog": "resources.schema.catalog",
    "schema_name": "resources.schema.name",
    "grants": "resources.schema.grants",
    "template": "resources.scaffold.template",
}
"""Short names of the fields."""

READ = ["USE_SCHEMA", "SELECT"]
WRITE = [*READ, "MODIFY"]
CREATE = [*WRITE, "CREATE_TABLE"]
JANE, NADIA, SAM = "jane.doe@acme.example", "nadia.karim@acme.example", "sam.okafor@acme.example"
OMAR, TOMAS, PETRA = "omar.faruk@acme.example", "tomas.blanco@acme.example", "petra.vos@acme.example"
LI, IRENE = "li.wei@acme.example", "irene.wolf@acme.example"


@dataclass(frozen=True)
class Probe:
    """``text`` said to a draft (``held`` names it) after the question for ``asked``; ``expected`` is all that
    changes. ``?`` before a field: it is unclear now and will be asked.
    """

    text: str
    expected: dict[str, Any]
    held: str = "nothing"
    asked: str = ""


def grant(principal: str, privileges: list[str]) -> dict[str, Any]:
    """One entry of the grants of a schema."""
    return {"principal": principal, "privileges": privileges}


def says(text: str, **expected: Any) -> Probe:
    """A first message."""
    return Probe(text, _expected(expected))


def answers(asked: str, text: str, held: str = "everything", **expected: Any) -> Probe:
    """An answer to a question."""
    return Probe(text, _expected(expected), held, asked)


def edits(held: str, text: str, **expected: Any) -> Probe:
    """A message to a draft that stands, with no question open."""
    return Probe(text, _expected(expected), held)


def _expected(given: dict[str, Any]) -> dict[str, Any]:
    unclear = given.pop("unclear", ())
    return given | {f"?{name}": True for name in unclear}


OPENINGS = [
    # what is wanted, and what is not
    says("could we get a repo and a schema please", res=["repo", "schema"]),
    says("I'd like a Spark cluster", res=["compute"], type="cluster"),
    says("we need a repository, a database and a job", res=["repo", "schema", "compute"], type="job"),
    says("a schema, but don't need a repo", res=["schema"]),
    says("a cluster without the schema", res=["compute"], type="cluster"),
    says("need a schema. We don't need a cluster and we don't need a repo either", res=["schema"]),
    says("everything but the cluster: a repo and a schema", res=["repo", "schema"]),
    says(
        "need a schema and a warehouse, the repo exists already",
        res=["schema", "compute"],
        type="sql_warehouse",
    ),
    says("Our repo is called old-stuff. Please give us a schema", res=["schema"]),
    says("do we need a cluster for that?"),
    says("should we use prod?"),
    says("what would a large cluster cost?"),
    says("if we had a cluster we could try it"),
    says("would you recommend a GPU?"),
    says("is confidential data allowed in dev?"),
    says("can a schema have two owners?"),
    says("how many workers can a small cluster have?"),
    says("hello there"),
    says("I think we may want a repo at some point, for now just a schema", res=["schema"]),
    says("neither a repo nor a cluster, only a schema", res=["schema"]),
    says("please create a schema, a cluster is not needed", res=["schema"]),
    says("please no repo; a schema would be great", res=["schema"]),
    says("the cluster of the supply team crashed yesterday"),
    says("we got a schema last year and it was fine"),
    # several of a kind
    says(
        "two schemas, sales_raw and sales_clean, please",
        **{
            "res": ["schema[sales_raw]", "schema[sales_clean]"],
            "schema[sales_raw].name": "sales_raw",
            "schema[sales_clean].name": "sales_clean",
        },
    ),
    says(
        "a cluster and a sql warehouse",
        **{
            "res": ["compute", "compute[sql-warehouse]"],
            "type": "cluster",
            "compute[sql-warehouse].type": "sql_warehouse",
        },
    ),
    says(
        "a large cluster and a small warehouse",
        **{
            "res": ["compute", "compute[sql-warehouse]"],
            "type": "cluster",
            "size": "large",
            "compute[sql-warehouse].type": "sql_warehouse",
            "compute[sql-warehouse].size": "small",
        },
    ),
    # name
    says("call it churn-model", name="churn-model"),
    says("let's name the project Churn Model", name="churn-model"),
    says("the project is called late-payers", name="late-payers"),
    says("the name should be late-payers", name="late-payers"),
    says("project name: Late Payers", name="late-payers"),
    says("please don't call it churn-model"),
    says('we call it "late payers"', name="late-payers"),
    # team
    says("this is for the risk team", team="risk"),
    says("team: ml-platform", team="ml-platform"),
    says("it's for risk-analytics", team="risk"),
    says("asking for supply chain", team="supply"),
    says("not for growth but for the supply team", team="supply"),
    says("Sam from the ml-platform team told me about you"),
    says("our team is growing"),
    # environment
    says("in production please", env="prod"),
    says("this goes to staging", env="staging"),
    says("not dev but staging", env="staging"),
    says("not in prod, in staging", env="staging"),
    says("dev only, prod comes later", env="dev"),
    says("no prod, please"),
    says("the numbers come from prod"),
    says("our production line has sensors"),
    says("either dev or staging", unclear=["env"]),
    says("if it works we move to prod"),
    says("for staging, please. We may go to prod next year", env="staging"),
    # classification
    says("the data is internal", cls="internal"),
    says("it's confidential data", cls="confidential"),
    says("data classification: restricted", cls="restricted"),
    says("nothing confidential in there, the data is internal", cls="internal"),
    says("the data is not public"),
    says("it has personal data"),
    says("it's for internal reporting", purpose="internal reporting"),
    says("is the data confidential or internal? no idea"),
    says("the data is either internal or confidential", unclear=["cls"]),
    # people
    says("Jane is the business owner", owner=JANE),
    says("business owner will be Nadia Karim", owner=NADIA),
    says("the business owner is <@U0OMARFAR>, technical owner is <@U0SAMOKAF>", owner=OMAR, tech=SAM),
    says("owner is me", owner=LI),
    says("Jane isn't the business owner, Nadia is", owner=NADIA),
    says("business owner: Jane, technical owner: Sam", owner=JANE, tech=SAM),
    says("please ask Jane who the business owner is"),
    says("the business owner is Jane or Nadia", unclear=["owner"]),
    says("<mailto:petra.vos@acme.example|petra.vos@acme.example> will be accountable", owner=PETRA),
    says("my boss owns it"),
    says("Jane said hi"),
    says("please add Sam and Omar as members", members=[SAM, OMAR]),
    says("Petra should have access as well", members=[PETRA]),
    says("members: Sam, Tomás Blanco", members=[SAM, TOMAS]),
    says("Sam doesn't need access"),
    says("give <@U0IRENEWO> access too", members=[IRENE]),
    # until when
    says("we need it for six weeks", expires="2027-01-04"),
    says("keep it until 31.3.2027", expires="2027-03-31"),
    says("until the end of Q1", expires="2027-03-31"),
    says("until end of the year", expires="2026-12-31"),
    says("until 30 June", expires="2027-06-30"),
    says("until June 30th", expires="2027-06-30"),
    says("it expires on 2027-02-15", expires="2027-02-15"),
    says("until summer", unclear=["expires"]),
    says("until march", unclear=["expires"]),
    says("for a couple of months", unclear=["expires"]),
    says("until mid January", unclear=["expires"]),
    says("it should be deleted after 90 days", expires="2027-02-21"),
    says("we have waited for three weeks"),
    says("the report is due on 5 December"),
    says("until 04/05/2027", unclear=["expires"]),
    # money
    says("charge it to CC-2001", cc="CC-2001"),
    says("cost centre is CC-7777", cc="CC-7777"),
    says("not CC-2001 but CC-1042", cc="CC-1042"),
    # details of a repo
    says("a private repo", res=["repo"], vis="private"),
    says("a repo, it should be private", res=["repo"], vis="private"),
    says("a repo, not private", res=["repo"]),
    says("a repo from the python library template", res=["repo", "scaffold"], template="python-library"),
    says("a repo without a template", res=["repo"], scaffold=False),
    says("a repo with topics churn and retention", res=["repo"], topics=["churn", "retention"]),
    # details of a schema
    says("a schema in analytics_dev", res=["schema"], catalog="analytics_dev"),
    says("a schema in the catalog ml_stg, not in ml_dev", res=["schema"], catalog="ml_stg"),
    says("a schema called raw_events", res=["schema"], schema_name="raw_events", name="raw-events"),
    says("a schema that the risk team can read", res=["schema"], grants=[grant("risk-analytics", READ)]),
    says(
        "a schema, read access for risk and write access for supply",
        res=["schema"],
        grants=[grant("risk-analytics", READ), grant("supply-chain", WRITE)],
    ),
    # details of compute
    says("a large GPU cluster", res=["compute"], type="cluster", size="large", gpu=True),
    says("a cluster, no GPU", res=["compute"], type="cluster", gpu=False),
    says("a cluster without any GPUs", res=["compute"], type="cluster", gpu=False),
    says("a cluster that doesn't need a GPU", res=["compute"], type="cluster", gpu=False),
    says("a cluster with 2-6 workers", res=["compute"], type="cluster", min=2, max=6),
    says("a cluster with between two and six workers", res=["compute"], type="cluster", min=2, max=6),
    says("a cluster with at most four workers", res=["compute"], type="cluster", max=4),
    says("a cluster that stops after 20 min idle", res=["compute"], type="cluster", stop=20),
    says(
        "an ml cluster with pandas 2.2 and scikit-learn 1.5.2",
        res=["compute"],
        type="cluster",
        wl="ml",
        libs=["pandas==2.2", "scikit-learn==1.5.2"],
    ),
    says("a nightly job for etl", res=["compute"], type="job", wl="etl"),
    says("a cluster for machine learning", res=["compute"], type="cluster", wl="ml"),
    # words of others
    says("&gt; please use prod and make the data public\nwhat Tomás wrote. We need a schema", res=["schema"]),
    says("a schema please\n&gt; owner: Petra\n&gt; environment: prod", res=["schema"]),
    says("&gt;&gt;&gt; give supply write access in prod\nowner: me"),
    # not quite spelt
    says("we need a clsuter and a reposiory", res=["compute", "repo"], type="cluster"),
    says("a medim cluster", res=["compute"], type="cluster", size="medium"),
    says("a schema in stagging", res=["schema"], env="staging"),
    says("a schema in poduciton", res=["schema"], unclear=["env"]),
    says("the interval is 5 minutes"),
    # other languages
    says("Wir brauchen ein kleines Cluster, kein Repo", res=["compute"], type="cluster", size="small"),
    says("Nous avons besoin d'un schema, pas de cluster"),
    says("Necesitamos un cluster sin GPU en prod"),
    says("Abbiamo bisogno di un cluster, senza GPU"),
    says("クラスターが必要です prod"),
    # nothing to copy
    says("same as before please"),
    says("the same cluster as last time"),
    says(
        "we're after a repo (private), schema + cluster: medium, 3-8 nodes, gpu yes",
        res=["repo", "schema", "compute"],
        vis="private",
        type="cluster",
        size="medium",
        min=3,
        max=8,
        gpu=True,
    ),
    says(
        "pls create repo/schema/cluster for project fraud-watch",
        res=["repo", "schema", "compute"],
        type="cluster",
        name="fraud-watch",
    ),
    says(
        "Requesting a new schema for the `returns` project, owned by Tomás Blanco",
        res=["schema"],
        name="returns",
        owner=TOMAS,
    ),
    says("I want to have a place where my team can put its tables"),
    says("We have data about customers who left. Internal use only"),
    says(
        "internal only",
    ),
    says("We want to predict churn for the next 3 months", purpose="predict churn for the next 3 months"),
    says("Need a job that runs nightly and trains on a GPU", res=["compute"], type="job", gpu=True),
    says("a job running every night at 2am, 30 minutes max", res=["compute"], type="job"),
    says("terminate after 25 minutes of inactivity please", stop=25),
    says("the cluster should shut down when idle for 15 min", stop=15),
    says("no auto stop please"),
    says("Our old cluster had 16 workers and a GPU, we need half of that"),
    says("last year's project ran in prod with an xl cluster"),
    says("Jane asked me to order a schema. She is the business owner.", res=["schema"]),
    says("Omar (business owner) and Sam (tech) want a repo", res=["repo"], owner=OMAR),
    says("technical owner Petra, business owner Sam", tech=PETRA, owner=SAM),
    says("neither Jane nor Nadia is the owner"),
    says("Sam, Petra and <@U0IRENEWO> need access", members=[SAM, PETRA, IRENE]),
    says("everybody in the risk team needs access"),
    says("only Sam gets access", members=[SAM]),
    says("we need it till the end of February", expires="2027-02-28"),
    says("can be deleted end of May 2027", expires="2027-05-31"),
    says("lifetime: 4 months", expires="2027-03-23"),
    says("needed through 15 March", expires="2027-03-15"),
    says("end date 1.6.27", expires="2027-06-01"),
    says(
        "we start on 1 December and finish on 31 January",
    ),
    says("from 1 December until 31 January", expires="2027-01-31"),
    says("at least until April", unclear=["expires"]),
    says("for a year", expires="2027-11-23"),
    says("the model looks at the last 90 days"),
    says("we refresh it every 2 weeks"),
    says("the contract ends in 2028"),
    says("data from 2019 to 2024"),
    says("it'll be needed for 10 weeks, starting now", expires="2027-02-01"),
    says("put it on cost center CC-9000 please", cc="CC-9000"),
    says("who pays? CC-1042 or CC-2001?"),
    says(
        "Environment: Staging\nClassification: Internal\nOwner: Nadia",
        env="staging",
        cls="internal",
        owner=NADIA,
    ),
    says("env: prod\nenv: dev", env="dev"),
    says("team=risk env=dev name=score-check", team="risk", env="dev", name="score-check"),
    says(
        "• repo: yes\n• schema: no\n• cluster: small, 2-3 workers",
        res=["repo", "compute"],
        type="cluster",
        size="small",
        min=2,
        max=3,
    ),
    says(
        "repo: no\nschema: `orders_hourly`", res=["schema"], schema_name="orders_hourly", name="orders-hourly"
    ),
    says("make it production-ready please"),
    says("our devs need a repo", res=["repo"]),
    says("public holidays dataset: we need a schema for it", res=["schema"]),
    says("a schema with restricted data", res=["schema"], cls="restricted"),
    says("A schema for confidential customer data", res=["schema"], cls="confidential"),
    says("it's sensitive stuff"),
    says("the repo can be seen by everyone in the company"),
    says(
        "grant SELECT to group data-lab on the schema, we want a schema",
        res=["schema"],
        grants=[grant("data-lab", ["SELECT"])],
    ),
    says(
        "schema please. risk: read, supply: read and write",
        res=["schema"],
        grants=[grant("risk-analytics", READ), grant("supply-chain", WRITE)],
    ),
    says(
        "schema please; analysts from supply may only look at it",
        res=["schema"],
        grants=[grant("supply-chain", READ)],
    ),
    says("a schema nobody outside the team can read", res=["schema"]),
    says("schema, and risk must not be able to write", res=["schema"]),
    says("schema. Read for risk, nothing for supply", res=["schema"], grants=[grant("risk-analytics", READ)]),
    says("please withdraw my request"),
    says(
        "is it possible to get a warehouse in staging?", res=["compute"], type="sql_warehouse", env="staging"
    ),
    says("would it be possible to have a repo?", res=["repo"]),
    says("Would you please set up a schema in dev?", res=["schema"], env="dev"),
    says("I'd rather not have a GPU", gpu=False),
    says("GPU not required, auto-stop 20", gpu=False, stop=20),
    says("2 workers min, 5 max", min=2, max=5),
    says("workers: 3..7", min=3, max=7),
    says("scale between 1 and 10 nodes", min=1, max=10),
    says("a cluster with a single worker", res=["compute"], type="cluster", max=1),
    says("max workers = twelve", max=12),
    says("install numpy>=2.0, pandas==2.2.3 and torch", libs=["numpy>=2.0", "pandas==2.2.3", "torch"]),
    says("please put xgboost 2.1.3 and shap 0.46.0 on the cluster", libs=["xgboost==2.1.3", "shap==0.46.0"]),
    says("we don't need pandas 2.2.3"),
    says("python 3.11 is what we use"),
    says("spark 3.5.1 on the cluster we have"),
    says("we need a template: databricks pipeline", res=["scaffold"], template="databricks-pipeline"),
    says("catalog risk_dev please", catalog="risk_dev"),
    says("the source tables live in ml_prod"),
    says(
        "we copy from analytics_prod into a schema in analytics_dev", res=["schema"], catalog="analytics_dev"
    ),
    says("Quick question: can I get a GPU in prod?"),
    says("hi, what do I need to tell you?"),
    says("sandbox environment please", env="dev"),
    says("production data, but the work happens in dev", env="dev"),
    says("wants: schema. does not want: repo, cluster", res=["schema"]),
    says(
        "Ich brauche ein privates Repo und ein Schema in Produktion, die Daten sind intern",
        res=["repo", "schema"],
        vis="private",
        env="prod",
        cls="internal",
    ),
    says("Besitzerin ist Nadia Karim, gültig bis Ende Juni", owner=NADIA, expires="2027-06-30"),
    says("kein GPU, maximal vier Worker, 30 Minuten Leerlauf", gpu=False, max=4, stop=30),
    says("Ein Warehouse oder ein Cluster? Keine Ahnung"),
    says(
        "Hey folks, new initiative called shelf-watch. We'd need git plus somewhere to run Spark. Me as "
        "owner, dev, it's internal.",
        name="shelf-watch",
        owner=LI,
        env="dev",
        cls="internal",
    ),
    says(
        "Hello, could you provision a databricks cluster (xl, 8-16 workers, with GPU) for the team risk?",
        res=["compute"],
        type="cluster",
        size="xl",
        min=8,
        max=16,
        gpu=True,
        team="risk",
    ),
    says(
        "hi can we have one schema `clicks_raw` and one `clicks_clean`",
        **{
            "res": ["schema[clicks_raw]", "schema[clicks_clean]"],
            "schema[clicks_raw].name": "clicks_raw",
            "schema[clicks_clean].name": "clicks_clean",
        },
    ),
    says(
        "schemas raw_a, raw_b and raw_c please",
        **{
            "res": ["schema[raw_a]", "schema[raw_b]", "schema[raw_c]"],
            "schema[raw_a].name": "raw_a",
            "schema[raw_b].name": "raw_b",
            "schema[raw_c].name": "raw_c",
        },
    ),
    says(
        "repo growth-shelf-watch, private, for project shelf-watch",
        res=["repo"],
        vis="private",
        name="shelf-watch",
    ),
    says(
        "Schema needed asap!!! owner = Petra Vos / env = staging / internal data",
        res=["schema"],
        owner=PETRA,
        env="staging",
        cls="internal",
    ),
    says(
        "need: schema; env: dev; who: Jane (business owner), Sam (technical owner)",
        res=["schema"],
        env="dev",
        owner=JANE,
        tech=SAM,
    ),
    says("I need a schema but I'm not sure whether staging or prod", res=["schema"]),
    says("a schema in dev for now, production follows in March", res=["schema"], env="dev"),
    says("We do not have any confidential data, only public data", cls="public"),
    says("the data are internal, not confidential", cls="internal"),
    says("classified as restricted by legal", cls="restricted"),
    says("please treat it as confidential", cls="confidential"),
    says("data is PUBLIC", cls="public"),
    says("Jane's schema is broken"),
    says("Sam will be the technical contact, Jane signs off as business owner", tech=SAM, owner=JANE),
    says("product owner: Omar Faruk", owner=OMAR),
    says("responsible: <@U0NADIAKA>", owner=NADIA),
    says("<@U0NADIAKA> is responsible for it", owner=NADIA),
    says(
        "it belongs to Petra",
    ),
    says("Nadia and I own this together", unclear=["owner"]),
    says("Besides Jane also Omar should get access", members=[JANE, OMAR]),
    says("no one needs access apart from us"),
    says("two of my colleagues need access"),
    says("keep everything until the 28th of February 2027", expires="2027-02-28"),
    says("we only need it for 3 weeks", expires="2026-12-14"),
    says("until the campaign is over"),
    says(
        "up to 3 months",
    ),
    says("it runs every day until 6 pm"),
    says("deadline is 15 January"),
    says("please remove everything on 30 April 2027", expires="2027-04-30"),
    says("valid till 31-03-2027", expires="2027-03-31"),
    says("expiry: end of year", expires="2026-12-31"),
    says("expires in 90 days", expires="2027-02-21"),
    says(
        "a 6-month project",
    ),
    says("auto-terminate: 60 minutes", stop=60),
    says("switch off after 1h", stop=60),
    says("idle timeout of 20 minutes", stop=20),
    says("don't stop it automatically"),
    says("the job takes 45 minutes to run"),
    says("min 2 max 8 workers", min=2, max=8),
    says("2 to 4 nodes, autoscaling", min=2, max=4),
    says("5 workers", max=5),
    says("no more than three nodes", max=3),
    says("I have two colleagues who work on it"),
    says("we have 12 machines in the factory"),
    says("a tiny cluster", res=["compute"], type="cluster"),
    says(
        "the biggest cluster you have",
    ),
    says("an xs warehouse", res=["compute"], type="sql_warehouse", size="xs"),
    says("a cluster size M", res=["compute"], type="cluster"),
    says("a large dataset needs a small cluster", res=["compute"], type="cluster", size="small"),
    says("small team here, we need a schema", res=["schema"]),
    says(
        "cluster with pandas==2.2.3 & numpy==2.1.0; no torch",
        res=["compute"],
        type="cluster",
        libs=["pandas==2.2.3", "numpy==2.1.0"],
    ),
    says(
        "a cluster with lightgbm, xgboost and shap installed",
        res=["compute"],
        type="cluster",
        libs=["lightgbm", "xgboost", "shap"],
    ),
    says("libraries: lightgbm, xgboost", libs=["lightgbm", "xgboost"]),
    says("install prophet on it please", libs=["prophet"]),
    says("upgrade to version 2.1.0"),
    says("we follow semver 2.0.0"),
    says("the meeting is on 1.12. at 10"),
    says("public repo please", res=["repo"], unclear=["vis"]),
    says("repo: private / schema: yes / cluster: none", res=["repo", "schema"], vis="private"),
    says("internal repo, confidential data", res=["repo"], vis="internal", cls="confidential"),
    says(
        "a repo with the databricks-pipeline template and a warehouse",
        res=["repo", "compute", "scaffold"],
        template="databricks-pipeline",
        type="sql_warehouse",
    ),
    says("topics: nlp & search; a repo please", res=["repo"], topics=["nlp", "search"]),
    says(
        "supply gets read, risk gets write; a schema please",
        res=["schema"],
        grants=[grant("supply-chain", READ), grant("risk-analytics", WRITE)],
    ),
    says("schema where data-lab (a group) can create tables", res=["schema"]),
    says(
        "a schema. GRANT USE_SCHEMA, SELECT, MODIFY to `supply-chain`",
        res=["schema"],
        grants=[grant("supply-chain", ["USE_SCHEMA", "SELECT", "MODIFY"])],
    ),
    says("a schema; everyone at acme may read it", res=["schema"]),
    says("a schema; give admin to risk", res=["schema"], unclear=["grants"]),
    says(
        "a warehouse that risk and supply can use",
        res=["compute"],
        type="sql_warehouse",
        access=[
            {"principal": "risk-analytics", "level": "CAN_USE"},
            {"principal": "supply-chain", "level": "CAN_USE"},
        ],
    ),
    says(
        "a cluster; supply should be able to restart it",
        res=["compute"],
        type="cluster",
        access=[{"principal": "supply-chain", "level": "CAN_RESTART"}],
    ),
    says(
        "repo please, supply-chain needs write access to the repo",
        res=["repo"],
        repo_access=[{"team": "supply-chain", "permission": "push"}],
    ),
    says("Could you tell me what a schema is?"),
    says("which team owns ml_dev?"),
    says("is there already a repo for churn?"),
    says("Can the bot also make dashboards?"),
    says("how do I get a cluster?"),
    says("test test"),
    says(":wave:"),
    says("help"),
    says("status"),
    says("thanks a lot, that's all"),
    says("ok"),
    says(
        "Hallo, ich hätte gerne ein Repo und ein Schema für das Projekt lager-check, Umgebung dev",
        res=["repo", "schema"],
        name="lager-check",
        env="dev",
    ),
    says("Wir wollen kein Cluster und auch kein Repo, nur ein Schema", res=["schema"]),
    says("Verantwortlich ist Irene Wolf, die Daten sind streng vertraulich", owner=IRENE, cls="restricted"),
    says("Das brauchen wir für drei Monate", expires="2027-02-23"),
]
