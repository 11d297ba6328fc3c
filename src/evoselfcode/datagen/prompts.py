"""The prompts of the `datagen` stages: Jinja templates in `templates/`, or in a folder of one's own.

    ask = Prompts(None)
    ask.chat("problem.j2", name="max_digits", shots=ask.shots(2))     # a chat of one turn

Instructions stand in the user's turn, because some models' chat templates know no other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Chat, Message

_SHOTS = "shots.json"
_HERE = Path(__file__).parent / "templates"


class Prompts:
    """Renders templates.

    Args:
        folder: Looked into first; the shipped templates are behind it.

    Raises:
        ConfigError: The folder is not there.
    """

    def __init__(self, folder: Path | None) -> None:
        import jinja2

        if folder is not None and not folder.is_dir():
            raise ConfigError(f"datagen.templates: expected a folder of templates, found none at {folder}: name one "
                              f"that is there, or leave the option out")
        self._places = [place for place in (folder, _HERE) if place is not None]
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._places), undefined=jinja2.StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, autoescape=False)

    def text(self, template: str, **words: Any) -> str:
        """A template with its words, without white space at its ends.

        Raises:
            ConfigError: It is no template, or uses a word that there is not.
        """
        import jinja2

        try:
            return self._environment.get_template(template).render(**words).strip()
        except jinja2.TemplateError as error:
            raise ConfigError(f"the template {template} in {self._places[0]} cannot be used "
                              f"({' '.join(str(error).split())}): put it right, or leave datagen.templates out"
                              ) from None

    def chat(self, template: str, **words: Any) -> Chat:
        """The same as a chat of one turn of the user."""
        return (Message("user", self.text(template, **words)),)

    def shots(self, count: int) -> list[dict[str, str]]:
        """The first worked examples of `shots.json`.

        Raises:
            ConfigError: There are fewer, or the file is no list of them.
        """
        file = next(place / _SHOTS for place in self._places if (place / _SHOTS).is_file())
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{file}: expected a JSON list of worked examples ({error}): put it right") from None
        if not isinstance(found, list) or len(found) < count:
            raise ConfigError(f"{file}: expected a list of {count} worked examples or more: add some, or lower "
                              f"datagen.problems.shots")
        return found[:count]
