"""The recipe of the embedded models: tokenizer, data, training that goes on after a kill, export and card."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes.tiny.card import FILES, card, publish
from recipes.tiny.checks import ContaminationError, checked
from recipes.tiny.data import Batch, Position, batches, documents, encoded
from recipes.tiny.documents import KINDS, document
from recipes.tiny.evaluate import _Index, completions, graded
from recipes.tiny.model import built, parameters
from recipes.tiny.options import Phase, Recipe, Shape, Stage, TokenizerOptions, read
from recipes.tiny.parts import Draw
from recipes.tiny.schedule import rate
from recipes.tiny.tokenizer import BEGIN, END, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX, SPECIAL
from recipes.tiny.train import PACKAGED, Machine, summed_loss, tokenizer_folder, train
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from eg_cfg.benchmarks.minipy import documented_source, generate, task_example, train_problem
from eg_cfg.errors import ConfigError, UnknownNameError, UsageError

ALL_KINDS = {kind: 1.0 for kind in KINDS if kind not in ("repeats", "sampled")}


def stage(**changes: object) -> Stage:
    values: dict[str, object] = {
        "model": "m", "shape": "s", "seed": 5, "batch_tokens": 4096, "shard_problems": 8, "learning_rate": 0.01,
        "phases": (Phase(tokens=5_000, steps=(1,), mix={"described": 1}), Phase(tokens=9_000, mix=ALL_KINDS))}
    return Stage.model_validate({**values, **changes})


def recipe(**stages: Stage) -> Recipe:
    return Recipe(tokenizer=TokenizerOptions(vocabulary=700, problems=200), stages=stages,
                  shapes={"s": Shape(hidden=32, layers=2, heads=2, intermediate=48)})


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenizer_folder(recipe().tokenizer, tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder)


def ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    found: list[int] = tokenizer.encode(text, add_special_tokens=False)
    return found


CODE = st.lists(st.sampled_from(["def ", "x_1", "\n", "    ", " ", "  ", "for", " in ", "'é'", "\t", "==", "->", "12",
                                 "a", "\r\n", '"""', "_", ".", "not_in", "λ", "🙂", "\x00"]), max_size=30).map("".join)


class TestTokenizer:
    @settings(max_examples=200, deadline=None)
    @given(text=st.one_of(CODE, st.text(max_size=60)))
    def test_every_text_comes_back(self, tokenizer: PreTrainedTokenizerBase, text: str) -> None:
        found = ids(tokenizer, text)
        if not any(token in text for token in SPECIAL):
            assert tokenizer.decode(found) == text

    @settings(max_examples=200, deadline=None)
    @given(first=CODE, second=CODE)
    def test_lines_have_their_own_tokens(self, tokenizer: PreTrainedTokenizerBase, first: str, second: str) -> None:
        whole = ids(tokenizer, f"{first}\n{second}")
        assert whole == ids(tokenizer, f"{first}\n") + ids(tokenizer, second)

    def test_sources_come_back(self, tokenizer: PreTrainedTokenizerBase) -> None:
        for index in range(40):
            source = documented_source(train_problem(1, index))
            assert tokenizer.decode(ids(tokenizer, source)) == source

    def test_digits_indentation_and_special_tokens_are_one_token_each(self, tokenizer: PreTrainedTokenizerBase) -> None:
        assert len(ids(tokenizer, "2048")) == 4
        for spaces in (4, 8, 12):
            assert len(ids(tokenizer, f"{' ' * spaces}x")) == 2
        assert [tokenizer.convert_tokens_to_ids(token) for token in SPECIAL] == list(range(len(SPECIAL)))

    def test_a_name_has_the_same_tokens_wherever_it_stands(self, tokenizer: PreTrainedTokenizerBase) -> None:
        name = ids(tokenizer, "leading_words")
        for before, after in (("for w in ", ":"), ("x = ", " + 1"), ("return ", "\n"), ("    ", " = []"), ("(", ")")):
            tokens = ids(tokenizer, f"{before}leading_words{after}")
            assert any(tokens[at:at + len(name)] == name for at in range(len(tokens))), before

    def test_prompts_begin_with_the_begin_token(self, tokenizer: PreTrainedTokenizerBase) -> None:
        assert tokenizer("x")["input_ids"][0] == tokenizer.bos_token_id
        assert tokenizer.eos_token == END
        assert tokenizer.bos_token == BEGIN

    def test_it_is_the_same_every_time(self, folder: Path, tmp_path: Path) -> None:
        again = tokenizer_folder(recipe().tokenizer, tmp_path)
        assert (again / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def arrays(found: list[Batch]) -> list[tuple[bytes, bytes, Position, int]]:
    return [(batch.ids.tobytes(), batch.targets.tobytes(), batch.position, batch.stage_tokens) for batch in found]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class TestData:
    def test_the_stream_goes_on_from_every_position(self, folder: Path) -> None:
        whole = list(batches(stage(), folder, Position(), workers=0))
        assert whole[-1].stage_tokens == stage().tokens
        assert {batch.position.phase for batch in whole} == {0, 1}
        for number, batch in enumerate(whole):
            rest = list(batches(stage(), folder, batch.position, workers=0))
            assert arrays(rest) == arrays(whole[number + 1:])

    def test_worker_processes_make_the_same(self, folder: Path) -> None:
        here = list(islice(batches(stage(), folder, Position(), workers=0), 3))
        there = list(islice(batches(stage(), folder, Position(), workers=1), 3))
        assert arrays(here) == arrays(there)

    def test_worker_processes_end_with_a_killed_trainer(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "tokenizer").symlink_to(folder)
        program = (
            "import os, signal, multiprocessing, pathlib, sys\n"
            "from recipes.tiny.data import Position, batches\n"
            "from recipes.tiny.options import Stage\n"
            "if __name__ == '__main__':\n"
            "    stage = Stage.model_validate_json(sys.argv[1])\n"
            "    next(iter(batches(stage, pathlib.Path(sys.argv[2]), Position(), workers=1)))\n"
            "    print(*(child.pid for child in multiprocessing.active_children()), flush=True)\n"
            "    os.kill(os.getpid(), signal.SIGKILL)\n")
        script = tmp_path / "trainer.py"
        script.write_text(program)
        done = subprocess.run([sys.executable, str(script), stage().model_dump_json(), str(folder)], text=True,
                              stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        workers = [int(pid) for pid in done.stdout.split()]
        assert workers
        deadline = time.monotonic() + 20
        while any(_runs(pid) for pid in workers):
            assert time.monotonic() < deadline, "a worker outlived its trainer"
            time.sleep(0.1)

    def test_another_seed_makes_other_documents(self) -> None:
        assert documents(stage(), 1, 0) == documents(stage(), 1, 0)
        assert documents(stage(), 1, 0) != documents(stage(seed=6), 1, 0)
        assert documents(stage(), 1, 0) != documents(stage(), 1, 1)

    def test_every_kind_makes_tokens_to_learn(self, tokenizer: PreTrainedTokenizerBase) -> None:
        problems = [train_problem(3, index) for index in range(9)]
        raw = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        for kind in ALL_KINDS:
            found, = encoded([document(kind, Draw(problems[0], tuple(problems[1:]), Random(kind)))], raw)
            assert found.targets.any(), kind
            assert found.targets[-1] or len(found.ids) == 2048, f"{kind} does not end with something to learn"

    def test_only_answers_are_learnt_of_tasks(self, tokenizer: PreTrainedTokenizerBase) -> None:
        problem = train_problem(3, 1)
        raw = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        found, = encoded([document("shown", Draw(problem, (), Random(0)))], raw)
        learnt = str(tokenizer.decode(found.ids[found.targets]))
        prompt = str(tokenizer.decode(found.ids[~found.targets]))
        assert learnt.startswith("    ")
        assert learnt.endswith(f"\n{END}")
        assert "return" in learnt
        assert ">>>" not in learnt
        assert prompt.startswith(f"{BEGIN}def ")
        assert prompt.endswith('"""\n')
        assert prompt.count(">>>") == 3

    def test_longer_files_have_three_steps_whatever_the_phase_asks_for(self) -> None:
        draw = Draw(train_problem(3, 1, (1,)), (), Random(5))
        text = "".join(part.text for part in document("longer", draw))
        body = text.rpartition('"""\n')[2]
        assert ">>>" not in text
        assert len([line for line in body.splitlines() if line.strip()]) >= 4  # three steps and a return

    def test_tasks_are_tokenised_as_prompts_are(self, tokenizer: PreTrainedTokenizerBase) -> None:
        problem = train_problem(3, 1)
        draw = Draw(problem, (), Random(0))
        parts = document("described", draw)
        raw = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        found, = encoded([parts], raw)
        assert found.ids[~found.targets].tolist() == tokenizer(parts[1].text)["input_ids"]
        assert found.ids.tolist() == ids(tokenizer, "".join(part.text for part in parts))

    def test_names_are_invented_where_nothing_else_is_said(self, tokenizer: PreTrainedTokenizerBase) -> None:
        start = f"{FIM_PREFIX}This is an algorithm function.\n\ndef {FIM_SUFFIX}():\n{FIM_MIDDLE}"
        problems = [train_problem(3, index) for index in range(300)]
        texts = ["".join(part.text for part in document("name", Draw(problem, (), Random(number))))
                 for number, problem in enumerate(problems)]
        asked = [text for text in texts if text.removeprefix(BEGIN).startswith(start)]
        assert asked
        assert all(text.split(FIM_MIDDLE)[1].removesuffix(END).isidentifier() for text in texts)
        raw = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        inside = raw.encode(asked[0], add_special_tokens=False).ids
        prefix, suffix, middle = (tokenizer.convert_tokens_to_ids(t) for t in (FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE))
        before = ids(tokenizer, "This is an algorithm function.\n\ndef ")
        prompt = [prefix, *before, suffix, *ids(tokenizer, "():\n"), middle]
        offset = inside[0] == tokenizer.bos_token_id
        assert inside[offset:offset + len(prompt)] == prompt

    def test_nothing_held_out_is_trained_on(self) -> None:
        held_out = {problem.program.signature for split in ("test", "validation") for problem in generate(split)}
        held_out |= {problem.program.signature for problem in islice(generate("pool"), 150)}
        texts = {problem.description.text for problem in generate("test")}
        for name, spec in read().stages.items():
            for number, phase in enumerate(spec.phases):
                first = number * 1_000_000 * spec.shard_problems
                for index in range(first, first + 15):
                    problem = checked(train_problem(spec.seed, index, phase.steps))
                    assert problem.program.signature not in held_out, name
                    assert problem.description.text not in texts or problem.vague, name

    def test_a_held_out_problem_stops_the_recipe(self) -> None:
        for split in ("test", "validation", "pool"):
            with pytest.raises(ContaminationError, match="held-out"):
                checked(next(generate(split)))


class TestTraining:
    def test_loss_is_that_of_the_answers_alone(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        model = built(recipe().shapes["s"], tokenizer, seed=1)
        batch = next(batches(stage(), folder, Position(), workers=0))
        loss = summed_loss(model, batch, Machine()).item()
        expected = 0.0
        for row, marks in zip(batch.ids, batch.targets, strict=True):
            length = int(np.flatnonzero(row != tokenizer.pad_token_id)[-1]) + 1  # alone, without padding
            logits = model(input_ids=torch.from_numpy(row[None, :length])).logits[0].log_softmax(-1)
            expected -= sum(logits[at - 1, row[at]].item() for at in np.flatnonzero(marks))
        assert loss == pytest.approx(expected, rel=1e-4)

    @pytest.mark.parametrize("optimiser", ["muon", "adamw"])
    def test_a_stopped_run_ends_as_one_that_was_not(self, tmp_path: Path, folder: Path, optimiser: str) -> None:
        whole = recipe(one=stage(optimiser=optimiser))
        results = []
        for name, stops in (("straight", (None,)), ("stopped", (1, 2, None))):
            out = tmp_path / name
            out.mkdir()
            (out / "tokenizer").symlink_to(folder)
            for stop in stops:
                final = train(whole, "one", out, Machine(workers=0, stop_after=stop))
            results.append((final / "model.safetensors").read_bytes())
            rows = [json.loads(line) for line in (out / "m" / "log.jsonl").read_text().splitlines()]
            assert [row["event"] for row in rows].count("started") == len(stops)
            assert rows[-2]["tokens"] == stage().tokens
            assert not (out / "m" / "checkpoint.pt").exists()
        assert results[0] == results[1]

    def test_a_kept_checkpoint_is_gone_on_from(self, tmp_path: Path, folder: Path) -> None:
        whole, results = recipe(one=stage()), []
        for name, stop in (("straight", None), ("stopped", 2), ("elsewhere", None)):
            out = tmp_path / name
            out.mkdir()
            (out / "tokenizer").symlink_to(folder)
            final = train(whole, "one", out, Machine(workers=0, stop_after=stop), kept=tmp_path / "kept")
            if stop:
                (tmp_path / "kept").mkdir()
                (out / "m" / "checkpoint.pt").rename(tmp_path / "kept" / "m.pt")
                continue
            results.append((final / "model.safetensors").read_bytes())
            first = json.loads((out / "m" / "log.jsonl").read_text().splitlines()[0])
            assert bool(first["tokens"]) == (name == "elsewhere")
        assert results[0] == results[1]

    def test_a_stage_of_the_package_is_started_from(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "tokenizer").symlink_to(folder)
        shipped = recipe(tiny=stage(model="tiny"), next=stage(model="n", start="tiny", phases=()))
        final = train(shipped, "next", tmp_path, Machine(workers=0))
        before, after = (AutoModelForCausalLM.from_pretrained(place) for place in (PACKAGED / "tiny", final))
        assert all(map(torch.equal, before.parameters(), after.parameters()))

    def test_a_checkpoint_of_another_recipe_is_refused(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "tokenizer").symlink_to(folder)
        train(recipe(one=stage()), "one", tmp_path, Machine(workers=0, stop_after=1))
        with pytest.raises(UsageError, match="this recipe"):
            train(recipe(one=stage(learning_rate=0.02)), "one", tmp_path, Machine(workers=0, stop_after=1))

    def test_a_stage_wants_the_one_before(self, tmp_path: Path, folder: Path) -> None:
        (tmp_path / "tokenizer").symlink_to(folder)
        with pytest.raises(UsageError, match="--stage one"):
            train(recipe(one=stage(), two=stage(model="n", start="one")), "two", tmp_path, Machine(workers=0))

    def test_the_rate_rises_once_and_falls_once(self) -> None:
        spec = stage(phases=(Phase(tokens=1000, mix={"file": 1}),), warmup=0.1, decay=0.5, learning_rate=1.0)
        found = [rate(spec, tokens) for tokens in range(0, 1001, 50)]
        assert found[0] < 0.01
        assert max(found) == 1.0
        assert found.index(1.0) == 2
        assert found[-1] == 0.0
        assert found[15] == pytest.approx(0.5)

    def test_a_full_checkpoint_stays_small(self, tokenizer: PreTrainedTokenizerBase) -> None:
        recipe_ = read()
        model = built(recipe_.shapes["tiny"], tokenizer, seed=1)
        vocabulary = (recipe_.tokenizer.vocabulary - len(tokenizer)) * recipe_.shapes["tiny"].hidden
        matrices = sum(weight.numel() for name, weight in model.named_parameters() if weight.ndim == 2
                       and "embed" not in name)
        rest = parameters(model) + vocabulary - matrices
        assert 4 * (2 * matrices + 3 * rest) < 16e6  # weights and one moment of Muon, two of AdamW


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """Folder of a finished stage."""
    out = tmp_path_factory.mktemp("finished")
    (out / "tokenizer").symlink_to(folder)
    train(recipe(tiny=stage()), "tiny", out, Machine(workers=0))
    return out


class TestFinished:
    def test_the_package_gets_a_folder_that_loads(self, out: Path, tmp_path: Path) -> None:
        evaluations = out / "m" / "evaluations"
        evaluations.mkdir(exist_ok=True)
        (evaluations / "a.json").write_text(json.dumps({
            "benchmark": "minipy", "split": "test", "greedy": True, "tests_in_prompt": True,
            "scores": {"steps=3": {"passed": 123, "problems": 280, "pass@1": 123 / 280}}}))
        goal = publish(recipe(tiny=stage()), "tiny", out, tmp_path)
        assert {file.name for file in goal.iterdir()} == {*FILES, "README.md"}
        model = AutoModelForCausalLM.from_pretrained(goal)
        assert model.dtype == torch.float32
        assert model.config.max_position_embeddings >= 2048
        text = (goal / "README.md").read_text()
        assert f"{parameters(model):,} parameters" in text
        assert "43.9%" in text
        assert f"{stage().tokens:,} tokens" in text
        loaded = AutoTokenizer.from_pretrained(goal)
        prompts = [task_example(train_problem(9, index)).prompt for index in range(3)]
        assert completions(model, loaded, prompts, batch_size=3) == [
            completions(model, loaded, [prompt])[0] for prompt in prompts]

    def test_too_large_a_package_is_refused(self, out: Path, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "model.safetensors").write_bytes(bytes(24_000_000))
        with pytest.raises(UsageError, match="24,000,000"):
            publish(recipe(tiny=stage()), "tiny", out, tmp_path)

    def test_an_unfinished_model_has_no_card(self) -> None:
        with pytest.raises(UsageError, match="finished"):
            card(recipe(tiny=stage()), "tiny", [{"event": "started"}], [])

    def test_what_was_not_measured_is_not_in_the_card(self) -> None:
        text = card(recipe(untrained=stage(phases=())), "untrained", [{"event": "finished", "parameters": 7}], [])
        assert "Scores" not in text
        assert "minutes" not in text


class TestEvaluation:
    def test_references_pass_and_silence_does_not(self, isolated: None) -> None:
        problems = [problem.to_problem() for problem in islice(generate("validation"), 6)]
        answers = [problem.reference or "" for problem in problems[:4]]
        found = graded(problems, [*answers, "", "def f(:"])
        assert found["scores"]["all"] == {"passed": 4, "problems": 6, "pass@1": 4 / 6}
        assert found["outcomes"] == {"no_code": 1, "passed": 4, "syntax_error": 1}
        by_steps = [score for name, score in found["scores"].items() if name.startswith("steps=")]
        assert sum(score["problems"] for score in by_steps) == 6

    def test_the_nearest_problem_is_the_most_similar_one(self) -> None:
        problems = [train_problem(8, index) for index in range(60)]
        index = _Index(problems)
        for problem in problems[:20]:
            assert index.nearest(problem).description.text == problem.description.text


class TestRecipe:
    def test_the_shipped_recipe_is_sound(self) -> None:
        shipped = read()
        assert list(shipped.stages) == ["base", "tiny", "steps2", "small", "exec", "untrained"]
        seeds = [spec.seed for spec in shipped.stages.values()]
        assert len({*seeds, shipped.tokenizer.seed}) == len(seeds) + 1
        asked = {"described", "shown", "session"}
        assert not any(asked & set(phase.mix) for phase in shipped.stages["base"].phases)
        assert all(3 not in phase.steps for phase in shipped.stages["steps2"].phases)
        for spec in shipped.stages.values():
            assert spec.shape in shipped.shapes

    def test_mistakes_in_a_recipe_are_named(self, tmp_path: Path) -> None:
        text = (Path(read.__code__.co_filename).parent / "recipe.yaml").read_text()
        for wrong, right in (("exports: 4", "export: 4"), ("tokens: 1_500_000", "token: 1_500_000")):
            file = tmp_path / "recipe.yaml"
            file.write_text(text.replace(wrong, right))
            with pytest.raises((ConfigError, UnknownNameError), match=wrong.split(":")[0]):
                read(file)
        with pytest.raises(UnknownNameError, match="steps2"):
            read().stage("step2")
