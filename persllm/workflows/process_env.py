"""Keeps libraries from phoning out and from talking over our own progress."""

import os
import warnings

QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Idle threads sleep: spinning ones are up to 60 times slower where neighbours are busy.
    "OMP_WAIT_POLICY": "PASSIVE",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "VLLM_NO_USAGE_STATS": "1",
}


def quiet_libraries() -> None:
    """Set what the user has not set, before the libraries are imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    # transformers 5 announces renamed settings that 5.16 to 5.19, which vLLM pins, do not have.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
