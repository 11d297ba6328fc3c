"""Collects with a slow scripted model until it is done or killed: `python collect_slowly.py FOLDER DELAY [LARGEST]`.

`LARGEST` is the size in bytes that no file may exceed, as if the disk were full.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from experiences import problem

from eg_cfg.grading.grader import Grader, grading_sandbox
from eg_cfg.models.base import Prompt
from eg_cfg.models.fake import FakeModel, text_of
from eg_cfg.replay.collect import collect
from eg_cfg.replay.options import CollectOptions


def main() -> None:
    folder, delay = Path(sys.argv[1]), float(sys.argv[2])
    if len(sys.argv) > 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))

    def reply(prompt: Prompt, sample: int) -> str:
        with open(folder.parent / "asked.txt", "a") as file:
            file.write(f"{text_of(prompt).splitlines()[0]} {sample}\n")
        time.sleep(delay)
        return f"    return {sample} * x\n"

    with grading_sandbox(1) as sandbox:
        collect([problem(number) for number in range(12)], Grader(sandbox), folder,
                CollectOptions(num_beams=4, prompt_kind="completion"), model=FakeModel(reply))


if __name__ == "__main__":
    main()
