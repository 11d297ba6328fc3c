"""Where things are: the folders of a workspace, and the files that stages hand to one another."""

from __future__ import annotations

from pathlib import Path

from eg_cfg.config import Options

INVENTED = "invented.jsonl"
"""In `data/raw`, what the base model invented."""


class Paths(Options):
    """The folders of a workspace; relative ones start where the command runs."""

    data: Path = Path("data")
    """Holds `raw` (`{"prompt", "code"}` a line), `generated`, `processed` and `eval`."""
    checkpoints: Path = Path("checkpoints")
    """Holds `d2c`, `c2d`, `iterate`, and the link `latest`."""
    logs: Path = Path("logs")
    """A folder for each stage: its configuration, versions, and a summary of each start."""

    @property
    def raw(self) -> Path:
        """Folder of raw pairs; every `.jsonl` in it is read."""
        return self.data / "raw"

    @property
    def generated(self) -> Path:
        """Folder of what models wrote, and of its scores."""
        return self.data / "generated"

    @property
    def processed(self) -> Path:
        """Folder of what filters kept and training reads."""
        return self.data / "processed"

    @property
    def eval(self) -> Path:
        """Folder of evaluations and of the report."""
        return self.data / "eval"

    @property
    def name_draws(self) -> Path:
        """Every name that was drawn, as it was written."""
        return self.generated / "name_draws.jsonl"

    @property
    def names(self) -> Path:
        """Names that passed the rules."""
        return self.generated / "names.jsonl"

    @property
    def drafts(self) -> Path:
        """Documented functions as the base model wrote them."""
        return self.generated / "drafts.jsonl"

    @property
    def invented(self) -> Path:
        """Raw pairs that were made of drafts."""
        return self.raw / INVENTED

    @property
    def candidates(self) -> Path:
        """Programs for descriptions."""
        return self.generated / "candidates.jsonl"

    @property
    def scores(self) -> Path:
        """What is known of the candidates."""
        return self.generated / "scores.jsonl"

    @property
    def pairs(self) -> Path:
        """Pairs that the filters kept, to train on."""
        return self.processed / "pairs.jsonl"

    @property
    def held_out(self) -> Path:
        """Pairs that the filters kept and nothing is trained on."""
        return self.processed / "held_out.jsonl"

    @property
    def decisions(self) -> Path:
        """What became of each candidate in the filters."""
        return self.processed / "decisions.jsonl"

    @property
    def latest(self) -> Path:
        """Link to the newest, or best, D2C model."""
        return self.checkpoints / "latest"
