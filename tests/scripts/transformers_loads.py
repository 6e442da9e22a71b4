"""Do the packages that own a form of checkpoint load a folder that rondo wrote in it, and give the same logits, loss and gradients?

    python3 -m venv venv && venv/bin/pip install torch transformers xlstm mlstm-kernels dacite
    venv/bin/python tests/scripts/transformers_loads.py --program build/release/bin/llama --model FOLDER

FOLDER is a run of the program's `train`, or any folder that rondo wrote: Llama, GPT-2, OPT, Mamba, Mamba-2 and xLSTM-large for transformers,
the small xLSTM for xlstm. Prints the largest differences; exit status 1 if the logits differ by more than 1e-4, the loss by more than
1e-5 or a gradient by more than 1e-4 of its largest entry (or of a thousandth of the model's, if that is more: key biases of attention
without rotary positions have none).

Known of the packages: transformers 4 ignores `rope_parameters`, and its Mamba-2 norms several groups as one; transformers 5 does not tie
the head of xLSTM-large. There the differences are large, and theirs.
"""

import argparse
import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file


class OfTransformers:
    def __init__(self, folder):
        self.name = "transformers"
        self.model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        config = self.model.config
        self.vocabulary, self.padding = config.vocab_size, config.pad_token_id
        self.context = getattr(config, "max_position_embeddings", None)

    def logits(self, ids):
        return self.model(ids, use_cache=False).logits


class OfXlstm:
    def __init__(self, folder):
        import dacite
        import xlstm

        self.name = "xlstm"
        keys = json.loads((folder / "config.json").read_text())
        config = dacite.from_dict(xlstm.xLSTMLMModelConfig, keys)
        self.model = xlstm.xLSTMLMModel(config).eval()
        self.model.load_state_dict(load_file(folder / "model.safetensors"), strict=not config.tie_weights)
        self.vocabulary, self.padding, self.context = config.vocab_size, None, config.context_length

    def logits(self, ids):
        return self.model(ids)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="rondo's program of the architecture")
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--length", type=int, default=40)
    arguments = parser.parse_args()

    kind = json.loads((arguments.model / "config.json").read_text())["model_type"]
    package = (OfXlstm if kind == "xlstm_small" else OfTransformers)(arguments.model)
    length = min(arguments.length, package.context or arguments.length)
    ids = torch.randint(0, package.vocabulary, (2, length), generator=torch.Generator().manual_seed(1))
    if package.padding is not None:  # whose row of the embedding torch gives no gradient
        ids[ids == package.padding] = package.padding + 1
    with tempfile.TemporaryDirectory() as folder:
        save_file({"input_ids": ids}, f"{folder}/input.safetensors")
        command = [arguments.program, "logits", "--model", str(arguments.model), "--gradients"]
        command += ["--input", f"{folder}/input.safetensors", "--output", f"{folder}/output.safetensors"]
        subprocess.run(command, check=True)
        found = load_file(f"{folder}/output.safetensors")

    output = package.logits(ids)
    loss = torch.nn.functional.cross_entropy(output[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    logits = (output - found["logits"]).abs().max().item()
    loss = abs(loss.item() - found["loss"].item())
    weights = dict(package.model.named_parameters())
    names = {name.removeprefix("grad.") for name in found if name.startswith("grad.")}
    if names != set(weights):
        sys.exit(f"different weights: {sorted(names ^ set(weights))}")
    largest = max(weight.grad.abs().max() for weight in weights.values())
    gradients = max(
        ((weight.grad - found["grad." + name]).abs().max() / max(weight.grad.abs().max(), 1e-3 * largest)).item()
        for name, weight in weights.items()
    )
    print(f"{package.name} {importlib.metadata.version(package.name)}: logits {logits:.2e}, loss {loss:.2e}, gradients {gradients:.2e}")
    sys.exit(0 if logits < 1e-4 and loss < 1e-5 and gradients < 1e-4 else 1)


if __name__ == "__main__":
    main()
