"""Who calls: the embedded cloud's accounts and the keys of their administrators."""

import re

CENTRAL_ACCOUNT = "111111111111"
DEFAULT_REGION = "us-east-1"
ADMINISTRATOR_PREFIX = "AKIAROOT"
_ADMINISTRATOR_KEY = re.compile(ADMINISTRATOR_PREFIX + r"(\d{12})")


def administrator_key(account: str) -> str:
    """The access key id of an account's administrator, who may do everything in it."""
    return ADMINISTRATOR_PREFIX + account


def administered_account(access_key_id: str) -> str | None:
    """The account that an administrator's key belongs to, None for every other key."""
    match = _ADMINISTRATOR_KEY.fullmatch(access_key_id)
    return match.group(1) if match else None


def credentials(account: str = CENTRAL_ACCOUNT, region: str = DEFAULT_REGION) -> dict[str, str]:
    """The environment variables that make a process the administrator of an account."""
    return {
        "AWS_ACCESS_KEY_ID": administrator_key(account),
        "AWS_SECRET_ACCESS_KEY": "local-administrator",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
