"""Who makes a request: administrators, sessions of roles and users, and what their policies say."""

import json
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import STSBackend, sts_backends

from embedded.cloud import policies
from embedded.cloud.identity import administered_account

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


def identify(access_key_id: str) -> Caller | None:
    """The caller behind an access key: an administrator, a session of a role, or a user; None if nobody."""
    account = administered_account(access_key_id)
    if account:
        return Caller(f"arn:aws:iam::{account}:user/administrator", account, administrator=True)
    session = _sessions.get(access_key_id)
    if session:
        documents = _role_documents(session.role_arn)
        return Caller(session.arn, session.account_id, False, documents, session.role_arn)
    for account, partitions in list(iam_backends.items()):
        user = partitions["aws"].get_user_from_access_key_id(access_key_id)
        if user:
            return Caller(user.arn, account, False, _user_documents(account, user.name))
    return None


def role_itself(role_arn: str) -> Caller:
    """A role as an AWS service acts under it, without a session; one that does not exist may do nothing."""
    account = role_arn.split(":")[4]
    return Caller(role_arn, account, False, _role_documents(role_arn), role_arn)


def check_trust(role_arn: str, principals: tuple[str, ...], context: dict[str, str]) -> bool:
    """Whether a role's trust policy lets one of these principals assume it in this context.

    False for a role that does not exist.
    """
    role = _role(role_arn)
    if role is None:
        return False
    document = json.loads(role.assume_role_policy_document)
    return policies.trusts(document, "sts:AssumeRole", principals, context)


def service_credentials(role_arn: str, service: str, session_name: str, source_arn: str | None = None) -> dict[str, str]:
    """Keys of a role for an AWS service (Lambda, Scheduler) that runs under it on behalf of `source_arn`.

    Raises PermissionError if the role's trust policy does not let the service.
    """
    account = role_arn.split(":")[4]
    context = {"aws:SourceAccount": account}
    if source_arn:
        context["aws:SourceArn"] = source_arn
    if not check_trust(role_arn, (service,), context):
        raise PermissionError(f"{service} may not assume {role_arn}: its trust policy does not let the service.")
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


def role_exists(role_arn: str) -> bool:
    """Whether there is a role of that ARN."""
    return _role(role_arn) is not None


def _role(role_arn: str) -> Any | None:
    account = role_arn.split(":")[4] if role_arn.count(":") >= 5 else ""
    if account not in iam_backends:
        return None
    roles = iam_backends[account]["aws"].roles.values()
    return next((role for role in roles if role.arn == role_arn), None)


def _role_documents(role_arn: str) -> tuple[dict[str, Any], ...]:
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


def account_of(access_key_id: str) -> str | None:
    """The account of an access key, None for a key that nobody has."""
    if access_key_id in _sessions:
        return str(_sessions[access_key_id].account_id)
    account = administered_account(access_key_id)
    if account:
        return account
    caller = identify(access_key_id)
    return caller.account if caller else None


def install() -> None:
    """Makes moto's sessions known here, where a request's key finds its own in one step."""
    sts: Any = STSBackend
    sts.assume_role = _indexed(sts.assume_role)


def _indexed(assume: Callable[..., Any]) -> Callable[..., Any]:
    def assume_and_index(self: Any, *arguments: Any, **keywords: Any) -> Any:
        session = assume(self, *arguments, **keywords)
        _sessions[session.access_key_id] = session
        return session

    return assume_and_index
