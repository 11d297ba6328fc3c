"""What programs do on generated inputs: run in the sandbox, compared by a hash of all that they give.

    with behaviour_sandbox(SandboxOptions()) as sandbox:
        [found] = observe(sandbox, [pair], inputs=24, timeout=3.0)
        found.behaviour                            # equal for programs that behave alike
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any

from eg_cfg.errors import WorkerLostError
from eg_cfg.grading.fingerprint import fingerprint
from eg_cfg.grading.judge import DRIVER as JUDGE
from eg_cfg.sandbox import Limits, Sandbox
from eg_cfg.sandbox.workers import Job, JobResult
from evoselfcode.pairs import code_of
from evoselfcode.pipeline.calls import DRIVER
from evoselfcode.pipeline.inputs import inputs_for
from evoselfcode.pipeline.options import SandboxOptions
from evoselfcode.records import Example, PairFields, content_id

_MEMORY_MB = 512
_RESULT_BYTES = 1 << 18
_EXAMPLES = 6
_SHOWN = 100
"""Characters of a call, and of a result, that may be shown in a prompt."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one program did."""

    outcome: str
    """`ok`; `unknown` where no inputs could be made; else what ended its process."""
    behaviour: str | None = None
    """Hash of the types of its parameters and of every result; None where it did not come to its end."""
    calls: int = 0
    raised: int = 0
    distinct: int = 0
    """Different results among those that were not exceptions."""
    examples: tuple[Example, ...] = ()


def behaviour_sandbox(options: SandboxOptions) -> Sandbox:
    """A sandbox in which programs can be called, and graded too."""
    return Sandbox(options.workers, drivers=(JUDGE.split(":")[0], DRIVER.split(":")[0]),
                   allow_weak_isolation=options.allow_weak_isolation)


def observe(sandbox: Sandbox, pairs: Sequence[PairFields], *, inputs: int, timeout: float) -> list[Behaviour]:
    """Runs programs side by side; one answer each, in order. Equal programs are run once."""
    waiting: dict[tuple[str, str], Future[Behaviour] | Behaviour] = {}
    for pair in pairs:
        key = (pair.name, code_of(pair))
        if key not in waiting:
            waiting[key] = _submit(sandbox, pair, inputs, timeout)
    found = {key: answer.result() if isinstance(answer, Future) else answer for key, answer in waiting.items()}
    return [found[pair.name, code_of(pair)] for pair in pairs]


def _submit(sandbox: Sandbox, pair: PairFields, count: int, timeout: float) -> Future[Behaviour] | Behaviour:
    inputs = inputs_for(pair.header, count)
    if inputs is None:
        return Behaviour("unknown")
    limits = Limits(wall_seconds=timeout, memory_mb=_MEMORY_MB, result_bytes=_RESULT_BYTES)
    program = code_of(pair).encode("utf-8", "replace").decode()
    payload = {"program": program, "function": pair.name, "inputs": inputs, "limits": asdict(limits)}
    job = Job(DRIVER, payload, seconds=6 * timeout, memory_mb=limits.memory_mb)
    result: Future[Behaviour] = Future()

    def finish(done: Future[JobResult]) -> None:
        error = done.exception()
        if error is None:
            answer = done.result()
            over = answer.over_memory_mb is not None
            result.set_result(Behaviour("memory") if over else _behaviour(pair, inputs, answer.value))
        elif isinstance(error, WorkerLostError):
            result.set_result(Behaviour("memory" if error.over_memory_mb is not None else "killed"))
        else:
            result.set_exception(error)

    sandbox.submit_job(job).add_done_callback(finish)
    return result


def _behaviour(pair: PairFields, inputs: Sequence[tuple[Any, ...]], found: dict[str, Any]) -> Behaviour:
    results = [(fingerprint(value), None if failed else _text(value), failed) for value, failed in found["results"]]
    raised = sum(failed for _, _, failed in results)
    distinct = len({hashed for hashed, _, failed in results if not failed})
    if found["outcome"] != "ok":
        return Behaviour(found["outcome"], None, len(results), raised, distinct)
    behaviour = content_id(inputs=repr(inputs), results=[[hashed, failed] for hashed, _, failed in results])
    return Behaviour("ok", behaviour, len(results), raised, distinct, tuple(_examples(pair, inputs, results)))


def _text(value: Any) -> str | None:
    """A short literal of the value, or None."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of too many digits
        return None
    return text if len(text) <= _SHOWN else None


def _examples(pair: PairFields, inputs: Sequence[tuple[Any, ...]],
              results: Sequence[tuple[str, str | None, bool]]) -> Iterator[Example]:
    """Short calls with different results, ordinary inputs before edge cases."""
    shown: set[str] = set()
    later: list[Example] = []
    ordinary = sorted(range(len(results)), key=lambda place: (not inputs[place][0], place < 3, place))
    for place in ordinary:
        hashed, text, failed = results[place]
        call = f"{pair.name}({', '.join(map(repr, inputs[place]))})"
        if failed or text is None or len(call) > _SHOWN or "\\" in call + text:
            continue
        if hashed in shown:
            later.append(Example(call=call, result=text))
            continue
        shown.add(hashed)
        yield Example(call=call, result=text)
        if len(shown) == _EXAMPLES:
            return
    yield from later[:_EXAMPLES - len(shown)]
