"""`eg-cfg guide`: execution-guided decoding, beside plain decoding and best-of-N."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eg_cfg.cli import model_arguments as model
from eg_cfg.cli.arguments import BenchmarkOptions, Comparison, Data, Isolation, Split, Timeout, Weak, Workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eg_cfg.studies.guide_options import GuideStudyOptions
    from eg_cfg.studies.session import SessionOptions

_TRIAL = ("candidates", "temperature", "horizon", "refresh", "prompt_type", "strategy")
"""Flags that make one trial; a grid or a list has its own."""
SIGNALS = ("whole", "no_traces", "verdicts", "traces", "shuffled", "failing")
"""`SIGNAL_PARTS` of `decoding.base`, which help need not load."""
_SESSION = {"model_name": "model_name", "benchmark": "dataset", "gammas": "gammas", "output_dir": "results_dir",
            "seed": "random_seed", "max_new_tokens": "max_new_tokens", "guided_temperature": "temperature",
            "guided_top_p": "top_p", "start": "start_idx", "end": "end_idx", "top_probs": "top_probs"}
"""Flags that win over a key of the session."""


def guide(
    model_name: model.ModelName = None,
    benchmark: model.Benchmark = None,
    split: Split = None,
    data: Data = None,
    option: BenchmarkOptions = None,
    max_problems: model.MaxProblems = None,
    gammas: Annotated[
        str | None,
        typer.Option("--gamma", "--gammas", metavar="G,G,...", show_default=False,
                     help="Strengths of guidance; 0 is plain decoding. 0,0.5,1,3 where none."),
    ] = None,
    candidates: Annotated[
        str | None,
        typer.Option("--candidates", metavar="S", show_default=False, help="Sampled for each signal; 3 where none."),
    ] = None,
    temperature: Annotated[
        str | None,
        typer.Option("--temperature", "-t", metavar="T", show_default=False, help="Of candidates; 0.75 where none."),
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option("--horizon", metavar="D", show_default=False,
                     help="Lines of a candidate; inf is to the end of the program; 2 where none."),
    ] = None,
    refresh: Annotated[
        str | None,
        typer.Option("--refresh", metavar="K", show_default=False, help="Lines between signals; 1 where none."),
    ] = None,
    prompt_type: Annotated[
        str | None,
        typer.Option("--prompt-type", metavar="auto|deepseek_instruct|long_code|completion|signal_tokens",
                     show_default=False, help="What suits the model (auto) where none."),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option("--strategy", metavar="line|token|persistent", show_default=False,
                     help="A signal a line, a token, or once; line where none."),
    ] = None,
    accept_passing: Annotated[
        bool,
        typer.Option("--accept-passing", help="Stop where a sampled candidate passes the shown tests; not part of the "
                                              "published method, and reported as a row of its own."),
    ] = False,
    minimal_trace: Annotated[
        bool, typer.Option("--minimal-trace", help="Signals show the final state of a run instead of each line.")
    ] = False,
    signal: Annotated[
        str | None,
        typer.Option("--signal", metavar="|".join(SIGNALS), show_default=False,
                     help="What signals show of candidates, for studies of what does the work; whole where none."),
    ] = None,
    early_stop: Annotated[
        str | None,
        typer.Option("--early-stop", metavar="N", show_default=False,
                     help="Stop at the same finished program from N signals in a row; 0 is off, and the default where "
                          "there is no session; 4 is as published."),
    ] = None,
    top_p: model.TopP = None,
    top_k: Annotated[
        str | None,
        typer.Option("--top-k", metavar="K", show_default=False,
                     help="Guide among the K likeliest tokens of either branch; all where none."),
    ] = None,
    guided_temperature: Annotated[
        str | None,
        typer.Option("--guided-temperature", metavar="T", show_default=False,
                     help="Of guided tokens; 0, the likeliest, where none."),
    ] = None,
    guided_top_p: Annotated[
        str | None,
        typer.Option("--guided-top-p", metavar="P", show_default=False, help="Of guided tokens that are sampled."),
    ] = None,
    max_new_tokens: model.MaxNewTokens = None,
    signal_tokens: Annotated[
        str | None,
        typer.Option("--signal-tokens", metavar="N", show_default=False, help="Of a signal at most; 1024 where none."),
    ] = None,
    session_config: Annotated[
        str | None,
        typer.Option("--session-config", metavar="FILE", show_default=False,
                     help="Model, data set, gammas and folder in JSON; flags win."),
    ] = None,
    dynamic_signals_params: Annotated[
        str | None,
        typer.Option("--dynamic-signals-params", metavar="FILE", show_default=False,
                     help="A grid in JSON: every combination is a trial."),
    ] = None,
    trials_json: Annotated[
        str | None,
        typer.Option("--trials-json", metavar="FILE", show_default=False, help="A list of trial strings in JSON."),
    ] = None,
    use_global_cache: Annotated[
        bool, typer.Option("--use-global-cache", help="A task that one trial has solved stops the others.")
    ] = False,
    best_of: Annotated[
        bool, typer.Option("--best-of/--no-best-of", help="Compare with best-of-N by the shown tests.")
    ] = True,
    best_of_time: Annotated[
        bool, typer.Option("--best-of-time", help="And with best-of-N at equal wall time, which is measured.")
    ] = False,
    device: model.Device = None,
    dtype: model.Dtype = None,
    batch_size: Annotated[
        str | None,
        typer.Option("--batch-size", metavar="N", show_default=False, help="Problems decoded at once; 8 where none."),
    ] = None,
    model_option: model.ModelOption = None,
    backend: model.Backend = None,
    api_key: model.ApiKey = None,
    api_base: model.ApiBase = None,
    top_probs: Annotated[
        str | None,
        typer.Option("--top-probs", metavar="N", show_default=False,
                     help="Endpoints: how many of the likeliest tokens are asked for."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="I", show_default=False, help="First problem, counted from 0.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", metavar="I", show_default=False, help="The problem before which to stop.")
    ] = None,
    workers: Workers = None,
    timeout: Timeout = None,
    isolation: Isolation = None,
    comparison: Comparison = None,
    allow_weak_isolation: Weak = False,
    output_dir: Annotated[
        str | None,
        typer.Option("--output-dir", "-o", metavar="DIR", show_default=False,
                     help="Root of the results; one under runs/ that the settings name where none."),
    ] = None,
    output_root: Annotated[
        str | None,
        typer.Option("--output-root", metavar="DIR", show_default=False, help="Where such folders are; else runs."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Start over, whatever these trials have left.")] = False,
    seed: model.Seed = None,
) -> None:
    """Solve problems by execution-guided decoding, in one trial or many; started again, it goes on."""
    given = dict(locals())
    from eg_cfg.cli.guide_table import print_report
    from eg_cfg.cli.guide_view import view
    from eg_cfg.studies.guide import guide as study

    options, debug = read_options(given)
    with view(debug=debug) as watcher:
        outcome = study(options, watcher)
    print_report(outcome)


def read_options(given: Mapping[str, Any]) -> tuple[GuideStudyOptions, bool]:
    """The study's options from the command's, and whether every signal is to be told.

    Raises:
        ConfigError: An option or a file is wrong, or two of them exclude each other.
    """
    from eg_cfg.cli.arguments import numbers
    from eg_cfg.config import build
    from eg_cfg.studies.guide_options import GuideStudyOptions, from_session
    from eg_cfg.studies.trial_strings import Trial

    values = model.given_values({key: value for key, value in given.items() if key != "best_of"})
    values["best_of"] = given["best_of"]
    if "gammas" in values:
        values["gammas"] = numbers(values["gammas"])
    files = [values.pop(name, None) for name in ("session_config", "dynamic_signals_params", "trials_json")]
    trials = _trials(values, grid=files[1], listed=files[2])
    for name in (*_TRIAL, "accept_passing"):
        values.pop(name, None)
    if files[0] is None:
        if trials is not None:
            values["trials"] = tuple(map(str, trials))
        return build(GuideStudyOptions, values), False
    session = _session(files[0], values)
    flags = {key: value for key, value in values.items() if key not in _SESSION}
    if trials is None:
        trials = (Trial.parse("ns3t0.75d2k1_auto_ln"),)
    return from_session(session, trials, flags), session.debug_mode


def _trials(values: Mapping[str, Any], *, grid: str | None, listed: str | None) -> tuple[Any, ...] | None:
    """The trials of a grid, of a list, or of the flags; none where none of them is given."""
    from dataclasses import replace
    from pathlib import Path

    from eg_cfg.errors import ConfigError
    from eg_cfg.studies.grid import read_grid, single_trial
    from eg_cfg.studies.trials import read_trials

    own = {name: values[name] for name in _TRIAL if name in values}
    if grid is not None and listed is not None:
        raise ConfigError("--dynamic-signals-params and --trials-json both say which trials to run: leave one out")
    if grid is None and listed is None:
        return (single_trial(own, bool(values.get("accept_passing"))),) if own or values.get("accept_passing") else None
    if own:
        flag = "--" + next(iter(own)).replace("_", "-")
        raise ConfigError(f"{flag} makes one trial, and {grid or listed} says which trials to run: leave one out")
    trials = read_grid(Path(grid)) if grid is not None else read_trials(Path(str(listed)))
    return tuple(replace(trial, accept_passing=True) for trial in trials) if values.get("accept_passing") else trials


def _session(file: str, values: Mapping[str, Any]) -> SessionOptions:
    """A session's file with the flags that win over it; keys without effect are told once."""
    import sys
    from pathlib import Path

    from eg_cfg.config import load
    from eg_cfg.studies.session import SessionOptions

    session = load(SessionOptions, Path(file), {_SESSION[key]: value for key, value in values.items()
                                                if key in _SESSION})
    if session.inert:
        print(f"{file}: {', '.join(session.inert)}: accepted without effect; programs always run in the sandbox of "
              f"this machine", file=sys.stderr)
    return session
