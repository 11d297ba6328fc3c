"""Where loops are: what indentation says is what the syntax tree says, and what it does not say is parsed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from eg_cfg.benchmarks.registry import load
from eg_cfg.sandbox import wire
from eg_cfg.sandbox.layout import by_layout, packed, unpacked
from eg_cfg.sandbox.loops import Loop, by_tree, find_loops


def test_loops_by_line() -> None:
    source = (
        "def f(xs):\n"  # 1
        "    for x in xs:\n"  # 2
        "        while True:\n"  # 3
        "            x += 1\n"  # 4
        "            def g():\n"  # 5
        "                return x\n"  # 6
        "        else:\n"  # 7
        "            pass\n"  # 8
        "    else:\n"  # 9
        "        import os\n"  # 10
    )
    for found in (by_tree(source), by_layout(source), find_loops(source)):
        assert found is not None
        enclosing, quiet = found
        outer, inner = Loop(2, 8, 2), Loop(3, 6, 4)
        both = (outer, inner)
        assert enclosing == {2: (outer,), 3: both, 4: both, 5: both, 7: (outer,), 8: (outer,)}
        assert quiet == {1, 5, 10}


@pytest.mark.parametrize("source", ["def f(:", "\0", "(" * 5000, "x = " + "-" * 100_000 + "1"])
def test_text_that_does_not_parse_has_no_loops(source: str) -> None:
    assert find_loops(source) == by_tree(source) == ({}, frozenset())


@pytest.mark.parametrize("source", [
    "def f(n):\r\n    while True:  # for ever\r\n        n += 1\r\n        if n > 3:\r\n            break\r\n",
    "def f():\n    '''for x in\n    y:'''\n    for x in [1]:\n        print('while (True', \"#\")\n    return x\n",
    "for x in y:\n    class A:\n        for z in x:\n            pass\n        def g(self):\n            y\n\nx = 2\n",
    "while (1):\n    import os\n    try:\n        f()\n    finally:\n        while x:\n            y\nelse:\n    y\n",
    "for x in y:\n    s = '''a\n    b'''\n\n    # more\nz = 1\n",
])
def test_indentation_says_what_the_syntax_tree_says(source: str) -> None:
    found = by_layout(source)
    assert found == by_tree(source)
    assert found is not None
    assert unpacked(*wire.loads(wire.dumps(packed(found)))) == found


@pytest.mark.parametrize("source", [
    "for x in y: print(x)\n", "if x: import os\n", "x = (1,\n     2)\n", "@f\ndef g():\n    pass\n", "x = 1 \\\n+ 2\n",
    "if x:\n\tpass\n", "async def f():\n    pass\n", "x = '''a\nb''' + y\n", "while 'x':\n    pass\n",
    "while 0x1:\n    pass\n", 'x = """', "x = '", "x = 'a\n",
])
def test_what_is_not_plain_to_see_is_parsed(source: str) -> None:
    assert by_layout(source) is None
    assert find_loops(source) == by_tree(source)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_all_references(data_dir: Path) -> None:
    read = 0
    for name in ("mbpp", "humaneval"):
        for problem in load(name, data=str(data_dir)).problems():
            found = by_layout(problem.reference or "")
            read += found is not None
            assert found is None or found == by_tree(problem.reference or ""), problem.task_id
            assert found is None or unpacked(*packed(found)) == found
    assert read > 500


@pytest.mark.parametrize("text", [
    "'" + "\\'" * 50_000, "'''\\" * 30_000, '"""' + '\\"""' * 30_000, "for x in y:\n" * 5000,
    "\n".join(" " * depth + "for x in y:" for depth in range(1000)),
], ids=["quotes", "unended", "escaped", "many", "deep"])
def test_hostile_texts_are_looked_at_once(text: str) -> None:
    started = time.process_time()
    by_layout(text)
    assert time.process_time() - started < 2
