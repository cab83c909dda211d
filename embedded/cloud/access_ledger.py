"""Every permission that was asked of IAM while somebody records: by role, action and resource, with the answer.

What a deployment's roles were never asked for in a complete run, they hold without need. A caller that is no role is not
written down, nor is anything while nobody records.
"""

from embedded.cloud.callers import Caller

_entries: set[tuple[str, str, str, bool]] = set()
_recording = False


def record(on: bool) -> None:
    """Begin with an empty ledger, or end."""
    global _recording
    _recording = on
    if on:
        _entries.clear()


def note(caller: Caller | None, action: str, resource: str, answer: bool) -> bool:
    """Write an answer down, and give it back."""
    if _recording and caller is not None and caller.role_arn is not None:
        _entries.add((caller.role_arn, action, resource, answer))
    return answer


def entries() -> list[tuple[str, str, str, bool]]:
    """Role, action, resource and whether it was allowed; each once."""
    return sorted(_entries)
