"""Writes an embedded model as a GGUF file, for servers of the llama.cpp kind. Run by a Python that has gguf:

    python tests/servers/gguf_file.py src/eg_cfg/models/tiny/tiny tiny.gguf

llama.cpp knows a fixed list of ways to split text before it merges, and ours is none of them. So what the file says of
the tokenizer only gives tokens their names and kinds; a server has to be told to take the folder's own tokenizer
(`--hf_pretrained_model_name_or_path` of llama-cpp-python's).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np


def tensors(folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The weights of a safetensors file, in float32."""
    raw = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    entries = json.loads(raw[8:8 + length])
    kinds = {"F16": np.float16, "F32": np.float32}
    found = {}
    for name, entry in entries.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            data = np.frombuffer(raw[8 + length + first:8 + length + last], dtype=kinds[entry["dtype"]])
            found[name] = data.reshape(entry["shape"]).astype(np.float32)
    return found


def interleaved(weight: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rotates pairs of neighbours, as llama.cpp does, where transformers rotates the two halves of a head."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def write(folder: Path, file: Path) -> None:
    """Writes the model of a folder into a file."""
    config = json.loads((folder / "config.json").read_text())
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    heads = config["num_attention_heads"]
    out = gguf.GGUFWriter(str(file), "llama")
    out.add_name(folder.name)
    out.add_context_length(config["max_position_embeddings"])
    out.add_embedding_length(config["hidden_size"])
    out.add_block_count(config["num_hidden_layers"])
    out.add_feed_forward_length(config["intermediate_size"])
    out.add_head_count(heads)
    out.add_head_count_kv(config["num_key_value_heads"])
    out.add_layer_norm_rms_eps(config["rms_norm_eps"])
    out.add_rope_dimension_count(config["head_dim"])
    out.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    out.add_vocab_size(config["vocab_size"])
    special = {entry["id"] for entry in tokenizer["added_tokens"]}
    vocabulary = {**tokenizer["model"]["vocab"], **{e["content"]: e["id"] for e in tokenizer["added_tokens"]}}
    names = sorted(vocabulary, key=lambda name: vocabulary[name])
    assert [vocabulary[name] for name in names] == list(range(config["vocab_size"]))
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(names)
    out.add_token_types([gguf.TokenType.CONTROL if vocabulary[name] in special else gguf.TokenType.NORMAL
                         for name in names])
    out.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
    out.add_bos_token_id(config["bos_token_id"])
    out.add_eos_token_id(config["eos_token_id"])
    out.add_pad_token_id(config["pad_token_id"])
    weights = tensors(folder)
    out.add_tensor("token_embd.weight", weights["model.embed_tokens.weight"])
    out.add_tensor("output_norm.weight", weights["model.norm.weight"])
    for layer in range(config["num_hidden_layers"]):
        for theirs, ours in LAYER.items():
            weight = weights[f"model.layers.{layer}.{theirs}.weight"]
            if theirs in ("self_attn.q_proj", "self_attn.k_proj"):
                weight = interleaved(weight, heads)
            out.add_tensor(f"blk.{layer}.{ours}.weight", np.ascontiguousarray(weight))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
