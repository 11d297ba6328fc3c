"""What the methods do for a model, measured: the runs and tables behind `docs/evidence.md`."""
