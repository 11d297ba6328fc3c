"""Does the model read signals at all? What must hold before guidance is judged."""

from __future__ import annotations

from collections.abc import Mapping

from eg_cfg.models import registry
from recipes.evidence.studies import Lab, Study, read, table
from recipes.tiny.gates import GATES

MODEL, BEFORE = "tiny-exec", "tiny"
_WHAT = {
    "plain": "no signal",
    "reference": "the reference and two wrong programs, at places drawn at random",
    "wrong": "three wrong programs",
    "shuffled": "as the reference among three, each under the next one's verdict and values",
}


def _measure(lab: Lab) -> None:
    limit = lab.pick([], ["--limit", "200"])
    for model, gates in ((MODEL, list(GATES)), (BEFORE, ["plain", "reference"])):
        out = lab.folder("gates", model)
        missing = [gate for gate in gates if not (out / f"test_{gate}.json").is_file()]
        if missing:
            lab.run(registry.resolve(model).model, "--gates", *missing, "--split", "test", *limit, "--out", out,
                    module="recipes.tiny.gates")


def _tables(lab: Lab) -> Mapping[str, str]:
    rows = []
    for model, gates in ((BEFORE, ("plain", "reference")), (MODEL, tuple(GATES))):
        for gate in gates:
            found = read(lab.folder("gates", model, f"test_{gate}.json"))
            score = found["scores"]["all"]
            copied = found["copied"]
            total = sum(copied.values())
            rows.append([f"`{model}`", _WHAT[gate], f"{100 * score['pass@1']:.1f}",
                         *("" if gate == "plain" else f"{100 * copied[kind] / total:.0f}" for kind in ("ok", "bad"))])
    return {"gates": table(["model", "prompt", "solved, %", "is a candidate marked ok, %",
                            "is a candidate marked bad, %"], rows)}


GATES_STUDY = Study("gates", "Does the model read signals?", _measure, _tables)
