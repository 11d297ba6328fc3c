"""llama.cpp's server with the embedded model: log-probabilities for BTP, and guidance through an API.

    python -m venv llama; llama/bin/pip install 'llama-cpp-python[server]' gguf tokenizers transformers
    EG_CFG_LLAMA_CPP=llama/bin/python pytest -m long tests/servers

`EG_CFG_LLAMA_CPP` names a Python that has these packages; this one is asked where it is not set.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from started import SECONDS, TINY, Started, free_port, started

from eg_cfg.benchmarks.registry import load
from eg_cfg.cli.main import main
from eg_cfg.config import build
from eg_cfg.models import Sampling, registry
from eg_cfg.models.huggingface import HuggingFaceModel
from eg_cfg.studies.btp import btp
from eg_cfg.studies.btp_options import BTPOptions

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("servers"), pytest.mark.usefixtures("isolated")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    python = os.environ.get("EG_CFG_LLAMA_CPP", sys.executable)
    probe = subprocess.run([python, "-c", "import gguf, llama_cpp.server.app, transformers"], capture_output=True,
                           text=True)
    if probe.returncode:
        reason = probe.stderr.strip().splitlines()[-1]
        pytest.skip(f"{python}: {reason}: pip install 'llama-cpp-python[server]' gguf transformers there, or name "
                    f"another Python in EG_CFG_LLAMA_CPP")
    folder = tmp_path_factory.mktemp("llama")
    file = folder / "tiny.gguf"
    subprocess.run([python, Path(__file__).with_name("gguf_file.py"), TINY, file], check=True)
    port = free_port()
    command = [python, "-m", "llama_cpp.server", "--model", str(file), "--hf_pretrained_model_name_or_path",
               str(TINY), "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2048", "--n_threads", "1",
               "--logits_all", "True"]
    with started(command, port, "/v1/models", folder / "log") as found:
        yield found


@pytest.fixture(scope="module")
def tiny() -> Iterator[Any]:
    with registry.load("tiny", {"device": "cpu"}) as model:
        yield model


def ask(server: Started, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(server.url.removesuffix("/v1") + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as reply:
        return json.loads(reply.read())


def prompts(count: int) -> list[str]:
    return [problem.prompt for problem in load("minipy", split="pool", limit=count).problems()]


def test_token_ids_agree(server: Started, tiny: HuggingFaceModel) -> None:
    for text in prompts(50):
        assert ask(server, "/extras/tokenize", {"input": text})["tokens"] == list(tiny.encode(text))


def test_it_computes_what_the_local_model_computes(server: Started, tiny: HuggingFaceModel) -> None:
    for text in prompts(10):
        found = ask(server, "/v1/completions", {"prompt": text, "max_tokens": 8, "temperature": 0, "logprobs": 5})
        [choice] = found["choices"]
        [score] = tiny.score([(text, choice["text"])], end=False)
        told = choice["logprobs"]["token_logprobs"]
        assert told[:len(score.log_probs)] == pytest.approx(list(score.log_probs), abs=0.02)


def test_btp_has_log_probabilities(server: Started, tmp_path: Path) -> None:
    outcome = btp(build(BTPOptions, {
        "mode": "openai", "source_model": "tiny-at-llama", "api_base": server.url, "api_key": server.key,
        "api_option": {"api": "completions", "ledger": str(tmp_path / "ledger"), "request_timeout": str(SECONDS)},
        "dataset": "minipy", "replay_split": "pool", "max_problems": 8, "num_beams": 3, "workers": 1,
        "prompt_kind": "completion", "output_dir": tmp_path / "run"}))
    found = outcome.results["collected"]
    assert found["programs"] == 24
    assert found["without_log_prob"] == 0
    assert found["best_of_k"]["value"] > 0
    rows = [json.loads(line) for line in (outcome.folder / "rounds/1/experiences.jsonl").read_text().splitlines()]
    assert all(row["log_prob"] < 0 < row["num_tokens"] for row in rows)
    possibilities = [best["possibility"] for best in outcome.results["best"]]
    assert all(0 < possibility <= 1 for possibility in possibilities)


def test_guidance_by_the_likeliest_tokens(server: Started, tmp_path: Path, tiny: HuggingFaceModel,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    code = main(["guide", "--model-name", "tiny-at-llama", "--api-base", server.url, "--benchmark", "minipy",
                 "--max-problems", "3", "--gamma", "0,1,2", "--prompt-type", "completion", "--candidates", "2",
                 "--no-best-of", "--top-probs", "5", "--model-option", f"ledger={tmp_path / 'ledger'}",
                 "--model-option", f"request_timeout={SECONDS:g}", "--output-dir", str(folder)])
    assert code == 0, capsys.readouterr().err
    for problem in load("minipy", limit="3").problems():
        name = problem.task_id.replace("/", "_")
        codes = {gamma: json.loads(next(folder.rglob(f"ns*/task_id={name}_gamma={gamma:.1f}.json")).read_text())["code"]
                 for gamma in (0, 1, 2)}
        [[plain]] = tiny.generate([problem.prompt], Sampling(max_new_tokens=256, stop=("\ndef ",)))
        assert codes[0].rstrip() == (problem.completion_prefix + plain.text).rstrip()
        record = json.loads(gzip.decompress(next(folder.rglob(f"steps/task_id={name}_gamma=2.0.json.gz")).read_bytes()))
        told = [token["guided"] for refresh in record["refreshes"] for token in refresh["tokens"]]
        known = [value for value in told if value is not None]  # it is not where a branch does not list the token
        assert any(refresh["signal"] for refresh in record["refreshes"])
        assert len(known) > len(told) / 2
        assert all(math.isfinite(value) and value <= 0 for value in known)
