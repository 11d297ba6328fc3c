"""Invents function names with the base model: fills the gap in a file, or goes on from its beginning.

    generate_names(load_config(Path("configs/datagen.yaml")))

The FIM prompt is prefix and suffix of the options with the model's own FIM tokens, which are read from its vocabulary
(StarCoder, CodeLlama, Qwen, DeepSeek, the embedded models). Every draw is kept; names are what the rules make of the
draws, in their order. So other rules need no new draws, and a larger `count` only adds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from eg_cfg.errors import ConfigError
from eg_cfg.models.base import Infill, Prompt, Sampling, TextModel
from evoselfcode.datagen.options import NamesOptions
from evoselfcode.datagen.rules import RULES, NameRules
from evoselfcode.pipeline.drawing import runs
from evoselfcode.records import Name, NameDraw, NameMode, content_id
from evoselfcode.stage import Progress, silent, stage
from evoselfcode.store import Store, replace_rows
from evoselfcode.summary import FunnelStep, Summary
from evoselfcode.writers import writer_id

if TYPE_CHECKING:
    from evoselfcode.config import Config


def generate_names(config: Config, progress: Progress = silent) -> Summary:
    """Draws names until enough of them are good.

    Raises:
        ConfigError: `fim` is asked of a model that knows no FIM tokens.
        UsageError: The model cannot be had.
        RunError: Another process writes, or a file cannot be written.
    """
    options, paths = config.names, config.paths
    with stage(config, "generate-names") as run, Store(paths.name_draws, NameDraw) as draws:
        run.damaged += draws.damaged
        asked = {mode: _asked(config, mode) for mode in options.modes}
        with ExitStack() as stack:
            model: TextModel | None = None
            for level in _levels(options, draws):
                lacking = {mode: [index for index in range(level) if _key(asked[mode], index) not in draws]
                           for mode in asked}
                if model is None and any(lacking.values()):
                    model = stack.enter_context(config.model.load_model())
                    _check(model, options)
                for mode, indices in lacking.items():
                    for draw in _draw(model, options, config.seed, mode, asked[mode], indices):
                        draws.add(draw)
                names, rejected = _apply(options, draws, asked)
                progress("inventing names", min(len(names), options.count), options.count)
                if len(names) >= options.count:
                    break
        kept = names[:options.count]
        replace_rows(paths.names, kept)
        seen = len(names) + rejected.total()
        counts: dict[str, Any] = {"draws": len(draws), "new draws": draws.added, "names": len(kept),
                                  **{f"names by {mode}": sum(name.mode == mode for name in kept) for mode in asked}}
        if len(kept) < options.count:
            counts["short of names"] = options.count - len(kept)
        funnel = [FunnelStep(rule, seen - sum(rejected[earlier] for earlier in RULES[:place]), rejected[rule])
                  for place, rule in enumerate(RULES)]
        return run.done(added=draws.added, total=len(kept), outputs=[paths.names, paths.name_draws], counts=counts,
                        funnel=funnel)


def _apply(options: NamesOptions, draws: Store[NameDraw],
           asked: dict[NameMode, str]) -> tuple[list[Name], Counter[str]]:
    """Names that pass, the modes' by turns so that each has its share, and how many each rule refused."""
    rules = NameRules(options)
    names: list[Name] = []
    rejected: Counter[str] = Counter()
    by_mode: dict[NameMode, dict[int, NameDraw]] = {mode: {} for mode in asked}
    wanted = {_key(asked[mode], index): mode for mode in asked
              for index in range(max((draw.index for draw in draws if draw.mode == mode), default=-1) + 1)}
    for draw in draws:
        if draw.id in wanted:
            by_mode[draw.mode][draw.index] = draw
    last = max((index for found in by_mode.values() for index in found), default=-1)
    for index in range(last + 1):
        for found in by_mode.values():
            if index not in found:
                continue
            row = found[index]
            name, reason = rules(row.text, row.finish_reason in ("stop", "stop_sequence"))
            if reason is None:
                names.append(Name(id=content_id(name=name), name=name, mode=row.mode, draw=row.id))
            else:
                rejected[reason] += 1
    return names, rejected


def _levels(options: NamesOptions, draws: Store[NameDraw]) -> Iterator[int]:
    """How many draws each mode is to have, more and more; a start that was killed goes on at the level where it was."""
    step = options.draws_at_once
    reached = max((draw.index for draw in draws if draw.mode in options.modes), default=0) + 1
    level = math.ceil(reached / step) * step
    while level < options.max_draws:
        yield level
        level += step
    yield options.max_draws


def _draw(model: TextModel | None, options: NamesOptions, seed: int, mode: NameMode, asked: str,
          indices: list[int]) -> Iterator[NameDraw]:
    """Draws of a mode at these indices, which decide them."""
    for first, count in runs(indices):
        assert model is not None
        sampling = Sampling(n=count, first_sample=first, temperature=options.temperature, top_p=options.top_p,
                            max_new_tokens=options.max_new_tokens, stop=("(", "\n"), seed=seed)
        (completions,) = model.generate([_prompt(options, mode)], sampling)
        for index, completion in enumerate(completions, start=first):
            yield NameDraw(id=_key(asked, index), mode=mode, index=index, text=completion.text,
                           finish_reason=completion.finish_reason, log_prob=completion.log_prob)


def _prompt(options: NamesOptions, mode: NameMode) -> Prompt:
    return Infill(options.prefix, options.suffix) if mode == "fim" else options.prefix


def _check(model: TextModel, options: NamesOptions) -> None:
    if "fim" in options.modes and not model.supports_infill:
        raise ConfigError(f"names.modes: fim needs a model with FIM tokens (StarCoder, CodeLlama, Qwen2.5-Coder, "
                          f"DeepSeek-Coder, tiny-base), and {model.name!r} knows none: leave fim out of names.modes")


def _asked(config: Config, mode: NameMode) -> str:
    """Hash of what decides a mode's stream of draws."""
    options = config.names
    return content_id(
        model=writer_id(config.model), mode=mode,
        prefix=options.prefix, suffix=options.suffix if mode == "fim" else None, temperature=options.temperature,
        top_p=options.top_p, max_new_tokens=options.max_new_tokens, seed=config.seed)


def _key(asked: str, index: int) -> str:
    return content_id(asked=asked, index=index)
