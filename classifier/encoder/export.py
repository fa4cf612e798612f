"""From a trained network to what serves: one ONNX file with weights of one byte."""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Final

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from classifier.encoder.network import Network
from classifier.encoder.session import TOKENIZER, WEIGHTS

_OPSET: Final = 17
_LAST: Final = 30


class _Served(nn.Module):
    """The network as it is served: outputs, and what each piece adds to each main type's."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        said, added = self.network.explained(pieces)
        return said, added


def export(network: Network, tokenizer: Path, folder: Path) -> None:
    """Write the network's weights and its tokenizer into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        full = Path(place) / "full.onnx"
        example = torch.randint(_LAST, 100, (2, 24))
        small = Path(place) / WEIGHTS
        with warnings.catch_warnings():
            # The exporter by tracing is the old one; what it writes is what quantizes well.
            warnings.simplefilter("ignore")
            _trace(network, example, full)
            quantize_dynamic(full, small, per_channel=True, weight_type=QuantType.QInt8)
        shutil.copyfile(small, folder / WEIGHTS)
    shutil.copyfile(tokenizer, folder / TOKENIZER)


def _trace(network: Network, example: Tensor, path: Path) -> None:
    axes = {name: {0: "texts", 1: "pieces"} for name in ("pieces", "shares")}
    torch.onnx.export(
        _Served(network).eval(),
        (example,),
        str(path),
        input_names=["pieces"],
        output_names=["outputs", "shares"],
        dynamic_axes=axes | {"outputs": {0: "texts"}},
        opset_version=_OPSET,
        dynamo=False,
    )
