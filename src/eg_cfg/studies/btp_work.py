"""What the phases of a BTP experiment share: the run folder, the model that is loaded, the sandbox, and who is told.

Each phase leaves a JSON file when it is done, and a phase with such a file is never repeated. What a phase had reached
when it was killed is in the files of the room that does its work: samples and verdicts, completions and experiences,
checkpoints.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eg_cfg.errors import RunError
from eg_cfg.grading.grader import Grader
from eg_cfg.models.base import TextModel
from eg_cfg.runs import RunFolder
from eg_cfg.studies.btp_models import Roles, trained
from eg_cfg.studies.btp_options import BTPOptions
from eg_cfg.studies.btp_problems import Problems
from eg_cfg.studies.options import Progress
from eg_cfg.studies.sampling import PromptOptions

LOG = "btp.log"
Watch = Callable[[str], AbstractContextManager[Progress]]
"""Called with what begins; the context gives a function to be called with how many are done and how many there are."""
Say = Callable[[str], None]
"""Called with one line."""


class Work:
    """One experiment under way. A context manager: leaving it gives the model and the sandbox back."""

    def __init__(self, options: BTPOptions, roles: Roles, problems: Problems, run: RunFolder, watch: Watch,
                 say: Say) -> None:
        self.options = options
        self.roles = roles
        self.problems = problems
        self.run = run
        self.watch = watch
        self.notes: list[str] = []
        """What the report has to say besides numbers."""
        self._say = say
        self._stack = ExitStack()
        self._grader: Grader | None = None
        self._loaded: tuple[str, TextModel] | None = None

    def say(self, line: str) -> None:
        """Tells a line, and puts it into the log."""
        self._say(line)
        try:
            with open(self.run.path / LOG, "a", encoding="utf-8") as log:
                log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}\n")
        except OSError as error:
            raise RunError(f"cannot write {self.run.path / LOG}: {error.strerror}; what was finished is kept: put that "
                           f"right and start the same command again") from error

    def note(self, line: str) -> None:
        """Tells a line that belongs into the report; the same one is told once."""
        if line not in self.notes:
            self.notes.append(line)
            self.say(line)

    def folder(self, *parts: str) -> Path:
        """A folder in the run's, made if need be."""
        path = self.run.path.joinpath(*parts)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot make the folder {path}: {error.strerror}; pass another --output-dir") from error
        return path

    def finished(self, name: str) -> dict[str, Any] | None:
        """What a phase left when it was done; None where it was not.

        Raises:
            RunError: The file is not what its name says.
        """
        path = self.run.path / name
        try:
            found = json.loads(path.read_bytes())
            if not isinstance(found, dict):
                raise ValueError("no JSON object")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: expected the result of a phase, found something else ({error}): remove it to do "
                           f"the phase again, or start over with --force") from None
        self.notes += [line for line in found.get("notes", ()) if line not in self.notes]
        return found

    def finish(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Marks a phase as done."""
        self.run.write_json(name, values)
        return values

    def grader(self) -> Grader:
        """What tests programs; its sandbox is started when it is first needed."""
        if self._grader is None:
            grading = self.options.score
            sandbox = self._stack.enter_context(grading.sandbox(self.problems.packages))
            self._grader = grading.grader(sandbox)
        return self._grader

    def checkpoint(self, number: int) -> Path:
        """Folder of the model after so many rounds, from 1."""
        return (self.options.checkpoint_dir or self.run.path / "checkpoints") / f"round_{number}"

    def learner(self, rounds: int) -> TextModel:
        """The model that learns, after so many rounds."""
        target = self.roles.target
        assert target is not None
        if rounds == 0:
            return self._load("target 0", target.load_model)
        name = f"{target.spec().name} after round {rounds}"
        return self._load(f"target {rounds}", lambda: trained(self.options, self.checkpoint(rounds), name))

    def writer(self, rounds: int) -> TextModel:
        """The model that writes programs, after so many rounds: the one that learns where they are one."""
        return self.learner(rounds) if self.roles.same else self._load("source", self.roles.source.load_model)

    def release(self) -> None:
        """Gives the model's memory back."""
        if self._loaded is not None:
            self._loaded[1].close()
            self._loaded = None

    def prompts(self, model: TextModel, *, learner: bool) -> PromptOptions:
        """How problems are put to a model, the same in every round."""
        role = self.roles.target if learner or self.roles.same else self.roles.source
        assert role is not None
        return PromptOptions.of(model, role.spec().family, self.options.prompt_kind)

    def _load(self, key: str, load: Callable[[], TextModel]) -> TextModel:
        if self._loaded is None or self._loaded[0] != key:
            self.release()
            self._loaded = key, load()
        return self._loaded[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.release()
        self._stack.close()
