"""Checkpoints that are whole or not there, the folder that a training leaves behind, and merging an adapter.

    checkpoints = sealed(folder / "checkpoints")    # oldest first; half-written ones are not among them
    merge_adapter(Path("runs/round1"), Path("merged"))

A checkpoint counts once its `checkpoint.json` is there, which is written last and says how large the other files are.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from eg_cfg.errors import ConfigError, EgCfgError, ModelNotFoundError, RunError
from eg_cfg.records import write_atomically
from eg_cfg.runs import fingerprint

SEAL = "checkpoint.json"
MERGED = "merged.json"
_STATE = ("optimizer", "scheduler", "scaler", "rng_state", "trainer_state", "training_args", "global_step", "latest",
          "zero_to_fp32", "pytorch_model_fsdp", "README", SEAL)
"""Beginnings of the names of files that only a restart needs."""
_CONFIGURATIONS = ("adapter_config.json", "config.json")
_WHOLE = 64 * 2**20
"""Bytes up to which a file of weights is read whole for a fingerprint."""


@dataclass
class Journal:
    """What a training has measured so far."""

    losses: list[tuple[int, float]] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    peak_memory_mb: float = 0.0

    @property
    def best_step(self) -> int | None:
        """Step of the lowest validation loss, the earliest of equals; None where none was measured."""
        return min(self.validation, key=lambda measured: measured[1])[0] if self.validation else None

    def exhausted(self, patience: int | None) -> bool:
        """Whether so many measurements have brought nothing better."""
        best = self.best_step
        return patience is not None and best is not None and sum(step > best for step, _ in
                                                                 self.validation) >= patience


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint."""

    path: Path
    step: int
    fingerprint: str
    """Of the training that it belongs to."""
    journal: Journal


def seal(path: Path, step: int, of: str, journal: Journal) -> None:
    """Declares a checkpoint whole.

    Raises:
        RunError: That could not be written.
    """
    sizes = {str(file.relative_to(path)): file.stat().st_size for file in sorted(path.rglob("*"))
             if file.is_file() and file.name != SEAL}
    text = json.dumps({"step": step, "fingerprint": of, "files": sizes, "journal": asdict(journal)})
    write_atomically(path / SEAL, [text.encode("ascii")])


def sealed(folder: Path) -> list[Checkpoint]:
    """The whole checkpoints in a folder, oldest first."""
    found = []
    for path in folder.glob("checkpoint-*"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # no seal, or half of one: not whole
            values = json.loads((path / SEAL).read_text(encoding="ascii"))
            if all((path / name).stat().st_size == size for name, size in values["files"].items()):
                journal = values["journal"]
                for name in ("losses", "validation"):
                    journal[name] = [(int(step), float(loss)) for step, loss in journal[name]]
                found.append(Checkpoint(path, int(values["step"]), str(values["fingerprint"]), Journal(**journal)))
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def keep_only(folder: Path, steps: Iterable[int]) -> None:
    """Removes every checkpoint but those of some steps; half-written ones too."""
    names = {f"checkpoint-{step}" for step in steps}
    for path in folder.glob("checkpoint-*"):
        if path.name not in names:
            (path / SEAL).unlink(missing_ok=True)  # first, so that a kill leaves no half that looks whole
            shutil.rmtree(path, ignore_errors=True)


def install(checkpoint: Path, folder: Path, base: str | None) -> list[str]:
    """Puts a checkpoint's model into a folder, its configuration last, so that half a model never looks like one.

    Args:
        checkpoint: Stays as it is.
        folder: Where the model goes.
        base: What an adapter's configuration should call its base model; None leaves it.

    Returns:
        Names of the files of the model.

    Raises:
        RunError: A file could not be written.
    """
    names = [file.name for file in checkpoint.iterdir() if file.is_file() and not file.name.startswith(_STATE)]
    names.sort(key=lambda name: (name in _CONFIGURATIONS, name))
    for name in names:
        source, temporary = checkpoint / name, folder / f".{name}.tmp"
        if name == _CONFIGURATIONS[0] and base is not None:
            values = json.loads(source.read_text(encoding="utf-8"))
            values["base_model_name_or_path"] = base
            write_atomically(folder / name, [json.dumps(values, indent=2).encode() + b"\n"])
            continue
        try:
            temporary.unlink(missing_ok=True)
            try:
                os.link(source, temporary)
            except OSError:  # a file system without links
                shutil.copyfile(source, temporary)
            os.replace(temporary, folder / name)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise RunError(f"cannot write {folder / name}: {error.strerror or error}; the checkpoint {checkpoint} is "
                           f"kept: put that right and start the same command again") from error
    return names


def model_fingerprint(model: str) -> str:
    """Fingerprint of a model: the content of a folder's files (of large ones both ends), or a hub id."""
    folder = Path(model)
    if not folder.is_dir():
        return fingerprint({"model": model})
    found: dict[str, Any] = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.suffix in (".json", ".safetensors", ".bin", ".jinja", ".txt", ".model"):
            found[file.name] = [file.stat().st_size, _digest(file)]
    return fingerprint(found)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as stream:
        if file.stat().st_size <= _WHOLE:
            digest.update(stream.read())
        else:
            digest.update(stream.read(2**20))
            stream.seek(-(2**20), os.SEEK_END)
            digest.update(stream.read())
    return digest.hexdigest()


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no whole model."""
    return (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file()


def merge_adapter(adapter: Path, out: Path,
                  dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto") -> Path:
    """Puts an adapter's weights into its base model and saves a whole model, with its tokenizer.

    Args:
        adapter: Folder of a LoRA adapter.
        out: Where the model goes; a folder that already holds this merge is left as it is.
        dtype: Precision of the saved weights; `auto` is the base model's own, to which the sum is rounded.

    Returns:
        `out`.

    Raises:
        ConfigError: The folder holds no adapter.
        ModelNotFoundError: The base model cannot be had, or the adapter does not fit it.
        RunError: `out` holds something else, or cannot be written.
    """
    if not is_adapter(adapter):
        raise ConfigError(f"{adapter}: expected a folder with an adapter (adapter_config.json), found none: pass the "
                          f"folder that a training with LoRA wrote")
    of = fingerprint({"adapter": model_fingerprint(str(adapter)), "dtype": dtype})
    if _merge_in(out) == of:
        return out
    if out.exists() and any(out.iterdir()):
        raise RunError(f"{out} is not empty and does not hold this merge: pass another folder, or remove it")
    temporary = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with quiet():
            network, tokenizer = merged(adapter, dtype)
            temporary.mkdir(parents=True)
            network.save_pretrained(temporary)
            tokenizer.save_pretrained(temporary)
        write_atomically(temporary / MERGED, [json.dumps({"fingerprint": of, "adapter": str(adapter)}).encode()])
        if out.exists():
            out.rmdir()
        os.replace(temporary, out)
    except Exception as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, EgCfgError):
            raise
        raise cannot_save(out, error) from error
    return out


def merged(adapter: Path, dtype: Literal["auto", "float32", "bfloat16", "float16"] = "float32") -> tuple[Any, Any]:
    """The base model of an adapter with the adapter's weights in it, on the CPU, and its tokenizer.

    Raises:
        ModelNotFoundError: The base model cannot be had, or the adapter does not fit it.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoConfig

    from eg_cfg.models.huggingface.loading import base_of, load
    from eg_cfg.models.options import LocalOptions

    base = base_of(adapter)
    model = load(base, LocalOptions(device="cpu", dtype="float32"))
    try:
        network = PeftModel.from_pretrained(cast(Any, model.module), str(adapter)).merge_and_unload(safe_merge=True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelNotFoundError(f"the adapter {adapter} does not load onto {base} ({first_line(error)}): pass the "
                                 f"adapter of this base model") from error
    wanted: Any = getattr(AutoConfig.from_pretrained(base), "dtype", None) if dtype == "auto" else dtype
    network = network.to(getattr(torch, wanted) if isinstance(wanted, str) else wanted or torch.float32)
    with_tokenizer = (adapter / "tokenizer_config.json").is_file()
    if with_tokenizer:
        from transformers import AutoTokenizer

        return network, AutoTokenizer.from_pretrained(str(adapter))
    return network, model.tokenizer


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers and PEFT from talking: no bars, no log lines, no warnings about each other's names."""
    import transformers

    logging: Any = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            # PEFT reads an attribute that transformers has renamed
            warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated", FutureWarning)
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def cannot_save(path: Path, error: BaseException) -> RunError:
    """The one line that says why something could not be saved."""
    text = first_line(error)
    if "os error 28" in text or getattr(error, "errno", None) == 28 or _full(path):
        text = "No space left on device"
    return RunError(f"cannot write {path}: {text}; what was saved before is kept: put that right and start the same "
                    f"command again")


def first_line(error: BaseException) -> str:
    """The first line of an exception's message."""
    lines = str(error).strip().splitlines()
    return " ".join(lines[0].split()) if lines else type(error).__name__


def _full(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return shutil.disk_usage(path if path.exists() else path.parent).free < 2**20
    return False


def _merge_in(folder: Path) -> str | None:
    try:
        values: Mapping[str, Any] = json.loads((folder / MERGED).read_text(encoding="utf-8"))
        return str(values["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
