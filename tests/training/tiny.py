"""A tiny random base of one's own, with the nano base's tokenizer: trained on in a moment."""

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from persllm.bases import NANO_FOLDER, Base, find_base
from persllm.loading import load_tokenizer


def write_tiny_base(folder: Path) -> Base:
    """Write a random Llama of two layers with grouped heads; return it as a base."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=1,
        pad_token_id=0,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    load_tokenizer(Base("nano", str(NANO_FOLDER), "")).save_pretrained(folder)
    return find_base(str(folder))
