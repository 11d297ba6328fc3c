"""The decoder against the reference decoder, and what it promises of its work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import torch
from random_coders import FAMILIES, ScriptedExecutor, coder, network, problems, tokenizer
from reference import Reference

from eg_cfg.benchmarks.base import Problem
from eg_cfg.config import build
from eg_cfg.decoding.base import SIGNAL_PARTS, GuideOptions, Refresh, Solution, Token
from eg_cfg.decoding.egcfg import Guide
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.decoding.sharing import Latest, Shared
from eg_cfg.decoding.signals import signal_text
from eg_cfg.errors import ConfigError, SandboxError
from eg_cfg.models import Sampling
from eg_cfg.models.base import LogitModel
from eg_cfg.models.fake import FakeModel
from eg_cfg.models.fake_logits import FakeLogitModel
from eg_cfg.models.registry import load
from eg_cfg.sandbox.tracing import Trace

Found = dict[tuple[str, float], Solution]


def options(**changes: Any) -> GuideOptions:
    return build(GuideOptions, {"prompt_type": "completion", "max_new_tokens": 12, "candidates": 2, **changes})


def solve(model: LogitModel, given: Sequence[Problem], chosen: GuideOptions, executor: ScriptedExecutor | None = None,
          shared: Shared | None = None) -> tuple[Found, Guide]:
    guide = Guide(model, executor or ScriptedExecutor(), chosen, shared=shared)
    return {(each.task_id, each.gamma): each for each in guide.solve(given)}, guide


def compare(model: LogitModel, given: Sequence[Problem], chosen: GuideOptions) -> float:
    """Token for token, signal for signal; returns the least margin by which a token was chosen."""
    found, _ = solve(model, given, chosen)
    assert len(found) == len(given) * len(chosen.gammas)
    margin = float("inf")
    signals = 0
    for problem in given:
        for gamma in chosen.gammas:
            expected = Reference(model, ScriptedExecutor(), chosen).solve(problem, gamma)
            solution = found[problem.task_id, gamma]
            assert list(solution.token_ids) == expected.tokens, (problem.task_id, gamma)
            if gamma:
                assert [each.signal for each in solution.refreshes] == expected.signals
                signals += sum(map(bool, expected.signals))
            margin = min(margin, *expected.margins)
    assert signals > 0, "nothing was guided: the comparison shows nothing"
    return margin


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_those_of_the_reference(family: str) -> None:
    # no token hangs on the last bits: on another machine they may differ
    assert compare(coder(family), problems(3), options(max_new_tokens=7)) > 1e-4


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_are_those_of_the_reference_on_twenty_problems(family: str) -> None:
    compare(coder(family), problems(20), options(candidates=3, max_new_tokens=16))


@pytest.mark.parametrize("changes", [
    {"strategy": "token", "max_new_tokens": 5},
    {"strategy": "persistent", "candidates": 6},
    {"refresh": 2, "horizon": 1},
    {"horizon": None, "max_new_tokens": 8},
    {"candidate_tokens": 3, "top_p": 0.8, "temperature": 1.5},
    {"minimal_trace": True, "signal_tokens": 300},
    {"prompt_type": "long_code", "max_new_tokens": 4, "gammas": [0.5]},
    {"stop": ["return"], "batch_size": 1},
    {"seed": 7, "gammas": [2.0]},
    {"signal": "traces", "gammas": [2.0], "max_new_tokens": 6},
    {"signal": "shuffled", "gammas": [2.0], "candidates": 4, "signal_tokens": 400, "max_new_tokens": 6},
], ids=str)
def test_options_mean_what_they_mean_in_the_reference(changes: dict[str, Any]) -> None:
    compare(coder("gpt2"), problems(2), options(**{"gammas": [0.5, 3.0], **changes}))


def test_a_chat_template_frames_the_instruction() -> None:
    model = coder("deepseek_v2", chat=True)
    assert model.supports_chat
    chosen = options(prompt_type="auto", max_new_tokens=3, gammas=[3.0])
    problem = problems(2)[1]
    compare(model, [problem], chosen)
    found, _ = solve(model, problems(2), chosen)
    for given in problems(2):
        messages = found[given.task_id, 3.0].prompt
        assert model.decode(model.encode(messages)).endswith(f"[assistant]\n```python\n{given.completion_prefix}")


def test_a_model_says_in_its_configuration_what_it_reads(tmp_path: Path) -> None:
    network("llama").save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    chosen = options(prompt_type="auto", max_new_tokens=6, gammas=[2.0])
    [problem] = problems(1)

    def signals() -> str:
        with load(str(tmp_path), {"dtype": "float32"}) as model:
            assert isinstance(model, LogitModel)
            compare(model, [problem], chosen)
            found, _ = solve(model, [problem], chosen)
            return "".join(each.signal for each in found[problem.task_id, 2.0].refreshes)

    assert "<|candidate|>" not in signals()
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eg_cfg_prompt_type": "signal_tokens"}))
    assert signals().startswith("<|signal|><|candidate|>")
    path.write_text(json.dumps({**json.loads(path.read_text()), "eg_cfg_prompt_type": ["signals"]}))
    with pytest.raises(ConfigError, match=r"reads .*signals.*expected one of"):
        signals()


def test_gamma_0_is_greedy_decoding() -> None:
    given = problems(4)
    model = coder("qwen2")
    found, guide = solve(model, given, options(gammas=[0.0], max_new_tokens=30))
    for problem in given:
        frame = frame_for(problem, "completion", chat=False)
        [[expected]] = model.generate([frame.plain], Sampling(max_new_tokens=30, stop=frame.stop))
        solution = found[problem.task_id, 0.0]
        assert solution.token_ids == expected.token_ids
        assert solution.completion == expected.text
        assert solution.finish_reason == expected.finish_reason
        assert [token.plain for token in solution.refreshes[0].tokens] == pytest.approx(expected.log_probs, abs=1e-4)
    assert guide.counters.refreshes == guide.counters.candidate_tokens == guide.counters.signal_tokens == 0


@pytest.mark.parametrize("family", ["llama", "gpt2", "deepseek_v3"])
def test_batched_is_unbatched(family: str) -> None:
    given = problems(4)
    chosen = options(gammas=[0.5, 3.0], max_new_tokens=8)
    together, _ = solve(coder(family), given, chosen)
    for problem in given:
        alone, _ = solve(coder(family), [problem], chosen)
        for gamma in chosen.gammas:
            one, other = alone[problem.task_id, gamma], together[problem.task_id, gamma]
            assert one.token_ids == other.token_ids
            assert [r.signal for r in one.refreshes] == [r.signal for r in other.refreshes]
            assert one.program == other.program
    for gamma in chosen.gammas:
        single, _ = solve(coder(family), given, options(gammas=[gamma], max_new_tokens=8, batch_size=1))
        assert all(single[key].token_ids == together[key].token_ids for key in single)


def test_every_token_through_the_network_is_counted_and_none_too_many() -> None:
    prefilled = 0
    for family in ("llama", "gpt2"):
        for problem in problems(3):
            model = coder(family)
            before = model.usage.computed_tokens
            found, guide = solve(model, [problem], options(gammas=[1.0], max_new_tokens=16))
            [solution] = found.values()
            counters = guide.counters
            assert model.usage.computed_tokens - before == counters.tokens == solution.counters.tokens
            assert model.usage.forward_passes >= counters.forward_passes == solution.counters.forward_passes
            frame = frame_for(problem, "completion", chat=False)
            prompt = model.encode(frame.plain)
            assert counters.prompt_tokens == len(prompt)
            assert counters.plain_tokens == len(solution.token_ids) - 1  # nothing follows the last
            assert counters.conditional_tokens <= counters.plain_tokens
            written = bound = 0
            for refresh in solution.refreshes:
                if refresh.signal:
                    conditional = model.encode(frame.conditional(refresh.signal))
                    same = next(i for i, (a, b) in enumerate(zip(prompt, conditional, strict=False)) if a != b)
                    assert refresh.signal_tokens == len(conditional) - len(prompt)
                    bound += refresh.signal_tokens + (len(prompt) - same) + written  # signal, marker, code so far
                written += len(refresh.tokens)
            assert counters.signal_tokens <= bound
            prefilled += counters.signal_tokens
            assert written == len(solution.token_ids)
    assert prefilled > 0


def test_gammas_share_what_they_have_in_common() -> None:
    given = problems(2)
    chosen = options(gammas=[0.5, 1.0, 3.0])
    executor = ScriptedExecutor()
    _, guide = solve(coder("starcoder2"), given, chosen, executor)
    alone = [solve(coder("starcoder2"), given, options(gammas=[gamma]))[1].counters for gamma in chosen.gammas]
    assert guide.counters.tokens < 0.95 * sum(each.tokens for each in alone)
    assert guide.counters.prompt_tokens == alone[0].prompt_tokens
    assert len(executor.asked) == len(set(executor.asked)) == guide.counters.executions_run


def test_trials_share_candidates_and_runs() -> None:
    given = problems(2)
    shared, executor, model = Shared(), ScriptedExecutor(), coder("gpt2")
    first, one = solve(model, given, options(gammas=[1.0]), executor, shared)
    asked = len(executor.asked)
    again, two = solve(model, given, options(gammas=[1.0]), executor, shared)
    assert {key: each.token_ids for key, each in first.items()} == {key: each.token_ids for key, each in again.items()}
    assert (two.counters.candidates_sampled, two.counters.candidate_tokens, two.counters.executions_run) == (0, 0, 0)
    assert two.counters.candidates_shared == one.counters.candidates_sampled
    assert len(executor.asked) == asked
    _, three = solve(model, given, options(gammas=[1.0], horizon=1), executor, shared)
    assert three.counters.candidates_sampled > 0  # another horizon: other candidates
    shared.forget()
    _, four = solve(model, given, options(gammas=[1.0]), executor, shared)
    assert four.counters.candidates_sampled == one.counters.candidates_sampled


def test_a_signal_of_another_part_is_not_taken_from_what_is_shared() -> None:
    """Candidates and runs hang on no signal, and signals are not kept: what is shown is always what was asked for."""
    given = problems(2)
    shared, executor, model = Shared(), ScriptedExecutor(passing="y = x + 3"), coder("gpt2")
    for part in SIGNAL_PARTS:
        chosen = options(gammas=[3.0], signal=part, candidates=4)
        together, _ = solve(model, given, chosen, executor, shared)
        alone, _ = solve(model, given, chosen, ScriptedExecutor(passing="y = x + 3"))
        for key, one in alone.items():
            assert one.token_ids == together[key].token_ids
            assert [each.signal for each in one.refreshes] == [each.signal for each in together[key].refreshes]
            assert [each.candidates for each in one.refreshes] == [each.candidates for each in together[key].refreshes]
        first = together[given[0].task_id, 3.0].refreshes[0]
        frame = frame_for(given[0], "completion", chat=False)
        assert first.signal == signal_text(given[0], first.candidates, frame.signal_template, part=part)


def test_what_is_shared_is_bounded() -> None:
    given, chosen = problems(3), options(gammas=[1.0], batch_size=1)
    found, guide = solve(coder("gpt2"), given, chosen)
    shared = Shared(candidates=4, runs=2)
    again, other = solve(coder("gpt2"), given, chosen, shared=shared)
    assert {key: each.token_ids for key, each in found.items()} == {key: each.token_ids for key, each in again.items()}
    assert len(shared.candidates) == 4
    assert other.counters.candidates_sampled == guide.counters.candidates_sampled
    latest: Latest[str, int] = Latest(2)
    latest.put("a", 1)
    latest.put("b", 2)
    assert latest.get("a") == 1
    latest.put("c", 3)
    assert (latest.get("a"), latest.get("b"), latest.get("c")) == (1, None, 3)


class HoldingOne(ScriptedExecutor):
    """Keeps the runs of one problem back."""

    def __init__(self, task_id: str) -> None:
        super().__init__()
        self.task_id = task_id
        self.kept: list[Future[Trace]] = []
        self.released = False

    def submit(self, problem: Problem, program: str, tests: Any = None) -> Future[Trace]:
        if self.released or problem.task_id != self.task_id:
            return super().submit(problem, program, tests)
        self.kept.append(Future())
        self.asked.append((problem.task_id, program))
        return self.kept[-1]

    def release(self, problem: Problem) -> None:
        self.released = True
        for future, (_, program) in zip(self.kept, [each for each in self.asked if each[0] == self.task_id],
                                        strict=False):
            future.set_result(self.trace(problem, program))


def test_others_go_on_while_one_waits_for_its_runs() -> None:
    first, second = problems(2)
    executor = HoldingOne(first.task_id)
    order = []
    for solution in Guide(coder(), executor, options(gammas=[1.0])).solve([first, second]):
        order.append(solution.task_id)
        if solution.task_id == second.task_id:
            executor.release(first)
    assert order == [second.task_id, first.task_id]


def test_a_fault_of_the_executor_is_raised_and_not_remembered() -> None:
    class Broken(ScriptedExecutor):
        def submit(self, problem: Problem, program: str, tests: Any = None) -> Future[Trace]:
            future: Future[Trace] = Future()
            future.set_exception(SandboxError("the sandbox is gone"))
            return future

    shared = Shared()
    with pytest.raises(SandboxError, match="the sandbox is gone"):
        solve(coder(), problems(1), options(), Broken(), shared)
    found, _ = solve(coder(), problems(1), options(), ScriptedExecutor(), shared)
    assert len(found) == 4


def test_a_candidate_that_passes_is_taken_where_that_is_asked_for() -> None:
    [problem] = problems(1)
    found, _ = solve(coder(), [problem], options(gammas=[0.0, 1.0], accept_passing=True),
                     ScriptedExecutor(passing="def"))
    accepted, plain = found[problem.task_id, 1.0], found[problem.task_id, 0.0]
    assert accepted.finish_reason == "accepted"
    assert accepted.accepted is not None
    assert accepted.accepted.outcome == "passed"
    assert accepted.program == accepted.accepted.program
    assert len(accepted.refreshes) == 1
    assert plain.finish_reason != "accepted"
    assert plain.accepted is None
    off, _ = solve(coder(), [problem], options(gammas=[0.0, 1.0]), ScriptedExecutor(passing="def"))
    assert off[problem.task_id, 1.0].accepted is None
    assert off[problem.task_id, 0.0].token_ids == plain.token_ids


def test_guided_tokens_can_be_sampled_and_do_not_hang_on_the_batch() -> None:
    given = problems(3)
    chosen = options(guided_temperature=1.0, gammas=[0.0, 1.0, 2.0])
    together, _ = solve(coder(), given, chosen)
    greedy, _ = solve(coder(), given, options(gammas=[0.0, 1.0, 2.0]))
    assert any(together[key].token_ids != greedy[key].token_ids for key in greedy)
    for problem in given:
        for gamma in chosen.gammas:
            alone, _ = solve(coder(), [problem], options(guided_temperature=1.0, gammas=[gamma]))
            assert alone[problem.task_id, gamma].token_ids == together[problem.task_id, gamma].token_ids
    other, _ = solve(coder(), given, options(guided_temperature=1.0, gammas=[0.0, 1.0, 2.0], seed=1))
    assert any(together[key].token_ids != other[key].token_ids for key in other)


def test_records_hold_every_step() -> None:
    model = coder("qwen2")
    found, _ = solve(model, problems(2), options(alternatives=2))
    for solution in found.values():
        row = json.loads(json.dumps(solution.to_json(), allow_nan=False))
        tokens = [token for refresh in row["refreshes"] for token in refresh["tokens"]]
        assert [token["id"] for token in tokens] == list(solution.token_ids)
        assert row["counters"]["tokens"] == solution.counters.tokens
        code = ""
        for refresh in solution.refreshes:
            assert refresh.code == code or solution.gamma == 0
            code += "".join(token.text for token in refresh.tokens)
            for token in refresh.tokens:
                assert token.guided >= max(other.guided for other in token.top) - 1e-6
                assert len(token.top) == 2
                assert token.id not in {other.id for other in token.top}
                if solution.gamma == 0:
                    assert token.guided == token.plain
                elif refresh.signal:
                    assert token.conditional is not None
                    if solution.gamma == 1:
                        assert token.guided == token.conditional
    steered = found[problems(2)[0].task_id, 3.0]
    assert any(candidate.trace for refresh in steered.refreshes for candidate in refresh.candidates)


def test_an_observer_sees_signals_and_tokens_as_they_come() -> None:
    class Watch:
        def __init__(self) -> None:
            self.seen: list[tuple[str, float, Any]] = []

        def refreshed(self, task_id: str, gammas: Sequence[float], refresh: Refresh) -> None:
            self.seen += [(task_id, gamma, refresh.signal) for gamma in gammas]

        def wrote(self, task_id: str, gamma: float, token: Token) -> None:
            self.seen.append((task_id, gamma, token.id))

    watch = Watch()
    given = problems(2)
    guide = Guide(coder(), ScriptedExecutor(), options(), observer=watch)
    for solution in guide.solve(given):
        seen = [what for task_id, gamma, what in watch.seen if (task_id, gamma) == (solution.task_id, solution.gamma)]
        assert [each for each in seen if isinstance(each, int)] == list(solution.token_ids)
        if solution.gamma:
            assert [each for each in seen if isinstance(each, str)] == [each.signal for each in solution.refreshes]


BODY = "    y = x + 1\n    z = y + 1\n    if z > 3:\n        z = 0\n    w = z\n    w += 1\n    return w\n"


def test_early_stop_ends_where_both_branches_agree_again_and_again() -> None:
    """A scripted model writes the same program whatever it is shown; so the second signal changes nothing."""
    [problem] = problems(1)

    def run(early_stop: int) -> tuple[Solution, Solution, Guide]:
        model = FakeLogitModel(BODY, confidence=0.99)
        chosen = options(gammas=[0.0, 1.0], max_new_tokens=200, early_stop=early_stop)
        found, guide = solve(model, [problem], chosen)
        return found[problem.task_id, 0.0], found[problem.task_id, 1.0], guide

    plain, usual, guide = run(0)
    assert plain.completion == usual.completion == BODY
    assert (len(usual.refreshes), guide.counters.lookahead_tokens) == (8, 0)  # one for each line, and for the end
    plain, stopped, guide = run(2)
    assert plain.finish_reason == "stop"
    assert stopped.finish_reason == "early_stop"
    assert stopped.completion == BODY
    assert stopped.program == usual.program
    assert stopped.token_ids == usual.token_ids
    assert len(stopped.refreshes) == 2
    assert guide.counters.lookahead_tokens > 0
    _, late, _ = run(9)
    assert late.finish_reason == "stop"


def test_early_stop_changes_no_token_before_it_stops() -> None:
    model = coder("deepseek_v3")
    given = problems(3)
    usual, _ = solve(model, given, options(gammas=[1.0]))
    before = model.usage.computed_tokens
    looked, guide = solve(model, given, options(gammas=[1.0], early_stop=3))
    assert model.usage.computed_tokens - before == guide.counters.tokens
    assert guide.counters.lookahead_tokens > 0
    for key, solution in looked.items():
        written = [token.id for refresh in solution.refreshes for token in refresh.tokens]
        assert list(usual[key].token_ids[: len(written)]) == written
        assert solution.finish_reason == "early_stop" or solution.token_ids == usual[key].token_ids


def test_without_shown_tests_nothing_is_guided() -> None:
    [problem] = problems(1)
    bare = dataclasses.replace(problem, public_tests=())
    executor = ScriptedExecutor()
    found, guide = solve(coder(), [bare], options(gammas=[0.0, 2.0]), executor)
    assert found[bare.task_id, 0.0].token_ids == found[bare.task_id, 2.0].token_ids
    assert not executor.asked
    assert guide.counters.candidates_sampled == 0


def test_a_prompt_beyond_the_context_is_refused_and_a_tight_one_goes_unguided(caplog: Any) -> None:
    [problem] = problems(1)
    model = coder("qwen2")
    length = len(model.encode(problem.completion_prefix))

    def of(tokens: int) -> Problem:
        more = problem.completion_prefix.replace("Return", "Return" + "." * (tokens - length))
        return dataclasses.replace(problem, completion_prefix=more)

    with pytest.raises(ConfigError, match=r"minipy/0: expected a prompt of less than 2048 tokens.* found 2048"):
        solve(model, [of(2048)], options())
    tight = of(2036)
    found, _ = solve(model, [tight], options(gammas=[0.0, 1.0], max_new_tokens=None, candidates=6))
    assert "no signal fits" in caplog.text
    assert found[tight.task_id, 0.0].token_ids == found[tight.task_id, 1.0].token_ids
    assert len(found[tight.task_id, 0.0].token_ids) <= 12
    assert any(each.program for refresh in found[tight.task_id, 1.0].refreshes for each in refresh.candidates)


def test_a_model_without_logits_is_refused() -> None:
    with pytest.raises(ConfigError, match="EG-CFG guidance needs next-token distributions"):
        Guide(FakeModel("x"), ScriptedExecutor())


@pytest.mark.parametrize(("values", "message"), [
    ({"gammas": []}, "--gammas: expected at least one number"),
    ({"gammas": [1, -0.5]}, "--gammas: expected finite numbers of 0 or more"),
    ({"gammas": [1, 1.0]}, "--gammas: expected each number once"),
    ({"strategy": "token", "refresh": 2}, "--refresh counts lines"),
    ({"strategy": "lines"}, "Did you mean 'line'"),
    ({"stop": [""]}, "--stop: expected strings of at least one character"),
    ({"candidates": 0}, "--candidates: expected 1 or more"),
    ({"horizont": 3}, "Did you mean 'horizon'"),
])
def test_options_that_make_no_sense(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(GuideOptions, values)


def test_fp64_networks_agree_too() -> None:
    """The same comparison where ties of the last bits cannot happen by rounding in the network."""
    compare(coder("llama", torch.float64), problems(2), options(gammas=[0.5, 3.0]))
