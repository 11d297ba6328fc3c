"""Literals that a description and its program share, and pairs with others."""

from __future__ import annotations

from random import Random

import pytest
from evo_pairs import candidate_of, pair_of, score_of

from evoselfcode.pairs import code_of, parse_function, source_of
from evoselfcode.pipeline.filtering import run_filters
from evoselfcode.pipeline.filters import Item, made
from evoselfcode.pipeline.literals import found_share, literal_pool, named_literals, vary
from evoselfcode.records import PairFields

TEXTS = "def f(text: str, k: int) -> str:"


@pytest.mark.parametrize(("description", "literals"), [
    ("Add 2 to each number, then limit it to 30.", ["2", "30"]),
    ("Replace every 'a' by '_', and join with ', '.", ["'a'", "'_'", "', '"]),
    ("Keep positions 0, 2, 4 and so on.", ["0", "2", "4"]),
    ("Round x2 to 1.5 of the 3rd, don't ask.", []),
    ("Take 007.", ["7"]),
    ("Double it.", []),
])
def test_literals_of_a_description(description: str, literals: list[str]) -> None:
    assert named_literals(description) == literals


def test_the_share_of_literals_that_a_program_has() -> None:
    said = "Keep numbers above 5, then add 3."
    assert found_share(pair_of("return [v + 3 for v in values if v > 5]", description=said)) == 1
    assert found_share(pair_of("return [v + 3 for v in values if v > 7]", description=said)) == 0.5
    assert found_share(pair_of("return values")) == 1


def test_shared_literals_are_changed_on_both_sides_alike() -> None:
    pair = pair_of("kept = [v for v in values if v > 5]\nreturn [v * 3 for v in kept]",
                   description="Keep numbers above 5, then multiply each by 3.")
    pool = {"digit": ["3", "5", "8", "9"]}
    seen = set()
    for seed in range(20):
        other = vary(pair, pool, Random(seed))
        assert other is not None
        numbers = named_literals(other.description)
        assert sorted(numbers) == ["8", "9"]
        assert f"v > {numbers[0]}" in other.body
        assert f"v * {numbers[1]}" in other.body
        assert (other.header, other.name) == (pair.header, pair.name)
        seen.add(other.description)
    assert len(seen) == 2
    assert vary(pair, pool, Random(3)) == vary(pair, pool, Random(3))


def test_texts_are_changed_into_texts_of_their_kind() -> None:
    pair = pair_of("out = ''\nfor c in text:\n    out += 'u' if c == 'a' else c\nreturn out + '!!'", TEXTS,
                   "Replace each 'a' by 'u' and put '!!' at the end.")
    other = vary(pair, {"letter": ["'e'", "'i'", "'a'"], "text": ["'??'"], "digit": ["2"]}, Random(1))
    assert other is not None
    assert set(named_literals(other.description)) == {"'e'", "'i'", "'??'"}
    assert found_share(other) == 1
    assert parse_function(source_of(other)) == other
    assert "'a'" not in code_of(other)


@pytest.mark.parametrize(("body", "description"), [
    ("return [v + 1 for v in values]", "Add 1 to each number."),  # 0 and 1 are everywhere
    ("return [v + 2 for v in values[::2]]", "Add 2 to each number."),  # which of the two?
    ("return [v + 2 for v in values]", "Add 2, again 2."),
    ("return values[::2]", "Keep positions 0, 2, 4 and so on."),
    ("return [v + 3 for v in values]", "Add three to each number."),
    ("return [f'{v:2}' for v in values]", "Write each number 2 wide."),
    ("return [v + 2 for v in values]  # \N{SNOWMAN}", "Add 2 to each number."),
])
def test_what_may_be_something_else_is_let_be(body: str, description: str) -> None:
    assert vary(pair_of(body, description=description), {"digit": ["5", "6"], "number": ["12"]}, Random(1)) is None


def test_imports_and_headers_do_not_move_the_places() -> None:
    pair = PairFields(name="f", header="def f(values: list[int],\n      k: int = 9) -> list[int]:",
                      preamble="import math\n", description="Add 4.",
                      body="    # so\n    return [math.floor(v) + 4 for v in values]\n")
    other = vary(pair, {"digit": ["7"]}, Random(1))
    assert other is not None
    assert other.body == "    # so\n    return [math.floor(v) + 7 for v in values]\n"


def test_the_pool_is_what_descriptions_say() -> None:
    pairs = [pair_of("return values", description=text) for text in
             ("Add 5, then 12.", "Replace 'x' by '-'.", "Positions 0, 2, 4.", "Add 1 to 5.")]
    assert literal_pool(pairs) == {"character": ["'-'"], "digit": ["5"], "letter": ["'x'"], "number": ["12"]}


def item(body: str, behaviour: str, index: int) -> Item:
    candidate = candidate_of(pair_of(body, description="Add 7 to each number."), index)
    return Item(candidate, score_of(candidate, behaviour=behaviour))


def test_a_majority_that_took_another_literal_is_outvoted() -> None:
    wrong = [item("return [v + 2 for v in values]", "two", n) for n in range(4)]
    right = [item("return [v + 7 for v in values]", "seven", n) for n in range(4, 6)]
    filters = [made({"literals": {}}), made({"agreement": {"min_share": 0.5}})]
    result = run_filters([*wrong, *right], filters)
    assert [found.candidate for found in result.items] == [found.candidate for found in right]
    assert result.funnel[0].reasons == {"others have more of them": 4}
    alone = run_filters([*wrong, right[0]], filters)
    assert not alone.items  # one program is no majority
    none = run_filters(wrong, filters)
    assert len(none.items) == 4  # nobody took it: nothing is known
    assert not run_filters(wrong, [made({"literals": {"min_share": 1.0}})]).items
