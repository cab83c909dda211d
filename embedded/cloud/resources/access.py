"""IAM and KMS as CloudFormation makes them."""

import json

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from embedded.cloud.resources.base import Made, Properties, ResourceType, Scope, pick

_AWS_OWNED = "arn:aws:iam::aws:policy/"


def _role(scope: Scope, properties: Properties) -> Made:
    name = properties.get("RoleName") or scope.name(64)
    wanted = pick(properties, "Description", "Path", "MaxSessionDuration", "Tags", "PermissionsBoundary")
    role = scope.client("iam").create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(properties["AssumeRolePolicyDocument"]),
        **wanted,
    )["Role"]
    _set_policies(scope, name, properties, {})
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _change_role(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    iam = scope.client("iam")
    iam.update_assume_role_policy(RoleName=ref, PolicyDocument=json.dumps(new["AssumeRolePolicyDocument"]))
    iam.update_role(RoleName=ref, **pick(new, "Description", "MaxSessionDuration"))
    _set_policies(scope, ref, new, old)
    role = iam.get_role(RoleName=ref)["Role"]
    return Made(ref, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _set_policies(scope: Scope, role: str, new: Properties, old: Properties) -> None:
    iam = scope.client("iam")
    inline = {policy["PolicyName"]: policy for policy in new.get("Policies", [])}
    for name, policy in inline.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy["PolicyDocument"]))
    for policy in old.get("Policies", []):
        if policy["PolicyName"] not in inline:
            iam.delete_role_policy(RoleName=role, PolicyName=policy["PolicyName"])
    wanted, had = set(new.get("ManagedPolicyArns", [])), set(old.get("ManagedPolicyArns", []))
    for arn in sorted(wanted - had):
        _know_managed_policy(scope, arn)
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    for arn in sorted(had - wanted):
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)


def _know_managed_policy(scope: Scope, arn: str) -> None:
    """Adds one of AWS's own policies to an account of moto, which starts without its 1,500."""
    backend = iam_backends[scope.account]["aws"]
    if not arn.startswith(_AWS_OWNED) or arn in backend.managed_policies:
        return
    name = arn.rsplit("/", 1)[-1]
    data = json.loads(aws_managed_policies_data).get(name)
    if data is None:
        raise ValueError(f"AWS has no managed policy {arn}.")
    policy = AWSManagedPolicy.from_data(name, scope.account, scope.region, data)
    backend.managed_policies[policy.arn] = policy


def _delete_role(scope: Scope, ref: str, properties: Properties) -> None:
    iam = scope.client("iam")
    for name in iam.list_role_policies(RoleName=ref)["PolicyNames"]:
        iam.delete_role_policy(RoleName=ref, PolicyName=name)
    for policy in iam.list_attached_role_policies(RoleName=ref)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=ref, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=ref)


def _policy(scope: Scope, properties: Properties) -> Made:
    for role in properties.get("Roles", []):
        scope.client("iam").put_role_policy(
            RoleName=role,
            PolicyName=properties["PolicyName"],
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
        )
    return Made(properties["PolicyName"])


def _change_policy(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    gone = set(old.get("Roles", [])) - set(new.get("Roles", []))
    if new["PolicyName"] != old["PolicyName"]:
        gone = set(old.get("Roles", []))
    _delete_policy(scope, ref, old | {"Roles": sorted(gone)})
    return _policy(scope, new)


def _delete_policy(scope: Scope, ref: str, properties: Properties) -> None:
    iam = scope.client("iam")
    for role in properties.get("Roles", []):
        try:
            iam.delete_role_policy(RoleName=role, PolicyName=properties["PolicyName"])
        except iam.exceptions.NoSuchEntityException:
            continue  # the role went first, and took its policies along


def _managed_policy(scope: Scope, properties: Properties) -> Made:
    iam = scope.client("iam")
    arn = iam.create_policy(
        PolicyName=properties.get("ManagedPolicyName") or scope.name(128),
        PolicyDocument=json.dumps(properties["PolicyDocument"]),
        **pick(properties, "Description", "Path"),
    )["Policy"]["Arn"]
    for role in properties.get("Roles", []):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


def _change_managed_policy(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    iam = scope.client("iam")
    versions = iam.list_policy_versions(PolicyArn=ref)["Versions"]
    for version in [one for one in versions if not one["IsDefaultVersion"]]:
        iam.delete_policy_version(PolicyArn=ref, VersionId=version["VersionId"])
    iam.create_policy_version(PolicyArn=ref, PolicyDocument=json.dumps(new["PolicyDocument"]), SetAsDefault=True)
    for role in sorted(set(new.get("Roles", [])) - set(old.get("Roles", []))):
        iam.attach_role_policy(RoleName=role, PolicyArn=ref)
    for role in sorted(set(old.get("Roles", [])) - set(new.get("Roles", []))):
        iam.detach_role_policy(RoleName=role, PolicyArn=ref)
    return Made(ref, {"PolicyArn": ref})


def _delete_managed_policy(scope: Scope, ref: str, properties: Properties) -> None:
    iam = scope.client("iam")
    for role in iam.list_entities_for_policy(PolicyArn=ref)["PolicyRoles"]:
        iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=ref)
    iam.delete_policy(PolicyArn=ref)


def _key(scope: Scope, properties: Properties) -> Made:
    key = scope.client("kms").create_key(
        Policy=json.dumps(properties["KeyPolicy"]),
        **pick(properties, "Description", "KeyUsage", "KeySpec"),
    )["KeyMetadata"]
    return _change_key(scope, key["KeyId"], properties, {})


def _change_key(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    kms = scope.client("kms")
    if old:
        kms.put_key_policy(KeyId=ref, PolicyName="default", Policy=json.dumps(new["KeyPolicy"]))
    if new.get("EnableKeyRotation"):
        kms.enable_key_rotation(KeyId=ref)
    return Made(ref, {"Arn": scope.arn("kms", f"key/{ref}"), "KeyId": ref})


def _alias(scope: Scope, properties: Properties) -> Made:
    scope.client("kms").create_alias(**pick(properties, "AliasName", "TargetKeyId"))
    return Made(properties["AliasName"])


def _change_alias(scope: Scope, ref: str, new: Properties, old: Properties) -> Made:
    scope.client("kms").update_alias(**pick(new, "AliasName", "TargetKeyId"))
    return Made(ref)


TYPES = {
    "AWS::IAM::Role": ResourceType(_role, _delete_role, _change_role, ("RoleName", "Path")),
    "AWS::IAM::Policy": ResourceType(_policy, _delete_policy, _change_policy),
    "AWS::IAM::ManagedPolicy": ResourceType(
        _managed_policy,
        _delete_managed_policy,
        _change_managed_policy,
        ("ManagedPolicyName", "Path", "Description"),
    ),
    "AWS::KMS::Key": ResourceType(
        _key,
        lambda s, ref, p: s.client("kms").schedule_key_deletion(KeyId=ref, PendingWindowInDays=7),
        _change_key,
    ),
    "AWS::KMS::Alias": ResourceType(
        _alias,
        lambda s, ref, p: s.client("kms").delete_alias(AliasName=ref),
        _change_alias,
        ("AliasName",),
    ),
}
