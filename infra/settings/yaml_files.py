"""Reads one file of config/ and says in one sentence what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from lake.errors import ConfigurationError

_File = TypeVar("_File", bound="Strict")
_NOTHING = ("", "null", "~")


class Strict(BaseModel):
    """A mapping of config/: unknown fields are refused, and a field left blank counts as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_blanks(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {key: value for key, value in given.items() if value not in _NOTHING}


class _Loader(yaml.BaseLoader):
    """Every scalar stays the text that stands in the file: no account id loses a zero, no price becomes a float."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    pairs = [(str(loader.construct_object(key)), loader.construct_object(value, deep=True)) for key, value in node.value]
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice; keep one", node.start_mark)
    return dict(pairs)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_file(folder: Path, name: str, model: type[_File]) -> _File:
    """The file folder/name as its model. Raises ConfigurationError naming the first field that is wrong, and the remedy."""
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
        given = yaml.load(text, Loader=_Loader)  # noqa: S506 - a BaseLoader: it builds text, lists and mappings only
    except FileNotFoundError:
        raise ConfigurationError(f"{shown(folder, name)}: there is no such file; copy it from config/") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{shown(folder, name)}, line {line}: {error.problem}; mend the YAML there") from None
    try:
        return model.model_validate({} if given in (None, *_NOTHING) else given)
    except ValidationError as error:
        _fail(shown(folder, name), error.errors(include_url=False)[0], model)


def shown(folder: Path, name: str) -> str:
    """A file of the configuration as errors name it: with its folder's name alone."""
    return f"{folder.name}/{name}"


def _fail(file: str, error: ErrorDetails, model: type[Strict]) -> NoReturn:
    """One ConfigurationError for pydantic's first finding."""
    field, value = _field(error["loc"]), error["input"]
    if error["type"] == "extra_forbidden":
        raise ConfigurationError(f"{file}: {field} is no setting; {_known(error['loc'], model)}")
    if error["type"] == "missing":
        raise ConfigurationError(f"{file}: {field} is missing; add it")
    raise ConfigurationError(f"{file}: {field} is {_quoted(value)}; {_remedy(error)}")


def _remedy(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "literal_error":
        return f"use {error['ctx']['expected']}"
    remedies = {
        "bool_parsing": "use true or false",
        "int_parsing": "use a whole number",
        "decimal_parsing": "use a number, such as 1500.00",
        "finite_number": "use a number, such as 1500.00",
        "tuple_type": "write a list, one `- ` an entry",
        "dict_type": "write a mapping, one `key: value` a line",
        "model_type": "write a mapping, one `key: value` a line",
        "string_type": "write one text there",
    }
    return remedies.get(error["type"], error["msg"].lower())


def _known(location: tuple[int | str, ...], model: type[Strict]) -> str:
    """The settings that exist where an unknown one was given."""
    here: Any = model
    for step in location[:-1]:
        if isinstance(step, str):
            annotation = here.model_fields[step].annotation
            here = next((a for a in getattr(annotation, "__args__", ()) if isinstance(a, type)), annotation)
    return f"{'there are' if len(here.model_fields) > 1 else 'there is'} {', '.join(here.model_fields)}"


def _field(location: tuple[int | str, ...]) -> str:
    steps = (step for step in location if step != "[key]")  # pydantic's word for a key that may not be there
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".") or "the file"


def _quoted(value: object) -> str:
    if isinstance(value, str | int):
        return repr(value)
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "blank"
