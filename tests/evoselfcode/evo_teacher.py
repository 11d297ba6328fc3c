"""A model behind an endpoint on loopback that answers the `datagen` prompts, as one that follows instructions would."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evo_make import Make

from evoselfcode.config import Config
from evoselfcode.records import Name, content_id
from evoselfcode.store import replace_rows

sys.path.append(str(Path(__file__).resolve().parent.parent / "models"))

from endpoint import Handler, Server, Step, good, prompt_of, reply_to

NAMES = ("square_of", "cube_of", "next_even", "half_of", "digit_count", "last_digit")
GOOD = {"problem": 4, "definition": 4, "correctness": 4, "efficiency": 4, "readability": 4}


def problem_of(name: str) -> str:
    return f"Title: {name}\nDescription: Return {name} for n.\nExample: {name}(3) -> 9\nHint: Think of {name}."


def head_of(name: str) -> str:
    return f'def {name}(n: int) -> int:\n    """Return {name} for n."""\n'


def code_of(name: str) -> str:
    return f"Here it is:\n\n```python\n{head_of(name)}    return n * {len(name)}\n```\n"


def write(prompt: str) -> str:
    """What the model answers."""
    if prompt.startswith("You write exercises"):
        return problem_of(re.findall(r"^Function: (\w+)$", prompt, re.MULTILINE)[-1])
    name = re.findall(r"`(\w+)\(3\) -> 9`", prompt)[0]
    if prompt.startswith("Judge"):
        return json.dumps({"reason": "It works.", **GOOD})
    if "Write the head" in prompt:
        return f"```python\n{head_of(name)}    pass\n```"
    return code_of(name)


class Teacher(Server):
    """The server; `write` may be replaced."""

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(delay)
        self.write: Callable[[str], str] = write

    def take(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Step:
        step = super().take(path, headers, body)
        return self._answer if step is good else step

    def _answer(self, handler: Handler, body: dict[str, Any]) -> None:
        with self._lock:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        time.sleep(self.delay)
        reply = reply_to(body, log_probs=False)
        for choice in reply["choices"]:
            if "text" in choice:
                choice["text"] = 'n: int) -> int:\n    """Return it."""\n    return n'
            else:
                choice["message"]["content"] = self.write(prompt_of(body))
        with self._lock:
            self.busy -= 1
            self.paid.append((prompt_of(body), body.get("seed")))
        handler.send(200, json.dumps(reply).encode())


def put_names(config: Config, names: tuple[str, ...] = NAMES) -> None:
    replace_rows(config.paths.names,
                 [Name(id=content_id(name=name), name=name, mode="fim", draw="0" * 16) for name in names])


def taught(workspace: Make, server: Server, **settings: Any) -> Config:
    """A configuration whose models are the server's."""
    ledger = Path("ledger").resolve()
    return workspace(**{
        "datagen.model.model_name": "teacher", "datagen.model.api_base": server.url,
        "datagen.model.model_option": json.dumps(
            {"concurrency": 3, "ledger": str(ledger), "first_wait": 0.02, "attempts": 2}), **settings})
