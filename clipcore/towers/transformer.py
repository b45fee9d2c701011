"""The Transformer that both towers are made of: pre-norm residual blocks (Radford et al., section 2.4).

Parameter names are those of the published state dicts (``resblocks.0.attn.in_proj_weight`` ...), so they load unmapped.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from clipcore.architectures import Activation


class QuickGELU(nn.Module):
    """x * sigmoid(1.702 x), the approximation of GELU that OpenAI's weights were trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)


ACTIVATIONS: dict[Activation, type[nn.Module]] = {"gelu": nn.GELU, "quickgelu": QuickGELU}


class Attention(nn.Module):
    """Multi-head self-attention with the parameter names of torch's nn.MultiheadAttention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)  # as torch's layer begins
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)  # (batch, length, 3 width)
        q, k, v = (self._by_head(part) for part in torch.split(qkv, self.width, dim=-1))
        return self._joined(F.scaled_dot_product_attention(q, k, v, is_causal=causal))

    def of_first(self, x: Tensor) -> Tensor:
        """What the first token alone attends to: (batch, length, width) -> (batch, 1, width)."""
        q = F.linear(x[:, :1], self.in_proj_weight[: self.width], self.in_proj_bias[: self.width])
        kv = F.linear(x, self.in_proj_weight[self.width :], self.in_proj_bias[self.width :])  # (batch, length, 2 width)
        k, v = (self._by_head(part) for part in torch.split(kv, self.width, dim=-1))
        return self._joined(F.scaled_dot_product_attention(self._by_head(q), k, v))

    def _by_head(self, x: Tensor) -> Tensor:
        """(batch, length, width) -> (batch, heads, length, head width)."""
        return x.reshape(x.shape[0], -1, self.heads, self.width // self.heads).transpose(1, 2)

    def _joined(self, x: Tensor) -> Tensor:
        return self.out_proj(x.transpose(1, 2).reshape(x.shape[0], -1, self.width))


class Mlp(nn.Module):
    """Two linear layers with the activation between them."""

    def __init__(self, width: int, hidden: int, activation: Activation) -> None:
        super().__init__()
        self.c_fc = nn.Linear(width, hidden)
        self.act = ACTIVATIONS[activation]()
        self.c_proj = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(self.act(self.c_fc(x)))


class ResidualAttentionBlock(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int, mlp_width: int, activation: Activation) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, mlp_width, activation)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        x = x + self.attn(self.ln_1(x), causal)
        return x + self.mlp(self.ln_2(x))

    def of_first(self, x: Tensor) -> Tensor:
        """`forward` for the first token alone, not causal: (batch, length, width) -> (batch, 1, width)."""
        first = x[:, :1] + self.attn.of_first(self.ln_1(x))
        return first + self.mlp(self.ln_2(first))


class Transformer(nn.Module):
    """`layers` residual attention blocks: (batch, length, width) in and out.

    As in OpenAI's release, the image tower's blocks begin with torch's defaults, and the text tower's with
    `initialise_by_depth`.
    """

    def __init__(
        self, width: int, layers: int, heads: int, mlp_width: int, activation: Activation, causal: bool = False
    ) -> None:
        super().__init__()
        self.causal = causal
        self.checkpointing = False  # in training: keep each block's input alone, and compute the rest again
        self.resblocks = nn.ModuleList(
            ResidualAttentionBlock(width, heads, mlp_width, activation) for _ in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resblocks:
            x = self._through(block, x, self.causal)
        return x

    def _through(self, block: nn.Module, *inputs: Tensor | bool) -> Tensor:
        if self.checkpointing and torch.is_grad_enabled():
            return checkpoint(block, *inputs, use_reentrant=False)
        return block(*inputs)

    def of_first(self, x: Tensor) -> Tensor:
        """`forward` for the first token alone, (batch, width), where it is not causal.

        In the last block only keys and values are needed of the other tokens: 10 of its 12 parts are saved, which in
        twelve layers is 7 % of the whole.
        """
        *blocks, last = self.resblocks
        for block in blocks:
            x = self._through(block, x, self.causal)
        assert isinstance(last, ResidualAttentionBlock) and not self.causal
        return last.of_first(x)[:, 0]

    def initialise_by_depth(self) -> None:
        """The standard deviations of OpenAI's `initialize_parameters`: residual branches shrink with depth."""
        for block in self.resblocks:
            assert isinstance(block, ResidualAttentionBlock)
            width = block.attn.out_proj.in_features
            projection_std = width**-0.5 * (2 * len(self.resblocks)) ** -0.5
            nn.init.normal_(block.attn.in_proj_weight, std=width**-0.5)
            nn.init.normal_(block.attn.out_proj.weight, std=projection_std)
            nn.init.normal_(block.mlp.c_fc.weight, std=(2 * width) ** -0.5)
            nn.init.normal_(block.mlp.c_proj.weight, std=projection_std)
