"""Documents with signals: what training shows is what guided decoding shows, and the answers follow from it."""

from __future__ import annotations

import ast
import builtins
import itertools
import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from recipes.tiny.documents import KINDS, document
from recipes.tiny.gates import GATES, reference, shuffled, wrong
from recipes.tiny.options import read
from recipes.tiny.parts import Draw
from recipes.tiny.samples import SEED, Samples, _from_json, _to_json, problems, read_samples
from recipes.tiny.signals import _renamed, _wrong, failing
from recipes.tiny.tokenizer import BEGIN, END
from recipes.tiny.tried import TEMPLATE, Trial

from eg_cfg.benchmarks.minipy import MiniPyProblem, generate, train_problem
from eg_cfg.benchmarks.minipy.execute import passes
from eg_cfg.decoding.candidates import executable, undocumented, upto_line
from eg_cfg.decoding.drafts import drafted, to_run, with_traces
from eg_cfg.decoding.prompting import frame_for
from eg_cfg.decoding.signals import signal_text
from eg_cfg.errors import UsageError
from eg_cfg.grading.grader import grading_sandbox
from eg_cfg.grading.tracing import Tracer

SIGNALLED = ("picked", "avoided", "agreed", "begun", "blind")


def draw(index: int, seed: int = 0) -> Draw:
    others = tuple(train_problem(11, 1000 + 10 * index + place) for place in range(9))
    return Draw(train_problem(11, index), others, Random(f"{seed} {index}"))


def text_of(kind: str, index: int, trained: bool | None = None) -> str:
    return "".join(part.text for part in document(kind, draw(index)) if trained in (None, part.trained))


def tracer_signal(tracer: Tracer, problem: MiniPyProblem, written: str, texts: list[str]) -> str:
    """What decoding puts into the prompt for these continuations."""
    asked = problem.to_problem()
    drafts = drafted(undocumented(asked.completion_prefix), written, [(text, True) for text in texts])
    runs = {index: tracer.submit(asked, program) for index, program in to_run(drafts).items()}
    drafts = with_traces(drafts, {index: run.result() for index, run in runs.items()})
    return signal_text(asked, drafts, frame_for(asked, "signal_tokens", chat=False).signal_template)


class TestText:
    def test_it_is_what_decoding_shows(self, isolated: None) -> None:
        kinds: Counter[str] = Counter()
        with grading_sandbox(1) as sandbox:
            tracer = Tracer(sandbox)
            for index in range(14):
                problem, rng = train_problem(12, index), Random(index)
                trial = Trial(problem)
                bodies = [each.text for each in failing(trial, 3, None, rng)]
                bodies.insert(rng.randrange(3), problem.body())
                lines, horizon = problem.body().splitlines(keepends=True), rng.randint(1, 3)
                written = "".join(lines[:rng.randrange(len(lines))])
                begun = list(dict.fromkeys(upto_line(body.removeprefix(written), horizon) for body in bodies
                                           if body.startswith(written)))
                for before, texts in (("", bodies), (written, begun)):
                    ours = [trial.candidate(before + text, before, text) for text in texts]
                    assert trial.signal(ours) == tracer_signal(tracer, problem, before, texts)
                    kinds.update(each.outcome or "" for each in ours)
        assert kinds["passed"] > 12
        assert kinds["wrong_answer"] > 30

    def test_exceptions_are_told_by_their_type(self, isolated: None) -> None:
        problem = next(problem for problem in generate("train", seed=2) if problem.program.kinds == ("ints",))
        values = problem.parameters[0]
        texts = [f"    return {values}[99]\n", f"    return {values} + ''\n", "    return missing\n",
                 f"    kept = []\n    for v in {values} * 40:\n        kept.append(v)\n    return None\n"]
        trial = Trial(problem)
        signal = trial.signal([trial.candidate(text) for text in texts])
        assert "<|got|>IndexError<|want|>" in signal
        with grading_sandbox(1) as sandbox:
            assert signal == tracer_signal(Tracer(sandbox), problem, "", texts)

    @pytest.mark.parametrize("kind", SIGNALLED)
    def test_it_stands_between_prompt_and_code(self, kind: str) -> None:
        for index in range(6):
            text = text_of(kind, index)
            assert text.startswith(f"{BEGIN}def ")
            assert text.endswith(f"\n{END}")
            prompt, _, rest = text.partition("<|signal|>")
            assert prompt.endswith('"""\n')
            assert ">>>" in prompt
            signal, _, code = rest.partition("<|code|>")
            assert signal.startswith("<|candidate|>")
            assert code.startswith("    ")
            assert "<|" not in code.removesuffix(END)

    def test_the_prompt_is_that_of_decoding(self) -> None:
        for index in range(5):
            problem = train_problem(13, index)
            trial = Trial(problem)
            frame = frame_for(problem.to_problem(), "signal_tokens", chat=False)
            signal = trial.signal([trial.candidate(problem.body())])
            assert frame.signal_template == TEMPLATE
            assert trial.prompt == frame.plain
            assert frame.conditional(signal) == trial.prompt + signal


class TestAnswers:
    @pytest.mark.parametrize("kind", SIGNALLED)
    def test_every_answer_is_right(self, kind: str) -> None:
        for index in range(10):
            given = draw(index)
            text = "".join(part.text for part in document(kind, given))
            prompt, code = text.removeprefix(BEGIN).split("<|signal|>")[0], text.split("<|code|>")[1]
            known = [given.problem, *given.others]
            name = prompt.split("(")[0].removeprefix("def ")
            header = prompt.split("\n")[0]
            assert any(passes(f"{header}\n{code.removesuffix(END)}", name, (*each.shown, *each.hidden))
                       for each in known if len(each.parameters) == header.split(")")[0].count(":"))

    def test_the_first_that_passes_is_copied(self) -> None:
        for kind, index in itertools.product(("picked", "agreed", "blind"), range(8)):
            signal, code = text_of(kind, index).split("<|signal|>")[1].split("<|code|>")
            first = signal.split("<|ok|>")[1].split("<|")[0]
            assert code == first + END

    def test_what_is_avoided_is_not_copied(self) -> None:
        shared = 0
        for index in range(12):
            signal, code = text_of("avoided", index).split("<|signal|>")[1].split("<|code|>")
            bad = [part.split("<|")[0] for part in signal.split("<|bad|>")[1:]]
            assert bad
            assert "<|ok|>" not in signal
            assert code.removesuffix(END) not in bad
            shared += code.split("\n")[0] == bad[0].split("\n")[0]
        assert shared > 3  # what was right in a candidate stays

    @pytest.mark.parametrize("kind", SIGNALLED)
    def test_what_is_trained_is_right_code(self, kind: str) -> None:
        for index in range(5):
            parts = document(kind, draw(index))
            for part, before in zip(parts[1:], parts, strict=False):
                assert part.trained == (before.text.endswith("<|ok|>") or part is parts[-1])

    def test_candidates_go_on_from_the_code_so_far(self) -> None:
        refreshed = 0
        for kind, index in itertools.product(("picked", "avoided", "begun", "agreed"), range(10)):
            parts = document(kind, draw(index))
            before = "".join(part.text for part in parts[:-1])
            written = before.split("<|code|>")[1]
            refreshed += bool(written)
            for candidate in before.split("<|candidate|>")[1:]:
                assert candidate.split("|>")[1].startswith(written)
        assert refreshed > 8

    def test_candidates_that_have_just_begun_are_no_verdict(self) -> None:
        for index in range(20):
            parts = document("begun", draw(index))
            text = "".join(part.text for part in parts)
            if "<|got|>None" in text:
                return
        pytest.fail("expected candidates that give nothing yet")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, isolated: None) -> Path:
    path = tmp_path_factory.mktemp("samples") / "samples.jsonl"
    with grading_sandbox(1) as sandbox, path.open("w") as out:
        tracer = Tracer(sandbox)
        for index, problem in itertools.islice(problems(), 6):
            asked = problem.to_problem()
            texts = [problem.body(), problem.body(), "    return nothing\n", "    (\n",
                     *(each.text for each in failing(Trial(problem), 2, None, Random(index)))]
            drafts = drafted(undocumented(asked.completion_prefix), "", [(text, True) for text in texts])
            drafts = with_traces(drafts, {at: tracer.trace(asked, program)
                                          for at, program in to_run(drafts).items()})
            counts = Counter(each.index if each.duplicate_of is None else each.duplicate_of for each in drafts)
            out.write(json.dumps(_to_json(index, drafts, counts)) + "\n")
            signal = signal_text(asked, drafts, TEMPLATE)
            again = _from_json(json.loads(json.dumps(_to_json(index, drafts, counts))))
            assert signal_text(asked, again.candidates, TEMPLATE) == signal
            assert "<|got|>NameError<|want|>" in signal
            assert again.counts[0] == 2
            assert len(again.candidates) <= 4
    return path


class TestSamples:
    def test_what_was_written_becomes_documents(self, file: Path) -> None:
        samples = read_samples(file)
        assert {found.problem.task_id for found in samples} == {train_problem(SEED, index).task_id
                                                                for index, _ in itertools.islice(problems(), 6)}
        for index in range(20):
            given = draw(index)
            parts = document("sampled", Draw(given.problem, given.others, given.rng, samples))
            text = "".join(part.text for part in parts)
            signal, code = text.split("<|signal|>")[1].split("<|code|>")
            if "<|ok|>" in signal:
                assert code == signal.split("<|ok|>")[1].split("<|")[0] + END
            else:
                assert code.removesuffix(END) not in signal

    def test_none_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"recipes\.tiny\.samples"):
            read_samples(tmp_path / "samples.jsonl")
        with pytest.raises(UsageError, match=r"recipes\.tiny\.samples"):
            document("sampled", draw(1))

    def test_most_problems_are_vague(self) -> None:
        found = [problem for _, problem in itertools.islice(problems(), 60)]
        assert 30 < sum(problem.vague is not None for problem in found) < 60
        assert SEED not in {stage.seed for stage in read().stages.values()}

    def test_samples_hold_no_more_than_a_signal_says(self, file: Path) -> None:
        assert all(isinstance(found, Samples) for found in read_samples(file))
        events = [len(test["events"]) for line in file.read_text().splitlines() for one in json.loads(line)["tried"]
                  for test in one["trace"]["tests"]]
        assert max(events) == 1


class TestGates:
    def test_the_reference_is_among_wrong_ones_at_any_place(self) -> None:
        places: Counter[int] = Counter()
        for problem in itertools.islice(generate("validation"), 15):
            question = reference(problem)
            good = [at for at, each in enumerate(question.candidates) if each.outcome == "passed"]
            assert len(good) == 1
            assert question.candidates[good[0]].text == problem.body()
            places[good[0]] += 1
            assert not [each for each in wrong(problem).candidates if each.outcome == "passed"]
        assert set(places) == {0, 1, 2}

    def test_shuffled_verdicts_stand_before_other_candidates(self) -> None:
        problem = next(generate("validation"))
        before, after = reference(problem), shuffled(problem)
        assert [each.program for each in before.candidates] == [each.program for each in after.candidates]
        one, other = before.prompt, after.prompt
        assert one != other
        assert sorted(one.replace("<|", "\n<|").split("\n")) != []
        assert one.count("<|ok|>") == other.count("<|ok|>") == 1
        assert set(GATES) == {"plain", "reference", "wrong", "shuffled"}


def test_every_kind_has_a_line_in_the_card() -> None:
    from recipes.tiny.card import _KINDS

    assert set(KINDS) == set(_KINDS)


def test_wrong_programs_are_each_once_and_not_the_right_one() -> None:
    for index in range(20):
        problem = train_problem(14, index)
        found = list(_wrong(problem, Random(1)))
        assert len(set(found)) == len(found)
        assert problem.program not in found
    assert executable("def f(x):\n", "    return x") is not None


class TestStrange:
    def test_other_names_change_nothing_else(self) -> None:
        for index in range(60):
            given = draw(index)
            problem = given.varied(given.problem)
            body = problem.body()
            renamed = _renamed(body, given, problem)
            assert passes(f"{problem.header}\n{body}", problem.name, problem.shown)
            assert passes(f"{problem.header}\n{renamed}", problem.name, problem.shown)
            shapes = [[type(node) for node in ast.walk(ast.parse(f"def f():\n{text}"))] for text in (body, renamed)]
            assert shapes[0] == shapes[1]
            assert _names(body) & _names(renamed) <= {*problem.parameters, *dir(builtins)}

    def test_answers_are_a_candidate_word_for_word_and_it_is_not_learnt_where_it_is_shown(self) -> None:
        for index in range(40):
            parts = document("strange", draw(index))
            read, answer = "".join(part.text for part in parts[:-1]), parts[-1]
            assert [part for part in parts if part.trained] in ([answer], [parts[0], answer])
            assert answer.text.removesuffix(END) in read


def _names(body: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(f"def f():\n{body}")) if isinstance(node, ast.Name)}
