"""CLIP's text Transformer: causal, its feature read at the end-of-text token (section 2.4)."""

import torch
from torch import Tensor, nn

from clipcore.architectures import Activation, TextShape
from clipcore.towers.transformer import Transformer


class TextTransformer(nn.Module):
    """Tokens to text features: int64 (batch, length <= context_length) -> (batch, embed_dim), not yet unit length.

    Attention is causal, so what stands after the end token cannot reach it: a batch may be cut after its longest text.
    """

    def __init__(self, shape: TextShape, embed_dim: int, activation: Activation) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(shape.vocab_size, shape.width)
        self.positional_embedding = nn.Parameter(torch.empty(shape.context_length, shape.width))
        self.transformer = Transformer(shape.width, shape.layers, shape.heads, shape.mlp_width, activation, causal=True)
        self.ln_final = nn.LayerNorm(shape.width)
        self.text_projection = nn.Parameter(torch.empty(shape.width, embed_dim))
        self.transformer.initialise_by_depth()
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=shape.width**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]  # (batch, length, width)
        x = self.ln_final(self.transformer(x))
        end = tokens.argmax(dim=-1)  # the end token has the highest number of the vocabulary
        return x[torch.arange(x.shape[0], device=x.device), end] @ self.text_projection
