"""`python -m eg_cfg` is `eg-cfg`."""

from eg_cfg.cli.main import run

if __name__ == "__main__":
    run()
