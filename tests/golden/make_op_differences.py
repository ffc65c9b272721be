"""Slopes of every op with a gradient of its own, by central differences of its formula in PyTorch's float64.

The function that is differentiated is `sum(op(inputs) * weights)`; inputs and weights follow formula.py, within [-1, 1). Texts
lie one after the other in `[tokens, hidden]`; what an op computes is written here for one text and one head at a time.
"""

import torch
from formula import uniform
from golden_file import digits, write
from make_central_differences import H, points_of
from make_dropout_masks import mask

LENGTHS, HEADS, WIDTH = [5, 1, 9], 2, 4
TOKENS, HIDDEN, LONGEST = sum(LENGTHS), HEADS * WIDTH, max(LENGTHS)
INNER, ROWS, LABELS = 11, 6, 3
SEED, RATE = [3, 2560], 0.25
SEGMENTS = [(i * i) % 3 for i in range(TOKENS)]
IDS = [0, 3, 3, 1, 5, 3]
PICKED = [4, 0, 2]
EPSILON = 1e-5
F = torch.nn.functional


def dropped(x: torch.Tensor, first_row: int = 0) -> torch.Tensor:
    return x * torch.from_numpy(mask(SEED, RATE, range(first_row, first_row + x.shape[0]), x.shape[1])).double()


def distances(length: int, queries: range) -> torch.Tensor:
    """`i - j` for each query and key."""
    return torch.tensor([[i - j for j in range(length)] for i in queries])


def attention(q, k, v, by_query=None, by_key=None, by_distance=None, other=None, bias=None, *, asking="all", window=None, factor=WIDTH**-0.5, drops=False):
    texts, first = [], 0
    for text, length in enumerate(LENGTHS):
        queries = {"all": range(length), "first": range(1), "last": range(length - 1, length)}[asking]
        heads = []
        for head in range(HEADS):
            columns = slice(head * WIDTH, (head + 1) * WIDTH)
            rows = slice(first, first + length)
            query = (q[rows] if asking == "all" else q[text : text + 1])[:, columns]
            key, value = k[rows, columns], v[rows, columns]
            apart = distances(length, queries)
            scores = query @ key.T
            if by_query is not None:
                scores = scores + (by_query[LONGEST - 1 - apart][..., columns] * query[:, None]).sum(-1)
            if by_key is not None:
                scores = scores + (by_key[LONGEST - 1 + apart][..., columns] * key[None]).sum(-1)
            scores = factor * scores
            if by_distance is not None:
                scores = scores + by_distance[LONGEST - 1 - apart, head]
            if other is not None:
                own = torch.tensor(SEGMENTS[first : first + length])
                differ = own[list(queries)][:, None] != own[None]
                scores = scores + differ * (factor * (query @ other[0, columns]) + bias[0, head])[:, None]
            if window is not None:
                scores = scores.masked_fill(apart.abs() > window, float("-inf"))
            probabilities = scores.softmax(-1)
            if drops:
                probabilities = dropped(probabilities, first * HEADS + head * length + queries.start)
            heads.append(probabilities @ value)
        texts.append(torch.cat(heads, 1))
        first += length
    return torch.cat(texts)


def asking_rows(x: torch.Tensor, asking: str) -> torch.Tensor:
    ends = torch.tensor(LENGTHS).cumsum(0)
    return {"all": x, "first": x[ends - torch.tensor(LENGTHS)], "last": x[ends - 1]}[asking]


def self_attention(x, wq, bq, wk, bk, wv, bv, table, *, asking, drops):
    return attention(F.linear(asking_rows(x, asking), wq, bq), F.linear(x, wk, bk), F.linear(x, wv, bv), None, None, table, asking=asking, drops=drops)


def norm(x, weight, bias):
    return F.layer_norm(x, (x.shape[-1],), weight, bias, EPSILON)


def residual_norm(x, input_bias, residual, weight, bias, drops):
    inner = x + input_bias
    return norm((dropped(inner) if drops else inner) + residual, weight, bias)


def feed_forward(x, up, up_bias, down, down_bias, weight, bias, act, drops):
    return residual_norm(act(F.linear(x, up, up_bias)) @ down.T, down_bias, x, weight, bias, drops)


def bias_products(rows, u, v):
    return 0.5 * (rows.view(-1, HEADS, WIDTH) * (u - v)).sum(-1)


def convolution(x, weight, bias):
    parts = x.split(LENGTHS)
    return torch.cat([F.conv1d(part.T[None], weight, bias, padding=weight.shape[2] // 2)[0].T for part in parts])


def rotated(x):
    half = WIDTH // 2
    angles = torch.tensor([[token * 0.3 * (i + 1) for i in range(half)] for token in range(TOKENS)], dtype=torch.float64).float().double()
    cos, sin = angles.cos().float().double()[:, None], angles.sin().float().double()[:, None]
    pairs = x.view(TOKENS, HEADS, WIDTH)
    a, b = pairs[..., :half], pairs[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).view(TOKENS, HIDDEN)


def placed(x):
    return torch.zeros(ROWS, x.shape[1], dtype=torch.float64).index_copy(0, torch.tensor(PICKED), x)


MATRIX, SQUARE, ROW, FEW = [TOKENS, HIDDEN], [HIDDEN, HIDDEN], [HIDDEN], [len(LENGTHS), HIDDEN]
TABLE, BY_HEAD = [2 * LONGEST, HIDDEN], [2 * LONGEST, HEADS]
GELUS = {"gelu": F.gelu, "gelu_new": lambda x: F.gelu(x, approximate="tanh")}
ACTIVATIONS = {**GELUS, "relu": F.relu, "sigmoid": torch.sigmoid, "silu": F.silu, "tanh": torch.tanh}
PROJECTIONS = [SQUARE, ROW] * 3
FEED = [MATRIX, [INNER, HIDDEN], [INNER], [HIDDEN, INNER], ROW, ROW, ROW]

# name -> shapes of the inputs, the op
OPS = {
    **{f"activation {name}": ([MATRIX], act) for name, act in ACTIVATIONS.items()},
    "biasGelu": ([MATRIX, ROW], lambda x, b: F.gelu(x + b)),
    "linear": ([MATRIX, [INNER, HIDDEN], [INNER]], F.linear),
    "project": ([MATRIX, [INNER, HIDDEN]], F.linear),
    "layerNorm": ([MATRIX, ROW, ROW], norm),
    "dropout": ([MATRIX], dropped),
    **{
        f"residualNorm{' with dropout' * drops}": ([MATRIX, ROW, MATRIX, ROW, ROW], lambda *x, drops=drops: residual_norm(*x, drops))
        for drops in (False, True)
    },
    **{
        f"denseResidualNorm{' with dropout' * drops}": (
            [MATRIX, SQUARE, ROW, MATRIX, ROW, ROW],
            lambda x, w, b, r, weight, bias, drops=drops: residual_norm(x @ w.T, b, r, weight, bias, drops),
        )
        for drops in (False, True)
    },
    **{
        f"feedForwardNorm of {name}{' with dropout' * drops}": (FEED, lambda *x, act=ACTIVATIONS[name], drops=drops: feed_forward(*x, act, drops))
        for name in ("gelu", "silu")
        for drops in (False, True)
    },
    "attention": ([MATRIX] * 3, attention),
    "attention by query": ([*[MATRIX] * 3, TABLE], attention),
    "attention by key": ([*[MATRIX] * 3, TABLE], lambda q, k, v, table: attention(q, k, v, None, table)),
    "attention by distance": ([*[MATRIX] * 3, BY_HEAD], lambda q, k, v, table: attention(q, k, v, None, None, table)),
    "attention by segment": ([*[MATRIX] * 3, [1, HIDDEN], [1, HEADS]], lambda q, k, v, t, b: attention(q, k, v, None, None, None, t, b)),
    **{
        f"attention of {asking} with all terms{' and dropout' * drops}": (
            [MATRIX if asking == "all" else FEW, MATRIX, MATRIX, TABLE, TABLE, BY_HEAD, [1, HIDDEN], [1, HEADS]],
            lambda *x, asking=asking, drops=drops: attention(*x, asking=asking, window=3, factor=0.375, drops=drops),
        )
        for asking in ("all", "first", "last")
        for drops in (False, True)
    },
    **{
        f"selfAttention of {asking}{' with dropout' * drops}": (
            [MATRIX, *PROJECTIONS, BY_HEAD],
            lambda *x, asking=asking, drops=drops: self_attention(*x, asking=asking, drops=drops),
        )
        for asking in ("all", "first", "last")
        for drops in (False, True)
    },
    "embedding": ([[7, WIDTH]], lambda table: F.embedding(torch.tensor(IDS), table)),
    "biasProducts": ([[ROWS, HIDDEN], [HEADS, WIDTH], [HEADS, WIDTH]], bias_products),
    "segmentDifference": ([[2, HEADS, WIDTH]], lambda table: (table[1] - table[0]).view(1, HIDDEN)),
    "toHeads": ([MATRIX, [HIDDEN, HEADS, WIDTH]], lambda x, w: x @ w.view(HIDDEN, -1)),
    "fromHeads": ([MATRIX, [HIDDEN, HEADS, WIDTH]], lambda x, w: x @ w.view(HIDDEN, -1).T),
    "meanRows": ([MATRIX], lambda x: torch.stack([part.mean(0) for part in x.split(LENGTHS)])),
    "part": ([[ROWS, 2 * 3 * WIDTH]], lambda x: x.view(ROWS, 2, 3, WIDTH)[:, :, 1].reshape(ROWS, -1)),
    "rotate": ([MATRIX], rotated),
    "addRows": ([MATRIX, MATRIX], torch.add),
    "scaleRows": ([MATRIX], lambda x: x * 0.375),
    "addBias": ([MATRIX, [HEADS, WIDTH]], lambda x, b: x + b.view(-1)),
    "multiplyRows": ([MATRIX, MATRIX], torch.mul),
    "selectRows": ([[ROWS, WIDTH]], lambda x: x[PICKED]),
    "placeRows": ([[len(PICKED), WIDTH]], placed),
    "textConvolution": ([MATRIX, [WIDTH, HIDDEN, 3], [WIDTH]], convolution),
    "recomputed": ([MATRIX, [INNER, HIDDEN], [INNER]], lambda x, w, b: F.gelu(F.linear(x, w, b))),
    "crossEntropy": ([[ROWS, LABELS]], lambda x: F.cross_entropy(x, torch.arange(ROWS) % LABELS)),
    "binaryCrossEntropy": ([[ROWS, LABELS]], lambda x: F.binary_cross_entropy_with_logits(x, (torch.arange(ROWS * LABELS).view(ROWS, LABELS) % 2).double())),
    "meanSquaredError": ([[ROWS, LABELS]], lambda x: F.mse_loss(x, torch.arange(ROWS * LABELS).view(ROWS, LABELS).double() / 8)),
}


def tensor(name: str, shape: list) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return torch.from_numpy(uniform(name, count)).view(shape)


def slopes_of(name: str) -> dict:
    shapes, op = OPS[name]
    inputs = [tensor(f"{name} {i}", shape) for i, shape in enumerate(shapes)]
    output = op(*inputs)
    weights = tensor(f"{name} weights", list(output.shape))

    def value() -> float:
        return (op(*inputs) * weights).sum().item()

    slopes = []
    for i, x in enumerate(inputs):
        flat = x.view(-1)
        slopes.append([])
        for point in points_of(f"{name} {i}", torch.ones(flat.numel()), flat.numel()):
            kept = flat[point].item()
            flat[point] = kept + H
            above = value()
            flat[point] = kept - H
            slope = (above - value()) / (2 * H)
            flat[point] = kept
            slopes[i].append([point, digits(slope, 6) if abs(slope) > 1e-8 else 0])
    return {"inputs": shapes, "output": list(output.shape), "slopes": slopes}


if __name__ == "__main__":
    write("op_differences.json", __file__, ("torch", "numpy"), {name: slopes_of(name) for name in OPS})
