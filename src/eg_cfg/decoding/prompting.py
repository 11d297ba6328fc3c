"""Where a problem and a signal go: the two prompts of guided decoding.

    frame = frame_for(problem, "deepseek_instruct", chat=model.supports_chat)
    frame.plain                     # the prompt of P
    frame.conditional(signal)       # that of P_c: the same, with the signal before the response marker

`deepseek_instruct`   an instruction with three solved examples, in a chat where the tokenizer has a template
`long_code`           an instruction that asks for many simple lines
`completion`          the text that a base model continues; the signal is a piece of the file above it
`signal_tokens`       the same text with the signal at its end, for a model whose vocabulary has tokens for signals

Instructions end in an open fence, so that what follows is code and nothing else. In every form code goes on from the
problem's `completion_prefix`: a program is that and what was written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eg_cfg.benchmarks.base import Problem
from eg_cfg.decoding.base import PROMPT_TYPES, PromptType
from eg_cfg.errors import ConfigError
from eg_cfg.grading.continuation import preamble
from eg_cfg.grading.extraction import extract
from eg_cfg.models.base import Message, Prompt
from eg_cfg.models.prompts import render, render_template, settings_for, task_of

_FENCE_STOPS = ("\n```",)


@dataclass(frozen=True, slots=True)
class Frame:
    """The prompts of one problem."""

    problem: Problem
    conditional: Callable[[str], Prompt]
    """The prompt with a signal; with an empty one it is the plain prompt."""
    signal_template: str
    """Format of the signal."""
    stop: tuple[str, ...]
    """Strings that end a program."""
    max_new_tokens: int
    """The benchmark's usual limit."""

    @property
    def plain(self) -> Prompt:
        """The prompt without a signal."""
        return self.conditional("")

    def program(self, completion: str) -> str:
        """The whole program that a finished completion stands for; a statement that was cut off is left out."""
        if task_of(self.problem) == "snippet":
            return extract(completion, kind="snippet").program
        prefix = self.problem.completion_prefix
        return extract(completion, kind="completion" if prefix else "solution", prefix=prefix,
                       entry_point=self.problem.entry_point).program


def resolve(prompt_type: PromptType, supports_chat: bool, reads: str | None = None) -> PromptType:
    """What `auto` means for a model.

    Args:
        prompt_type: What was asked for; anything but `auto` stays.
        supports_chat: Whether the model's tokenizer has a chat template.
        reads: What the model's configuration says that it reads (`TextModel.prompt_type`).

    Raises:
        ConfigError: The configuration says something that is no prompt type.
    """
    if prompt_type != "auto":
        return prompt_type
    if reads is None:
        return "deepseek_instruct" if supports_chat else "completion"
    known = {each: each for each in PROMPT_TYPES if each != "auto"}
    if reads not in known:
        raise ConfigError(f"the model's configuration says that it reads {reads!r}: expected one of "
                          f"{', '.join(known)}; correct its config.json, or pass --prompt-type")
    return known[reads]


def frame_for(problem: Problem, prompt_type: PromptType, chat: bool) -> Frame:
    """The prompts of a problem.

    Args:
        problem: What is to be solved.
        prompt_type: One of `PROMPT_TYPES`; `auto` follows `chat` (`resolve` asks the model's configuration too).
        chat: Whether the model's tokenizer has a chat template.

    Raises:
        ConfigError: An instruction is asked for where the task is to fill lines into a given context.
    """
    prompt_type = resolve(prompt_type, chat)
    task = task_of(problem)
    if prompt_type in ("completion", "signal_tokens"):
        settings = settings_for(problem.benchmark, "completion", task)
        conditional = _continued if prompt_type == "completion" else _followed
        return Frame(problem, lambda signal: conditional(problem, signal), f"guide/{prompt_type}.signal.j2",
                     settings.stop, settings.max_new_tokens)
    if task == "snippet":
        raise ConfigError(f"--prompt-type {prompt_type} asks for whole programs, and {problem.benchmark} for lines in "
                          f"a given context: pass --prompt-type completion")
    settings = settings_for(problem.benchmark, "instruct", task)
    return Frame(problem, lambda signal: _instructed(problem, signal, f"guide/{prompt_type}.j2", chat),
                 "guide/instruct.signal.j2", _FENCE_STOPS, settings.max_new_tokens)


def _continued(problem: Problem, signal: str) -> Prompt:
    """The text to continue, with the signal above the function, and below imports and helpers."""
    text = render(problem, "generic", "completion")
    assert isinstance(text, str)
    if not signal:
        return text
    above = preamble(problem.completion_prefix, problem.entry_point) if problem.completion_prefix else ""
    if not text.startswith(above):
        above = ""
    return above + signal + text[len(above):]


def _followed(problem: Problem, signal: str) -> Prompt:
    """The text to continue, with the signal at its end: it is read with the task in mind, and a new one leaves all
    before it as it was."""
    text = render(problem, "generic", "completion")
    assert isinstance(text, str)
    return text + signal


def _instructed(problem: Problem, signal: str, template: str, chat: bool) -> Prompt:
    """The instruction with the signal at its end, and the beginning of the answer."""
    request = render_template(template, problem, signal=signal.strip("\n")).strip("\n")
    lead = f"```python\n{problem.completion_prefix}"
    if chat:
        return (Message("user", request), Message("assistant", lead))
    return f"### Instruction:\n{request}\n### Response:\n{lead}"
