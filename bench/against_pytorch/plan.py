"""What is measured: sizes, architectures, and for each architecture one way as installed and one tuned. Standard library only."""

from dataclasses import dataclass

# bench_step's sizes S and M.
SIZES = {
    "S": {"vocabulary": 8192, "width": 256, "depth": 6, "heads": 4, "mlp": 768, "batch": 8, "length": 256},
    "M": {"vocabulary": 16000, "width": 512, "depth": 8, "heads": 8, "mlp": 1536, "batch": 8, "length": 512},
}


@dataclass(frozen=True)
class Way:
    """One way to train an architecture with PyTorch: how it is done, and what it can bear."""

    how: str  # for the reader of the table
    packages: tuple[str, ...]  # modules it imports besides torch
    compile: bool = False  # torch.compile of model and loss
    batch: int = 0  # sequences a step where the size's own are too many for time or memory; tokens/s are per token anyway
    warm_up: int = 2
    steps: int = 4


ARCHITECTURES = ("llama", "gpt2", "lstm", "hgrn2", "mlstm", "slstm", "xlstm_large", "mamba")

# The packages' own code as it runs on a CPU, nothing added.
INSTALLED = {
    "llama": Way("transformers", ("transformers",), warm_up=1, steps=3),
    "gpt2": Way("transformers", ("transformers",), warm_up=1, steps=3),
    "lstm": Way("nn.LSTM", (), warm_up=1, steps=3),
    "hgrn2": Way("loop over the tokens of fla.ops.gla.naive, 2 sequences a step", ("fla",), batch=2, warm_up=1, steps=2),
    "mlstm": Way("xlstm, its parallel form", ("xlstm",), warm_up=1, steps=2),
    "slstm": Way('xlstm, backend "vanilla", 4 sequences a step', ("xlstm",), batch=4, warm_up=1, steps=1),
    "xlstm_large": Way("transformers, chunkwise--native_autograd", ("transformers", "xlstm", "mlstm_kernels"), warm_up=1, steps=2),
    "mamba": Way("transformers, one sequence, a single step", ("transformers",), batch=1, warm_up=0, steps=1),
}

# The best known: code of models.py where the packages have none, compiled where that is faster.
TUNED = {
    "llama": Way("transformers, compiled", ("transformers",), compile=True),
    "gpt2": Way("transformers, compiled", ("transformers",), compile=True),
    "lstm": Way("nn.LSTM (oneDNN's)", ()),
    "hgrn2": Way("own, chunks of 32, compiled", (), compile=True),
    "mlstm": Way("xlstm with chunkwise--native_custbw of mlstm-kernels", ("xlstm", "mlstm_kernels")),
    "slstm": Way("xlstm with own loop, its gates compiled", ("xlstm",)),
    "xlstm_large": Way("transformers, chunkwise--native_autograd, compiled", ("transformers", "xlstm", "mlstm_kernels"), compile=True),
    "mamba": Way("transformers with own scan in blocks of 16, compiled", ("transformers",), compile=True),
}

RONDO = Way("bench_step", (), warm_up=1, steps=5)
COLUMNS = {"installed": INSTALLED, "tuned": TUNED}
