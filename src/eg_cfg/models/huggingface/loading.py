"""Loads a causal model and its tokenizer from a folder or the hub, adapters included.

    model = load("bigcode/starcoder2-3b", LocalOptions(dtype="bfloat16", device_map="auto"), name="StarCoder2-3B")

A folder with `adapter_config.json` is a PEFT adapter: its base model is loaded, and the adapter is put on it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from eg_cfg.config import build
from eg_cfg.errors import ConfigError, MissingExtraError, ModelNotFoundError
from eg_cfg.models.huggingface.model import HuggingFaceModel
from eg_cfg.models.options import LocalOptions

_SMALL = 20_000_000
"""Parameters below which a layer's work on a CPU is shorter than handing it to a second thread, and far shorter where
that thread has to wait for a core that grades programs."""
_ASK_SECONDS = 10.0
"""How long the hub may take to say whether it has a model."""
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load(model: str, options: LocalOptions | None = None, *, name: str | None = None) -> HuggingFaceModel:
    """Loads a model.

    Args:
        model: A folder or a hub id.
        options: Where and in which precision.
        name: What the user called it; `model` unless given.

    Raises:
        ConfigError: A device that is not there, an architecture that is no causal language model.
        MissingExtraError: Quantization without its package.
        ModelNotFoundError: The weights cannot be had.
    """
    options = options or build(LocalOptions, {})
    name = name or model
    base, adapter = model, options.adapter
    if (Path(model) / "adapter_config.json").is_file() and not (Path(model) / "config.json").is_file():
        if adapter is not None:
            raise ConfigError(f"{name} is an adapter itself: leave --adapter out, or pass its base model")
        adapter = Path(model)
    if adapter is not None and base == str(adapter):
        base = base_of(adapter)
    module, tokenizer = _pretrained(base, options, name, tokenizer_from=adapter)
    if adapter is not None:
        module = _with_adapter(module, adapter)
    settle_threads(module, options.threads)
    return HuggingFaceModel(module, tokenizer, name=name, batch_size=options.batch_size)


def settle_threads(module: torch.nn.Module, threads: int | None) -> None:
    """Sets how many threads the process computes with, where the model is on a CPU.

    Args:
        module: The model.
        threads: How many; where None, one for a small model unless OMP_NUM_THREADS says otherwise.
    """
    weights = list(module.parameters())
    if not weights or weights[0].device.type != "cpu":
        return
    if threads is not None:
        torch.set_num_threads(threads)
    elif "OMP_NUM_THREADS" not in os.environ and sum(weight.numel() for weight in weights) < _SMALL:
        torch.set_num_threads(1)


def device_of(options: LocalOptions) -> torch.device:
    """The device that options mean.

    Raises:
        ConfigError: It is not there.
    """
    if options.device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(options.device)
        torch.empty(1, device=device)
    except Exception as error:  # torch raises RuntimeError, AssertionError or AcceleratorError here
        raise ConfigError(f"--device {options.device}: expected a device that is here ({', '.join(_devices())}), found "
                          f"none of that name ({_one_line(error).rstrip('.')}): pass --device auto, or install a build "
                          f"of PyTorch that knows this machine's GPU") from None
    return device


def _devices() -> list[str]:
    """The names of the devices that are here."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(["cuda"] if gpus else []), *(f"cuda:{number}" for number in range(gpus) if gpus > 1),
            *(["mps"] if torch.backends.mps.is_available() else [])]


def dtype_of(options: LocalOptions, device: torch.device, checkpoint: torch.dtype | None) -> torch.dtype:
    """The precision that options mean on a device, for a checkpoint saved in `checkpoint`."""
    if options.dtype != "auto":
        return _DTYPES[options.dtype]
    if device.type == "cpu" or checkpoint is None:
        return torch.float32
    if checkpoint == torch.bfloat16 and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        return torch.float16
    return checkpoint


def _pretrained(model: str, options: LocalOptions, name: str,
                tokenizer_from: Path | None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    here = Path(model).is_dir()
    common: dict[str, Any] = {"trust_remote_code": options.trust_remote_code}
    unreachable = None
    if not here:
        unreachable = _why_not_online(model, options.revision)
        common["local_files_only"] = unreachable is not None
        if options.revision is not None:
            common["revision"] = options.revision
    arguments: dict[str, Any] = dict(common)
    if options.attention is not None:
        arguments["attn_implementation"] = options.attention
    device = device_of(options)
    if options.quantization is not None:
        arguments["quantization_config"] = _quantization(options)
    try:
        configuration = AutoConfig.from_pretrained(model, **common)
        dtype = dtype_of(options, device, _saved_dtype(configuration))
        if options.device_map is not None or options.quantization is not None:
            arguments["device_map"] = options.device_map or {"": device}
        with_tokenizer = tokenizer_from is not None and (tokenizer_from / "tokenizer_config.json").is_file()
        tokenizer = AutoTokenizer.from_pretrained(str(tokenizer_from) if with_tokenizer else model,
                                                  **({} if with_tokenizer else common))
        if not sys.stderr.isatty():  # the bar of a log file is noise
            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        module = AutoModelForCausalLM.from_pretrained(model, dtype=dtype, **arguments)
    except (OSError, ValueError, ImportError) as error:
        raise _explained(error, model, name, options, here, unreachable) from error
    if "device_map" not in arguments:
        module = cast(Any, module).to(device)
    return cast(PreTrainedModel, module), cast(PreTrainedTokenizerBase, tokenizer)


def load_tokenizer(model: str, *, name: str) -> PreTrainedTokenizerBase:
    """The tokenizer alone; of an adapter without one, its base model's.

    Args:
        model: A folder or a hub id.
        name: What the user called it.

    Raises:
        ModelNotFoundError: It cannot be had.
    """
    if Path(model).is_dir() and not (Path(model) / "tokenizer_config.json").is_file():
        model = base_of(Path(model))
    here = Path(model).is_dir()
    unreachable = None if here else _why_not_online(model, None)
    try:
        found = AutoTokenizer.from_pretrained(model, local_files_only=unreachable is not None)
    except (OSError, ValueError, ImportError) as error:
        raise _explained(error, model, name, build(LocalOptions, {}), here, unreachable) from error
    return cast(PreTrainedTokenizerBase, found)


def _why_not_online(model: str, revision: str | None) -> str | None:
    """Why the hub cannot be used for a model, or None. Asked once, because transformers would try for half a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    # transport errors share only the first base with HTTP errors, and that base is the HTTP library's
    failures = cast("tuple[type[Exception], ...]", (*HfHubHTTPError.__bases__, OSError, ValueError))
    try:
        HfApi().model_info(model, revision=revision, timeout=_ASK_SECONDS)
    except failures as error:
        return _one_line(error)
    return None


def _saved_dtype(configuration: Any) -> torch.dtype | None:
    saved = getattr(configuration.get_text_config(), "dtype", None)
    return getattr(torch, saved) if isinstance(saved, str) else saved


def _explained(error: Exception, model: str, name: str, options: LocalOptions, here: bool,
               unreachable: str | None) -> Exception:
    """The toolkit's error for what transformers raised."""
    text = _one_line(error)
    if "trust_remote_code" in text:
        return ConfigError(f"{name}: the checkpoint brings Python code of its own: pass --trust-remote-code if you "
                           f"trust its authors, or take another model")
    if "Unrecognized configuration class" in text or "Unrecognized model" in text:
        return ConfigError(f"{name}: expected a causal language model, found an architecture that transformers does "
                           f"not load as one: pass another model")
    if isinstance(error, ImportError):
        return ConfigError(f"{name}: loading needs a package that is not installed: {text}")
    if here:
        tried = f"the folder {model} ({text})"
    else:
        hub_id = model if options.revision is None else f"{model}@{options.revision}"
        tried = f"the hub's {hub_id} ({unreachable or text}) and its local cache"
    return ModelNotFoundError(f"the weights of {name!r} cannot be had: tried {tried}. Go online once, or pass a folder "
                              f"that holds them; --model-name tiny runs the same thing on the embedded model")


def _quantization(options: LocalOptions) -> Any:
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes", "quant", f"--quantization {options.quantization}")
    from transformers import BitsAndBytesConfig

    make: Any = BitsAndBytesConfig
    if options.quantization == "8bit":
        return make(load_in_8bit=True)
    return make(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def base_of(adapter: Path) -> str:
    """The base model that an adapter names; embedded models and short names are known here too."""
    from eg_cfg.models import registry

    try:
        base = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelNotFoundError(f"{adapter / 'adapter_config.json'}: expected an adapter's configuration in JSON, "
                                 f"found something else ({_one_line(error)}): save the adapter again") from None
    if not base:
        raise ModelNotFoundError(f"{adapter}: the adapter does not name its base model (base_model_name_or_path): "
                                 f"pass the base as --model-name and this folder as --adapter")
    return registry.resolve(base, backend="huggingface").model


def _with_adapter(module: PreTrainedModel, adapter: Path) -> PreTrainedModel:
    """The model with an adapter's layers in it, not merged, so that its precision is the model's own."""
    from peft import PeftConfig, PeftModel

    try:
        configuration = PeftConfig.from_pretrained(str(adapter))
        if configuration.is_prompt_learning:
            raise ConfigError(f"{adapter}: expected an adapter of the weights (LoRA and its kin), found "
                              f"{configuration.peft_type}, which adapts the prompt: merge it, or pass another adapter")
        with warnings.catch_warnings():
            # peft reads an attribute that transformers has renamed: nothing that a user could do about it
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
            wrapped = PeftModel.from_pretrained(module, str(adapter))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelNotFoundError(f"the adapter {adapter} does not load onto {module.name_or_path} "
                                 f"({_one_line(error)}): pass the base model that it was trained on") from error
    base = wrapped.get_base_model()
    return cast(PreTrainedModel, base)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return " ".join(lines[0].split()) if lines else type(error).__name__
