"""Invents function names with the base model: fills the gap in a file, or goes on from its beginning.

    generate_names(load_config(Path("configs/datagen.yaml")))

The FIM prompt is prefix and suffix of the options with the model's own FIM tokens, which are read from its vocabulary
(StarCoder, CodeLlama, Qwen, DeepSeek, the embedded models). Every draw is kept; names are what the rules make of the
draws, in their order. So other rules need no new draws, and a larger `count` only adds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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
        names, rejected = _apply(options, draws, asked)
        if len(names) < options.count:
            with config.model.load_model() as model:
                _check(model, options)
                while len(names) < options.count:
                    progress("inventing names", min(len(names), options.count), options.count)
                    drawn = draws.added
                    for mode in options.modes:
                        for draw in _draw(model, options, config.seed, mode, asked[mode], draws):
                            draws.add(draw)
                    names, rejected = _apply(options, draws, asked)
                    if draws.added == drawn:
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


def _draw(model: TextModel, options: NamesOptions, seed: int, mode: NameMode, asked: str,
          draws: Store[NameDraw]) -> Iterator[NameDraw]:
    """The next draws of a mode, those that are missing among the earlier ones first."""
    missing = [index for index in range(options.max_draws) if _key(asked, index) not in draws][:options.draws_at_once]
    for first, count in runs(missing):
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
