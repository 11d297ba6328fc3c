"""Invents function names with the base model: `evoselfcode datagen generate-names`, for those who like a script.

    python scripts/generate_funcnames.py
    python scripts/generate_funcnames.py --config configs/datagen.yaml --set names.count=2000

Where the package cannot be imported, the script starts again with the interpreter of the repository's `.venv`. This
file has to run on whatever `python` there is: no syntax newer than Python 3.6.
"""

import importlib.util
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")


def main():
    """Runs the command from the repository's root with the arguments of this script."""
    if importlib.util.find_spec("evoselfcode") is None:
        python = os.path.join(VENV, "bin", "python")
        if os.path.exists(python) and os.path.realpath(sys.prefix) != os.path.realpath(VENV):
            os.execv(python, [python, *sys.argv])
        sys.stderr.write("error: expected the package eg-cfg in this Python or in " + VENV + ", found it in neither: "
                         "run `make demo`, or pip install -c constraints.txt . in the repository's root\n")
        sys.exit(2)
    from evoselfcode.cli.main import run

    given = sys.argv[1:]
    if not any(argument in ("--config", "-c") or argument.startswith("--config=") for argument in given):
        given = ["--config", os.path.join(ROOT, "configs", "datagen.yaml"), *given]
    run(["datagen", "generate-names", *given])


if __name__ == "__main__":
    main()
