"""The whole suite, from the baseline to the report. `--help` lists the options."""

from _run import run

if __name__ == "__main__":
    run("run_all_experiments")
