"""An experiment of one's own in a few lines: a name, what decides the results, and the work.

    class CountWords(BaseExperiment):
        name = "count_words"

        def __init__(self, text, **settings):
            super().__init__(text=text, **settings)

        def work(self, folder):
            return {"words": len(self.settings["text"].split())}

    CountWords(text="a b c", output_dir="runs/words").run()["words"]      # 3, and in runs/words/results.json

What an experiment does not have to care about: its folder, which is held, described and continued; that finished work
is not repeated; progress. See `DatasetExperiment` for problems of one's own, and `Step1BaselineExperiment` and
`Step2BTPExperiment` for the steps with another data set or other defaults.
"""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

from eg_cfg.errors import RunError
from eg_cfg.runs import RunFolder
from eg_cfg.studies.arm import unwatched
from eg_cfg.studies.btp_work import Watch
from eg_cfg.studies.folders import choose_folder
from eg_cfg.studies.options import Progress


class BaseExperiment(ABC):
    """An experiment with a folder.

    Args:
        output_dir: The run folder; where none, the newest of the same settings in `output_root`, else a new one there.
        output_root: Where such folders are.
        seed: Of whatever is drawn at random.
        watch: Shows how far the work has come, as `eg_cfg.cli.progress.progress` does.
        settings: What decides the results; plain data.
    """

    name: ClassVar[str] = "experiment"
    """Kind of the run, and the beginning of its folder's name."""
    results_file: ClassVar[str] = "results.json"
    """Where the results go, in the folder."""

    def __init__(self, *, output_dir: str | Path | None = None, output_root: str | Path = "runs", seed: int = 42,
                 watch: Watch | None = None, **settings: Any) -> None:
        self.output_dir = None if output_dir is None else Path(output_dir)
        self.output_root = Path(output_root)
        self.seed = seed
        self.settings = settings
        self._watch = watch or unwatched

    @abstractmethod
    def work(self, folder: Path) -> dict[str, Any]:
        """Does the work and returns what is to be in the results; plain data.

        Args:
            folder: The run folder. What is left there by a start that was killed is there again.
        """

    def identity(self) -> dict[str, Any]:
        """What decides the results; a folder is continued only where this is the same."""
        return {**self.settings, "seed": self.seed}

    def run(self, *, force: bool = False) -> dict[str, Any]:
        """Does the experiment, or what is left of it, and returns its results.

        Args:
            force: Start over.

        Raises:
            RunError: The folder belongs to other settings, or cannot be used.
        """
        identity = self.identity()
        folder = self.output_dir or choose_folder(self.output_root, self.name, identity, stem=self.name, force=force)
        with RunFolder.open(folder, kind=self.name, configuration=self.settings, identity=identity,
                            files=(self.results_file,), seed=self.seed, force=force) as run:
            found = self._finished(run.path / self.results_file)
            if found is None:
                found = self.work(run.path)
                run.write_json(self.results_file, found)
            self.output_dir = run.path
            return found

    def progress(self, what: str) -> AbstractContextManager[Progress]:
        """A context whose function is told how many are done and how many there are."""
        return self._watch(what)

    @staticmethod
    def _finished(path: Path) -> dict[str, Any] | None:
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: expected the results of an experiment, found something else ({error}): remove it, "
                           f"or start over") from None
        return dict(found)

    @contextlib.contextmanager
    def log_errors(self, folder: Path, what: str) -> Iterator[None]:
        """Writes what goes wrong within to `errors.log` in the folder, and lets it go on its way."""
        import traceback

        try:
            yield
        except Exception:
            with open(folder / "errors.log", "a", encoding="utf-8") as log:
                log.write(f"{what}\n{traceback.format_exc()}\n")
            raise
