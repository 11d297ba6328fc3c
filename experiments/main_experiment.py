"""All steps, or some of them, from the baseline to the report. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("main_experiment")
