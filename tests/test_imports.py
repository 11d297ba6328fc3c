"""Rooms import downward only, and the two packages in one direction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"

FLOORS = (
    {"errors", "records", "runs", "config"},
    {"sandbox", "models", "benchmarks"},
    {"training", "grading"},
    {"decoding", "replay"},
    {"studies", "reports"},
    {"cli"},
)
"""From the lowest up. A room may import every floor below, and its own floor's rooms where PEERS says so."""

PEERS: set[tuple[str, str]] = {
    ("records", "errors"),
    ("runs", "errors"),
    ("runs", "records"),
    ("config", "errors"),
    ("studies", "reports"),
}
"""Imports within one floor: (who, whom)."""

FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def modules(package: str) -> list[Path]:
    return sorted((SOURCE / package).rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    """Absolute dotted names that a module imports, wherever in it."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    package = parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            origin = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*origin, alias.name]) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            name = node.args[0]
            if (
                isinstance(name, ast.Constant)
                and isinstance(name.value, str)
                and not name.value.startswith(".")
            ):
                yield name.value


def room_of(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "eg_cfg" and len(parts) > 1 else None


@pytest.mark.parametrize("file", modules("eg_cfg"), ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_imports_point_downward(file: Path) -> None:
    relative = file.relative_to(SOURCE / "eg_cfg")
    room = relative.parts[0].removesuffix(".py")
    if room in (
        "__init__",
        "__main__",
    ):  # the package itself imports nothing; `python -m` is the command line
        assert {room_of(name) for name in imported(file)} <= ({"cli"} if room == "__main__" else set())
        return
    assert room in FLOOR, f"{relative} is in no room that FLOORS names"
    wrong = []
    for name in imported(file):
        other = room_of(name)
        if other is None or other == room:
            continue
        assert other in FLOOR, f"{relative} imports {name}, which is in no room that FLOORS names"
        if FLOOR[other] > FLOOR[room] or (FLOOR[other] == FLOOR[room] and (room, other) not in PEERS):
            wrong.append(name)
    assert wrong == [], f"{relative} imports upward or sideways"


@pytest.mark.parametrize("file", modules("eg_cfg"), ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_the_foundation_does_not_import_what_stands_on_it(file: Path) -> None:
    assert [name for name in imported(file) if name.split(".")[0] == "evoselfcode"] == []


EVO_FLOORS = (
    {"records", "summary", "layout"},
    {"store", "stage", "pairs"},
    {"datagen", "pipeline", "config", "writers", "evaluation"},
    {"cli"},
)
"""Of `evoselfcode`, from the lowest up; the stages and the configuration that holds their options are on one floor."""


@pytest.mark.parametrize("file", modules("evoselfcode"), ids=lambda f: f.relative_to(SOURCE).as_posix())
def test_the_second_package_imports_downward_too(file: Path) -> None:
    floor = {room: level for level, rooms in enumerate(EVO_FLOORS) for room in rooms}
    room = file.relative_to(SOURCE / "evoselfcode").parts[0].removesuffix(".py")
    names = [name.split(".") for name in imported(file)]
    others = {parts[1] for parts in names if parts[0] == "evoselfcode" and len(parts) > 1} - {room}
    if room == "__init__":
        assert others == set()
        return
    assert room in floor, f"{file.name} is in no room that EVO_FLOORS names"
    typing_only = {"config"} if room in ("stage",) else set()  # named in annotations, never imported when it runs
    assert {other for other in others if floor[other] > floor[room]} <= typing_only
    rooms = {parts[1] for parts in names if parts[0] == "eg_cfg" and len(parts) > 1}
    assert rooms <= set(FLOOR) - ({"cli"} if room != "cli" else set()), f"{file.name} builds on a command line"


def test_the_walk_sees_every_kind_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "eg_cfg" / "grading"
    package.mkdir(parents=True)
    file = package / "x.py"
    file.write_text(
        "import eg_cfg.cli.main\n"
        "from eg_cfg import studies\n"
        "def f():\n"
        "    from ..cli import grade\n"
        "    from . import verdict\n"
        "    importlib.import_module('eg_cfg.reports.tables')\n"
    )
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    assert set(imported(file)) == {
        "eg_cfg.cli.main",
        "eg_cfg.studies",
        "eg_cfg.cli.grade",
        "eg_cfg.grading.verdict",
        "eg_cfg.reports.tables",
    }
