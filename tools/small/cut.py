"""Cut a LoRA to a smaller rank, each product of its two factors by singular values.

python -m tools.small.cut <adapter folder> <rank> <into>
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"


def cut(folder: Path, rank: int, into: Path) -> float:
    """Write the cut adapter in bf16; return the share of the energy that it keeps."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    scale = config["lora_alpha"] / config["r"]
    whole = load_file(folder / WEIGHTS)
    smaller: dict[str, torch.Tensor] = {}
    kept = energy = 0.0
    for name in (key for key in whole if ".lora_A." in key):
        twin = name.replace(".lora_A.", ".lora_B.")
        left, values, right = torch.linalg.svd(
            scale * whole[twin].float() @ whole[name].float(), full_matrices=False
        )
        root = values[:rank].sqrt()
        # With alpha twice the rank the product of the two is doubled when it is applied.
        smaller[twin] = (left[:, :rank] * root / 2).bfloat16().contiguous()
        smaller[name] = (root[:, None] * right[:rank]).bfloat16().contiguous()
        kept += float(values[:rank].square().sum())
        energy += float(values.square().sum())
    into.mkdir(parents=True, exist_ok=True)
    save_file(smaller, into / WEIGHTS)
    config |= {"r": rank, "lora_alpha": 2 * rank, "base_model_name_or_path": BASE}
    (into / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return kept / energy


if __name__ == "__main__":
    print(
        f"{cut(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])):.1%} of the energy is kept"
    )
