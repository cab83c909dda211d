"""The sizes that AWS allows policies: IAM's quotas for a role and for a managed policy, S3's for a bucket policy.

IAM counts characters without white space, S3 bytes as they are sent. Source: IAM User Guide, "IAM and AWS STS quotas" (the
ones that nobody can raise, and the default of ten managed policies a role); S3 User Guide, "Bucket policies".
"""

from collections.abc import Callable
from typing import Any

from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend

INLINE_OF_A_ROLE = 10_240
MANAGED_POLICY = 6_144
TRUST_POLICY = 2_048
MANAGED_POLICIES_OF_A_ROLE = 10
BUCKET_POLICY_BYTES = 20 * 1024


def install() -> None:
    """Lets moto refuse what IAM and S3 would."""
    iam: Any = IAMBackend
    s3: Any = S3Backend
    iam.create_role = _checked(iam.create_role, _check_trust)
    iam.update_assume_role_policy = _checked(iam.update_assume_role_policy, _check_trust)
    iam.put_role_policy = _checked(iam.put_role_policy, _check_inline)
    iam.create_policy = _checked(iam.create_policy, _check_managed)
    iam.create_policy_version = _checked(iam.create_policy_version, _check_managed)
    iam.attach_role_policy = _checked(iam.attach_role_policy, _check_attached)
    s3.put_bucket_policy = _checked(s3.put_bucket_policy, lambda self, bucket_name, policy: check_bucket_policy(policy))


def check_bucket_policy(policy: bytes | str) -> None:
    """Raise S3's error for a bucket policy that is too large."""
    text = policy if isinstance(policy, bytes) else policy.encode()
    if len(text) > BUCKET_POLICY_BYTES:
        raise S3ClientError("MalformedPolicy", f"Policy exceeds the maximum allowed document size: {len(text)} bytes")


def _checked(method: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    def checked(self: Any, *arguments: Any, **named: Any) -> Any:
        check(self, *arguments, **named)
        return method(self, *arguments, **named)

    return checked


def _size(document: Any) -> int:
    return len("".join(str(document).split()))


def _check_trust(self: Any, role_name: str, *arguments: Any, **named: Any) -> None:
    document = arguments[0] if arguments else named.get("assume_role_policy_document", named.get("policy_document", ""))
    if _size(document) > TRUST_POLICY:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY}")


def _check_inline(self: Any, role_name: str, policy_name: str, policy_json: str) -> None:
    policies = {**self.get_role(role_name).policies, policy_name: policy_json}
    if sum(map(_size, policies.values())) > INLINE_OF_A_ROLE:
        raise LimitExceededException(f"Maximum policy size of {INLINE_OF_A_ROLE} bytes exceeded for role {role_name}")


def _check_managed(self: Any, *arguments: Any, **named: Any) -> None:
    document = named.get("policy_document") or next(one for one in arguments if str(one).lstrip().startswith("{"))
    if _size(document) > MANAGED_POLICY:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_POLICY}")


def _check_attached(self: Any, policy_arn: str, role_name: str) -> None:
    attached = self.get_role(role_name).managed_policies
    if policy_arn not in attached and len(attached) >= MANAGED_POLICIES_OF_A_ROLE:
        raise LimitExceededException(f"Cannot exceed quota for PoliciesPerRole: {MANAGED_POLICIES_OF_A_ROLE}")
