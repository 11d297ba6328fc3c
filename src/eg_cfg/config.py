"""Options: strict, typed, and the same in a YAML file, a JSON file and on the command line.

    class TrainOptions(Options):
        num_samples: int = Field(10, ge=1)
        \"\"\"Programs a problem.\"\"\"

    build(TrainOptions, {"num-samples": 20})   # dashes and underscores are alike
    build(TrainOptions, {"num_sample": 20})    # unknown key 'num_sample'. Did you mean 'num_samples'?
    load(TrainOptions, Path("configs/train.yaml"))

Every error is one `ConfigError` that names the flag. A key that is there twice is an error too, which plain
YAML and JSON readers let pass in silence.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from eg_cfg.errors import ConfigError

T = TypeVar("T", bound="Options")
_WIDTH = 60
_EXAMPLE = "one `num_samples: 10` a line"


class Options(BaseModel):
    """Base of every set of options: frozen, and closed to keys that it does not have."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    aliases: ClassVar[Mapping[str, str]] = {}
    """Other names of fields (`{"model": "model_name"}`), those of the command line; they hold for subclasses too."""

    @classmethod
    def field_of(cls, key: str) -> str:
        """The field that a key means, dashes and other names understood; the key itself where there is none."""
        name = key.replace("-", "_")
        if name in cls.model_fields:
            return name
        meant = (vars(base).get("aliases", {}).get(name) for base in cls.__mro__)
        return next((field for field in meant if field in cls.model_fields), name)

    @classmethod
    def _names(cls) -> list[str]:
        others = [name for base in cls.__mro__ for name in vars(base).get("aliases", {})]
        return [*cls.model_fields, *(name for name in others if cls.field_of(name) in cls.model_fields)]

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        found: dict[str, Any] = {}
        spelled: dict[str, str] = {}
        for key, value in values.items():
            name = cls.field_of(str(key))
            if name not in cls.model_fields:
                near = difflib.get_close_matches(name, cls._names(), n=1)
                known = ", ".join(cls.model_fields)
                hint = f" Did you mean {near[0]!r}?" if near else f" Known: {known}"
                raise ValueError(f"unknown key {str(key)!r}.{hint}")
            if name in found:
                raise ValueError(f"key {name!r} is given twice, as {spelled[name]!r} and as {str(key)!r}: keep one")
            if value == "" and _takes_path(cls.model_fields[name].annotation):
                raise ValueError(f"{flag(name)}: expected a path, found an empty one: name one")
            found[name], spelled[name] = value, str(key)
        return found


def flag(field: str) -> str:
    """The command line's spelling of a field: `num_samples` is `--num-samples`."""
    return "--" + field.replace("_", "-")


def build(model: type[T], values: Mapping[str, Any], *, origin: str = "") -> T:
    """Makes options from plain values.

    Args:
        model: The set of options.
        values: Field names, with dashes or underscores, and their values.
        origin: The file that the values come from, named in errors.

    Raises:
        ConfigError: A key is unknown, or a value is not what its field takes.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        where = f"{origin}: " if origin else ""
        raise ConfigError(where + "; ".join(_explain(e) for e in error.errors(include_url=False))) from None


def _explain(error: Any) -> str:
    parts = error["loc"]
    several = bool(parts) and isinstance(parts[-1], int)  # an item of a list: the flag is the list's
    place = ".".join(str(part) for part in (parts[:-1] if several else parts))
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{flag(place)} is required"
    if error["type"] == "value_error":  # raised by a check of ours, which says what it found
        return f"{flag(place)}: {message}" if place else message
    return f"{flag(place)}: {_expected(error, message, several)}, found {_shown(error['input'])}{_nearest(error)}"


def _expected(error: Any, message: str, several: bool) -> str:
    """What pydantic wanted, in the words of the other messages; its own words where these have none."""
    limits = error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_type" | "int_from_float" if several:
            return "expected whole numbers with commas"
        case "int_parsing" | "int_type" | "int_from_float":
            return "expected a whole number"
        case "float_parsing" | "float_type":
            return "expected a number"
        case "finite_number":
            return "expected a finite number"
        case "bool_parsing" | "bool_type":
            return "expected true or false"
        case "greater_than_equal":
            return f"expected {limits['ge']:g} or more"
        case "greater_than":
            return f"expected more than {limits['gt']:g}"
        case "less_than_equal":
            return f"expected {limits['le']:g} or less"
        case "literal_error":
            return f"expected {limits['expected']}".replace("'", "")
    return message[:1].lower() + message[1:]


def _nearest(error: Any) -> str:
    if error["type"] != "literal_error":
        return ""
    known = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    near = difflib.get_close_matches(str(error["input"]), known, n=1)
    return f". Did you mean {near[0]!r}?" if near else ""


def _shown(value: Any) -> str:
    """At most 60 characters of what was given; numbers that came as text look like numbers."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            float(value)
            return value.strip()[:_WIDTH]
    text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH - 3]}..."


def _takes_path(annotation: Any) -> bool:
    return annotation is Path or Path in get_args(annotation)


def load(model: type[T], path: Path, overrides: Mapping[str, Any] | None = None) -> T:
    """Reads options from a YAML or JSON file; `overrides` (flags that were given) win over the file.

    Raises:
        ConfigError: The file cannot be read, is not YAML or JSON, or does not hold these options.
    """
    values = read(path)
    for key, value in (overrides or {}).items():
        name = model.field_of(key)
        values = {there: kept for there, kept in values.items() if model.field_of(str(there)) != name}
        values[name] = value
    return build(model, values, origin=str(path))


def read(path: Path) -> dict[str, Any]:
    """The mapping that a YAML or JSON file holds, with duplicate keys refused.

    Raises:
        ConfigError: The file cannot be read, or holds something else.
    """
    if path.suffix not in {".yaml", ".yml", ".json"}:
        raise ConfigError(f"{path}: expected a .yaml, .yml or .json file, found suffix {path.suffix!r}: rename it, or "
                          "pass another")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError(f"cannot read the configuration {path}: {why}: pass a file of options in YAML or "
                          "JSON") from None
    try:
        if path.suffix == ".json":
            values = json.loads(text, object_pairs_hook=_distinct)
        else:
            values = yaml.load(text, Loader=_Loader)  # safe: a subclass of SafeLoader
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(_not_readable(path, error)) from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of options, found a {type(values).__name__}: write {_EXAMPLE}")
    return values


def _not_readable(path: Path, error: yaml.YAMLError | ValueError) -> str:
    """What is wrong with a file's text, where, and how it should look."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else getattr(error, "lineno", None)
    what = getattr(error, "problem", None) or getattr(error, "msg", None) or str(error)
    place = f"{path}, line {line}" if line is not None else str(path)
    said = " ".join(str(what).split())
    if path.suffix == ".json":
        return f'{place}: expected JSON, found a fault ({said}): write {{"num_samples": 10, ...}}, each text in quotes'
    return f"{place}: expected YAML, found a fault ({said}): write {_EXAMPLE}, in quotes where a text has signs"


def save(options: Options, path: Path, heading: str = "") -> None:
    """Writes options as YAML or JSON, by the path's suffix; `heading` becomes comments on top of YAML."""
    values = to_plain(options)
    if path.suffix == ".json":
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    else:
        comments = "".join(f"# {line}\n" for line in heading.splitlines())
        text = comments + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    path.write_text(text, encoding="utf-8")


def to_plain(options: Options) -> dict[str, Any]:
    """The options as what JSON can hold; `build` makes the same options of it again."""
    return options.model_dump(mode="json")


def assignments(pairs: Iterable[str], option: str = "--option") -> dict[str, str]:
    """Reads `key=value` pairs, as a repeated flag gives them; dashes in keys become underscores.

    Raises:
        ConfigError: A pair has no `=`, or a key is there twice.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        name = key.strip().replace("-", "_")
        if not equals or not name:
            raise ConfigError(f"{option}: expected key=value, found {pair!r}")
        if name in values:
            raise ConfigError(f"{option}: the key {name!r} is given twice")
        values[name] = value.strip()
    return values


def _distinct(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"key {key!r} is given twice")
        values[key] = value
    return values


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice in one mapping."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise ValueError(f"key {key!r} is given twice (line {key_node.start_mark.line + 1})")
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)
