"""Times training steps (forward, loss, backward, AdamW; float32) of one architecture in PyTorch; prints one JSON line. run.py calls it,
one process a measurement, so that the peak memory is this measurement's alone; by hand:

    python measure.py --architecture llama --column tuned --size S --batch 1 --length 64 --steps 1

Operations a token: 6 for each parameter that every token is multiplied with, and 3 times the mixers' forward work (models.py); none
for norms, gates, softmax, loss and optimiser, none for what a chunked form computes besides.
"""

import argparse
import importlib.metadata
import json
import resource
import time
import warnings

import plan
from others import Others


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", required=True, choices=plan.ARCHITECTURES)
    parser.add_argument("--column", required=True, choices=plan.COLUMNS)
    parser.add_argument("--size", required=True, choices=plan.SIZES)
    parser.add_argument("--batch", type=int, default=8, help="sequences a step")
    parser.add_argument("--length", type=int, default=256, help="tokens a sequence")
    parser.add_argument("--warm-up", type=int, default=1, help="steps before those that are timed; compiling happens in the first")
    parser.add_argument("--steps", type=int, default=4, help="timed steps; the shortest counts")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def matrix_peak(torch):
    """GFLOP/s of a product of 2048 x 2048 matrices, the best of ten."""
    n, seconds = 2048, []
    a, b, c = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)
    for _ in range(12):
        start = time.perf_counter()
        torch.mm(a, b, out=c)
        seconds.append(time.perf_counter() - start)
    return 2 * n**3 / min(seconds[2:]) * 1e-9


def main():
    options = arguments()
    warnings.filterwarnings("ignore")
    import torch
    import torch.nn.functional as F

    import models

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    way = plan.COLUMNS[options.column][options.architecture]
    size = {**plan.SIZES[options.size], "batch": options.batch, "length": options.length}
    model, mixer_work = models.build(options.architecture, options.column == "tuned", size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1, fused=True)
    ids = torch.randint(0, size["vocabulary"], (options.batch, options.length))
    labels = torch.randint(0, size["vocabulary"], (options.batch * options.length,))

    def loss_of(ids):
        return F.cross_entropy(model(ids).flatten(0, 1), labels)

    loss_of = torch.compile(loss_of, dynamic=False) if way.compile else loss_of

    def step():
        start = time.perf_counter()
        loss = loss_of(ids)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - start, loss.item()

    steps = [step() for _ in range(options.warm_up)]
    with Others() as others:
        steps += [step() for _ in range(options.steps)]
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    seconds = min(taken for taken, _ in steps[options.warm_up :])
    tokens_per_second = options.batch * options.length / seconds
    operations = 6 * models.multiplied_parameters(model) + 3 * mixer_work
    found = {
        "tokens_per_second": round(tokens_per_second, 1),
        "flops_per_token": operations,
        "achieved_gflops": round(tokens_per_second * operations * 1e-9, 1),
        "matrix_peak_gflops": round(matrix_peak(torch), 1),
        "peak_bytes": peak_bytes,
        "others": others.share,
        "step_seconds": round(seconds, 4),
        "all_seconds": [round(taken, 4) for taken, _ in steps],
        "losses": [round(loss, 4) for _, loss in steps],
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "versions": {name: importlib.metadata.version(name) for name in ("torch", *distributions(way))},
    }
    print(json.dumps(found), flush=True)


def distributions(way):
    """The packages on PyPI of the modules that a way imports."""
    return ({"fla": "fla-core", "mlstm_kernels": "mlstm-kernels"}.get(name, name) for name in way.packages)


if __name__ == "__main__":
    main()
