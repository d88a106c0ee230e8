"""How accounts, organisations, teams, apps and repositories of the rehearsal GitHub look as JSON."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.github.data import Account, App, Organisation, Permission, Repository, Team, permission_flags
from sandbox.github.state import GitHubState

Json = dict[str, Any]

# What stands behind ``/repos/{owner}/{repo}`` in the links of a repository.
_LINKS = """archive_url:/{archive_format}{/ref} assignees_url:/assignees{/user} blobs_url:/git/blobs{/sha}
branches_url:/branches{/branch} collaborators_url:/collaborators{/collaborator}
comments_url:/comments{/number} commits_url:/commits{/sha} compare_url:/compare/{base}...{head}
contents_url:/contents/{+path}
contributors_url:/contributors deployments_url:/deployments downloads_url:/downloads events_url:/events
forks_url:/forks git_commits_url:/git/commits{/sha} git_refs_url:/git/refs{/sha} git_tags_url:/git/tags{/sha}
hooks_url:/hooks issue_comment_url:/issues/comments{/number} issue_events_url:/issues/events{/number}
issues_url:/issues{/number} keys_url:/keys{/key_id} labels_url:/labels{/name} languages_url:/languages
merges_url:/merges milestones_url:/milestones{/number}
notifications_url:/notifications{?since,all,participating} pulls_url:/pulls{/number}
releases_url:/releases{/id} stargazers_url:/stargazers statuses_url:/statuses/{sha}
subscribers_url:/subscribers subscription_url:/subscription tags_url:/tags teams_url:/teams
trees_url:/git/trees{/sha}"""
REPOSITORY_LINKS = dict(link.split(":", 1) for link in _LINKS.split())
ACCOUNT_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
# Switches of a repository and how they stand when nobody said anything.
SETTINGS = {
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_discussions": False,
    "is_template": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "delete_branch_on_merge": False,
    "allow_update_branch": False,
    "web_commit_signoff_required": False,
}


def node(kind: str, number: int | str) -> str:
    """An opaque ``node_id``."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def account(state: GitHubState, login: str) -> Json:
    """A *simple user*; an account that is gone shows as ``ghost``, as on GitHub."""
    found = state.account(login) or Account(10137, "ghost", "User")
    url = f"{state.url}/users/{found.login}"
    return {
        "login": found.login,
        "id": found.id,
        "node_id": node(found.type, found.id),
        "avatar_url": f"{state.url}/avatars/{found.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{state.url}/{found.login}",
        **{name: url + path for name, path in ACCOUNT_LINKS.items()},
        "type": found.type,
        "site_admin": False,
    }


def full_account(state: GitHubState, login: str, *, private: bool = False) -> Json:
    """A *public user* or, with ``private``, what ``GET /user`` says of the caller."""
    found = state.account(login)
    none = dict.fromkeys(("company", "location", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    own = ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators")
    return {
        **account(state, login),
        **none,
        **counts,
        "blog": "",
        "name": found.name if found else None,
        "email": (found.email or None) if found else None,
        "created_at": found.created_at if found else "2008-01-01T00:00:00Z",
        "updated_at": found.created_at if found else "2008-01-01T00:00:00Z",
        **({**dict.fromkeys(own, 0), "two_factor_authentication": True} if private else {}),
    }


def organisation(state: GitHubState, found: Organisation, *, full: bool = False) -> Json:
    """An organisation, *simple* or *full*."""
    about = state.account(found.login) or Account(0, found.login, "Organization")
    url = f"{state.url}/orgs/{found.login}"
    simple = {
        "login": found.login,
        "id": about.id,
        "node_id": node("Organization", about.id),
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{state.url}/avatars/{about.id}",
        "description": None,
    }
    if not full:
        return simple
    return simple | {
        "name": about.name or found.login,
        "html_url": f"{state.url}/{found.login}",
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "created_at": about.created_at,
        "updated_at": about.created_at,
        "archived_at": None,
    }


def team(state: GitHubState, found: Team, *, permission: Permission = "pull", full: bool = False) -> Json:
    """A team; ``permission`` is what it holds on the repository it is listed for."""
    url = f"{state.url}/orgs/{found.organisation}/teams/{found.slug}"
    body = {
        "id": found.id,
        "node_id": node("Team", found.id),
        "url": url,
        "html_url": f"{state.url}/orgs/{found.organisation}/teams/{found.slug}",
        "name": found.name,
        "slug": found.slug,
        "description": found.description,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": permission,
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "type": "organization",
        "parent": None,
    }
    if not full:
        return body
    return body | {
        "members_count": len(found.members),
        "repos_count": len(found.repositories),
        "created_at": found.created_at,
        "updated_at": found.created_at,
        "organization": organisation(state, state.data.organisations[found.organisation.lower()], full=True),
    }


def app(state: GitHubState, found: App) -> Json:
    """An *integration*."""
    return {
        "id": found.id,
        "slug": found.slug,
        "client_id": f"Iv23li{found.id:014d}",
        "node_id": node("App", found.id),
        "owner": account(state, found.organisation),
        "name": found.slug,
        "description": "",
        "external_url": f"{state.url}/apps/{found.slug}",
        "html_url": f"{state.url}/apps/{found.slug}",
        "created_at": found.created_at,
        "updated_at": found.created_at,
        "permissions": found.permissions or {"metadata": "read", "contents": "write"},
        "events": [],
    }


def repository(
    state: GitHubState, found: Repository, *, permission: Permission | None = None, full: bool = False
) -> Json:
    """A repository; ``full`` adds what only a look at a single one tells."""
    url = f"{state.url}/repos/{found.full_name}"
    page = f"{state.url}/{found.full_name}"
    opened = sum(pull.state == "open" for pull in found.pulls.values())
    counts = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size")
    body = {
        "id": found.id,
        "node_id": node("Repository", found.id),
        "name": found.name,
        "full_name": found.full_name,
        "private": found.visibility != "public",
        "visibility": found.visibility,
        "owner": account(state, found.owner),
        "html_url": page,
        "description": found.description,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in REPOSITORY_LINKS.items()},
        "git_url": f"git:{page.partition(':')[2]}.git",
        "ssh_url": f"ssh://git@localhost/{found.full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": found.homepage,
        "language": None,
        "license": None,
        **dict.fromkeys(counts, 0),
        "open_issues": opened,
        "open_issues_count": opened,
        "default_branch": found.default_branch,
        "topics": found.topics,
        **SETTINGS,
        **found.settings,
        "has_pages": False,
        "has_downloads": True,
        "archived": found.archived,
        "disabled": False,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "pushed_at": found.pushed_at,
    }
    if permission:
        body["permissions"] = permission_flags(permission)
    if full:
        owner = state.data.organisations.get(found.owner.lower())
        more = {"organization": account(state, owner.login)} if owner else {}
        body |= {**more, "network_count": 0, "subscribers_count": 0, "custom_properties": found.properties}
    return body
