"""Candidates' words as words: what they spell out must not act as a marker of the prompt.

    harmless('x = "<|code|>"')      # 'x = "< |code|>"'

A tokenizer reads the text of a special token as that token, wherever it stands. A candidate whose string says
`<|code|>`, or prints it, would so end the signal and speak for the prompt. A space after the first character makes text
of it again. Limits: markers are known by their looks (`<|...|>`, its full-width twin, `<s>`, `<unk>`, `[INST]` and so
on), not by the tokenizer's list, so that a signal is the same for every model.
"""

from __future__ import annotations

import re
from dataclasses import replace

from eg_cfg.sandbox.tracing import Event, TestTrace, Trace

_MARKER = re.compile(
    r"(?<=<)(?=[|\uff5c][^|\uff5c<>\n]{1,60}[|\uff5c]>"
    r"|/?(?:s|pad|unk|bos|eos|mask|cls|sep|EOT|PRE|SUF|MID|fim_\w+|file_sep|repo_name|reponame|filename|gh_stars|issue_\w+"
    r"|jupyter_\w+|start_of_turn|end_of_turn|think|tool_call|tool_response)>)"
    r"|(?<=\[)(?=/?(?:INST|PAD|UNK|CLS|SEP|MASK|BOS|EOS|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])")


def harmless(text: str) -> str:
    """The text with its markers broken; most texts have none, and stay as they are."""
    return _MARKER.sub(" ", text) if "<" in text or "[" in text else text


def harmless_trace(trace: Trace) -> Trace:
    """A trace whose texts hold no marker, the program's included."""
    return replace(trace, program=harmless(trace.program), detail=harmless(trace.detail),
                   tests=tuple(_test(test) for test in trace.tests))


def _test(test: TestTrace) -> TestTrace:
    return replace(test, test=harmless(test.test), got=harmless(test.got), want=harmless(test.want),
                   error=harmless(test.error), events=tuple(_event(event) for event in test.events))


def _event(event: Event) -> Event:
    value = harmless(event.value)
    changes = tuple((name, harmless(text)) for name, text in event.changes)
    if value == event.value and changes == event.changes:
        return event
    return replace(event, value=value, changes=changes)
