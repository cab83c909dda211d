"""IAM of the embedded cloud: each request may do what its caller's policies say, and no more.

moto's own checks know neither resources nor trust policies well enough. These replace them: `enforce(True)` (after a
deployment) makes every API call subject to its caller's identity policies; trust policies and external ids of roles
that exist are checked always. Administrators (`local.cloud.identity`) may do everything in their account.

Known limits: resource policies (buckets, queues, topics, keys) neither grant nor refuse here; where moto does not say
which resource a call is about, the action alone is checked.
"""

import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.core.exceptions import _RESTError as RESTError
from moto.core.responses import BaseResponse
from moto.iam.models import iam_backends
from moto.s3.exceptions import S3AccessDeniedError
from moto.sts.models import STSBackend, sts_backends
from moto.sts.responses import TokenResponse

from local.cloud import policies
from local.cloud.identity import CENTRAL_ACCOUNT, administered_account
from local.cloud.resource_arns import IAM_PREFIXES, SAME_PERMISSION, install_resources

_JSON_SERVICES = frozenset(
    {"lambda", "scheduler", "eks", "elasticfilesystem", "events", "states", "batch"}
)
_PUBLIC = frozenset({"sts:GetCallerIdentity"})
_enforced = False
_default_account = [CENTRAL_ACCOUNT]
_sessions: dict[str, Any] = {}  # access key id -> moto's session of a role, of all accounts


@dataclass(frozen=True)
class Caller:
    """Who made a request. `arn` is a user, an assumed role's session, or an administrator."""

    arn: str
    account: str
    administrator: bool
    documents: tuple[dict[str, Any], ...] = ()
    role_arn: str | None = None

    @property
    def principal_arn(self) -> str:
        """What AWS calls the caller in conditions: of a session its role, not the session."""
        return self.role_arn or self.arn

    @property
    def principals(self) -> tuple[str, ...]:
        """The names under which a trust policy may mean this caller."""
        own = (self.arn, self.role_arn) if self.role_arn else (self.arn,)
        return (*own, f"arn:aws:iam::{self.account}:root", self.account)

    @property
    def context(self) -> dict[str, str]:
        """What conditions may ask about this caller."""
        return {
            "aws:PrincipalArn": self.role_arn or self.arn,
            "aws:PrincipalAccount": self.account,
        }


def enforce(on: bool) -> None:
    """Turns the checks of identity policies on or off for all requests from now on."""
    global _enforced
    _enforced = on


def allowed(access_key_id: str, action: str, resource: str) -> bool:
    """Whether the owner of an access key may do `action` (such as "s3:GetObject") to `resource` (an ARN).

    Always true while the checks are off.
    """
    if not _enforced:
        return True
    caller = identify(access_key_id)
    return caller is not None and (
        caller.administrator
        or policies.permits(
            caller.documents, action, resource, {"aws:PrincipalArn": caller.principal_arn}
        )
    )


def identify(access_key_id: str) -> Caller | None:
    """The caller behind an access key: an administrator, a session of a role, or a user; None if nobody."""
    account = administered_account(access_key_id)
    if account:
        return Caller(f"arn:aws:iam::{account}:user/administrator", account, administrator=True)
    session = _sessions.get(access_key_id)
    if session:
        documents = _role_documents(session.account_id, session.role_arn)
        return Caller(session.arn, session.account_id, False, documents, session.role_arn)
    for account, partitions in list(iam_backends.items()):
        user = partitions["aws"].get_user_from_access_key_id(access_key_id)
        if user:
            return Caller(user.arn, account, False, _user_documents(account, user.name))
    return None


def check_trust(role_arn: str, principals: tuple[str, ...], context: dict[str, str]) -> bool:
    """Whether a role's trust policy lets one of these principals assume it in this context.

    False for a role that does not exist.
    """
    role = _role(role_arn)
    if role is None:
        return False
    document = json.loads(role.assume_role_policy_document)
    return policies.trusts(document, "sts:AssumeRole", principals, context)


def service_credentials(
    role_arn: str, service: str, session_name: str, source_arn: str | None = None
) -> dict[str, str]:
    """Keys of a role for an AWS service (Lambda, Scheduler) that runs under it on behalf of `source_arn`.

    Raises PermissionError if the role's trust policy does not let the service.
    """
    account = role_arn.split(":")[4]
    context = {"aws:SourceAccount": account}
    if source_arn:
        context["aws:SourceArn"] = source_arn
    if not check_trust(role_arn, (service,), context):
        raise PermissionError(
            f"{service} may not assume {role_arn}: its trust policy does not let the service."
        )
    session = sts_backends[account]["aws"].assume_role(
        region_name="us-east-1",
        role_session_name=session_name[:64],
        role_arn=role_arn,
        policy="",
        duration=43200,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


def _role(role_arn: str) -> Any | None:
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    if account not in iam_backends:
        return None
    roles = iam_backends[account]["aws"].roles.values()
    return next((role for role in roles if role.arn == role_arn), None)


def _role_documents(account: str, role_arn: str) -> tuple[dict[str, Any], ...]:
    role = _role(role_arn)
    if role is None:
        return ()
    inline = [json.loads(_text(document)) for document in role.policies.values()]
    return (*inline, *(_managed_document(policy) for policy in role.managed_policies.values()))


def _user_documents(account: str, name: str) -> tuple[dict[str, Any], ...]:
    user = iam_backends[account]["aws"].users[name]
    inline = [json.loads(_text(document)) for document in user.policies.values()]
    return (*inline, *(_managed_document(policy) for policy in user.managed_policies.values()))


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _managed_document(policy: Any) -> dict[str, Any]:
    version = next(one for one in policy.versions if one.is_default)
    document = json.loads(_text(version.document))
    return document if isinstance(document, dict) else json.loads(urllib.parse.unquote(document))


def _authorize(self: Any, iam_request_class: type, resource: str = "*") -> None:
    """Stands in for moto's check: called once for each request, with the resource where it is known."""
    service = _signing_name(self.headers.get("Authorization", ""))
    if not service:
        return  # unsigned: moto lets these through only where AWS does (CloudFormation's answers)
    action = f"{IAM_PREFIXES.get(service, service)}:{self._get_action()}"
    action = SAME_PERMISSION.get(action, action)
    if action == "sts:AssumeRole":
        _authorize_assume_role(self)
    elif _enforced and action not in _PUBLIC and not _may(self, action, resource):
        raise _denial(self, service, action, resource)


def _may(self: Any, action: str, resource: str) -> bool:
    return allowed(self.get_access_key(), action, resource)


def _authorize_assume_role(self: Any) -> None:
    role_arn = self.querystring.get("RoleArn", [""])[0]
    external_id = self.querystring.get("ExternalId", [None])[0]
    caller = identify(self.get_access_key())
    if caller is None or _role(role_arn) is None:
        if _enforced:
            raise _denial(self, "sts", "sts:AssumeRole", role_arn)
        return
    may = (
        caller.administrator
        or not _enforced
        or policies.permits(caller.documents, "sts:AssumeRole", role_arn, caller.context)
    )
    context = caller.context | ({"sts:ExternalId": external_id} if external_id else {})
    if not may or not check_trust(role_arn, caller.principals, context):
        raise _denial(self, "sts", "sts:AssumeRole", role_arn)


def _signing_name(authorization: str) -> str:
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return scope[3] if len(scope) > 3 else ""


def _denial(self: Any, service: str, action: str, resource: str) -> Exception:
    """An error in the shape of the called service's protocol, with AWS's words."""
    caller = identify(self.get_access_key())
    who = caller.arn if caller else f"arn:aws:iam::{CENTRAL_ACCOUNT}:user/unknown"
    about = "" if resource == "*" else f" on resource: {resource}"
    message = (
        f"User: {who} is not authorized to perform: {action}{about} because no identity-based policy allows the "
        f"{action} action"
    )
    if service == "s3":
        error = S3AccessDeniedError()
        error.message = message
        return error
    if self.headers.get("X-Amz-Target") or service in _JSON_SERVICES:
        denied = JsonRESTError("AccessDeniedException", message)
        denied.code = 403 if service in _JSON_SERVICES else 400
        return denied
    if service == "ec2":
        return RESTError(
            "UnauthorizedOperation", f"You are not authorized to perform this operation. {message}"
        )
    plain = AccessDeniedError(user_arn=who, action=action)
    return plain


def _current_account(self: Any) -> str:
    key = self.get_access_key()
    if key in _sessions:
        return str(_sessions[key].account_id)
    account = administered_account(key)
    if account:
        return account
    caller = identify(key)
    return caller.account if caller else _default_account[0]


def _assume_role(assume: Callable[..., Any]) -> Callable[..., Any]:
    """moto's assume_role, with each session kept where a request's key finds it in one step."""

    def assume_and_index(self: Any, *arguments: Any, **keywords: Any) -> Any:
        session = assume(self, *arguments, **keywords)
        _sessions[session.access_key_id] = session
        return session

    return assume_and_index


def enforced() -> bool:
    """Whether identity policies are checked now."""
    return _enforced


def install(default_account: str = CENTRAL_ACCOUNT) -> None:
    """Replaces moto's account lookup and IAM checks; keys of nobody known belong to `default_account`."""
    _default_account[:] = [default_account]
    ActionAuthenticatorMixin._authenticate_and_authorize_action = _authorize
    BaseResponse.get_current_account = _current_account
    STSBackend.assume_role = _assume_role(STSBackend.assume_role)
    TokenResponse._determine_resource = lambda self: self.querystring.get("RoleArn", ["*"])[0]
    install_resources()
