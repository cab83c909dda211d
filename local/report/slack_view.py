"""A Slack message as a person would see it, in the terminal: Block Kit turned into a panel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from local.report.model import SlackMessage
from local.report.plain import printable

_TOKENS = re.compile(
    r"```(?P<block>.*?)```|`(?P<code>[^`\n]+)`|\*(?P<bold>[^*\n]+)\*|_(?P<italic>[^_\n]+)_|<(?P<link>[^>\n]+)>", re.DOTALL
)
_STYLES = {"block": "cyan", "code": "cyan", "bold": "bold", "italic": "italic"}
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def message_panel(message: SlackMessage) -> Panel:
    """The message in a box that names its channel; an answer in a thread is marked as one."""
    channel = printable(message.channel or "webhook")
    title = Text(f"↳ in a thread of {channel}" if message.thread_ts else channel, "bold magenta")
    body = list(_blocks(message)) or [Text(_plain(message.text))]
    return Panel(Group(*body), title=title, title_align="left", box=box.ROUNDED, border_style="dim", padding=(0, 1))


def _blocks(message: SlackMessage) -> Iterator[RenderableType]:
    for block in message.blocks:
        kind = block.get("type")
        if kind == "header":
            yield Text(_plain(block["text"]["text"]), "bold")
        elif kind == "divider":
            yield Rule(style="dim")
        elif kind == "section":
            yield from _section(block)
        elif kind == "context":
            texts = [mrkdwn(element.get("text", "")) for element in block.get("elements", ())]
            yield Text("  ").join(texts)
        elif kind == "actions":
            buttons = [
                f"[ {_plain(element['text']['text'])} ]" for element in block.get("elements", ()) if "text" in element
            ]
            yield Text("  ".join(buttons), "bold")


def _section(block: Mapping[str, Any]) -> Iterator[RenderableType]:
    if block.get("text"):
        yield mrkdwn(block["text"]["text"])
    if block.get("fields"):
        yield Columns([mrkdwn(field["text"]) for field in block["fields"]], equal=True, expand=True, padding=(0, 2))


def mrkdwn(source: str) -> Text:
    """Slack's markup as styled text: bold, italics, code, links; entities become what they stand for."""
    text, end = Text(), 0
    for token in _TOKENS.finditer(source):
        text.append(_plain(source[end : token.start()]))
        kind = token.lastgroup or ""
        inner = token[kind]
        if kind == "link":
            _, _, label = inner.partition("|")
            text.append(_plain(label or inner), "underline blue")
        else:
            text.append(_plain(inner.strip("\n")), _STYLES[kind])
        end = token.end()
    text.append(_plain(source[end:]))
    return text


def _plain(source: str) -> str:
    for entity, character in _ENTITIES:
        source = source.replace(entity, character)
    return printable(source)
