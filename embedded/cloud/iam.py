"""IAM of the embedded cloud: each request may do what its caller's policies say, and no more.

moto's own checks know neither resources nor trust policies well enough. These replace them: `enforce(True)` (after a
deployment) makes every API call subject to its caller's identity policies; trust policies and external ids of roles
that exist are checked always. Administrators (`embedded.cloud.identity`) may do everything in their account.

Known limits: resource policies (buckets, queues, topics, keys) neither grant nor refuse here; where moto does not say
which resource a call is about, the action alone is checked.
"""

import html
import re
from typing import Any

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.core.exceptions import _RESTError as RESTError
from moto.core.responses import BaseResponse
from moto.s3.exceptions import S3AccessDeniedError
from moto.sts.responses import TokenResponse

from embedded.cloud import access_ledger, callers, policies
from embedded.cloud.callers import account_of, check_trust, identify, role_exists
from embedded.cloud.identity import CENTRAL_ACCOUNT
from embedded.cloud.resource_arns import IAM_PREFIXES, SAME_PERMISSION, install_resources

_JSON_SERVICES = frozenset({"lambda", "scheduler", "eks", "elasticfilesystem", "events", "states", "batch"})
_PUBLIC = frozenset({"sts:GetCallerIdentity"})
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
_GLUE_TABLE = re.compile(r"(arn:[^:]+:glue:[^:]*:[^:]*):table/([^/]+)/.+")
_enforced = False
_default_account = [CENTRAL_ACCOUNT]


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
    answer = caller is not None and (
        caller.administrator
        or policies.permits(caller.documents, action, resource, {"aws:PrincipalArn": caller.principal_arn})
    )
    return access_ledger.note(caller, action, resource, answer)


def role_allowed(role_arn: str, action: str, resource: str) -> bool:
    """Whether an AWS service may do something under a role that it was given, such as Lambda for a function."""
    caller = callers.role_itself(role_arn)
    return not _enforced or access_ledger.note(
        caller, action, resource, policies.permits(caller.documents, action, resource, caller.context)
    )


def _authorize(self: Any, iam_request_class: type, resource: str = "*") -> None:
    """Stands in for moto's check: called once for each request, with the resource where it is known."""
    service = _signing_name(self)
    action = f"{IAM_PREFIXES.get(service, service)}:{self._get_action()}"
    action = SAME_PERMISSION.get(action, action)
    if action == "sts:AssumeRole":
        _authorize_assume_role(self)
    elif _enforced and action not in _PUBLIC:
        for one in _resources(self, action, resource):
            if not allowed(_access_key(self), action, one):
                raise _denial(self, service, action, one)


def _resources(self: Any, action: str, resource: str) -> list[str]:
    """The resources of a request: one, but for S3's DeleteObjects, which names its keys in its body, and for Glue.

    Who wants something of a Glue table needs it of all that holds the table: its database and the catalog.
    """
    if match := _GLUE_TABLE.fullmatch(resource):
        return [f"{match[1]}:catalog", f"{match[1]}:database/{match[2]}", resource]
    if action != "s3:DeleteObject" or "/" in resource:
        return [resource]
    body = self.body.decode() if isinstance(self.body, bytes) else str(self.body)
    return [f"{resource}/{html.unescape(key)}" for key in _KEY.findall(body)]


def _access_key(self: Any) -> str:
    """Whose request it is; a presigned URL says so in its query."""
    credential = self.querystring.get("X-Amz-Credential", [""])[0]
    return credential.split("/")[0] if credential else str(self.get_access_key())


def _authorize_assume_role(self: Any) -> None:
    role_arn = self.querystring.get("RoleArn", [""])[0]
    external_id = self.querystring.get("ExternalId", [None])[0]
    caller = identify(_access_key(self))
    if caller is None or not role_exists(role_arn):
        if _enforced:
            raise _denial(self, "sts", "sts:AssumeRole", role_arn)
        return
    may = (
        caller.administrator
        or not _enforced
        or policies.permits(caller.documents, "sts:AssumeRole", role_arn, caller.context)
    )
    access_ledger.note(caller, "sts:AssumeRole", role_arn, may)
    context = caller.context | ({"sts:ExternalId": external_id} if external_id else {})
    if not may or not check_trust(role_arn, caller.principals, context):
        raise _denial(self, "sts", "sts:AssumeRole", role_arn)


def _signing_name(self: Any) -> str:
    """The service that a request is signed for; what is not signed can only be meant for S3."""
    header = self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
    scope = (header or self.querystring.get("X-Amz-Credential", [""])[0]).split("/")
    return scope[3] if len(scope) > 3 else "s3"


def _denial(self: Any, service: str, action: str, resource: str) -> Exception:
    """An error in the shape of the called service's protocol, with AWS's words."""
    caller = identify(_access_key(self))
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
        return RESTError("UnauthorizedOperation", f"You are not authorized to perform this operation. {message}")
    plain = AccessDeniedError(user_arn=who, action=action)
    return plain


def _current_account(self: Any) -> str:
    return account_of(_access_key(self)) or _default_account[0]


def enforced() -> bool:
    """Whether identity policies are checked now."""
    return _enforced


def install(default_account: str = CENTRAL_ACCOUNT) -> None:
    """Replaces moto's account lookup and IAM checks; keys of nobody known belong to `default_account`."""
    _default_account[:] = [default_account]
    authenticator: Any = ActionAuthenticatorMixin
    authenticator._authenticate_and_authorize_action = _authorize
    response: Any = BaseResponse
    response.get_current_account = _current_account
    token_response: Any = TokenResponse
    token_response._determine_resource = lambda self: self.querystring.get("RoleArn", ["*"])[0]
    callers.install()
    install_resources()
