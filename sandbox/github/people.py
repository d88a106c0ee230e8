"""Operations on who belongs to an organisation of the rehearsal GitHub, or may work on a repository of it."""

from __future__ import annotations

from typing import Any

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import OF_PERMISSION, PERMISSIONS, Invitation, Permission, permission_flags
from sandbox.github.models import account, node, organisation, repository
from sandbox.github.orgs import the_team

routes = Routes()
COLLABORATOR = "/repos/{owner}/{repo}/collaborators/{username}"


def role_name(permission: Permission) -> str:
    """What GitHub calls a permission in ``role_name``."""
    return {"pull": "read", "push": "write"}.get(permission, permission)


# -- organisations ------------------------------------------------------------------------------------


@routes("GET", "/user/orgs", "user")
def own_organisations(call: Call) -> Any:
    """The organisations of a person; an app's token has no user."""
    if call.app is not None:
        raise ApiError(403, "Resource not accessible by integration")
    login = call.caller.login.lower()
    every = call.state.data.organisations.values()
    return Page([organisation(call.state, each) for each in every if login in each.members])


@routes("GET", "/installation/repositories", "user")
def installation_repositories(call: Call) -> Any:
    """What the installation of an app can see."""
    if call.app is None:
        raise ApiError(403, "You must authenticate with an installation access token")
    every = call.state.data.repositories.values()
    seen = [repository(call.state, each) for each in every if call.level(each) != "none"]
    return Page(seen, "repositories")


def _membership(call: Call, login: str) -> Any:
    state, found = call.state, call.organisation
    role = state.role(found.login, login)
    invited = found.invited.get(login.lower())
    if role is None and invited is None:
        raise not_found()
    url = f"{state.url}/orgs/{found.login}"
    return {
        "url": f"{url}/memberships/{login}",
        "state": "active" if role else "pending",
        "role": role or invited,
        "organization_url": url,
        "organization": organisation(state, found),
        "user": account(state, login),
    }


@routes("GET", "/orgs/{org}/memberships/{username}", "organisation:read")
def membership(call: Call) -> Any:
    """What somebody is in it, or is invited to be."""
    return _membership(call, call.parameters["username"])


@routes("PUT", "/orgs/{org}/memberships/{username}", "organisation:write")
def set_membership(call: Call) -> Any:
    """Invite somebody, or change the role of a member."""
    found, login = call.organisation, call.parameters["username"]
    role = call.body.get("role", "member")
    if role not in ("admin", "member"):
        raise invalid("OrganizationMember", "role")
    if call.state.account(login) is None:
        raise not_found()
    kept = found.members if login.lower() in found.members else found.invited
    kept[login.lower()] = role
    return _membership(call, login)


@routes("GET", "/orgs/{org}/teams/{team_slug}/repos", "organisation:read")
def team_repositories(call: Call) -> Any:
    """What a team may do, for each repository it has."""
    bodies = []
    for name, held in the_team(call).repositories.items():
        found = call.state.repository(name)
        if found is not None:
            body = repository(call.state, found, permission=held)
            bodies.append(body | {"role_name": role_name(held)})
    return Page(bodies)


@routes("GET", "/orgs/{org}/properties/values", "organisation:read")
def property_values(call: Call) -> Any:
    """Custom property values of all its repositories."""
    name = call.organisation.login
    return Page(
        [
            {
                "repository_id": each.id,
                "repository_name": each.name,
                "repository_full_name": each.full_name,
                "properties": [
                    {"property_name": key, "value": value} for key, value in each.properties.items()
                ],
            }
            for each in call.state.data.repositories.values()
            if each.owner == name
        ]
    )


# -- collaborators ------------------------------------------------------------------------------------


@routes("GET", "/repos/{owner}/{repo}/collaborators", "metadata:read")
def collaborators(call: Call) -> Any:
    """Everybody who may do something there; ``affiliation=direct``: who was given it in person."""
    state, found = call.state, call.repository
    direct = call.query.get("affiliation") == "direct"
    bodies = []
    for person in state.data.accounts.values():
        if person.type != "User" or (direct and person.login.lower() not in found.collaborators):
            continue
        held = state.permission(found, person.login)
        if held != "none":
            more = {"permissions": permission_flags(held), "role_name": role_name(held)}
            bodies.append(account(state, person.login) | more)
    return Page(bodies)


@routes("GET", COLLABORATOR + "/permission", "metadata:read")
def collaborator_permission(call: Call) -> Any:
    """What one person may do there, in all."""
    state, login = call.state, call.parameters["username"]
    if state.account(login) is None:
        raise not_found()
    held = state.permission(call.repository, login)
    more = {"permissions": permission_flags(held), "role_name": role_name(held)}
    user = account(state, login) | more
    return {"permission": OF_PERMISSION[held], "role_name": role_name(held), "user": user}


@routes("GET", COLLABORATOR, "metadata:read")
def is_collaborator(call: Call) -> Any:
    """204 when a person may do something there, 404 when not."""
    if call.state.permission(call.repository, call.parameters["username"]) == "none":
        raise not_found()
    return Answer(None, 204)


@routes("PUT", COLLABORATOR, "administration:write")
def add_collaborator(call: Call) -> Any:
    """Give one person a permission: a member of the organisation at once, anybody else by an invitation."""
    state, found = call.state, call.repository
    wanted, login = call.body.get("permission", "push"), call.parameters["username"]
    if wanted not in PERMISSIONS[1:]:
        raise invalid("Repository", "permission")
    if state.account(login) is None:
        raise not_found()
    if found.archived:
        raise ApiError(403, "Repository was archived so is read-only.")
    if state.role(found.owner, login) or login.lower() in found.collaborators:
        found.collaborators[login.lower()] = wanted
        return Answer(None, 204)
    kept = next((each for each in found.invitations.values() if each.login == login.lower()), None)
    if kept is None:
        kept = Invitation(state.new_id(), login.lower(), wanted, call.caller.login)
        found.invitations[kept.id] = kept
    kept.permission = wanted
    return Answer(_invitation(call, kept), 201)


@routes("DELETE", COLLABORATOR, "administration:write")
def remove_collaborator(call: Call) -> Any:
    """Take it away."""
    if call.repository.archived:
        raise ApiError(403, "Repository was archived so is read-only.")
    call.repository.collaborators.pop(call.parameters["username"].lower(), None)
    return Answer(None, 204)


def _invitation(call: Call, it: Invitation) -> Any:
    found = call.repository
    return {
        "id": it.id,
        "node_id": node("RepositoryInvitation", it.id),
        "repository": repository(call.state, found),
        "invitee": account(call.state, it.login),
        "inviter": account(call.state, it.inviter),
        "permissions": role_name(it.permission),
        "created_at": it.created_at,
        "expired": False,
        "url": f"{call.state.url}/user/repository_invitations/{it.id}",
        "html_url": f"{call.state.url}/{found.full_name}/invitations",
    }


@routes("GET", "/repos/{owner}/{repo}/invitations", "administration:read")
def invitations(call: Call) -> Any:
    """Invitations that nobody has accepted yet."""
    return Page([_invitation(call, it) for it in call.repository.invitations.values()])


@routes("DELETE", "/repos/{owner}/{repo}/invitations/{invitation_id}", "administration:write")
def take_back(call: Call) -> Any:
    """Take an invitation back."""
    if call.repository.invitations.pop(call.number("invitation_id"), None) is None:
        raise not_found()
    return Answer(None, 204)
