"""Growing prefixes: whatever is done to the rows, what comes next is as a forward pass over each has it."""

from __future__ import annotations

import random

import pytest
import torch
from small_models import CONTEXT, FAMILIES, OTHERS, network, small

from eg_cfg.errors import ConfigError, ModelError
from eg_cfg.models import Prefixes, Sampling

families = pytest.mark.parametrize("family", FAMILIES)


def check(family: str, prefixes: Prefixes) -> None:
    found = prefixes.log_probs
    assert found.dtype == torch.float32
    for row, tokens in enumerate(prefixes.tokens):
        with torch.no_grad():
            plain = network(family)(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].log_softmax(-1)
        assert (found[row] - plain).abs().max() < 1e-4, (row, tokens)


def some(dice: random.Random, least: int, most: int) -> list[int]:
    return [dice.randrange(6, 300) for _ in range(dice.randint(least, most))]


@pytest.mark.parametrize(
    ("family", "seed"),
    [(family, seed) for family in FAMILIES for seed in range(4)] + [(family, 0) for family in OTHERS],
)
def test_any_sequence_of_operations_is_exact(family: str, seed: int) -> None:
    """Ragged extensions, cuts, copies and drops in random order; the windows are 6 tokens, so rows cross them."""
    dice = random.Random(f"{family} {seed}")
    prefixes: Prefixes = small(family).start([some(dice, 1, 12) for _ in range(3)])
    check(family, prefixes)
    for _ in range(12):
        match dice.choice(["one", "ragged", "ragged", "cut", "select", "keep", "join"]):
            case "one":
                prefixes.extend([some(dice, 1, 1) for _ in prefixes.tokens])
            case "ragged":
                prefixes.extend([some(dice, 0, 6) for _ in prefixes.tokens])
            case "cut":
                prefixes.truncate([dice.randint(max(1, len(row) - 4), len(row)) for row in prefixes.tokens])
            case "keep":
                rows = dice.choice([list(range(dice.randint(1, len(prefixes)))), [len(prefixes) - 1]])
                prefixes = prefixes.keep(rows)
            case "select":
                rows = [dice.randrange(len(prefixes)) for _ in range(dice.randint(1, 4))]
                before = [list(prefixes.tokens[row]) for row in rows]
                prefixes = prefixes.select(rows)
                assert prefixes.tokens == before
            case "join" if len(prefixes) < 5:
                other = small(family).start([some(dice, 1, 12)])
                other.extend([some(dice, 0, 3)])
                before = [*prefixes.tokens, *other.tokens]
                prefixes = prefixes.join([other])
                assert prefixes.tokens == before
        if dice.random() < 0.7:
            check(family, prefixes)
    check(family, prefixes)


@families
def test_copies_are_independent(family: str) -> None:
    prefixes = small(family).start([[6, 7, 8], [9]])
    copies = prefixes.select([0, 0, 1])
    copies.extend([[10], [11, 12], []])
    check(family, copies)
    assert prefixes.tokens == [[6, 7, 8], [9]]
    check(family, prefixes)
    prefixes.truncate([1, 1])
    check(family, prefixes)
    check(family, copies)
    assert copies.tokens == [[6, 7, 8, 10], [6, 7, 8, 11, 12], [9]]


@families
def test_rows_that_fit_alone_fit_together(family: str) -> None:
    """Padding takes columns of the cache: a long row and a row that grows by much must not overflow the context."""
    dice = random.Random(1)
    prefixes = small(family).start([some(dice, CONTEXT - 2, CONTEXT - 2), some(dice, 3, 3)])
    check(family, prefixes)
    prefixes.extend([[7], some(dice, 60, 60)])
    check(family, prefixes)
    prefixes.extend([[], some(dice, 40, 40)])
    check(family, prefixes)


def test_nothing_is_computed_twice() -> None:
    model = small()
    prefixes = model.start([[6] * 20, [7] * 9])
    _ = prefixes.log_probs
    assert (model.usage.forward_passes, model.usage.computed_tokens) == (1, 29)
    _ = prefixes.log_probs
    branches = prefixes.select([0, 0, 0])
    branches.extend([[8], [9], []])
    branches.extend([[8], [], []])
    _ = branches.log_probs
    assert (model.usage.forward_passes, model.usage.computed_tokens) == (2, 32)
    branches.truncate([20, 21, 20])  # the first row's last token goes through once more
    _ = branches.log_probs
    assert (model.usage.forward_passes, model.usage.computed_tokens) == (3, 33)


def test_a_row_that_is_cut_and_goes_on_sends_its_new_tokens_alone() -> None:
    model = small()
    prefixes = model.start([[6] * 20, [7] * 9])
    _ = prefixes.log_probs
    prefixes.truncate([12, 9])
    prefixes.extend([[8, 9, 10], [5]])
    _ = prefixes.log_probs
    assert model.usage.computed_tokens == 29 + 4
    check("llama", prefixes)
    prefixes.extend([[4, 4], []])
    prefixes.truncate([15, 10])  # what was cut had never been computed: what follows the rest is known
    _ = prefixes.log_probs
    assert model.usage.computed_tokens == 29 + 4
    check("llama", prefixes)


def test_joining_computes_nothing_again() -> None:
    model = small()
    first, second = model.start([[6] * 20, [7] * 3]), model.start([[8] * 30])
    joined = first.join([second, first.select([1])])
    assert (model.usage.forward_passes, model.usage.computed_tokens) == (2, 53)
    check("llama", joined)
    joined.extend([[9]] * 4)
    _ = joined.log_probs
    assert (model.usage.forward_passes, model.usage.computed_tokens) == (3, 57)
    check("llama", joined)
    assert (len(first), len(second)) == (2, 1)
    check("llama", first)


def test_pending_tokens_are_shared_by_copies() -> None:
    model = small()
    prefixes = model.start([[6] * 20])
    _ = prefixes.select([0] * 5).log_probs
    assert model.usage.computed_tokens == 20


def test_what_cannot_be_is_refused() -> None:
    model = small()
    with pytest.raises(ConfigError, match="at least one token"):
        model.start([[6], []])
    prefixes = model.start([[6, 7]])
    for length in (0, 3):
        with pytest.raises(ConfigError, match=f"row 0: expected a length from 1 to 2, found {length}"):
            prefixes.truncate([length])
    with pytest.raises(ValueError, match="zip"):
        prefixes.extend([[1], [2]])


def test_a_model_with_a_recurrent_state_decodes_and_says_what_it_cannot() -> None:
    model = small("qwen3_next")
    sampling = Sampling(n=2, temperature=1.0, max_new_tokens=6)
    prompts = ["def add(a, b):", "x"]
    together = model.generate(prompts, sampling)
    apart = [model.generate([prompt], sampling)[0] for prompt in prompts]
    assert [[c.token_ids for c in each] for each in together] == [[c.token_ids for c in each] for each in apart]
    prefixes = model.start([[6, 7, 8], [9]])
    check_loosely(prefixes)
    copies = prefixes.select([0, 1, 1])
    copies.extend([[10], [11], [12]])
    check_loosely(copies)
    check_loosely(prefixes)
    copies.extend([[10], [], []])
    with pytest.raises(ModelError, match="recurrent state, which cannot take different numbers of tokens"):
        _ = copies.log_probs
    with pytest.raises(ModelError, match="recurrent state, which cannot be joined"):
        prefixes.join([prefixes])
    with pytest.raises(ModelError, match="recurrent state, which cannot be cut back"):
        prefixes.truncate([2, 1])


def check_loosely(prefixes: Prefixes) -> None:
    """Chunked and stepwise recurrences differ by more than the last bits."""
    for row, tokens in enumerate(prefixes.tokens):
        with torch.no_grad():
            plain = (
                network("qwen3_next")(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].log_softmax(-1)
            )
        assert (prefixes.log_probs[row] - plain).abs().max() < 1e-2


def test_a_model_without_a_common_cache_is_refused() -> None:
    with pytest.raises(ConfigError, match="MambaForCausalLM has no key-value cache"):
        small("mamba")


@families
def test_copies_go_their_own_way(family: str) -> None:
    """They may share memory at first: what one writes must not show in another."""
    dice = random.Random(family)
    first = small(family).start([some(dice, 20, 30) for _ in range(3)])
    _ = first.log_probs
    first.extend([[7], [8], [9]])
    _ = first.log_probs
    same, one = first.select([0, 1, 2]), first.select([1])
    kept = first.select([0, 1, 2]).keep([0, 1])
    same.truncate([len(row) - 5 for row in same.tokens])
    for turn in range(4):
        for place, prefixes in enumerate((first, same, one, kept)):
            prefixes.extend([[10 + 10 * place + turn + row] for row in range(len(prefixes))])
            _ = prefixes.log_probs
        both = same.join([kept, one])
        for prefixes in (first, same, one, kept, both):
            check(family, prefixes)


@families
@pytest.mark.parametrize("before", ["fresh", "known", "pending", "cut"])
@pytest.mark.parametrize("rows", [1, 2])
def test_reading_tells_what_was_likely_before_each_token(family: str, before: str, rows: int) -> None:
    dice = random.Random(before)
    model = small(family)
    prefixes: Prefixes = model.start([some(dice, 8, 8) for _ in range(rows)])
    if before != "fresh":
        check(family, prefixes)
    if before == "pending":
        prefixes.extend([some(dice, 3, 3) for _ in range(rows)])
    if before == "cut":
        prefixes.truncate([5] * rows)
    start = [list(row) for row in prefixes.tokens]
    new = [some(dice, 4, 4), some(dice, 2, 2)][:rows]
    passes = model.usage.forward_passes
    told = prefixes.read(new)
    if rows == 1:
        assert model.usage.forward_passes == passes + 1
    assert prefixes.tokens == [[*row, *tokens] for row, tokens in zip(start, new, strict=True)]
    for row, tokens, found in zip(start, new, told, strict=True):
        assert found.shape == (len(tokens) + 1, model.vocabulary_size)
        for place in range(len(tokens) + 1):
            check_row(family, [*row, *tokens[:place]], found[place])
    check(family, prefixes)
    again = prefixes.read([[] for _ in range(rows)])  # nothing new: what follows is told, and nothing computed
    assert [each.tolist() for each in again] == [[row.tolist()] for row in prefixes.log_probs]
    prefixes.extend([[7]] * rows)
    check(family, prefixes)


def check_row(family: str, tokens: list[int], found: torch.Tensor) -> None:
    with torch.no_grad():
        plain = network(family)(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].log_softmax(-1)
    assert (found - plain).abs().max() < 1e-4, tokens


@pytest.mark.parametrize("family", [*FAMILIES, *OTHERS])
@pytest.mark.parametrize(("cached", "more"), [(1, 40), (20, 30), (30, 30), (40, 12)])
def test_many_tokens_behind_a_prefix_are_exact(family: str, cached: int, more: int) -> None:
    """With and without a mask written out, across windows."""
    dice = random.Random(f"{cached} {more}")
    prefixes = small(family).start([some(dice, cached, cached)])
    check(family, prefixes)
    prefixes.extend([some(dice, more, more)])
    check(family, prefixes)
    prefixes.extend([some(dice, 1, 1)])
    check(family, prefixes)


def test_rows_that_were_cut_are_joined_without_being_computed() -> None:
    model = small("llama")
    one, other = model.start([[6, 7, 8, 9]]), model.start([[10, 11, 12]])
    check("llama", one)
    check("llama", other)
    one.truncate([2])
    passes = model.usage.forward_passes
    both = one.join([other])
    both.extend([[20], [21]])
    check("llama", both)
    assert model.usage.forward_passes == passes + 1
    one.truncate([1])
    check("llama", one.join([other]))  # and where nothing is appended, what follows is the row's own all the same
