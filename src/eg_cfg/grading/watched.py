"""The driver that traces one program: the judge's own cases, run with an observer in the program's process.

Outcomes are found exactly as for a verdict, by the monitor, which holds what is expected; the program's process only
adds what it was seen doing. Each test's events are read when the test is over, however it ended.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Any

from eg_cfg.sandbox.base import Limits
from eg_cfg.sandbox.drivers import run_script
from eg_cfg.sandbox.messages import clean
from eg_cfg.sandbox.monitor import Monitor
from eg_cfg.sandbox.portraits import portrait
from eg_cfg.sandbox.running import Child, Reply
from eg_cfg.sandbox.watching import Watch, install

from . import comparison
from .assertions import SplitAssertion
from .judge import _Case, _Compiled
from .remote import InexpressibleError, Session, short
from .scripts import Script

_SAW = "__saw__"
_SHOWN = 300
"""Characters of what was given and what was wanted."""


def trace(monitor: Monitor, request: dict[str, Any]) -> dict[str, Any]:
    """Traces `payload["program"]` on the tests of `shared`; the fields of a `Trace`, events as text."""
    case, payload = request["shared"], request["payload"]
    if "compiled" not in case:
        case["compiled"] = _ShownTests(case)
    install(monitor)
    limits = Limits(**payload["limits"])
    if case["tests"] and all(test["kind"] == "stdio" for test in case["tests"]):
        return _trace_stdio(monitor, case, payload, limits)
    compiled: _ShownTests = case["compiled"]
    watched = _WatchedCase(monitor, case, payload, limits, compiled.shared)
    try:
        return watched.report(watched.run())
    except InexpressibleError as error:
        if compiled.needs_shared(monitor, limits) is None:
            return watched.report({"outcome": "wrong_answer", "detail": f"{error}, which is not plain data"})
        watched = _WatchedCase(monitor, case, payload, limits, shared=True)
        return watched.report(watched.run())
    except Exception as error:
        if not compiled.reference_is_judged(monitor, limits):
            raise  # the tests are broken, or this code is
        detail = f"broke the judge: {type(error).__name__}: {clean(error, 200)}"
        return watched.report({"outcome": "tampered", "detail": detail})


class _ShownTests(_Compiled):
    """Tests whose comparisons tell what they compared."""

    def __init__(self, case: dict[str, Any]) -> None:
        super().__init__(case)
        self.seen: dict[str, Any] = {}

    def saw(self, side: str, source: str, value: Any) -> Any:
        """Stands around both sides of `==` in a test; notes the value's text and gives the value."""
        self.seen[side], self.seen["source"] = portrait(value, _SHOWN), source
        return value

    def namespace(self) -> dict[str, Any]:
        space = super().namespace()
        space[_SAW] = self.saw
        return space

    def assertion(self, index: int, source: str) -> SplitAssertion:
        return super().assertion(index, source if index in self.assertions else self.shown(source, None))

    def script(self, index: int, test: dict[str, Any]) -> Script:
        if index not in self.scripts:
            test = {**test, "source": self.shown(test["source"], self.case["entry_point"])}
        return super().script(index, test)

    def shown(self, source: str, entry_point: str | None) -> str:
        """The test with its comparisons told; as it was where it has none."""
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return source
        names = {*self.case["candidate_names"], *(["candidate"] if entry_point is not None else [])}
        for node in ast.walk(tree):
            test = node.test if isinstance(node, ast.Assert) else None
            if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is)):
                continue
            sides = ["got", "want"]
            if _names(test.comparators[0]) & names and not _names(test.left) & names:
                sides.reverse()
            text = ast.unparse(ast.Assert(test, None))
            if entry_point is not None:
                text = re.sub(r"\bcandidate\b", entry_point, text)
            test.left, test.comparators[0] = (
                ast.Call(ast.Name(_SAW, ast.Load()), [ast.Constant(side), ast.Constant(text), value], [])
                for side, value in zip(sides, (test.left, test.comparators[0]), strict=True)
            )
        return ast.unparse(ast.fix_missing_locations(tree))


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


class _Marked:
    """A program's process, observed, each request to which says which test it is made for."""

    def __init__(self, child: Child, watch: Watch) -> None:
        self.child = child
        self.watch: Watch | None = watch
        """Until the first request, which starts it."""
        self.test = -1
        self.got = ""
        self.error_line: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.child, name)

    def request(self, op: str, **fields: Any) -> Reply:
        watch, self.watch = self.watch, None
        if watch is not None:
            reply = watch.request(self.child, op, test=self.test, **fields)
        else:
            reply = self.child.request(op, test=self.test, **fields)
        if reply.error is not None or reply.compile_error is not None:
            self.error_line = (reply.error or reply.compile_error or [None])[-1]
        elif op in ("eval", "call") and not str(fields.get("source", "")).startswith("callable("):
            self.got = "" if reply.not_plain is not None else portrait(reply.value, _SHOWN)
        return reply


class _WatchedCase(_Case):
    """One program against a problem's tests, observed."""

    def __init__(
        self, monitor: Monitor, case: dict[str, Any], payload: dict[str, Any], limits: Limits, shared: bool
    ) -> None:
        super().__init__(monitor, case, payload["program"], limits, shared)
        self.budgets = payload["budgets"]
        self.watch: Watch | None = None
        self.marked: _Marked | None = None
        self.notes: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        try:
            return super().run()
        finally:
            if self.watch is not None:
                self.watch.close()

    def _load(self, child: Child) -> bool:
        self.watch = Watch(self.program, self.budgets)  # now: when another process ends, the scratch folder is wiped
        self.marked = _Marked(child, self.watch)
        loaded = False
        try:
            loaded = super()._load(self.marked)  # type: ignore[arg-type]
        finally:
            if not loaded:
                self.notes.append(self._note(_label(self.case["tests"][0], 0, self.case)))
        return loaded

    def _run_tests(self, child: Child) -> None:
        assert self.marked is not None
        assert child is self.marked.child
        super()._run_tests(self.marked)  # type: ignore[arg-type]

    def _run_test(self, session: Session, index: int, test: dict[str, Any], position: int) -> None:
        assert self.marked is not None
        compiled = self.case["compiled"]
        compiled.seen.clear()
        self.marked.test += 1
        self.marked.got, self.marked.error_line = "", None
        try:
            super()._run_test(session, index, test, position)
        finally:
            seen = compiled.seen
            note = self._note(seen.get("source") or _label(test, position, self.case))
            failed_before_it_gave = self.marked.error_line is not None or self.marked.lost is not None
            note["got"] = "" if failed_before_it_gave else note["got"] or seen.get("got") or self.marked.got
            note["want"] = note["want"] or seen.get("want") or _wanted(test)
            self.notes.append(note)

    def _compare(self, got: Any, expected: Any, atol: float | None, inputs: tuple[Any, ...] = ()) -> None:
        self.case["compiled"].seen.update(got=portrait(got, _SHOWN), want=portrait(expected, _SHOWN))
        super()._compare(got, expected, atol, inputs)

    def _note(self, label: str) -> dict[str, Any]:
        assert self.watch is not None
        assert self.marked is not None
        events, line = self.watch.read()
        return {"test": label, "got": "", "want": "", "events": events,
                "error_line": self.marked.error_line or (line if self.marked.lost is not None and line else None)}

    def report(self, verdict: dict[str, Any]) -> dict[str, Any]:
        """The fields of a `Trace`.

        Args:
            verdict: From `run`, or at least its outcome and detail.
        """
        labels = [
            (_label(test, position, self.case), _wanted(test))
            for test in self.case["tests"]
            for position in range(len(test["inputs"]) if test["kind"] == "oracle" else 1)
        ]
        tests = []
        for number, (label, want) in enumerate(labels):
            note = self.notes[number] if number < len(self.notes) else {
                "test": label, "got": "", "want": want, "events": "", "error_line": None}
            if number < len(self.results):
                _, _, error, outcome = self.results[number]
            elif number < max(len(self.notes), 1) or (not self.results and self.marked is None):
                outcome, error = verdict["outcome"], verdict["detail"]
            else:
                outcome, error = "not_run", ""
            tests.append({**note, "outcome": outcome, "error": error or ""})
        return {"outcome": verdict["outcome"], "detail": verdict["detail"], "tests": tests,
                "seconds": verdict.get("seconds", 0.0)}


def _label(test: dict[str, Any], position: int, case: dict[str, Any]) -> str:
    kind = test["kind"]
    if kind in ("call", "oracle"):
        args = test["args"] if kind == "call" else test["inputs"][position]
        owner = f"{test['class_name']}()." if test.get("class_name") else ""
        return f"{owner}{test['function']}({', '.join(portrait(arg, _SHOWN) for arg in args)})"
    if kind == "check" and test["call_check"]:
        return f"check({case['entry_point']})"
    text: str = test.get("source") or test.get("code_context") or ""
    return text.strip()[: 2 * _SHOWN]


def _wanted(test: dict[str, Any]) -> str:
    return portrait(test["expected"], _SHOWN) if test["kind"] == "call" else ""


_LINE = re.compile(r"\(line (\d{1,9})\)$")


def _trace_stdio(monitor: Monitor, case: dict[str, Any], payload: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """One process a test, each a whole run of the program, as the judge does it."""
    tests = []
    outcome, detail, seconds = "passed", "", 0.0
    stopped = False
    for test in case["tests"]:
        told = {"test": test["stdin"][: 2 * _SHOWN], "want": test["stdout"][:_SHOWN], "got": "", "events": "",
                "error": "", "error_line": None, "outcome": "not_run"}
        tests.append(told)
        if stopped:
            continue
        watch = Watch(payload["program"], payload["budgets"])
        try:
            room = max(limits.output_bytes, 2 * len(test["stdout"].encode()) + (1 << 16))
            execution = run_script(
                monitor, replace(limits, output_bytes=room), payload["program"], test["stdin"].encode(),
                header=case["header"], prepare=watch.start,
            )
            told["events"], line = watch.read()
        finally:
            watch.close()
        seconds += execution["seconds"]
        told["got"] = execution["stdout"][:_SHOWN]
        result, error = execution["outcome"], execution["detail"]
        if result == "ok":
            right = comparison.compare_stdout(case["comparison"], execution["stdout"], test["stdout"])
            result = "passed" if right else "wrong_answer"
            error = "" if right else f"expected {short(test['stdout'])}, got {short(execution['stdout'])}"
        found = _LINE.search(error)
        told.update(outcome=result, error=error)
        if result not in ("passed", "wrong_answer"):
            told["error_line"] = int(found[1]) if found else line or None
        if result != "passed" and outcome == "passed":
            outcome, detail = result, error
        stopped = result not in ("passed", "wrong_answer", "exception")
    return {"outcome": outcome, "detail": detail, "tests": tests, "seconds": seconds}


