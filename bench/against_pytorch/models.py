"""The architectures in PyTorch. build(architecture, tuned, size) gives a module that maps ids [rows, T] to logits, and the work of
its mixers: floating-point operations a token in the forward pass that are no product with weights."""

import torch
import torch.nn as nn
import torch.nn.functional as F

import recurrences


class LogitsOf(nn.Module):
    """A model of transformers, its logits alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        return self.model(input_ids=ids, use_cache=False).logits


def llama(tuned, size):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=size["vocabulary"],
        hidden_size=size["width"],
        intermediate_size=size["mlp"],
        num_hidden_layers=size["depth"],
        num_attention_heads=size["heads"],
    )
    return LogitsOf(LlamaForCausalLM(config)), causal_attention_work(size)


def gpt2(tuned, size):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=size["vocabulary"],
        n_embd=size["width"],
        n_layer=size["depth"],
        n_head=size["heads"],
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    return LogitsOf(GPT2LMHeadModel(config)), causal_attention_work(size)


def causal_attention_work(size):
    """Scores and weighted values, each 2 width operations a pair of tokens, over half of the T x T square."""
    return size["depth"] * 2 * size["length"] * size["width"]


class LstmModel(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embedding = nn.Embedding(size["vocabulary"], size["width"])
        self.lstm = nn.LSTM(size["width"], size["width"], size["depth"], batch_first=True)
        self.head = nn.Linear(size["width"], size["vocabulary"], bias=False)

    def forward(self, ids):
        y, _ = self.lstm(self.embedding(ids))
        return self.head(y)


def lstm(tuned, size):
    return LstmModel(size), 0


class Hgrn2Block(nn.Module):
    """Block of HGRN2 (Qin et al. 2024): norm, gated outer-product recurrence, norm, gated MLP."""

    def __init__(self, width, heads, mlp, recurrence):
        super().__init__()
        self.heads, self.recurrence = heads, recurrence
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)
        self.mixer_norm, self.mlp_norm = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)
        self.query, self.forget, self.value = linear(width, width), linear(width, width), linear(width, width)
        self.output_norm, self.output = nn.RMSNorm(width, eps=1e-5), linear(width, width)
        self.gate, self.up, self.down = linear(width, mlp), linear(width, mlp), linear(mlp, width)

    def forward(self, x, lower_bound):
        a = self.mixer_norm(x)
        split = lambda y: y.unflatten(-1, (self.heads, -1))
        decay = lower_bound + (1 - lower_bound) * torch.sigmoid(self.forget(a))
        log_decay = decay.clamp_min(5e-5).log()  # what is left after eight steps of it is still a float's inverse
        y = self.recurrence(split(F.silu(self.query(a))), split(1 - decay), split(self.value(a)), split(log_decay))
        x = x + self.output(self.output_norm(y.flatten(-2)))
        a = self.mlp_norm(x)
        return x + self.down(F.silu(self.gate(a)) * self.up(a))


class Hgrn2Model(nn.Module):
    def __init__(self, size, heads, recurrence):
        super().__init__()
        width, depth = size["width"], size["depth"]
        self.embedding = nn.Embedding(size["vocabulary"], width)
        self.lower_bounds = nn.Parameter(torch.zeros(depth, width))
        self.blocks = nn.ModuleList(Hgrn2Block(width, heads, size["mlp"], recurrence) for _ in range(depth))
        self.norm = nn.RMSNorm(width, eps=1e-6)
        self.head = nn.Linear(width, size["vocabulary"], bias=False)

    def forward(self, ids):
        x = self.embedding(ids)
        shares = self.lower_bounds.softmax(0)
        bounds = shares.cumsum(0) - shares[0]
        for block, bound in zip(self.blocks, bounds.unbind(0)):
            x = block(x, bound)
        return self.head(self.norm(x))


def hgrn2(tuned, size):
    heads = 4
    if tuned:
        recurrence = recurrences.chunked_gated_linear_attention
    else:
        from fla.ops.gla.naive import naive_recurrent_gla

        recurrence = lambda q, k, v, log_decay: naive_recurrent_gla(q, k, v, log_decay)[0]
    return Hgrn2Model(size, heads, recurrence), size["depth"] * 4 * size["width"] * (size["width"] // heads)


def small_xlstm(size, **blocks):
    from xlstm import xLSTMLMModel, xLSTMLMModelConfig

    return xLSTMLMModel(
        xLSTMLMModelConfig(
            vocab_size=size["vocabulary"],
            embedding_dim=size["width"],
            num_blocks=size["depth"],
            context_length=size["length"],
            **blocks,
        )
    )


def mlstm(tuned, size):
    from xlstm import mLSTMBlockConfig, mLSTMLayerConfig

    layer = mLSTMLayerConfig(num_heads=size["heads"])
    model = small_xlstm(size, mlstm_block=mLSTMBlockConfig(mlstm=layer), slstm_at=[])
    if tuned:
        from mlstm_kernels.torch import get_mlstm_kernel

        kernel = get_mlstm_kernel("chunkwise--native_custbw")

        def chunkwise(queries, keys, values, igate_preact, fgate_preact, **mask):
            gates = {"i": igate_preact.squeeze(-1), "f": fgate_preact.squeeze(-1)}
            types = {"autocast_kernel_dtype": torch.float32}
            return kernel(q=queries, k=keys, v=values, **gates, chunk_size=64, return_last_states=False, **types)

        for block in model.xlstm_block_stack.blocks:
            block.xlstm.mlstm_cell.backend_fn = chunkwise
    inner = 2 * size["width"]
    return model, size["depth"] * 4 * inner * (inner // size["heads"])


def slstm(tuned, size):
    import xlstm.blocks.slstm.cell
    from xlstm import FeedForwardConfig, sLSTMBlockConfig, sLSTMLayerConfig

    block = sLSTMBlockConfig(
        slstm=sLSTMLayerConfig(backend="vanilla", num_heads=size["heads"], dtype="float32"),
        feedforward=FeedForwardConfig(proj_factor=1.3, act_fn="gelu"),
    )
    if tuned:
        xlstm.blocks.slstm.cell.slstm_forward = recurrences.slstm_sequence
    return small_xlstm(size, mlstm_block=None, slstm_block=block, slstm_at="all"), 0


def xlstm_large(tuned, size):
    from transformers import xLSTMConfig, xLSTMForCausalLM

    config = xLSTMConfig(
        vocab_size=size["vocabulary"],
        hidden_size=size["width"],
        num_hidden_layers=size["depth"],
        num_heads=size["heads"],
        mode="train",
        chunkwise_kernel="chunkwise--native_autograd",
        chunk_size=64,
        return_last_states=True,
        autocast_kernel_dtype="float32",
    )
    return LogitsOf(xLSTMForCausalLM(config)), size["depth"] * 4 * config.qk_dim * (config.v_dim // size["heads"])


def mamba(tuned, size):
    from transformers import MambaConfig, MambaForCausalLM
    from transformers.models.mamba.modeling_mamba import MambaMixer

    config = MambaConfig(vocab_size=size["vocabulary"], hidden_size=size["width"], num_hidden_layers=size["depth"])

    def forward(self, x, **unused):
        length, states = x.shape[1], self.ssm_state_size
        u, gate = self.in_proj(x).chunk(2, -1)
        u = self.act(self.conv1d(u.transpose(1, 2))[..., :length]).transpose(1, 2)
        rank, B, C = self.x_proj(u).split([self.time_step_rank, states, states], -1)
        y = recurrences.selective_scan(u, F.softplus(self.dt_proj(rank)), -self.A_log.exp(), B, C, self.D)
        return self.out_proj(y * self.act(gate))

    if tuned:
        MambaMixer.forward = forward
    return LogitsOf(MambaForCausalLM(config)), size["depth"] * 9 * config.intermediate_size * config.state_size


BUILDERS = {
    "llama": llama,
    "gpt2": gpt2,
    "lstm": lstm,
    "hgrn2": hgrn2,
    "mlstm": mlstm,
    "slstm": slstm,
    "xlstm_large": xlstm_large,
    "mamba": mamba,
}


def build(architecture, tuned, size):
    model, mixer_work = BUILDERS[architecture](tuned, size)
    return model.train(), mixer_work


def multiplied_parameters(model):
    """Parameters that every token is multiplied with: not the tables that are only looked up in; a tied table once, as the head."""
    products = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    tables = {module.weight for module in model.modules() if isinstance(module, nn.Embedding) and id(module.weight) not in products}
    return sum(weight.numel() for weight in model.parameters()) - sum(table.numel() for table in tables)
