"""The decoder's transformer: prompt tokens and image look at each other, in turns.

Segment Anything (Kirillov et al., 2023), figure 14. Weights and norms as published: the norms come
after the sums, with torch's default eps.
"""

from torch import Tensor, nn

from vesal.models.shapes import RowCode, TokenRow
from vesal.models.vit import Mlp

_HEADS = 8
_HIDDEN = 2048
_DEPTH = 2


class TwoWayTransformer(nn.Module):
    """Two layers, and a last look of the tokens at the image."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayLayer(width, is_first=i == 0) for i in range(_DEPTH))
        self.final_attn_token_to_image = CrossAttention(width, width // 2)
        self.norm_final_attn = nn.LayerNorm(width)

    def forward(
        self, tokens: TokenRow, image: TokenRow, image_code: RowCode
    ) -> tuple[TokenRow, TokenRow]:
        """Tokens and image after all layers.

        Args:
            tokens: ``(batch, token, width)``; they are their own positional code.
            image: ``(batch, place, width)``.
            image_code: the code of each place.
        """
        code, x = tokens, tokens
        for layer in self.layers:
            x, image = layer(x, image, code, image_code)
        x = x + self.final_attn_token_to_image(x + code, image + image_code, image)
        return self.norm_final_attn(x), image


class TwoWayLayer(nn.Module):
    """Tokens to themselves, to the image, through an MLP; then the image to the tokens."""

    def __init__(self, width: int, *, is_first: bool) -> None:
        super().__init__()
        self.is_first = is_first
        self.self_attn = CrossAttention(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn_token_to_image = CrossAttention(width, width // 2)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = ReluMlp(width, _HIDDEN)
        self.norm3 = nn.LayerNorm(width)
        self.norm4 = nn.LayerNorm(width)
        self.cross_attn_image_to_token = CrossAttention(width, width // 2)

    def forward(
        self, x: TokenRow, image: TokenRow, code: TokenRow, image_code: RowCode
    ) -> tuple[TokenRow, TokenRow]:
        """Tokens and image after the layer."""
        own = x if self.is_first else x + code
        found = self.self_attn(own, own, x)
        x = self.norm1(found if self.is_first else x + found)  # first: the tokens are replaced
        coded = image + image_code
        x = self.norm2(x + self.cross_attn_token_to_image(x + code, coded, image))
        x = self.norm3(x + self.mlp(x))
        image = self.norm4(image + self.cross_attn_image_to_token(coded, x + code, x))
        return x, image


class ReluMlp(Mlp):
    """The decoder's MLP has a ReLU where the encoder's has a GELU."""

    def forward(self, x: TokenRow) -> TokenRow:
        """The tokens, each on its own."""
        out: Tensor = self.lin2(nn.functional.relu(self.lin1(x)))
        return out


class CrossAttention(nn.Module):
    """Multi-head attention of queries on keys, of a narrower width inside where asked for."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(width, inner)
        self.k_proj = nn.Linear(width, inner)
        self.v_proj = nn.Linear(width, inner)
        self.out_proj = nn.Linear(inner, width)

    def forward(self, q: TokenRow, k: TokenRow, v: TokenRow) -> TokenRow:
        """What each query finds, ``(batch, query, width)``."""
        heads = [
            projection(x).unflatten(-1, (_HEADS, -1)).transpose(1, 2)
            for projection, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        ]
        found = nn.functional.scaled_dot_product_attention(heads[0], heads[1], heads[2])
        out: Tensor = self.out_proj(found.transpose(1, 2).flatten(2))
        return out
