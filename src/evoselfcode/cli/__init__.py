"""The command line of EvoSelfCode; `python -m evoselfcode.cli --help`."""
