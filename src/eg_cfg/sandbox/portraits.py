"""Short texts for values of a program, made without running any of the program's code.

    portrait([1, 2, 3], 80)                 # "[1, 2, 3]"
    portrait(list(range(100)), 80)          # "[0, 1, 2, 3, 4, ..., 98, 99] len 100"
    portrait(Node(3), 80)                   # "<Node value=3, next=None>"

Built-in types are read by their own methods in C; a subclass by those of the type that it extends. Other objects are
their class's name and their fields, one level deep, read from where the interpreter keeps them: no `__repr__`,
`__eq__`, `__hash__`, `__len__`, `__iter__`, `__getattr__`, property or metaclass of the program is called, no iterator
is moved, and the time for one text is bounded whatever the value's size. Limits: a change where the text says `...`
does not show in it.
"""

from __future__ import annotations

import builtins
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import islice
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

# A program may replace built-in functions; those of this module stay what they are.
__builtins__ = dict(builtins.__dict__)  # type: ignore[assignment]

MANY = 8
"""Elements up to which all are shown."""
_FIRST, _LAST, _DEPTH = 5, 2, 3
_BITS = 512
_FIELDS = 6
OWN_MODULES = ("solution", "__main__", "__test__")
"""Modules that a program is loaded as: the fields of its own classes are shown even where they start with `_`."""

_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_name: Callable[[type], str] = type.__dict__["__name__"].__get__
_members: Callable[[type], Any] = type.__dict__["__dict__"].__get__
_args: Callable[[BaseException], tuple[Any, ...]] = BaseException.__dict__["args"].__get__


def portrait(value: Any, limit: int) -> str:
    """One printable line of at most `limit` characters.

    Args:
        value: Anything.
        limit: Characters, 8 or more.
    """
    kind = type(value)
    if kind is int:
        return int.__repr__(value) if -(10**7) < value < 10**7 else _fit(_integer(value, limit, 0), limit)
    if value is None or kind is bool:
        return repr(value)
    return _fit(_describe(value, limit, _DEPTH), limit)


def exception_text(error: Any, limit: int) -> str:
    """`Type: message` of an exception, from its arguments; its `__str__` is the program's business."""
    kind = type(error)
    text = name_of(kind)
    arguments = _args(error) if id(BaseException) in map(id, _mro(kind)) else ()
    if len(arguments) == 1 and type(arguments[0]) is str and kind is not KeyError:
        text = f"{text}: {str.__getitem__(arguments[0], slice(limit))}"
    elif arguments:
        text = f"{text}: {', '.join([_describe(a, limit, 1) for a in arguments[:3]])}"
    return _fit(text, limit)


def name_of(kind: type) -> str:
    """The name of a class, whatever its metaclass says."""
    name = _name(kind)
    return name if type(name) is str else "?"


def _fit(text: str, limit: int) -> str:
    if len(text) > limit:
        text = text[: limit - 3] + "..."
    return text if text.isprintable() else "".join([c if c.isprintable() else " " for c in text])


def _describe(value: Any, room: int, depth: int) -> str:
    kind = type(value)
    if type(kind) is type:  # a metaclass of the program could have its own idea of hashing
        writer = _WRITERS.get(kind)
        if writer is not None:
            return writer(value, room, depth)
    if kind is Fraction:
        return f"Fraction({_describe(value._numerator, room, 0)}, {_describe(value._denominator, room, 0)})"
    return _other(value, kind, room, depth)


def _integer(value: int, _room: int, _depth: int) -> str:
    bits = int.bit_length(value)
    return int.__repr__(value) if bits <= _BITS else f"<int of {bits} bits>"


def _string(value: str, room: int, _: int) -> str:
    length = str.__len__(value)
    if length <= max(room - 2, 8):
        return str.__repr__(value)
    end = max(room // 4, 3)
    suffix = f" len {length}"
    begin = max(room - end - 5 - len(suffix), 3)
    head, tail = str.__getitem__(value, slice(begin)), str.__getitem__(value, slice(length - end, length))
    return str.__repr__(head + "..." + tail) + suffix


def _bytes(value: bytes, room: int, _: int) -> str:
    length = bytes.__len__(value)
    shown = bytes.__repr__(bytes.__getitem__(value, slice(max(room // 2, 4))))
    return shown if length <= max(room // 2, 4) else f"{shown}... len {length}"


def _bytearray(value: bytearray, room: int, _: int) -> str:
    kept = bytes(bytearray.__getitem__(value, slice(max(room // 2, 4))))
    return f"bytearray({bytes.__repr__(kept)})" + ("" if len(value) == len(kept) else f" len {len(value)}")


def _listed(items: Iterable[Any], room: int, depth: int) -> list[str]:
    parts: list[str] = []
    for item in items:
        if room < 0:
            parts.append("...")
            break
        parts.append(_describe(item, max(room, 8), depth))
        room -= len(parts[-1]) + 2
    return parts


def _list(value: list[Any], room: int, depth: int) -> str:
    return _sequence(value, list, room, depth, "[", "]")


def _tuple(value: tuple[Any, ...], room: int, depth: int) -> str:
    return _sequence(value, tuple, room, depth, "(", ",)" if tuple.__len__(value) == 1 else ")")


def _sequence(value: Any, base: Any, room: int, depth: int, opening: str, closing: str) -> str:
    length: int = base.__len__(value)
    if not length:
        return opening + closing
    if depth <= 0:
        return f"{opening}...{closing[-1]}"
    item = base.__getitem__
    if length <= MANY:
        return opening + ", ".join(_listed(base.__iter__(value), room - 2, depth - 1)) + closing
    last = _listed([item(value, length - i) for i in range(_LAST, 0, -1)], room // 4, depth - 1)
    room -= sum(map(len, last)) + 18
    first = _listed([item(value, i) for i in range(_FIRST)], room, depth - 1)
    return f"{opening}{', '.join(first)}, ..., {', '.join(last)}{closing} len {length}"


def _deque(value: deque[Any], room: int, depth: int) -> str:
    return f"deque({_sequence(value, deque, room - 7, depth, '[', ']')})"


def _braced(items: Iterable[Any], length: int, room: int, depth: int) -> str:
    if depth <= 0:
        return "{...}" if length else "{}"
    parts = _listed(islice(items, MANY), room - 2, depth - 1)
    return "{" + ", ".join(parts) + (f", ...}} len {length}" if length > MANY else "}")


def _dict(value: dict[Any, Any], room: int, depth: int) -> str:
    length = dict.__len__(value)
    if depth <= 0:
        return "{...}" if length else "{}"
    parts: list[str] = []
    for key, item in islice(dict.items(value), MANY):
        if room < 0:
            parts.append("...")
            break
        text = _describe(key, max(room, 8), depth - 1)
        parts.append(f"{text}: {_describe(item, max(room - len(text), 8), depth - 1)}")
        room -= len(parts[-1]) + 2
    return "{" + ", ".join(parts) + (f", ...}} len {length}" if length > MANY else "}")


def _set(value: set[Any], room: int, depth: int) -> str:
    length = set.__len__(value)
    return _braced(set.__iter__(value), length, room, depth) if length else "set()"


def _frozenset(value: frozenset[Any], room: int, depth: int) -> str:
    length = frozenset.__len__(value)
    return f"frozenset({_braced(frozenset.__iter__(value), length, room - 11, depth) if length else ''})"


def _range(value: range, room: int, _: int) -> str:
    step = "" if value.step == 1 else f", {_integer(value.step, room, 0)}"
    return f"range({_integer(value.start, room, 0)}, {_integer(value.stop, room, 0)}{step})"


def _decimal(value: Decimal, _room: int, _depth: int) -> str:
    digits = len(value.as_tuple().digits)
    return f"Decimal('{value}')" if digits <= 60 and abs(value.adjusted()) < 1000 else f"<Decimal of {digits} digits>"


_WRITERS: dict[type, Callable[[Any, int, int], str]] = {
    int: _integer, str: _string, list: _list, tuple: _tuple, dict: _dict, set: _set, frozenset: _frozenset,
    bytes: _bytes, bytearray: _bytearray, deque: _deque, range: _range, Decimal: _decimal,
    float: lambda v, r, d: float.__repr__(v), bool: lambda v, r, d: repr(v), type(None): lambda v, r, d: "None",
    complex: lambda v, r, d: complex.__repr__(v), type(...): lambda v, r, d: "...",
    defaultdict: lambda v, r, d: f"defaultdict({_dict(v, r - 13, d)})",
    OrderedDict: lambda v, r, d: f"OrderedDict({_dict(v, r - 13, d)})",
    Counter: lambda v, r, d: f"Counter({_dict(v, r - 9, d)})",
    date: lambda v, r, d: date.__repr__(v), timedelta: lambda v, r, d: timedelta.__repr__(v),
    datetime: lambda v, r, d: f"datetime({v.year}, {v.month}, {v.day}, {v.hour}, {v.minute}, {v.second})",
    time: lambda v, r, d: f"time({v.hour}, {v.minute}, {v.second})",
    type: lambda v, r, d: f"<class {name_of(v)}>",
    FunctionType: lambda v, r, d: f"<function {_plain(v.__code__.co_name)}>",
    ModuleType: lambda v, r, d: "<module>",
}
_BASES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, deque)


def _plain(name: Any) -> str:
    return name if type(name) is str else "?"


def _other(value: Any, kind: type, room: int, depth: int) -> str:
    """A class of the program or of a library: its name, the value that it extends, its fields."""
    mro = _mro(kind)
    name = name_of(kind)
    bases = set(map(id, mro))  # `in mro` would compare, and a metaclass may say what that means
    if id(type) in bases:
        return f"<class {name_of(value)}>"
    if id(BaseException) in bases:
        return f"<{exception_text(value, room)}>"
    fields = _fields(value, kind, mro)
    if id(Enum) in bases and type(fields.get("_name_")) is str:
        return f"{name}.{fields['_name_']}"
    for base in _BASES:
        if id(base) in bases:
            named = _field_names(mro) if base is tuple else ()
            if named and len(named) == tuple.__len__(value):
                text = _with_fields(name, zip(named, tuple.__iter__(value), strict=True), room, _DEPTH)
                return f"{name}({text[len(name) + 2:-1]})"
            return f"{name}({_WRITERS[base](value, room - len(name) - 2, depth)})"
    array = _numpy(value, kind, room, depth)
    if array is not None:
        return array
    return _with_fields(name, fields.items(), room, depth)


def _with_fields(name: str, fields: Iterable[tuple[str, Any]], room: int, depth: int) -> str:
    if depth < _DEPTH - 1:  # inside something that is itself inside an object or a list
        return f"<{name}>"
    parts = []
    room -= len(name) + 3
    for field, item in islice(fields, _FIELDS):
        if room < 0:
            parts.append("...")
            break
        parts.append(f"{field}={_describe(item, max(room - len(field), 8), _DEPTH - 2)}")
        room -= len(parts[-1]) + 2
    return f"<{name} {', '.join(parts)}>" if parts else f"<{name}>"


def _field_names(mro: tuple[type, ...]) -> tuple[str, ...]:
    """Those of a named tuple."""
    for base in mro:
        names = _members(base).get("_fields")
        if names is not None:
            return names if type(names) is tuple and all(type(n) is str for n in names) else ()
    return ()


def _fields(value: Any, kind: type, mro: tuple[type, ...]) -> dict[str, Any]:
    """Instance variables and slots, read past everything that the class defines."""
    found: dict[str, Any] = {}
    table: Any = None
    for base in mro:
        members = _members(base)
        descriptor = members.get("__dict__")
        if table is None and type(descriptor) is GetSetDescriptorType and base is not type:
            table = descriptor.__get__(value)
        if "__slots__" in members:
            for name, slot in islice(members.items(), 64):
                if type(slot) is MemberDescriptorType and type(name) is str:
                    try:
                        found[name] = slot.__get__(value)
                    except AttributeError:
                        continue
    if type(table) is dict:
        for name, item in islice(dict.items(table), 32):
            if type(name) is str:
                found[name] = item
    if _plain(_members(kind).get("__module__")) in OWN_MODULES or id(Enum) in map(id, mro):
        return found
    return {name: item for name, item in found.items() if name[:1] != "_"}


_ndarray: type | None = None
_scalars: frozenset[type] = frozenset()


def know_numpy() -> None:
    """Notes numpy's types, where it is loaded; before the program runs, which may replace them."""
    global _ndarray, _scalars
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "sctypeDict"):
        _ndarray = numpy.ndarray
        _scalars = frozenset(numpy.sctypeDict.values())


def _numpy(value: Any, kind: type, room: int, depth: int) -> str | None:
    if _ndarray is None or type(kind) is not type:
        return None
    if kind is _ndarray:
        shape, letter = value.shape, value.dtype.kind
        if letter not in "biufcSU":
            return f"<ndarray {value.dtype.char}>"
        size = value.size
        if len(shape) == 1 and size <= MANY:
            return f"array({_list(value.tolist(), room - 7, depth)})"
        flat = value.flat
        shown = ", ".join(_listed([flat[i].item() for i in range(min(size, MANY))], room - 24, 0))
        more = ", ..." if size > MANY else ""
        return f"array([{shown}{more}] shape {_tuple(shape, 20, 1)})"
    if kind in _scalars and value.dtype.kind in "biufc":
        return _describe(value.item(), room, depth)
    return None
