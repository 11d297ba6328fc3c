"""What every script of this folder does: find the package, then hand over to it.

    from _run import run

    run("step1_baseline_experiment")                      # a script of this folder
    run("step1_baseline_experiment", dataset="mbpp")      # one of experiments/mbpp: the data set is fixed

Where `eg_cfg` cannot be imported, the script starts again with the interpreter of the repository's `.venv`, so it does
not have to be activated. What the script does is in `eg_cfg.cli.scripts`, in a table that names for each script a
command of `eg-cfg`, the defaults that differ, and where it writes. To add a script: a row there, and here a file of
these few lines. Scripts in a data set's folder put this folder on `sys.path` first.

This file has to run on whatever `python` there is: no syntax newer than Python 3.6.
"""

import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(os.path.dirname(HERE), ".venv")


def run(name, dataset=None):
    """Runs the script of that name with the arguments of the command line, and ends with its exit code."""
    try:
        _find_package()
        from pathlib import Path

        from eg_cfg.cli.scripts import run_script

        code = run_script(name, sys.argv[1:], experiments=Path(HERE), dataset=dataset)
    except KeyboardInterrupt:  # while modules are imported; a command tells its own
        sys.stderr.write("interrupted\n")
        code = 130
    sys.exit(code)


def _find_package():
    if importlib.util.find_spec("eg_cfg") is not None:
        return
    python = os.path.join(VENV, "bin", "python")
    if os.path.exists(python) and os.path.realpath(sys.prefix) != os.path.realpath(VENV):
        os.execv(python, [python, *sys.argv])
    sys.stderr.write(f"error: expected the package eg-cfg in this Python or in {VENV}, found it in neither: run "
                     "`make demo`, or pip install -c constraints.txt . in the repository's root\n")
    sys.exit(2)
