"""Into a member account: one AssumeRole an account and run, then sessions that cost next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import botocore.session

from lake.clients import CLIENT_CONFIG, SHARED_LOADER

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

SESSION_NAME_LENGTH = 64


@dataclass(frozen=True)
class MemberAccess:
    """Credentials of the read-only role in one account, good for an hour.

    A botocore session is not safe to share between threads, so each scan opens its own; all share one loader.
    """

    account_id: str
    access_key: str
    secret_key: str
    token: str

    def __repr__(self) -> str:
        """Without the credentials, so that they never stand in a log or an error."""
        return f"MemberAccess({self.account_id})"

    def session(self) -> boto3.Session:
        """A session in the account. Its clients retry as CLIENT_CONFIG says."""
        session = botocore.session.get_session()
        session.register_component("data_loader", SHARED_LOADER)
        session.set_credentials(self.access_key, self.secret_key, self.token, account_id=self.account_id)
        session.set_default_client_config(CLIENT_CONFIG)
        return boto3.Session(botocore_session=session)


class MemberRole:
    """The role that the deployment made in every account, the lake's own included.

    external_id must be what the role's trust policy asks for. run_name shows in each account's CloudTrail.
    """

    def __init__(self, sts: STSClient, role_name: str, external_id: str, run_name: str) -> None:
        self._sts, self._role_name, self._external_id = sts, role_name, external_id
        self._run_name = run_name[:SESSION_NAME_LENGTH]

    def assume(self, account_id: str) -> MemberAccess:
        """Assume the role in account_id. Raises botocore's ClientError AccessDenied where it is missing or refuses."""
        answer = self._sts.assume_role(
            RoleArn=f"arn:{self._sts.meta.partition}:iam::{account_id}:role/{self._role_name}",
            RoleSessionName=self._run_name,
            ExternalId=self._external_id,
        )
        keys = answer["Credentials"]
        return MemberAccess(account_id, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
