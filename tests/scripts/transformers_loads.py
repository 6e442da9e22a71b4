"""Does transformers load a folder that rondo wrote in its form (Llama, GPT-2, OPT), and give the same logits, loss and gradients?

    python3 -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python tests/scripts/transformers_loads.py --program build/release/bin/llama --model FOLDER

FOLDER is a run of the program's `train`, or any folder that rondo wrote. Prints the largest differences; exit status 1 if the logits differ by
more than 1e-4, the loss by more than 1e-5 or a gradient by more than 1e-4 of its largest entry (or of a thousandth of the model's,
if that is more: key biases of attention without rotary positions have none).
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="rondo's program of the architecture")
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--length", type=int, default=40)
    arguments = parser.parse_args()

    model = transformers.AutoModelForCausalLM.from_pretrained(
        arguments.model, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    length = min(arguments.length, model.config.max_position_embeddings)
    ids = torch.randint(0, model.config.vocab_size, (2, length), generator=torch.Generator().manual_seed(1))
    if model.config.pad_token_id is not None:  # whose row of the embedding torch gives no gradient
        ids[ids == model.config.pad_token_id] = model.config.pad_token_id + 1
    with tempfile.TemporaryDirectory() as folder:
        save_file({"input_ids": ids}, f"{folder}/input.safetensors")
        command = [arguments.program, "logits", "--model", str(arguments.model), "--gradients"]
        command += ["--input", f"{folder}/input.safetensors", "--output", f"{folder}/output.safetensors"]
        subprocess.run(command, check=True)
        found = load_file(f"{folder}/output.safetensors")

    output = model(ids, labels=ids)
    output.loss.backward()
    logits = (output.logits - found["logits"]).abs().max().item()
    loss = abs(output.loss.item() - found["loss"].item())
    weights = dict(model.named_parameters())
    names = {name.removeprefix("grad.") for name in found if name.startswith("grad.")}
    if names != set(weights):
        sys.exit(f"different weights: {sorted(names ^ set(weights))}")
    largest = max(weight.grad.abs().max() for weight in weights.values())
    gradients = max(
        ((weight.grad - found["grad." + name]).abs().max() / max(weight.grad.abs().max(), 1e-3 * largest)).item()
        for name, weight in weights.items()
    )
    print(f"transformers {transformers.__version__}: logits {logits:.2e}, loss {loss:.2e}, gradients {gradients:.2e}")
    sys.exit(0 if logits < 1e-4 and loss < 1e-5 and gradients < 1e-4 else 1)


if __name__ == "__main__":
    main()
