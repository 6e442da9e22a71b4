"""Does the tuned code compute what the packages' own code computes? Logits and gradients of small models, one column against the other.

    build/against_pytorch/bin/python bench/against_pytorch/check.py
"""

import sys

import torch
import torch.nn.functional as F

import models

SIZE = {"vocabulary": 64, "width": 64, "depth": 2, "heads": 4, "mlp": 128, "batch": 2, "length": 128}


def outcome(architecture, tuned, ids, labels):
    """Logits, and the gradient of the loss by all weights in one vector."""
    torch.manual_seed(1)
    model, _ = models.build(architecture, tuned, SIZE)
    for weight in model.parameters():
        weight.data += 0.05 * torch.randn(weight.shape)  # away from zeros and ones that hide terms
    logits = model(ids)
    F.cross_entropy(logits.flatten(0, 1), labels).backward()
    return logits.detach(), torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None])


def main():
    shape = (SIZE["batch"], SIZE["length"])
    wrong = []
    for architecture in ("hgrn2", "mlstm", "slstm", "mamba"):  # the others differ by torch.compile alone
        ids, labels = (torch.randint(0, SIZE["vocabulary"], shape) for _ in range(2))
        labels = labels.flatten()
        installed = outcome(architecture, False, ids, labels)
        tuned = outcome(architecture, True, ids, labels)
        logits, gradients = (((a - b).abs().max() / a.abs().max()).item() for a, b in zip(installed, tuned))
        print(f"{architecture}: logits differ by {logits:.1e}, gradients by {gradients:.1e} of the largest", flush=True)
        if not (logits < 1e-4 and gradients < 1e-4):
            wrong.append(architecture)
    sys.exit(f"tuned is not installed: {', '.join(wrong)}" if wrong else 0)


if __name__ == "__main__":
    main()
