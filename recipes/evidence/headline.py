"""The three questions, a row each: what the methods' studies found, in short. It measures nothing of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eg_cfg.errors import RunError
from recipes.evidence.btp import MODEL as LEARNER
from recipes.evidence.btp import arms
from recipes.evidence.dual import loop
from recipes.evidence.gates import MODEL as READER
from recipes.evidence.guide import chosen, found
from recipes.evidence.studies import Lab, Study, points, share, table


def _guide(lab: Lab) -> list[str]:
    trial, gamma = chosen(found(lab, "validation"))
    rows = found(lab, "test")["rows"]
    greedy = next(row for row in rows if row["method"] == "greedy")
    guided = next(row for row in rows if row["method"] == "guided" and (row["trial"], row["gamma"]) == (trial, gamma))
    return [f"EG-CFG, gamma {gamma:g}", f"`{READER}`, greedy decoding", share(greedy["share"]), share(guided["share"]),
            *points(guided["against_greedy"])]


def _btp(lab: Lab) -> list[str]:
    by_name = {arm["name"]: arm for arm in arms(lab)["arms"]}
    return ["BTP, replay by P2Value", f"`{LEARNER}` on problems of three steps", share(by_name["none"]["pass@1"]),
            share(by_name["full"]["pass@1"]), *points(by_name["full"]["against_none"])]


def _dual(lab: Lab) -> list[str]:
    results = loop(lab)
    best = results["held_out"][f"round{results['best_round']}" if results["best_round"] else "model0"]["with tests"]
    return ["EvoSelfCode, the dual loop", "Model0 of `tiny-base`",
            share(results["held_out"]["model0"]["with tests"]["pass_at_1"]), share(best["pass_at_1"]),
            *points(best["against_model0"])]


_ROWS: tuple[Callable[[Lab], list[str]], ...] = (_guide, _btp, _dual)


def _tables(lab: Lab) -> Mapping[str, str]:
    rows = []
    for row in _ROWS:
        try:
            rows.append(row(lab))
        except RunError:  # not measured yet
            continue
    if not rows:
        raise RunError("expected results of guide, btp or dual, found none: measure first")
    return {"headline": table(["method", "from", "before, %", "after, %", "difference, points", "p"], rows)}


HEADLINE = Study("headline", "What came of it, in short?", lambda lab: None, _tables)
