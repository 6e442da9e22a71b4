"""Recurrences as one writes them in PyTorch for speed on a CPU: as few and as large operations as the recurrence allows."""

import torch
import torch.nn.functional as F


def chunked_gated_linear_attention(q, k, v, log_decay, chunk=32, tile=16):
    """S_t = diag(exp(log_decay_t)) S_{t-1} + k_t v_t', y_t = S_t' q_t / sqrt(K), in chunks; all work is matrix products.

    q, k, log_decay [rows, T, heads, K], v [rows, T, heads, V] -> y as v. With s_t the running sum of log_decay within a chunk,
    q_t' diag(exp(s_t - s_j)) k_j is taken apart as (q_t exp(s_t - r))' (k_j exp(r - s_j)), where r is s in the middle of the tile that
    t is in; so the exponents that are positive are at most tile / 2 of the strongest log_decay.
    """
    rows, T, heads, K = q.shape
    fold = lambda x: x.unflatten(1, (T // chunk, chunk)).transpose(2, 3)  # [rows, chunks, heads, chunk, .]
    q, k, v, sums = fold(q * K**-0.5), fold(k), fold(v), fold(log_decay).cumsum(-2)
    total = sums[..., -1:, :]

    written = (k * (total - sums).exp()).transpose(-1, -2) @ v  # what each chunk adds to the state
    kept = total.exp().transpose(-1, -2)
    state, before = torch.zeros_like(written[:, 0]), []
    for add, keep in zip(written.unbind(1), kept.unbind(1)):
        before.append(state)
        state = torch.addcmul(add, keep, state)
    across = (q * sums.exp()) @ torch.stack(before, 1)

    future = torch.ones(chunk, chunk, dtype=torch.bool).triu(1)
    within = []
    for begin in range(0, chunk, tile):
        end = begin + tile
        middle = sums[..., begin + tile // 2 - 1, None, :]
        queries = q[..., begin:end, :] * (sums[..., begin:end, :] - middle).exp()
        keys = k[..., :end, :] * (middle - sums[..., :end, :]).exp()
        scores = (queries @ keys.transpose(-1, -2)).masked_fill(future[begin:end, :end], 0.0)
        within.append(scores @ v[..., :end, :])
    return (across + torch.cat(within, -2)).transpose(2, 3).flatten(1, 2)


def scan_block(state, delta, u, A, B, C):
    """A few steps of Mamba's selective scan; compiled, the unrolled loop becomes one pass over channels and states.

    state [rows, D, N]; delta, u [rows, steps, D]; A [D, N]; B, C [rows, steps, N] -> y [rows, steps, D], state
    """
    write, outputs = delta * u, []
    for t in range(delta.shape[1]):
        state = state * torch.exp(delta[:, t, :, None] * A) + write[:, t, :, None] * B[:, t, None, :]
        outputs.append((state * C[:, t, None, :]).sum(-1))
    return torch.stack(outputs, 1), state


compiled_scan_block = torch.compile(scan_block, dynamic=False)


@torch.compiler.disable(recursive=False)  # compiled with the model around it, all T steps would be unrolled
def selective_scan(u, delta, A, B, C, D, block=16):
    """y of Mamba's recurrence from a zero state, plus D u; shapes as in scan_block, with T steps."""
    state, outputs = A.new_zeros(u.shape[0], *A.shape), []
    for part in zip(*(x.split(block, 1) for x in (delta, u, B, C))):
        delta_part, u_part, B_part, C_part = (x.contiguous() for x in part)
        y, state = compiled_scan_block(state, delta_part, u_part, A, B_part, C_part)
        outputs.append(y)
    return torch.cat(outputs, 1) + D * u


def slstm_step(inputs, product, c, n, m):
    """One step of the gates of sLSTM. inputs [rows, 4 D]; product [heads, rows, 4 D / heads], the recurrent part; c, n, m [rows, D]."""
    heads, rows, _ = product.shape
    recurrent = product.view(heads, rows, 4, -1).permute(1, 2, 0, 3).reshape(rows, -1)
    i, f, z, o = (inputs + recurrent).view(rows, 4, -1).unbind(1)
    remembered = m + F.logsigmoid(f)
    m = torch.maximum(i, remembered)
    write, keep = torch.exp(i - m), torch.exp(remembered - m)
    c = keep * c + write * torch.tanh(z)
    n = keep * n + write
    return torch.sigmoid(o) * c / n, c, n, m


compiled_slstm_step = torch.compile(slstm_step, dynamic=False)


def slstm_sequence(x, states, R, b, pointwise_forward=None, constants=None):
    """Stands in for xlstm.blocks.slstm.cell.slstm_forward, called with a zero state: the same outputs, kept in a list. (The
    package writes each step into a tensor of all steps, which autograd copies every time.)

    x [T, rows, 4 D]; R [heads, 4 D / heads, D / heads]; b [4 D] -> states [1, T + 1, rows, D], of which the caller takes y alone.
    """
    heads, _, size = R.shape
    rows = x.shape[1]
    inputs, weights = (x + b).unbind(0), R.transpose(1, 2).contiguous()
    i, _, z, o = inputs[0].view(rows, 4, -1).unbind(1)  # the first step has nothing to keep
    c, n, m = torch.tanh(z), torch.ones_like(z), i
    y = torch.sigmoid(o) * c
    outputs = [torch.zeros_like(y), y]
    for step_inputs in inputs[1:]:
        product = torch.bmm(y.view(rows, heads, size).transpose(0, 1), weights)
        y, c, n, m = compiled_slstm_step(step_inputs, product, c, n, m)
        outputs.append(y)
    return torch.stack(outputs)[None], torch.stack((y, c, n, m)), None
