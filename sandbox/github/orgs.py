"""Operations on accounts, organisations, teams, custom properties and apps of the rehearsal GitHub."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.github.answers import Answer, ApiError, Page, invalid, not_found
from sandbox.github.call import Call, Routes
from sandbox.github.data import App, Permission, Repository, Team, permission_flags
from sandbox.github.models import account, app, full_account, organisation, repository, team

routes = Routes()


@routes("GET", "/user", "user")
def own_account(call: Call) -> Any:
    """The caller; an app's token has no user."""
    if call.app is not None:
        raise ApiError(403, "Resource not accessible by integration")
    return full_account(call.state, call.caller.login, private=True)


@routes("GET", "/users/{username}", "public")
def some_account(call: Call) -> Any:
    """Anybody."""
    if call.state.account(call.parameters["username"]) is None:
        raise not_found()
    return full_account(call.state, call.parameters["username"])


@routes("GET", "/rate_limit", "public")
def rate_limit(_call: Call) -> Any:
    """There is plenty left."""
    rate = {"limit": 5000, "used": 0, "remaining": 5000, "reset": int(time.time()) + 3600}
    return {"resources": {"core": rate, "search": rate}, "rate": rate}


@routes("GET", "/orgs/{org}", "user")
def some_organisation(call: Call) -> Any:
    """An organisation."""
    return organisation(call.state, call.organisation, full=True)


@routes("GET", "/orgs/{org}/members", "organisation:read")
def members(call: Call) -> Any:
    """Its members."""
    return Page([account(call.state, login) for login in sorted(call.organisation.members)])


# -- custom properties --------------------------------------------------------------------------------


@routes("GET", "/orgs/{org}/properties/schema", "organisation:read")
def property_schema(call: Call) -> Any:
    """Which custom properties repositories may carry."""
    return list(call.organisation.properties.values())


def checked_properties(call: Call, values: Any) -> dict[str, Any]:
    """Custom property values by name; 422 for one that the organisation does not define."""
    if not isinstance(values, dict):
        raise invalid("Repository", "custom_properties")
    for name, value in values.items():
        schema = call.organisation.properties.get(name)
        if schema is None:
            raise ApiError(422, f"Property '{name}' is not defined for this organization.")
        allowed = schema.get("allowed_values")
        if value is not None and allowed and value not in allowed:
            raise ApiError(422, f"Value '{value}' is not allowed for property '{name}'.")
    return values


def put_properties(found: Repository, values: dict[str, Any]) -> None:
    """Set values; None takes one away."""
    merged = found.properties | values
    found.properties = {name: value for name, value in merged.items() if value is not None}


@routes("PATCH", "/orgs/{org}/properties/values", "organisation:write")
def set_values(call: Call) -> Any:
    """Set the same values on several repositories."""
    values = checked_properties(call, _by_name(call))
    for name in call.body.get("repository_names", []):
        found = call.state.repository(f"{call.organisation.login}/{name}")
        if found is None:
            raise not_found()
        put_properties(found, values)
    return Answer(None, 204)


def _by_name(call: Call) -> dict[str, Any]:
    given = call.body.get("properties")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid("Repository", "properties", "missing_field")
    return {str(each.get("property_name")): each.get("value") for each in given}


@routes("GET", "/repos/{owner}/{repo}/properties/values", "metadata:read")
def values(call: Call) -> Any:
    """Custom property values of one repository."""
    return [{"property_name": name, "value": value} for name, value in call.repository.properties.items()]


@routes("PATCH", "/repos/{owner}/{repo}/properties/values", "administration:write")
def set_own_values(call: Call) -> Any:
    """Set custom property values of one repository."""
    found = call.repository
    call.parameters = {**call.parameters, "org": found.owner}
    put_properties(found, checked_properties(call, _by_name(call)))
    return Answer(None, 204)


# -- teams --------------------------------------------------------------------------------------------


def the_team(call: Call) -> Team:
    """The team of the path."""
    key = f"{call.organisation.login}/{call.parameters['team_slug']}".lower()
    found = call.state.data.teams.get(key)
    if found is None:
        raise not_found()
    return found


@routes("GET", "/orgs/{org}/teams", "organisation:read")
def teams(call: Call) -> Any:
    """All teams."""
    name = call.organisation.login
    return Page([team(call.state, t) for t in call.state.data.teams.values() if t.organisation == name])


@routes("GET", "/orgs/{org}/teams/{team_slug}", "organisation:read")
def some_team(call: Call) -> Any:
    """One team."""
    return team(call.state, the_team(call), full=True)


@routes("GET", "/orgs/{org}/teams/{team_slug}/members", "organisation:read")
def team_members(call: Call) -> Any:
    """Who is in it."""
    return Page([account(call.state, login) for login in the_team(call).members])


@routes("GET", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", "organisation:read")
def team_repository(call: Call) -> Any:
    """What a team may do there: 404 nothing, 204, or the repository when asked by media type."""
    found = call.repository
    held = the_team(call).repositories.get(found.full_name.lower())
    if held is None:
        raise not_found()
    if "repository+json" not in call.accept:
        return Answer(None, 204)
    return repository(call.state, found, permission=held) | {"role_name": _role(held)}


def _role(permission: Permission) -> str:
    return {"pull": "read", "push": "write"}.get(permission, permission)


def _require_open(found: Repository) -> None:
    if found.archived:
        raise ApiError(403, "Repository was archived so is read-only.")


@routes("PUT", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", "organisation:read")
def set_team_repository(call: Call) -> Any:
    """Give a team a permission."""
    found, wanted = call.repository, call.body.get("permission", "push")
    if call.level(found) != "admin":
        raise ApiError(403, "Must have admin rights to Repository.")
    if wanted not in get_args(Permission)[1:]:
        raise invalid("TeamMember", "permission")
    _require_open(found)
    the_team(call).repositories[found.full_name.lower()] = wanted
    return Answer(None, 204)


@routes("DELETE", "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}", "organisation:read")
def remove_team_repository(call: Call) -> Any:
    """Take it away."""
    if call.level(call.repository) != "admin":
        raise ApiError(403, "Must have admin rights to Repository.")
    _require_open(call.repository)
    the_team(call).repositories.pop(call.repository.full_name.lower(), None)
    return Answer(None, 204)


@routes("GET", "/repos/{owner}/{repo}/teams", "metadata:read")
def repository_teams(call: Call) -> Any:
    """Which teams hold what on a repository."""
    name = call.repository.full_name.lower()
    found = [t for t in call.state.data.teams.values() if name in t.repositories]
    bodies = []
    for each in found:
        held = each.repositories[name]
        bodies.append(team(call.state, each, permission=held) | {"permissions": permission_flags(held)})
    return Page(bodies)


# -- apps ---------------------------------------------------------------------------------------------


def private_key(found: App) -> str:
    """The PEM private key of an app, made when first asked for."""
    if not found.private_key:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = serialization.PrivateFormat.TraditionalOpenSSL
        pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        found.private_key = pem.decode()
    return found.private_key


def _signed_in_app(call: Call) -> App:
    """The app whose JSON Web Token was sent; 401 for any other."""
    bearer = call.authorization.partition(" ")[2]
    try:
        issuer = str(jwt.decode(bearer, options={"verify_signature": False}).get("iss"))
        found = next(each for each in call.state.data.apps.values() if str(each.id) == issuer)
        key = serialization.load_pem_private_key(private_key(found).encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey), "that is the only kind made here"
        jwt.decode(bearer, key.public_key(), algorithms=["RS256"])
    except (jwt.PyJWTError, StopIteration):
        raise ApiError(401, "A JSON web token could not be decoded") from None
    return found


def _installation(call: Call, found: App) -> Any:
    url = f"{call.state.url}/app/installations/{found.id}"
    return {
        "id": found.id,
        "app_id": found.id,
        "app_slug": found.slug,
        "client_id": app(call.state, found)["client_id"],
        "account": account(call.state, found.organisation),
        "target_id": found.id,
        "target_type": "Organization",
        "repository_selection": "all",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{call.state.url}/installation/repositories",
        "html_url": f"{call.state.url}/organizations/{found.organisation}/settings/installations/{found.id}",
        "permissions": found.permissions or {"contents": "write", "metadata": "read"},
        "events": [],
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": None,
        "created_at": found.created_at,
        "updated_at": found.created_at,
    }


@routes("GET", "/app", "public")
def own_app(call: Call) -> Any:
    """The app that signs in."""
    return app(call.state, _signed_in_app(call))


@routes("GET", "/app/installations", "public")
def installations(call: Call) -> Any:
    """Where it is installed: its organisation."""
    return Page([_installation(call, _signed_in_app(call))])


@routes("GET", "/app/installations/{installation_id}", "public")
@routes("GET", "/orgs/{org}/installation", "public")
@routes("GET", "/repos/{owner}/{repo}/installation", "public")
def installation(call: Call) -> Any:
    """Its installation, found by id, organisation or repository."""
    return _installation(call, _signed_in_app(call))


@routes("POST", "/app/installations/{installation_id}/access_tokens", "public")
def access_token(call: Call) -> Any:
    """A fresh token of the installation; valid for an hour as the answer says, for ever in fact."""
    found = _signed_in_app(call)
    token = call.state.issue_token(found.login, "ghs", app=found.slug, permissions=found.permissions)
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"token": token.value, "expires_at": expires, "repository_selection": "all"}
    return Answer(body | {"permissions": _installation(call, found)["permissions"]}, 201)
