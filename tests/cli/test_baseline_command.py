"""`eg-cfg generate`, `baseline` and `demo`, with a scripted model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eg_cfg.benchmarks.registry import load

pytestmark = pytest.mark.usefixtures("isolated")
FILES = {"run.json", "samples.jsonl", "verdicts.jsonl", "shown.jsonl", "problems.jsonl", "results.json",
         "baseline_experiment_results.json"}


@pytest.fixture
def scripted(tmp_path: Path) -> str:
    """A model that solves the first three MiniPy problems in the first of two samples."""
    replies = {}
    for problem in load("minipy", limit=3).problems():
        assert problem.reference is not None
        body = problem.reference.split("\n", 1)[1]
        replies[problem.completion_prefix] = [body, "    return unknown\n"]
    path = tmp_path / "replies.json"
    path.write_text(json.dumps(replies))
    return f"fake:{path}"


def arguments(model: str, *more: str) -> list[str]:
    return ["--model-name", model, "--dataset", "minipy", "--max_problems", "3", "--num_samples", "2",
            "--prompt", "completion", "--max-new-tokens", "2000", *more]


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def test_baseline_from_sampling_to_the_report(command, scripted: str, tmp_path: Path) -> None:
    answer = command("baseline", *arguments(scripted, "--output-dir", "out", "--workers", "1"))
    assert answer.code == 0, answer.err
    assert "temperature 0.8" in answer.out
    assert "2000 new tokens" in answer.out
    assert ("published    temperature 0.8, top-p 1, 256 new tokens (this package); here at most 2000 new tokens"
            in answer.out)
    assert "exception: NameError" in answer.out
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} - {".lock"} == FILES
    found = results(folder)
    assert found["pass@1"]["value"] == 0.5
    assert found["filtered_pass@1"]["value"] == 1.0
    assert found["exact_match"]["value"] == 0.5
    assert found["outcomes"]["exception"] == 3
    assert found["code_quality"]["all"]["findings"] == 0.5  # the unknown name, in every second program
    assert found["code_quality"]["passed"]["programs"] == 3
    assert found["seeds"] == {"sampling": 42, "bootstrap": 42}
    assert found["peak_memory_mb"]["process"] > 10
    report = json.loads((folder / "baseline_experiment_results.json").read_text())
    assert report["results"] == found
    assert report["settings"]["published"]["max_new_tokens"] == 256
    assert [row["chosen_passed"] for row in report["problems"]] == [True] * 3
    assert report["error_analysis"]["kinds"]["exception"]["types"]["NameError"]["count"] == 3
    rows = [json.loads(line) for line in (folder / "problems.jsonl").read_text().splitlines()]
    assert [row["passed"] for row in rows] == [1, 1, 1]
    assert all(test["passed"] for test in rows[0]["samples"][0]["tests"])
    assert "NameError" in rows[0]["samples"][1]["tests"][0]["error"]


def test_grade_reads_what_was_sampled_and_agrees(command, scripted: str, tmp_path: Path) -> None:
    assert command("baseline", *arguments(scripted, "--output-dir", "out")).code == 0
    graded = command("grade", "--benchmark", "minipy", "--option", "limit=3", "--samples", "out/samples.jsonl",
                     "--output-dir", "graded")
    assert graded.code == 0, graded.err
    for key in ("pass@1", "average_pass_rate", "outcomes"):
        assert results(tmp_path / "graded")[key] == results(tmp_path / "out")[key]


def test_generate_writes_samples_and_goes_on(command, scripted: str, tmp_path: Path) -> None:
    answer = command("generate", *arguments(scripted, "--output_dir", "out"))
    assert answer.code == 0, answer.err
    assert "6 for 3 problems" in answer.out
    path = tmp_path / "out" / "samples.jsonl"
    whole = path.read_text().splitlines()
    path.write_text("\n".join([*whole[:4], whole[4][:50]]))
    again = command("generate", *arguments(scripted, "--output_dir", "out"))
    assert "4 of them written earlier" in again.out
    assert "half-written row" in again.out

    def unmeasured(lines: list[str]) -> list[dict[str, Any]]:
        return [{**json.loads(line), "seconds": 0} for line in lines]

    assert unmeasured(path.read_text().splitlines()) == unmeasured(whole)


def test_without_a_folder_the_newest_of_the_same_configuration_goes_on(command, scripted: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert command("baseline", *arguments(scripted)).code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert "6 samples from earlier starts, 0 from this one" in command("baseline", *arguments(scripted)).out
    assert command("baseline", *arguments(scripted, "--seed", "7")).code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert command("baseline", *arguments(scripted, "--force")).code == 0
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_a_larger_limit_goes_on_from_what_is_there(command, scripted: str, tmp_path: Path) -> None:
    def baseline(limit: int, samples: int, *more: str) -> str:
        answer = command("baseline", *arguments(scripted), "--limit", str(limit), "--num-samples", str(samples), *more)
        assert answer.code == 0, answer.err
        return answer.out

    baseline(1, 1)
    [folder] = (tmp_path / "runs").iterdir()
    assert "1 samples from earlier starts, 2 from this one" in baseline(3, 1)
    assert "3 samples from earlier starts, 3 from this one" in baseline(3, 2)
    assert [folder] == list((tmp_path / "runs").iterdir())
    assert results(folder)["problems"] == 3
    assert results(folder)["samples"] == 6
    grown = (folder / "samples.jsonl").read_text()
    assert "earlier starts" not in baseline(3, 2, "-o", "whole")
    whole = (tmp_path / "whole" / "samples.jsonl").read_text()

    def unmeasured(text: str) -> list[dict[str, Any]]:
        return [{**json.loads(line), "seconds": 0} for line in text.splitlines()]

    assert unmeasured(grown) == unmeasured(whole)
    assert "earlier starts" not in baseline(2, 2)  # a run that goes less far is another
    assert len(list((tmp_path / "runs").iterdir())) == 2
    answer = command("baseline", *arguments(scripted), "--limit", "2", "-o", "whole")
    assert answer.code == 1
    assert "goes further (problems 3 there, 2 here): ask for at least as many" in answer.err


def test_what_is_wrong_with_folder_or_k_is_told_before_the_model_is_loaded(command, scripted: str,
                                                                          tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert command("baseline", *arguments(scripted, "--output-dir", "taken", "--temperature", "0.3")).code == 0
    cases = [(["-o", "file"], 2, "found a file: pass another"), (["-o", "file/run"], 2, "Not a directory"),
             (["-o", "taken"], 1, "sampling.temperature 0.3 there, 0.8 here"), (["--k", "5"], 2, "--k: expected"),
             (["--output-root", "file"], 2, "Not a directory")]
    for name in ("baseline", "generate"):
        for more, code, said in cases:
            if name == "generate" and more[0] in ("--k", "-o") and code + len(more[0]) != 4:
                continue
            answer = command(name, *arguments("fake:absent.json", *more))
            assert (answer.code, said in answer.err) == (code, True), (more, answer)
    answer = command("baseline", *arguments("fake:absent.json", "-o", "new/run"))
    assert "absent.json" in answer.err
    assert not (tmp_path / "new").exists()


def test_settings_and_report_fit_80_columns(command, scripted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert scripted.endswith("/replies.json")  # in the folder that commands run in
    stops = ["--stop", "A long text that ends", "--stop", "Another that ends what is written", "--stop", "One more"]
    answer = command("baseline", *arguments("fake:replies.json", "-o", "out", *stops))
    assert answer.code == 0, answer.err
    assert [line for line in answer.out.splitlines() if len(line) > 80 and not line.startswith("written to")] == []
    assert [line for line in answer.out.splitlines() if line != line.rstrip()] == []


def test_a_folder_of_another_configuration_is_refused(command, scripted: str) -> None:
    assert command("baseline", *arguments(scripted, "--output-dir", "out")).code == 0
    answer = command("baseline", *arguments(scripted, "--output-dir", "out", "--temperature", "0.3"))
    assert answer.code == 1
    assert "belongs to another configuration" in answer.err
    assert "temperature" in answer.err


def test_options_in_a_file_and_flags_that_win(command, scripted: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"model_name: {scripted}\nbenchmark: minipy\nmax_problems: 3\nnum_samples: 2\n"
                                     "prompt: completion\nmax_new_tokens: 2000\nseed: 5\noutput_dir: out\n")
    assert command("baseline", "--config", "c.yaml", "--seed", "9").code == 0
    assert json.loads((tmp_path / "out" / "run.json").read_text())["configuration"]["seed"] == 9


def test_a_file_takes_the_names_of_the_command_line(command, scripted: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("model: nonsense\ndataset: minipy\nlimit: 3\nnum_samples: 2\nprompt: completion\n"
                                     "output-dir: out\n")
    answer = command("baseline", "--config", "c.yaml", "--model", scripted, "--limit", "1")
    assert answer.code == 0, answer.err
    assert results(tmp_path / "out")["problems"] == 1
    (tmp_path / "c.json").write_text('{"model": "tiny", "model_name": "tiny", "benchmark": "minipy"}')
    answer = command("baseline", "--config", "c.json")
    assert "key 'model_name' is given twice, as 'model' and as 'model_name': keep one" in answer.err


@pytest.mark.parametrize(("changed", "said"), [
    (["--num-samples", "0"], "--num-samples: expected 1 or more, found 0"),
    (["--num-samples", "two"], "--num-samples: expected a whole number"),
    (["--k", "1,3"], "--k: expected numbers from 1 to the 2 samples of a problem, found 3"),
    (["--k", "0"], "--k: expected numbers from 1 on"),
    (["--benchmark", "minpy"], "Did you mean 'minipy'"),
    (["--model-name", "tinny"], "Did you mean 'tiny'"),
    (["--model-name", ""], "--model-name"),
    (["--model-name", "./nowhere"], "--model-name tiny"),
    (["--prompt", "riddle"], "--prompt: expected"),
    (["--temperature", "-1"], "--temperature: expected 0 or more"),
    (["--temperature", "0"], "greedy decoding gives one completion"),
    (["--greedy"], "--greedy gives one sample"),
    (["--top-p", "2"], "--top-p: expected 1 or less"),
    (["--model-option", "adapter"], "--model-option: expected key=value"),
    (["--model-option", "colour=red"], "unknown key 'colour'"),
    (["--device", "cpu"], "--device is no option of"),
    (["--use-openai", "--backend", "vllm"], "--use-openai is --backend openai"),
    (["--split", "tset"], "no split"),
    (["--config", "absent.yaml"], "absent.yaml"),
    (["--max-problems", "0"], "--max-problems: expected 1 or more"),
])
def test_bad_input_is_one_line_and_leaves_nothing(command, scripted: str, tmp_path: Path, changed: list[str],
                                                   said: str) -> None:
    answer = command("baseline", *arguments(scripted, "--output-dir", "out"), *changed)
    assert answer.code == 2, answer.err
    assert answer.err.count("\n") == 1
    assert said in answer.err
    assert not (tmp_path / "out").exists()


def test_what_is_required_is_said(command) -> None:
    assert "--model-name is required" in command("baseline", "--benchmark", "minipy").err
    assert "--benchmark is required" in command("generate", "--model", "tiny").err


def test_a_model_without_a_key_or_weights_names_the_way_out(command, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for model in ("gpt-4o", "deepseek-1.3b"):
        answer = command("baseline", "--model", model, "--dataset", "minipy", "--limit", "1", "--output-dir", "out")
        assert answer.code == 2
        assert model in answer.err
        assert "--model-name tiny" in answer.err
        assert answer.err.count("error:") == 1


def test_greedy_is_one_sample_at_temperature_0(command, scripted: str, tmp_path: Path) -> None:
    answer = command("baseline", "--model", scripted, "--dataset", "minipy", "--limit", "3", "--prompt", "completion",
                     "--max-new-tokens", "2000", "--greedy", "-o", "out")
    assert answer.code == 0, answer.err
    found = results(tmp_path / "out")
    assert found["samples_per_problem"] == [1, 1]
    assert found["pass@1"]["value"] == 1.0
    assert "pass@5" not in found


def test_demo_ends_with_a_table(command, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(["def f(x):\n    return x\n", "no idea"]))
    answer = command("demo", "--model", f"fake:{tmp_path / 'r.json'}", "--limit", "3", "--num-samples", "2")
    assert answer.code == 0, answer.err
    assert "minipy test: 3 problems, 2 samples each" in answer.out
    assert "no code" in answer.out
    assert not FILES - {path.name for path in (tmp_path / ".demo").iterdir()}
