"""What crosses between processes: plain data, by value, with exact types, as tagged JSON.

The sender is a candidate's process and may send anything, so the receiver builds nothing but plain data: no pickle, no
class look-up. None, bool, int, float, str and list are JSON's own; every other kind is an object with one key, its tag:

    (1, {2, 3})  ->  {"t": [1, {"s": [2, 3]}]}

Subclasses of plain types cross as their base's value, read by the base's own methods, so that a lying `__eq__`,
`__len__` or `__iter__` stays behind. Iterators cross as bounded lists and are iterators again.

Limits: shared references come out as copies; a container in itself is not plain; an iterator is read when it is sent.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

MAX_DEPTH = 150
"""Nesting at which data stops being plain; well under the JSON decoder's own limit."""
MAX_NODES = 4_000_000
"""Elements in one value, counted with repetition, so that a few shared lists cannot expand without end."""
MAX_BITS = 4_000_000
"""Size of an integer: the receiver's arithmetic on larger ones would take seconds that no signal can interrupt."""
MAX_EXPONENT = 100_000
"""Of a Decimal, likewise: `int(Decimal("1E+9999999"))` takes a second, and one digit more a minute."""
MAX_COLLISIONS = 1_000
"""Elements of a set or keys of a dict that may have one hash."""
MAX_ITERATOR = 10_000
"""Elements that are taken from an iterator."""

_mro = type.__dict__["__mro__"].__get__  # a metaclass can shadow `cls.__mro__`, not this


class NotPlainError(Exception):
    """A value that is not plain data, or too large to be sent."""


class BadDataError(Exception):
    """Bytes that no honest sender would have sent."""


class IteratorCutError(Exception):
    """More was asked of an iterator than crossed."""


def dumps(value: object) -> bytes:
    """The bytes of a plain value.

    Raises:
        NotPlainError: The value, or something in it, is not plain data, is nested too deeply, or is too large.
    """
    try:
        return _to_json(_Encoder().encode(value, 0)).encode("ascii")
    except RecursionError:
        raise NotPlainError("nested too deeply") from None


def loads(data: bytes) -> Any:
    """The value that `dumps` was given.

    Raises:
        BadDataError: The bytes are not what `dumps` writes.
    """
    try:
        text = data.decode("ascii")
        value, end = _from_json(text)
        if end != len(text):
            raise BadDataError("more than one value")
        return _decode(value)
    except BadDataError:
        raise
    except Exception as error:  # whatever forged bytes make a constructor raise
        raise BadDataError(f"{type(error).__name__}: {error}") from None


def _refuse_constant(name: str) -> Any:
    raise BadDataError(f"constant {name}")


# Made once: `json.loads` and `json.dumps` with arguments of their own make them anew each time, which in a freshly
# forked process costs more than the work itself, as every page that is touched for the first time has to be copied.
_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_from_json = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode

class _Encoder:
    def __init__(self) -> None:
        self.nodes = 0

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            return value if -(1 << 63) <= value < 1 << 63 else {"i": _hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"f": repr(value)}
        if kind is list:
            return self.items(value, depth)
        encoder = _ENCODERS.get(kind)
        if encoder is None:
            encoder = _encoder_for(kind)
        return encoder(self, value, depth)

    def items(self, values: Any, depth: int) -> list[Any]:
        if depth > MAX_DEPTH:
            raise NotPlainError("nested too deeply")
        encode = self.encode
        out = [encode(v, depth + 1) for v in values]
        self.nodes += len(out)
        if self.nodes > MAX_NODES:
            raise NotPlainError(f"more than {MAX_NODES:,} elements")
        return out

    def pairs(self, values: Any, depth: int) -> list[Any]:
        flat = iter(self.items((x for pair in values for x in pair), depth))
        return [[key, next(flat)] for key in flat]

    def iterator(self, values: Iterator[Any], depth: int) -> dict[str, Any]:
        out = self.items(islice(values, MAX_ITERATOR + 1), depth)
        return {"it": out[:MAX_ITERATOR], "cut": True} if len(out) > MAX_ITERATOR else {"it": out}


def _hex(value: int) -> str:
    if value.bit_length() > MAX_BITS:
        raise NotPlainError(f"an integer of {value.bit_length():,} bits")
    return hex(value)


def _integer(text: str) -> int:
    if len(text) > MAX_BITS // 4 + 4:
        raise BadDataError("an integer too large")
    return int(text, 16)


def _decimal_text(value: Decimal) -> str:
    text = Decimal.__str__(value)
    if not _small_decimal(Decimal(text)) or len(text) > MAX_EXPONENT:
        raise NotPlainError("a Decimal of this size")
    return text


def _decimal(text: str) -> Decimal:
    value = Decimal(text) if len(text) <= MAX_EXPONENT else None
    if value is None or not _small_decimal(value):
        raise BadDataError("a Decimal too large")
    return value


def _small_decimal(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return not isinstance(exponent, int) or abs(exponent) <= MAX_EXPONENT


def _range(items: list[Any]) -> range:
    made = range(*items)
    if (made.stop - made.start) // made.step > MAX_NODES:
        raise BadDataError("a range too long")
    return made


def _encode_range(encoder: _Encoder, value: range, depth: int) -> Any:
    if (value.stop - value.start) // value.step > MAX_NODES:
        raise NotPlainError(f"a range of more than {MAX_NODES:,} elements")
    return {"r": [encoder.encode(x, depth) for x in (value.start, value.stop, value.step)]}


_Encode = Callable[[_Encoder, Any, int], Any]


def _zone(value: Any) -> Any:
    zone = value.tzinfo
    if zone is None:
        return None
    offset = value.utcoffset()
    if type(zone) is not timezone or offset is None:
        raise NotPlainError(f"a time zone of type {type(zone).__name__}")
    return offset.total_seconds()


def _encode_datetime(_: _Encoder, v: datetime, depth: int) -> Any:
    return {"dt": [v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, v.fold, _zone(v)]}


def _encode_type(_: _Encoder, value: type, depth: int) -> Any:
    if _BUILTIN_TYPES.get(value.__name__) is not value:
        raise NotPlainError(f"the class {value.__name__}")
    return {"ty": value.__name__}


_ENCODERS: dict[type, _Encode] = {
    tuple: lambda e, v, d: {"t": e.items(tuple.__iter__(v), d)},
    dict: lambda e, v, d: {"d": e.pairs(dict.items(v), d)},
    set: lambda e, v, d: {"s": e.items(set.__iter__(v), d)},
    frozenset: lambda e, v, d: {"fs": e.items(frozenset.__iter__(v), d)},
    deque: lambda e, v, d: {"dq": [e.items(deque.__iter__(v), d), v.maxlen]},
    complex: lambda e, v, d: {"c": [e.encode(v.real, d), e.encode(v.imag, d)]},
    bytes: lambda e, v, d: {"b": base64.b64encode(v).decode()},
    bytearray: lambda e, v, d: {"ba": base64.b64encode(v).decode()},
    range: _encode_range,
    slice: lambda e, v, d: {"sl": e.items((v.start, v.stop, v.step), d)},
    type(...): lambda e, v, d: {"el": 0},
    Decimal: lambda e, v, d: {"de": _decimal_text(v)},
    Fraction: lambda e, v, d: {"fr": [e.encode(v._numerator, d), e.encode(v._denominator, d)]},
    datetime: _encode_datetime,
    date: lambda e, v, d: {"da": [v.year, v.month, v.day]},
    time: lambda e, v, d: {"ti": [v.hour, v.minute, v.second, v.microsecond, v.fold, _zone(v)]},
    timedelta: lambda e, v, d: {"td": [v.days, v.seconds, v.microseconds]},
    type({}.keys()): lambda e, v, d: {"dk": e.items(v, d)},
    type({}.items()): lambda e, v, d: {"di": e.pairs(v, d)},
    type({}.values()): lambda e, v, d: {"dv": e.items(v, d)},
    type: _encode_type,
}

_BASE_VALUES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, lambda v: str.encode(v, "utf-8", "surrogatepass").decode("utf-8", "surrogatepass")),
    (bytes, lambda v: bytes.__getitem__(v, slice(None))),
    (bytearray, lambda v: bytearray.__getitem__(v, slice(None))),
    (list, list.copy),
    (tuple, lambda v: tuple.__getitem__(v, slice(None))),
    (dict, lambda v: dict(dict.items(v))),
    (set, lambda v: set(set.__iter__(v))),
    (frozenset, lambda v: frozenset(frozenset.__iter__(v))),
    (deque, lambda v: deque(deque.__iter__(v))),
    (Decimal, lambda v: Decimal(Decimal.__str__(v))),
    (Fraction, lambda v: Fraction(int(v._numerator), int(v._denominator))),
    (datetime, lambda v: datetime.fromisoformat(datetime.isoformat(v))),
    (date, lambda v: date.fromisoformat(date.isoformat(v))),
    (timedelta, lambda v: timedelta(timedelta.days.__get__(v), timedelta.seconds.__get__(v))),
)

_BUILTIN_TYPES: dict[str, type] = {
    t.__name__: t
    for t in (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, bool, type(None), range,
              object)
}


def _encoder_for(kind: type) -> _Encode:
    """The encoder of a type that is not itself in the table: a subclass, an iterator, or numpy's."""
    mro = _mro(kind)
    for base in mro:
        if base.__module__ == "numpy" and base.__name__ in ("ndarray", "generic"):
            return _encode_array if base.__name__ == "ndarray" else _encode_scalar
    for base, read in _BASE_VALUES:
        if base in mro:
            encoder = _ENCODERS.get(base)
            if encoder is None:  # int, float, str, list: the encoder's own fast path
                return lambda e, v, d, read=read: e.encode(_exactly(base, read(v)), d)  # type: ignore[misc]
            return lambda e, v, d, read=read, encoder=encoder: encoder(e, read(v), d)  # type: ignore[misc]
    if any("__next__" in vars(base) for base in mro) and any("__iter__" in vars(base) for base in mro):
        return lambda e, v, d: e.iterator(v, d)
    raise NotPlainError(f"a value of type {kind.__name__}")


def _exactly(base: type, value: Any) -> Any:
    if type(value) is not base:
        raise NotPlainError(f"a subclass of {base.__name__} that does not give its value")
    return value


_ARRAY_KINDS = "biufcSUmM"


def _encode_array(encoder: _Encoder, value: Any, depth: int) -> Any:
    numpy = sys.modules["numpy"]
    array = numpy.ndarray.view(value, numpy.ndarray)
    if array.dtype.kind == "O":
        return {"no": [list(array.shape), encoder.items(array.ravel().tolist(), depth)]}
    if array.dtype.kind not in _ARRAY_KINDS:
        raise NotPlainError(f"an array of {array.dtype}")
    return {"na": [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]}


def _encode_scalar(encoder: _Encoder, value: Any, depth: int) -> Any:
    numpy = sys.modules["numpy"]
    array = numpy.asarray(value)
    if type(array) is not numpy.ndarray or array.dtype.kind not in _ARRAY_KINDS or array.shape:
        raise NotPlainError(f"a scalar of type {type(value).__name__}")
    return {"ns": [array.dtype.str, [], base64.b64encode(array.tobytes()).decode()]}


def _decode(data: Any) -> Any:
    kind = type(data)
    if kind is list:
        return [_decode(item) for item in data]
    if kind is not dict:
        return data
    (tag, body), *rest = data.items()
    if tag == "it" and (not rest or rest == [("cut", True)]):
        return _resume(_items(body), bool(rest))
    if rest:
        raise BadDataError("more than one tag")
    return _DECODERS[tag](body)


def _items(body: Any) -> list[Any]:
    if type(body) is not list:
        raise BadDataError("a list was expected")
    return [_decode(item) for item in body]


def _pairs(body: Any) -> dict[Any, Any]:
    keys = _keys([key for key, _ in body])
    return dict(zip(keys, (_decode(value) for _, value in body), strict=True))


def _keys(body: Any) -> list[Any]:
    """Elements that will be hashed. Many with one hash would take hours to insert, in a call that no signal ends."""
    items = _items(body)
    if len(items) > MAX_COLLISIONS and max(Counter(map(hash, items)).values()) > MAX_COLLISIONS:
        raise BadDataError(f"more than {MAX_COLLISIONS} elements with the same hash")
    return items


def _resume(items: list[Any], cut: bool) -> Iterator[Any]:
    yield from items
    if cut:
        raise IteratorCutError(f"the iterator was cut after {MAX_ITERATOR:,} elements")


def _integers(body: Any, count: int) -> list[int]:
    if type(body) is not list or len(body) != count or not all(type(x) is int for x in body):
        raise BadDataError(f"{count} integers were expected")
    return body


def _tz(offset: Any) -> timezone | None:
    return None if offset is None else timezone(timedelta(seconds=offset))


def _array(body: Any) -> Any:
    import numpy

    dtype, shape, data = body
    kind = numpy.dtype(dtype)
    if kind.kind not in _ARRAY_KINDS or kind.hasobject:
        raise BadDataError(f"an array of {dtype}")
    flat = numpy.frombuffer(base64.b64decode(data, validate=True), dtype=kind)
    return flat.reshape(_integers(shape, len(shape))).copy()


def _object_array(body: Any) -> Any:
    import numpy

    shape, items = body
    flat = numpy.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        flat[position] = _decode(item)
    return flat.reshape(_integers(shape, len(shape)))


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "i": _integer,
    "f": lambda b: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[b],
    "t": lambda b: tuple(_items(b)),
    "d": _pairs,
    "s": lambda b: set(_keys(b)),
    "fs": lambda b: frozenset(_keys(b)),
    "dq": lambda b: deque(_items(b[0]), b[1]),
    "c": lambda b: complex(*(float(x) for x in _items(b))),
    "b": lambda b: base64.b64decode(b, validate=True),
    "ba": lambda b: bytearray(base64.b64decode(b, validate=True)),
    "r": lambda b: _range(_items(b)),
    "sl": lambda b: slice(*_items(b)),
    "el": lambda b: ...,
    "de": _decimal,
    "fr": lambda b: Fraction(*_integers(_items(b), 2)),
    "dt": lambda b: datetime(*_integers(b[:7], 7), fold=b[7], tzinfo=_tz(b[8])),  # type: ignore[arg-type, misc]
    "da": lambda b: date(*_integers(b, 3)),
    "ti": lambda b: time(*_integers(b[:4], 4), fold=b[4], tzinfo=_tz(b[5])),  # type: ignore[arg-type, misc]
    "td": lambda b: timedelta(*_integers(b, 3)),
    "dk": lambda b: dict.fromkeys(_keys(b)).keys(),
    "di": lambda b: _pairs(b).items(),
    "dv": lambda b: dict(enumerate(_items(b))).values(),
    "ty": lambda b: _BUILTIN_TYPES[b],
    "na": _array,
    "no": _object_array,
    "ns": lambda b: _array(b)[()],
}
