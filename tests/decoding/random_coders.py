"""Small random networks whose random words are pieces of Python, so that guided decoding has lines to refresh at,
programs to run and traces to show; and an executor that needs no sandbox.
"""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import small_models
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from eg_cfg.benchmarks.base import AssertionTest, CallTest, Problem, Test
from eg_cfg.models.huggingface.model import HuggingFaceModel
from eg_cfg.sandbox.tracing import Event, TestTrace, Trace

FAMILIES = small_models.FAMILIES
PIECES = [
    "    x += 1\n", "    y = x\n", "    x = 2 * x\n", "    y = x + 3\n", "    return x\n", "    return y\n",
    "    if x > 2:\n", "        x -= 1\n", "    for y in [1, 2]:\n", "        x += y\n", "    return ", "x\n",
    "x + 1\n", "\n", "    z = (x\n", "    # note\n",
    "def f1(x):\n", "for x in [1, 2]:\n", "x = 1\n",
]
CONTEXT = 2048
CHAT = ("{{ bos_token }}{% for message in messages %}[{{ message.role }}]\n{{ message.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}[assistant]\n{% endif %}")


@functools.cache
def tokenizer(pieces: tuple[str, ...] = tuple(PIECES)) -> PreTrainedTokenizerFast:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {word: place for place, word in enumerate(["<s>", "</s>", *letters])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    make: Any = PreTrainedTokenizerFast
    made: PreTrainedTokenizerFast = make(tokenizer_object=core, bos_token="<s>", eos_token="</s>")
    made.add_tokens(list(pieces))
    return made


@functools.cache
def network(family: str, dtype: torch.dtype = torch.float32,
            pieces: tuple[str, ...] = tuple(PIECES)) -> PreTrainedModel:
    """Peaked distributions, nearly all on the pieces and the end-of-text token."""
    configuration = small_models.configuration(family)
    configuration.vocab_size = len(tokenizer(pieces))
    configuration.max_position_embeddings = CONTEXT
    configuration.bos_token_id, configuration.eos_token_id, configuration.pad_token_id = 0, 1, None
    torch.manual_seed(11)
    make: Any = AutoModelForCausalLM.from_config
    module: PreTrainedModel = make(configuration, dtype=torch.float32)
    head: Any = module.get_output_embeddings()
    with torch.no_grad():
        head.weight[2: -len(pieces)] *= 0.1
        head.weight[1] *= 0.7
    module.train(False)
    return module.to(dtype)  # type: ignore[arg-type]


def coder(family: str = "llama", dtype: torch.dtype = torch.float32, chat: bool = False,
          pieces: tuple[str, ...] = tuple(PIECES)) -> HuggingFaceModel:
    words = tokenizer(pieces)
    if chat:
        words = copy.deepcopy(words)
        words.chat_template = CHAT
    return HuggingFaceModel(network(family, dtype, pieces), words, name=f"coder-{family}")


def problems(count: int = 3) -> list[Problem]:
    """One that continues a header (HumanEval, MiniPy), one described in words (MBPP), and so on."""
    found = []
    for place in range(count):
        name = f"f{place}"
        if place % 2:
            tests: tuple[Test, ...] = (AssertionTest(f"assert {name}(1) == 2"), AssertionTest(f"assert {name}(3) == 4"))
            found.append(Problem(f"mbpp/{place}", "mbpp", f"Write a function {name}, number {place}.\n"
                                 + "\n".join(str(test.source) for test in tests if isinstance(test, AssertionTest)),
                                 entry_point=name, public_tests=tests, hidden_tests=tests))
        else:
            header = f'def {name}(x):\n    """Return x and {place} more."""\n'
            calls = (CallTest(name, (1,), 1 + place), CallTest(name, (5,), 5 + place))
            above = "import math\n\n\n" if place % 4 == 2 else ""
            found.append(Problem(f"minipy/{place}", "minipy", above + header, entry_point=name, public_tests=calls,
                                 hidden_tests=calls, completion_prefix=above + header))
    return found


class ScriptedExecutor:
    """Outcomes and traces by the program's hash: deterministic, varied and immediate."""

    def __init__(self, passing: str | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.passing = passing
        """What a program holds that passes."""

    def submit(self, problem: Problem, program: str, tests: Sequence[Test] | None = None) -> Future[Trace]:
        self.asked.append((problem.task_id, program))
        future: Future[Trace] = Future()
        future.set_result(self.trace(problem, program))
        return future

    def trace(self, problem: Problem, program: str) -> Trace:
        luck = hashlib.sha256(f"{problem.task_id} {program}".encode()).digest()
        passed = self.passing is not None and self.passing in program
        events = (Event("call", 1, problem.entry_point or "", 0, (("x", "1"),)),
                  Event("line", 2, problem.entry_point or "", 0, (("y", str(luck[1])),)),
                  Event("return", 3, problem.entry_point or "", 0, value=str(luck[2])))
        tests = tuple(TestTrace(f"{problem.entry_point}({at})", "passed" if passed else "failed", str(luck[at]),
                                str(at), "" if passed else "wrong", events=events[:1 + luck[at] % 3])
                      for at in range(2))
        return Trace(tests, "passed" if passed else "failed", program=program)
