"""Cut a LoRA to a smaller rank, each product of its two factors by singular values.

    python -m tools.small.cut <rank> <into> <adapter folder> [adapter folder …]

Several adapters, each trained over the base with those before it merged, are cut as one.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"


def cut(folders: Sequence[Path], rank: int, into: Path) -> float:
    """Write the cut adapter in bf16; return the share of the energy that it keeps."""
    config = json.loads((folders[-1] / CONFIG).read_text(encoding="utf-8"))
    products = _products(folders)
    smaller: dict[str, torch.Tensor] = {}
    kept = energy = 0.0
    for name, product in products.items():
        left, values, right = torch.linalg.svd(product, full_matrices=False)
        root = values[:rank].sqrt()
        # With alpha twice the rank the product of the two is doubled when it is applied.
        twin = name.replace(".lora_A.", ".lora_B.")
        smaller[twin] = (left[:, :rank] * root / 2).bfloat16().contiguous()
        smaller[name] = (root[:, None] * right[:rank]).bfloat16().contiguous()
        kept += float(values[:rank].square().sum())
        energy += float(values.square().sum())
    into.mkdir(parents=True, exist_ok=True)
    save_file(smaller, into / WEIGHTS)
    config |= {"r": rank, "lora_alpha": 2 * rank, "base_model_name_or_path": BASE}
    (into / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return kept / energy


def _products(folders: Sequence[Path]) -> dict[str, torch.Tensor]:
    """Return what the adapters together add to each matrix, by the name of its first factor."""
    total: dict[str, torch.Tensor] = {}
    for folder in folders:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        scale = config["lora_alpha"] / config["r"]
        factors = load_file(folder / WEIGHTS)
        for name in (key for key in factors if ".lora_A." in key):
            twin = factors[name.replace(".lora_A.", ".lora_B.")]
            product = scale * twin.float() @ factors[name].float()
            total[name] = total[name] + product if name in total else product
    return total


if __name__ == "__main__":
    share = cut([Path(each) for each in sys.argv[3:]], int(sys.argv[1]), Path(sys.argv[2]))
    print(f"{share:.1%} of the energy is kept")
