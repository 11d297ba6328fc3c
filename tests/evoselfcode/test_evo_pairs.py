"""Documented functions, apart and together."""

from __future__ import annotations

from itertools import islice

import pytest
from evo_pairs import DOUBLE

from eg_cfg.benchmarks import registry
from eg_cfg.models.base import Infill
from evoselfcode.pairs import (
    MalformedError,
    code_of,
    described,
    describing_answer,
    describing_prompt,
    parse_function,
    parse_raw,
    source_of,
    task_id,
    task_prompt,
)
from evoselfcode.records import Example, RawPair


def test_a_function_is_taken_apart_and_put_together() -> None:
    pair = parse_function("import math\n" + DOUBLE + "\n\ndef other():\n    pass\n", "double")
    assert (pair.name, pair.description, pair.preamble) == ("double", "Double each number.", "import math\n")
    assert source_of(pair) == "import math\n" + DOUBLE
    assert code_of(parse_function(DOUBLE)) == DOUBLE.replace('    """Double each number."""\n', "")


@pytest.mark.parametrize("text", [
    'def f(\n    a: int,\n    b: int = 2,\n) -> int:\n    """Add.\n\n    Both.\n    """\n    # now\n    return a\n',
    'def f(a):\n    """A thing that is done."""\n\n    # a comment\n    for x in a:\n        print(x)\n    return a\n',
])
def test_functions_of_other_shapes_keep_all_of_their_code(text: str) -> None:
    pair = parse_function(text)
    assert parse_function(source_of(pair)) == pair
    space: dict[str, object] = {}
    exec(source_of(pair), space)
    assert callable(space["f"])
    assert "# " in pair.body


@pytest.mark.parametrize(("text", "reason"), [
    ("def f(x:\n", "does not parse"),
    ("x = 1\n", "no function"),
    ("def f(x):\n    return x\n", "no docstring"),
    ('def f(x):\n    """Nothing else."""\n', "no body"),
    ('def f(x):\n    """Nothing."""\n    pass\n', "no body"),
    ('def g(x):\n    """Other."""\n    return x\n', "another name"),
    ('x = 1\ndef f(x):\n    """Other."""\n    return x\n', "more than imports before the function"),
    ('@cache\ndef f(x):\n    """Other."""\n    return x\n', "decorated"),
    ('def f(x):\n  """Other."""\n  return x\n', "other indentation"),
    ('def f(x): "Other."; return x\n', "on one line"),
    ('def f(x):\n    """A \\\\ backslash."""\n    return x\n', "docstring with quotes or backslashes"),
])
def test_what_is_no_documented_function_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        parse_function(text, "f")


def test_prompts_are_those_that_minipy_has() -> None:
    """Else a model would be trained on another format than the one that it is measured with."""
    for shown in (True, False):
        problems = registry.load("minipy", split="test", tests_in_prompt=shown)
        for problem in islice(problems.problems(), 40):
            meta = problem.metadata
            pair = parse_function(f'{meta["header"]}\n    """{meta["description"]}"""\n    return 1\n')
            tests = problem.public_tests if shown else ()
            examples = [Example(call=f"{test.function}({', '.join(map(repr, test.args))})", result=repr(test.expected))
                        for test in tests]
            assert task_prompt(pair, examples) == problem.prompt


def test_raw_pairs_come_in_several_forms() -> None:
    header, body = DOUBLE.split('    """Double each number."""\n')
    documented = header + '    """Double each number."""\n'
    forms = [RawPair(prompt=documented, code=body), RawPair(prompt=documented, code=header + body),
             RawPair(prompt="Double each number.", code=header + body), RawPair(prompt=documented, code=DOUBLE)]
    assert {source_of(parse_raw(row)) for row in forms} == {DOUBLE}
    with pytest.raises(MalformedError):
        parse_raw(RawPair(prompt="Double each number.", code="no code"))


def test_a_task_is_known_by_what_is_asked() -> None:
    pair = parse_function(DOUBLE)
    assert task_id(pair) == task_id(pair.model_copy(update={"body": "    return values * 2\n"}))
    assert task_id(pair) != task_id(pair.model_copy(update={"description": "Double."}))


def test_the_description_is_not_in_what_c2d_is_asked() -> None:
    pair = parse_function(DOUBLE)
    gap = describing_prompt(pair, infill=True)
    assert isinstance(gap, Infill)
    assert gap.prefix + describing_answer(pair, infill=True) + gap.suffix == source_of(pair)
    for infill in (True, False):
        assert described(pair, describing_answer(pair, infill)) == pair
    text = describing_prompt(pair, infill=False)
    assert isinstance(text, str)
    assert "Double each" not in text + gap.prefix + gap.suffix


def test_what_c2d_writes_becomes_the_description() -> None:
    pair = parse_function(DOUBLE)
    assert described(pair, 'Twice\n    each.\n    """ rest').description == "Twice\neach."
    assert parse_function(source_of(described(pair, "Twice\n    each."))).description == "Twice\neach."
    for text in ("", " \n", '"""', "\\x", "1 2 3"):
        with pytest.raises(MalformedError):
            described(pair, text)
