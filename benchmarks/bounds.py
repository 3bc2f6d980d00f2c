"""What bounds the encoders of the published models on this machine's CPU, layer by layer.

    python benchmarks/bounds.py [products adapter profile bfloat16] [--rounds 15]

products: a linear layer of SAM-Med3D in every form that torch has, in GFLOP/s, and memory in GB/s.
adapter: SAM-Med2D's two convolutions as layers and as products. profile: where the time of an
encode goes. bfloat16: an encode of SAM-Med3D in it, and the mask of one click against float32's;
minutes where it is emulated. Quartiles of repeated calls; other work on the machine spoils them.
"""

import argparse
import time
from collections.abc import Callable

import torch
from sides import image_of, vesal_model
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from vesal.models import nd
from vesal.models.precision import has_bfloat16
from vesal.models.promptable import Decoded, PromptTensors
from vesal.models.zoo import PUBLISHED

THREADS = 2
TOKENS = 512  # of SAM-Med3D
LAYERS = ((768, 2304), (768, 768), (768, 3072), (3072, 768))  # qkv, projection, MLP
SHOWN = 6  # operators of a profile


def quartile_s(call: Callable[[], object], rounds: int) -> float:
    """The lower quartile of the seconds of a call: what it takes when little else runs."""
    call()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[rounds // 4]


def products(rounds: int) -> None:
    """GFLOP/s of linear layers in several forms; GB/s of reading and copying."""
    print("| layer | linear | transposed | oneDNN packed | MKL packed | 1x1 convolution |")
    print("|---|---|---|---|---|---|")
    for inputs, outputs in LAYERS:
        x, w, b = torch.randn(TOKENS, inputs), torch.randn(outputs, inputs), torch.randn(outputs)
        giga = 2 * TOKENS * inputs * outputs / 1e9
        speeds = [giga / quartile_s(call, rounds) for call in _forms(x, w, b)]
        print(f"| {inputs} to {outputs} | " + " | ".join(f"{s:.0f}" for s in speeds) + " |")
    large = torch.randn(64, 2**20)
    read = large.nbytes / quartile_s(large.sum, rounds) / 1e9
    copied = 2 * large.nbytes / quartile_s(large.clone, rounds) / 1e9
    print(f"reading {read:.0f} GB/s, copying {copied:.0f} GB/s")


def _forms(x: Tensor, w: Tensor, b: Tensor) -> list[Callable[[], object]]:
    """A linear layer as it is, and as it could be; the packed ones are private to torch."""
    turned = w.T.contiguous()
    packed = torch.ops.mkldnn._reorder_linear_weight(w, TOKENS)
    for_mkl = torch.ops.mkl._mkl_reorder_linear_weight(w, TOKENS)
    grid = x.T.reshape(1, -1, TOKENS, 1).contiguous(memory_format=torch.channels_last)
    kernel = w[:, :, None, None]
    return [
        lambda: nn.functional.linear(x, w, b),
        lambda: torch.addmm(b, x, turned),
        lambda: torch.ops.mkldnn._linear_pointwise(x, packed, b, "none", [], ""),
        lambda: torch.ops.mkl._mkl_linear(x, for_mkl, w, b, TOKENS),
        lambda: nn.functional.conv2d(grid, kernel, b),
    ]


def adapter(rounds: int) -> None:
    """Milliseconds of the adapter's convolutions as torch's layers and as `vesal.models.nd` has."""
    width = 768
    x = torch.randn(1, 16, 16, width).movedim(-1, 1)  # tokens have their channels last
    half = torch.randn(1, width, 8, 8)
    down, up = torch.randn(width, width, 3, 3), torch.randn(width, width, 4, 4)
    functional = nn.functional
    for name, layer, product in (
        (
            "convolution",
            lambda: functional.conv2d(x, down, stride=2, padding=1),
            lambda: nd.strided(x, down),
        ),
        (
            "transposed convolution",
            lambda: functional.conv_transpose2d(half, up, stride=2, padding=1),
            lambda: nd.spread(half, up),
        ),
    ):
        taken = [1000 * quartile_s(call, rounds) for call in (layer, product)]
        print(f"{name}: {taken[0]:.1f} ms as a layer, {taken[1]:.1f} ms as a product")


def profiled(_: int) -> None:
    """The operators that an encode spends its time in."""
    for name in ("sam-med3d", "sam-med2d", "sam-vit-b"):
        model, image = vesal_model(PUBLISHED[name]), image_of(PUBLISHED[name])
        model.encode(image)
        with profile(activities=[ProfilerActivity.CPU]) as seen:
            model.encode(image)
        events = sorted(seen.key_averages(), key=lambda e: -e.self_cpu_time_total)
        total = sum(e.self_cpu_time_total for e in events)
        shares = [f"{e.key} {e.self_cpu_time_total / total:.0%}" for e in events[:SHOWN]]
        print(f"{name} ({total / 1e6:.2f} s): {', '.join(shares)}", flush=True)


def bfloat16(_: int) -> None:
    """Seconds of an encode in bfloat16, and the Dice of its mask with that of float32."""
    config = PUBLISHED["sam-med3d"]
    model, image = vesal_model(config), image_of(config)
    prompts = PromptTensors(
        points=torch.tensor([[[40.0, 70.0, 100.0]]]),
        labels=torch.tensor([[1]]),
        previous=torch.zeros(1, 1, *[config.mask_size] * config.ndim),
    )
    answers, embeddings = [], []
    for kind in (torch.float32, torch.bfloat16):
        model.encoding_type = kind
        started = time.perf_counter()
        embedding = model.encode(image)
        print(f"{kind}: {time.perf_counter() - started:.1f} s")
        embeddings.append(embedding.levels[0])
        answer: Decoded = model.decode(embedding, prompts)
        answers.append(answer.logits[:, :1] > 0)
    both = 2 * int((answers[0] & answers[1]).sum()) / int(answers[0].sum() + answers[1].sum())
    apart = float((embeddings[0] - embeddings[1]).abs().max())
    print(f"in hardware: {has_bfloat16()}; Dice of the masks {both:.4f}, embedding {apart:.3f} off")


PARTS: dict[str, Callable[[int], None]] = {
    "products": products,
    "adapter": adapter,
    "profile": profiled,
    "bfloat16": bfloat16,
}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="part")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    with torch.inference_mode():
        for part in options.parts:
            PARTS[part](options.rounds)


if __name__ == "__main__":
    main()
