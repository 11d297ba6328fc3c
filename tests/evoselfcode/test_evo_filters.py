"""Each filter drops what it says, and says why."""

from __future__ import annotations

import pytest
from evo_pairs import candidate_of, pair_of, score_of

from eg_cfg.errors import ConfigError, UnknownNameError
from evoselfcode.pipeline.diversity import measure_diversity, nameless_hash, rarity
from evoselfcode.pipeline.filtering import is_held_out, kept_pair, run_filters
from evoselfcode.pipeline.filters import FILTERS, Item, made, with_agreement

BODIES = [f"return values[{n}:]" for n in range(8)]


def item(body: str = BODIES[0], index: int = 0, description: str = "Do it with the list.", **known: object) -> Item:
    candidate = candidate_of(pair_of(body, description=description), index)
    return Item(candidate, score_of(candidate, **known))



@pytest.mark.parametrize(("spec", "good", "bad", "reason"), [
    ({"syntax": {}}, item(), item(parses=False), "does not parse"),
    ({"lint": {}}, item(findings=0), item(findings=1), "findings"),
    ({"lint": {"max_findings": 1}}, item(findings=1), item(findings=2), "findings"),
    ({"lint": {}}, item(findings=None), item(findings=9), "findings"),
    ({"runs": {}}, item(), item(outcome="timeout"), "timeout"),
    ({"runs": {}}, item(), item(raised=1), "raises"),
    ({"runs": {"max_raised": 0.5}}, item(raised=4), item(raised=5), "raises"),
    ({"runs": {"unknown": "drop"}}, item(), item(outcome="unknown", behaviour=None), "no inputs"),
    ({"tests": {}}, item(), item(tests_passed=1, tests_total=2), "fails tests"),
    ({"tests": {"required": True}}, item(tests_passed=2, tests_total=2), item(), "no tests"),
    ({"varied": {}}, item(), item(distinct=1), "one result"),
    ({"round_trip": {}}, item(round_trip=None), item(round_trip=False), "does not find back"),
    ({"round_trip": {"required": True}}, item(round_trip=True), item(), "not asked"),
    ({"description": {"min_words": 2}}, item(), item(description="Do."), "few words"),
    ({"description": {"max_words": 5}}, item(), item(description="a b c d e f"), "many words"),
])
def test_a_filter_keeps_one_and_drops_the_other(spec: dict[str, dict[str, object]], good: Item, bad: Item,
                                                reason: str) -> None:
    kept, dropped = made(spec)([good, bad])
    assert kept == [good]
    assert dropped == [(bad, reason)]


def test_unknown_filters_and_options_are_told() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'perplexity'"):
        made({"perplexty": {}})
    with pytest.raises(ConfigError, match="filter perplexity: unknown key 'keep'"):
        made({"perplexity": {"keep": 1}})
    assert all(kind.__doc__ for kind in FILTERS.values())


def test_agreement_is_the_share_of_a_task_that_behaves_alike() -> None:
    items = [item(BODIES[n], n, behaviour="a") for n in range(3)]
    items += [item(BODIES[3], 3, behaviour="b"), item(BODIES[4], 4, behaviour=None, outcome="timeout")]
    found = with_agreement(items, 3)
    assert [one.agreement for one in found] == [0.6, 0.6, 0.6, 0.2, 0.0]
    kept, dropped = made({"agreement": {"min_share": 0.5}})(found)
    assert len(kept) == 3
    assert {reason for _, reason in dropped} == {"few agree"}
    kept, dropped = made({"agreement": {"min_share": 0.1}})(found[:4])
    assert [reason for _, reason in dropped] == ["more agree on another"]


def test_agreement_of_few_candidates_is_not_known() -> None:
    found = with_agreement([item(BODIES[n], n) for n in range(2)], 3)
    assert [one.agreement for one in found] == [None, None]
    assert made({"agreement": {}})(found)[0] == found


def test_perplexity_keeps_the_likeliest_and_some_that_are_unlike_the_others() -> None:
    items = [item(BODIES[n % 8], n, perplexity=1.0 + n / 10, behaviour=str(n)) for n in range(9)]
    rare = item("return sorted({v for v in values if v % 2}, key=abs)", 9, perplexity=9.0)
    kept, dropped = made({"perplexity": {"keep_share": 0.5, "diverse_share": 0.1}})([*items, rare])
    assert [one.why for one in kept] == ["likely"] * 5 + ["diverse"]
    assert kept[-1].candidate == rare.candidate
    assert {reason for _, reason in dropped} == {"unlikely and not rare"}
    kept, dropped = made({"perplexity": {"keep_share": 0.5, "diverse_share": 0.1, "max": 5.0}})([*items, rare])
    assert (rare, "above the limit") in dropped
    unknown = item(perplexity=None)
    assert made({"perplexity": {}})([unknown])[0] == [unknown]


def test_duplicates_are_pairs_and_on_demand_programs() -> None:
    first, again = item(), item(index=1)
    renamed = Item(candidate_of(pair_of(BODIES[0], header="def other(values: list[int]) -> list[int]:",
                                        description="Something else is said.")), first.score)
    assert made({"duplicates": {}})([first, again, renamed])[0] == [first, renamed]
    assert made({"duplicates": {"program": True}})([first, again, renamed])[0] == [first]


def test_each_task_keeps_its_likeliest() -> None:
    items = [item(BODIES[n], n, perplexity=5.0 - n) for n in range(4)]
    assert made({"per_task": {"max": 2}})(items)[0] == items[2:]
    assert made({"at_most": {"max": 1}})(items)[0] == items[3:]


def test_the_funnel_adds_up() -> None:
    items = [item(BODIES[n % 8], n, perplexity=1.0 + n, findings=n % 3) for n in range(12)]
    result = run_filters(items, [made({"lint": {}}), made({"per_task": {"max": 3}})])
    assert [(step.seen, step.dropped, step.kept) for step in result.funnel] == [(12, 8, 4), (4, 1, 3)]
    assert len(result.items) + len(result.dropped) == 12
    assert result.funnel[0].reasons == {"findings": 8}


def test_what_is_held_out_is_decided_by_behaviour() -> None:
    rows = [kept_pair(item(BODIES[n % 8], n, behaviour=str(n // 2))) for n in range(400)]
    held = [is_held_out(row, 0.25) for row in rows]
    assert 60 < sum(held) < 140
    assert held[::2] == held[1::2]
    assert not any(is_held_out(row, 0.0) for row in rows)


def test_diversity_counts_programs_not_names() -> None:
    pairs = [pair_of("return f(values)"), pair_of("return g(values)", header="def g(values: list[int]) -> list[int]:"),
             pair_of("return values[1:]", description="Other words for the list.")]
    assert nameless_hash(pairs[0]) == nameless_hash(pairs[1])
    found = measure_diversity(pairs)
    assert (found.pairs, found.distinct_programs, found.distinct_descriptions) == (3, 2, 2)
    assert measure_diversity([pair_of("return 1", description="one two three four")]).description_entropy == 2.0
    assert measure_diversity([]).to_json()["description_entropy"] == 0


def test_rarity_is_higher_for_what_others_do_not_have() -> None:
    common, rare = "def f(x):\n    return x[1:]\n", "def f(x):\n    while x:\n        x = x.pop()\n    return x\n"
    values = rarity([common] * 5 + [rare, "not python("])
    assert values[5] > values[0] >= 0
    assert values[6] == 0
