"""A Transformer language model that looks at a picture: causal blocks with cross attention to an image tower's tokens.

Its shape is a text tower's (`TextShape`), with one more attention in each block; 12 layers of 512 features are the
caption predictor of the CLIP paper's section 2.3 and figure 2.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clipcore.architectures import Activation, TextShape
from clipcore.towers.transformer import Attention, Mlp

Memory = tuple[Tensor, Tensor]  # a block's keys and values of pictures: (pictures, heads, tokens, head width) each


class CrossAttention(nn.Module):
    """Multi-head attention from text positions to image tokens of another width."""

    def __init__(self, width: int, heads: int, seen_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.kv_proj = nn.Linear(seen_width, 2 * width)
        self.out_proj = nn.Linear(width, width)

    def memory(self, seen: Tensor) -> Memory:
        """Keys and values of image tokens (batch, tokens, seen width)."""
        k, v = self.kv_proj(seen).chunk(2, dim=-1)
        return self._by_head(k), self._by_head(v)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        x = F.scaled_dot_product_attention(self._by_head(self.q_proj(x)), *memory)
        return self.out_proj(x.transpose(1, 2).flatten(2))

    def _by_head(self, x: Tensor) -> Tensor:
        """(batch, length, width) -> (batch, heads, length, head width)."""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class DecoderBlock(nn.Module):
    """x + self-attention, + cross attention, + mlp; each of the norm of what stands before it."""

    def __init__(self, shape: TextShape, seen_width: int, activation: Activation) -> None:
        super().__init__()
        self.ln_1, self.ln_2, self.ln_3 = (nn.LayerNorm(shape.width) for _ in range(3))
        self.attn = Attention(shape.width, shape.heads)
        self.cross = CrossAttention(shape.width, shape.heads, seen_width)
        self.mlp = Mlp(shape.width, shape.mlp_width, activation)

    def memory(self, seen: Tensor) -> Memory:
        """What its cross attention keeps of image tokens (batch, tokens, seen width)."""
        return self.cross.memory(seen)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        x = x + self.attn(self.ln_1(x), causal=True)
        x = x + self.cross(self.ln_2(x), memory)
        return x + self.mlp(self.ln_3(x))


class CaptionDecoder(nn.Module):
    """Image tokens and a caption's tokens so far to logits of the next one; the output layer is the embedding's."""

    def __init__(self, shape: TextShape, seen_width: int, activation: Activation) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(shape.vocab_size, shape.width)
        self.positional_embedding = nn.Parameter(torch.empty(shape.context_length, shape.width))
        self.blocks = nn.ModuleList(DecoderBlock(shape, seen_width, activation) for _ in range(shape.layers))
        self.ln_final = nn.LayerNorm(shape.width)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)

    def memory(self, seen: Tensor) -> list[Memory]:
        """What each block keeps of the image tokens (batch, tokens, seen width)."""
        return [block.memory(seen) for block in self.blocks if isinstance(block, DecoderBlock)]

    def forward(self, tokens: Tensor, memory: Sequence[Memory]) -> Tensor:
        """int64 tokens (batch, length) -> logits (batch, length, vocabulary), position i's of the token after it."""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]  # (batch, length, width)
        for block, remembered in zip(self.blocks, memory, strict=True):
            x = block(x, remembered)
        return F.linear(self.ln_final(x), self.token_embedding.weight)
