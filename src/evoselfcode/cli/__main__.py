"""`python -m evoselfcode.cli` is the command `evoselfcode`."""

from evoselfcode.cli.main import run

if __name__ == "__main__":
    run()
