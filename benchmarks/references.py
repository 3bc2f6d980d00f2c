"""The models that vesal is timed against, built from the packages their users install.

    pip install --no-deps --target runs/references medim==0.1.2 segment-anything==1.0

SAM-Med3D is medim's, SAM is segment-anything's. SAM-Med2D is no package: here it is
segment-anything's model at 256 with the adapter block of SAM-Med2D's paper written out plainly.
All weights come from `tests/golden/weight_rule.py`, so the three sides of a comparison (package,
vesal, golden numbers) hold the same ones.
"""

import importlib.util
import os
import sys
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "runs" / "references"
WIDTH, WINDOW, GLOBAL_BLOCKS = 768, 14, (2, 5, 8, 11)
NAMES = ("sam-med3d", "sam-med2d", "sam-vit-b")


def reference(name: str) -> nn.Module:
    """The reference model ``name`` in evaluation mode, with the weights of the rule."""
    if not PACKAGES.is_dir():
        sys.exit(f"{PACKAGES} is missing; right would be: {__doc__.splitlines()[2].strip()}")
    _make_importable()
    builders = {"sam-med3d": _sam_med3d, "sam-med2d": _sam_med2d, "sam-vit-b": _sam}
    with torch.device("meta"):
        manifest = builders[name]().state_dict()
    model = builders[name]()
    model.load_state_dict(rule_weights(manifest), assign=True)
    return model.eval().requires_grad_(requires_grad=False)


def rule_weights(manifest: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights made from keys and shapes alone, as for the golden numbers."""
    path = ROOT / "tests" / "golden" / "weight_rule.py"
    spec = importlib.util.spec_from_file_location("weight_rule", path)
    assert spec is not None
    assert spec.loader is not None
    rule = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rule)
    weights: dict[str, Tensor] = rule.fill(manifest)
    return weights


def click(model: nn.Module, embedding: Tensor, point: Tensor, previous: Tensor) -> Tensor:
    """Low-resolution logits for one positive point, ``(1, 1, axis)``, and the last logits."""
    label = torch.ones(1, 1, dtype=torch.int64)
    sparse, dense = model.prompt_encoder(points=(point, label), boxes=None, masks=previous)
    masks, _ = model.mask_decoder(
        image_embeddings=embedding,
        image_pe=model.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=False,
    )
    return masks


class Adapter(nn.Module):
    """SAM-Med2D's adapter: a gate on the channels, then a look at the neighbours at half size."""

    def __init__(self) -> None:
        super().__init__()
        few = WIDTH // 4
        self.norm = nn.LayerNorm(WIDTH)
        self.channel = nn.Sequential(
            nn.Linear(WIDTH, few, bias=False),
            nn.ReLU(),
            nn.Linear(few, WIDTH, bias=False),
            nn.Sigmoid(),
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1, bias=False),
            nn.ReLU(),
            nn.ConvTranspose2d(WIDTH, WIDTH, 4, stride=2, padding=1, bias=False),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The adapter's answer to tokens ``(batch, row, column, channel)``."""
        planes = x.permute(0, 3, 1, 2)
        gate = self.channel(planes.mean(dim=(2, 3)))
        seen = planes + self.spatial(planes * gate[:, :, None, None])
        return self.norm(seen.permute(0, 2, 3, 1))


def _sam_med3d() -> nn.Module:
    import medim

    with redirect_stdout(sys.stderr):  # it says what it makes; ours is a table or JSON
        model: nn.Module = medim.create_model("SAM-Med3D")
    return model


def _sam() -> nn.Module:
    import segment_anything

    model: nn.Module = segment_anything.sam_model_registry["vit_b"]()
    return model


def _sam_med2d() -> nn.Module:
    from segment_anything import modeling

    size, width = 256, 256
    grid = size // 16
    encoder = modeling.ImageEncoderViT(
        img_size=size,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        global_attn_indexes=GLOBAL_BLOCKS,
        window_size=WINDOW,
    )
    encoder.blocks = nn.ModuleList(_adapted_block(i, grid) for i in range(12))
    return modeling.Sam(
        image_encoder=encoder,
        prompt_encoder=modeling.PromptEncoder(width, (grid, grid), (size, size), 16),
        mask_decoder=modeling.MaskDecoder(
            transformer_dim=width,
            transformer=modeling.TwoWayTransformer(
                depth=2, embedding_dim=width, num_heads=8, mlp_dim=2048
            ),
        ),
    )


def _adapted_block(index: int, grid: int) -> nn.Module:
    """segment-anything's block with an adapter beside its MLP, on the same normalised tokens."""
    from segment_anything.modeling import image_encoder as package

    class AdaptedBlock(package.Block):  # type: ignore[misc]
        def forward(self, x: Tensor) -> Tensor:
            y = self.norm1(x)
            if self.window_size:
                windows, padded = package.window_partition(y, self.window_size)
                y = self.attn(windows)
                y = package.window_unpartition(y, self.window_size, padded, x.shape[1:3])
            else:
                y = self.attn(y)
            x = x + y
            n = self.norm2(x)
            return x + self.mlp(n) + self.Adapter(n)

    block = AdaptedBlock(
        WIDTH,
        12,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=0 if index in GLOBAL_BLOCKS else WINDOW,
        input_size=(grid, grid),
    )
    block.add_module("Adapter", Adapter())
    return block


def _make_importable() -> None:
    """Find the packages, with empty stand-ins for what they import but a forward never calls."""
    if str(PACKAGES) not in sys.path:
        sys.path.insert(0, str(PACKAGES))
    os.environ.setdefault("MEDIM_CKPT_DIR", str(PACKAGES))  # else medim asks appdirs
    for name in (
        "appdirs",
        "requests",
        "torchvision",
        "torchvision.ops",
        "torchvision.ops.boxes",
        "torchvision.transforms",
        "torchvision.transforms.functional",
    ):
        sys.modules.setdefault(name, _StandIn(name))


class _StandIn(ModuleType):
    """A module in which every name exists and nothing works."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__"):
            raise AttributeError(name)
        return None
