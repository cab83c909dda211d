"""Slack's limits for messages, as Slack's API enforces them: what is wrong with a message, in Slack's error codes."""

from typing import Any

MAX_BLOCKS = 50
MAX_TOTAL_CHARACTERS = 10_000  # undocumented: Slack refuses somewhere between 11 and 13 thousand
MAX_TEXT = 40_000
MAX_ACTION_ID = 255
MAX_BLOCK_ID = 255
MAX_BUTTON_VALUE = 2_000
MAX_URL = 3_000

_TEXT_LIMITS = {"section": 3_000, "header": 150}
_MAX_ELEMENTS = {"context": 10, "actions": 25}
_MAX_FIELDS, _MAX_FIELD_TEXT = 10, 2_000
_MAX_BUTTON_TEXT = 75
_BLOCKS = frozenset(
    {
        "section",
        "header",
        "divider",
        "context",
        "actions",
        "image",
        "rich_text",
        "input",
        "video",
        "file",
        "markdown",
    }
)


def problem_with(message: dict[str, Any]) -> tuple[str, str] | None:
    """Slack's error code and its reason for a message that Slack would refuse; None for one that it takes."""
    blocks = message.get("blocks") or []
    text = message.get("text") or ""
    if not blocks and not text and not message.get("attachments"):
        return "no_text", "neither text nor blocks"
    if len(text) > MAX_TEXT:
        return "msg_too_long", f"text has {len(text)} characters; the limit is {MAX_TEXT}"
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS:
        return "invalid_blocks", f"no more than {MAX_BLOCKS} items allowed [json-pointer:/blocks]"
    if blocks and not text:
        return "no_text", "blocks without text: notifications and screen readers would say nothing"
    for index, block in enumerate(blocks):
        reason = _problem_with_block(block)
        if reason:
            return "invalid_blocks", f"{reason} [json-pointer:/blocks/{index}]"
    ids = [
        element.get("action_id")
        for block in blocks
        for element in block.get("elements", [])
        if isinstance(element, dict) and element.get("action_id")
    ]
    if len(ids) != len(set(ids)):
        return "invalid_blocks", f"duplicate action_id among {ids}"
    total = sum(_characters(block) for block in blocks)
    if total > MAX_TOTAL_CHARACTERS:
        return (
            "msg_blocks_too_long",
            f"blocks have {total} characters; keep to {MAX_TOTAL_CHARACTERS}",
        )
    return None


def _problem_with_block(block: Any) -> str | None:
    if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
        return f"unsupported type: {block.get('type') if isinstance(block, dict) else block!r}"
    kind = block["type"]
    if len(block.get("block_id", "")) > MAX_BLOCK_ID:
        return f"block_id is longer than {MAX_BLOCK_ID}"
    if kind == "header":
        return _problem_with_text(block.get("text"), _TEXT_LIMITS[kind], ("plain_text",))
    if kind == "section":
        return _problem_with_section(block)
    if kind in _MAX_ELEMENTS:
        return _problem_with_elements(block, kind)
    return "image needs image_url and alt_text" if kind == "image" and not block.get("alt_text") else None


def _problem_with_section(block: dict[str, Any]) -> str | None:
    fields = block.get("fields")
    if "text" not in block and not fields:
        return "section needs text or fields"
    if "text" in block:
        reason = _problem_with_text(block["text"], _TEXT_LIMITS["section"])
        if reason:
            return reason
    if fields is not None and not 0 < len(fields) <= _MAX_FIELDS:
        return f"section has {len(fields)} fields; 1 to {_MAX_FIELDS} are allowed"
    for field in fields or []:
        reason = _problem_with_text(field, _MAX_FIELD_TEXT)
        if reason:
            return f"field: {reason}"
    accessory = block.get("accessory")
    return _problem_with_button(accessory) if accessory and accessory.get("type") == "button" else None


def _problem_with_elements(block: dict[str, Any], kind: str) -> str | None:
    elements = block.get("elements") or []
    if not 0 < len(elements) <= _MAX_ELEMENTS[kind]:
        return f"{kind} has {len(elements)} elements; 1 to {_MAX_ELEMENTS[kind]} are allowed"
    for element in elements:
        if element.get("type") == "button":
            reason = _problem_with_button(element)
        elif kind == "context" and element.get("type") != "image":
            reason = _problem_with_text(element, _TEXT_LIMITS["section"])
        else:
            reason = None
        if reason:
            return reason
    return None


def _problem_with_button(button: dict[str, Any]) -> str | None:
    reason = _problem_with_text(button.get("text"), _MAX_BUTTON_TEXT, ("plain_text",))
    if reason:
        return f"button: {reason}"
    if len(button.get("action_id", "")) > MAX_ACTION_ID:
        return f"button: action_id is longer than {MAX_ACTION_ID}"
    if len(button.get("value", "")) > MAX_BUTTON_VALUE:
        return f"button: value is longer than {MAX_BUTTON_VALUE}"
    if len(button.get("url", "")) > MAX_URL:
        return f"button: url is longer than {MAX_URL}"
    if button.get("style") not in (None, "primary", "danger"):
        return f"button: style {button['style']!r} is neither primary nor danger"
    return None


def _problem_with_text(text: Any, limit: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> str | None:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return f"text must be an object of type {' or '.join(kinds)}"
    content = text.get("text")
    if not isinstance(content, str) or not content:
        return "must be more than 0 characters"
    if len(content) > limit:
        return f"must be less than {limit + 1} characters, has {len(content)}"
    return None


def _characters(value: Any) -> int:
    """How many characters of text a block shows."""
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_characters(item) for item in value.values())
    if isinstance(value, list):
        return sum(map(_characters, value))
    return 0
