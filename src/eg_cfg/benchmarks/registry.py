"""Benchmarks by name. Nothing is imported before a benchmark is asked for.

    load("mbpp", split="test")
    load("humaneval-et", mode="cleaned")
    load("humaneval", data=Path("HumanEval.jsonl.gz"))

Names ignore case, and `_` and `-` within them: `CodeContests` is `code_contests`. A loader is a function
`load(split, data, **options) -> Benchmark`; its module may hold `SPECS`, a `DataSpec` for each name, from
which `found` tells where the data is.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from eg_cfg.benchmarks.base import Benchmark
from eg_cfg.errors import UnknownNameError, UsageError


@dataclass(frozen=True)
class Option:
    """One option of a loader."""

    meaning: str
    default: Any
    choices: tuple[str, ...] = ()
    """The admitted values; empty where the loader checks the value itself."""


@dataclass(frozen=True)
class Description:
    """What a benchmark is, for tables and messages."""

    name: str
    loader: str
    """`module:callable`."""
    summary: str
    """One line."""
    splits: tuple[str, ...] = ()
    default_split: str | None = None
    hub_id: str | None = None
    """None where the data ships with this package."""
    options: tuple[tuple[str, Option], ...] = ()


def _entry(name: str, loader: str, summary: str, *, splits: tuple[str, ...] = ("test",),
           hub: str | None = None, **options: Option) -> Description:
    return Description(name, f"eg_cfg.benchmarks.{loader}", summary, splits, "test" if splits else None, hub,
                       tuple(options.items()))


_MBPP_SPLITS = ("prompt", "train", "validation", "test", "all")
_BIGCODEBENCH_SPLITS = ("test", "v0.1.0_hf", "v0.1.1", "v0.1.2", "v0.1.3", "v0.1.4")
"""Upstream's splits are versions; `test` is the newest."""
_BIGCODEBENCH_MODE = Option("complete a docstring, or follow an instruction", "complete",
                            ("complete", "instruct"))

_TABLE: dict[str, Description] = {entry.name: entry for entry in (
    _entry("humaneval", "humaneval:load_humaneval", "164 functions to complete from signature and docstring",
           hub="openai/openai_humaneval"),
    _entry("humaneval-et", "humaneval:load_humaneval_et", "HumanEval with about a hundred tests a problem",
           hub="dz1/CodeScore-HumanEval-ET",
           mode=Option("all tests, or without those that the reference answer fails", "official",
                       ("official", "cleaned"))),
    _entry("humaneval-plus", "evalplus:load_humaneval_plus", "HumanEval with EvalPlus' tests beside its own",
           hub="evalplus/humanevalplus"),
    _entry("mbpp", "mbpp:load_mbpp", "974 short tasks in one sentence, with three tests each",
           splits=_MBPP_SPLITS, hub="google-research-datasets/mbpp",
           variant=Option("all tasks, or the 427 that were checked by hand", "full", ("full", "sanitized"))),
    _entry("mbpp-et", "mbpp:load_mbpp_et", "MBPP with more tests a task", splits=_MBPP_SPLITS,
           hub="dz1/CodeScore-MBPP-ET"),
    _entry("mbpp-plus", "evalplus:load_mbpp_plus", "checked MBPP tasks with EvalPlus' tests beside their own",
           hub="evalplus/mbppplus"),
    _entry("apps", "apps:load", "competition problems, stdin programs and functions",
           splits=("train", "test"), hub="codeparrot/apps",
           difficulty=Option("all, or some of introductory, interview, competition, with commas", "all"),
           comparison=Option("how output is compared: as published, or exactly", "official",
                             ("official", "strict")),
           skip_untested=Option("leave out problems without tests instead of refusing the data", False)),
    _entry("code_contests", "code_contests:load",
           "competition problems with public, private and generated tests",
           splits=("train", "valid", "test"), hub="deepmind/code_contests"),
    _entry("ds1000", "ds1000:load", "data science snippets for seven libraries", hub="xlangai/DS-1000",
           library=Option("all, or some of the libraries, with commas", "all")),
    _entry("livecodebench", "livecodebench:load", "competition problems by date of release",
           hub="livecodebench/code_generation_lite",
           release=Option("release tag, release_v1 to the newest", "release_latest"),
           start_date=Option("first contest date, YYYY-MM-DD", None),
           end_date=Option("last contest date, YYYY-MM-DD", None)),
    _entry("bigcodebench", "bigcodebench:load", "1,140 tasks that call many libraries, with unittest classes",
           splits=_BIGCODEBENCH_SPLITS, hub="bigcode/bigcodebench", mode=_BIGCODEBENCH_MODE),
    _entry("bigcodebench-hard", "bigcodebench:load_hard", "the hard 148 tasks of BigCodeBench",
           splits=_BIGCODEBENCH_SPLITS, hub="bigcode/bigcodebench-hard", mode=_BIGCODEBENCH_MODE),
    _entry("minipy", "minipy:load", "generated problems of one to three steps, made with this package",
           splits=("train", "pool", "validation", "test"),
           limit=Option("at most so many problems", None),
           seed=Option("of the training stream", None),
           steps=Option("numbers of steps that problems may have, with commas", "1,2,3"),
           tests_in_prompt=Option("show the public tests in the prompt", True)),
    _entry("demo", "demo:load", "a few problems that ship with this package, for trying it out"),
)}

_ALIASES = {"lcb": "livecodebench", "humaneval+": "humaneval-plus", "mbpp+": "mbpp-plus"}


def register(entry: Description) -> None:
    """Adds a benchmark of one's own, for this process; `docs/extending.md` shows one.

    Args:
        entry: Its `loader` is `module:callable`; in a script that is started itself, the module is `__main__`.

    Raises:
        UsageError: There is one of that name.
    """
    if entry.name in _TABLE:
        raise UsageError(f"expected a new name for a benchmark, found {entry.name!r}, which there is: choose another")
    _TABLE[entry.name] = entry


def names() -> tuple[str, ...]:
    """The names of all benchmarks, in the order of the table."""
    return tuple(_TABLE)


def describe(name: str) -> Description:
    """What the benchmark is: one line, splits, hub id, options.

    Raises:
        UnknownNameError: There is none of that name; the message names the nearest.
    """
    key = _key(name)
    for known, entry in _TABLE.items():
        if _key(known) == key:
            return entry
    if key in _ALIASES:
        return _TABLE[_ALIASES[key]]
    raise UnknownNameError("benchmark", name, _TABLE)


def load(
    name: str, *, split: str | None = None, data: str | os.PathLike[str] | None = None, **options: Any
) -> Benchmark:
    """Finds a benchmark's data and opens it.

    Args:
        name: One of `names()`.
        split: One of the benchmark's splits; its default where none.
        data: The data file, where it should not be looked for.
        options: The benchmark's own, see `describe(name).options`; one that is `None` is as if not given.

    Raises:
        UnknownNameError: There is no benchmark of that name.
        UsageError: The benchmark has no such split or option, or the option does not admit the value.
        DataNotFoundError: The data is neither here nor reachable.
        DataFormatError: The data file is not what its name says.
    """
    entry = describe(name)
    given = _checked_options(entry, {key: value for key, value in options.items() if value is not None})
    if split is None:
        split = entry.default_split
    elif split not in entry.splits:
        raise UsageError(f"benchmark {entry.name!r} has no split {split!r}; choose "
                         f"{' or '.join(entry.splits) or 'none'}")
    if data is not None:
        if not os.fspath(data):
            raise UsageError("data: expected the path of a data file, found an empty one; name one or leave it out")
        data = Path(data)
    return _loader(entry)(split, data, **given)


def found(name: str) -> str | None:
    """Where the benchmark's data is on this machine: a path, or a hub id with its commit; none if nowhere.

    Raises:
        UnknownNameError: There is no benchmark of that name.
        DataNotFoundError: It is not here as far as can be seen, but the hub's local cache cannot be read.
    """
    from eg_cfg.benchmarks import sources

    entry = describe(name)
    if entry.hub_id is None:
        return "ships with eg-cfg"
    spec = getattr(_module(entry), "SPECS", {}).get(entry.name)
    return sources.found(spec) if spec else None


def _checked_options(entry: Description, given: dict[str, Any]) -> dict[str, Any]:
    """The options, those that are yes or no read from text where need be."""
    known = dict(entry.options)
    checked = {}
    for key, value in given.items():
        if key not in known:
            raise UsageError(f"benchmark {entry.name!r} has no option {key!r}; it has "
                             f"{', '.join(known) or 'none'}")
        if known[key].choices and value not in known[key].choices:
            raise UsageError(f"expected {key} of benchmark {entry.name!r} to be "
                             f"{' or '.join(known[key].choices)}, found {value!r}; choose one of them")
        if isinstance(known[key].default, bool) and not isinstance(value, bool):
            if str(value).lower() not in ("true", "false"):
                raise UsageError(f"expected {key} of benchmark {entry.name!r} to be true or false, found "
                                 f"{value!r}; choose one of them")
            value = str(value).lower() == "true"
        checked[key] = value
    return checked


def _key(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").strip()


def _module(entry: Description) -> Any:
    return importlib.import_module(entry.loader.partition(":")[0])


def _loader(entry: Description) -> Callable[..., Benchmark]:
    return cast("Callable[..., Benchmark]", getattr(_module(entry), entry.loader.partition(":")[2]))
