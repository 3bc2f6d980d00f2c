"""In which precision an image is encoded: single, unless the hardware has bfloat16 and you ask."""

import torch

from vesal.errors import ConfigError

PRECISIONS = ("float32", "auto", "bfloat16")
"""What may be asked for; "auto" is bfloat16 where the CPU has instructions for it."""


def encoding_type(precision: str, *, native: bool | None = None) -> torch.dtype:
    """The type that linear layers and convolutions of an encoder compute in.

    torch emulates bfloat16 on a CPU without it, ten times slower than float32: "auto" then
    stays with float32. Decoders and positional codes are always computed in float32.

    Args:
        precision: one of `PRECISIONS`.
        native: whether the CPU has bfloat16; asked of it if None.

    Raises:
        ConfigError: another word.
    """
    if precision not in PRECISIONS:
        msg = f"the precision must be one of {', '.join(PRECISIONS)}, got {precision!r}"
        raise ConfigError(msg)
    if precision == "auto":
        has = has_bfloat16() if native is None else native
        return torch.bfloat16 if has else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself: AVX-512 BF16 or AMX."""
    # torch has had these two from 2.4 on, and nothing public that asks the same.
    amx: bool = torch.cpu._is_amx_tile_supported()
    return amx or bool(torch.cpu._is_avx512_bf16_supported())
