"""Compares what `vts export --to onnx` writes with fastai's own predictions, in Python's onnxruntime.

    python exported.py LEARNERS [NAME...]

LEARNERS has a folder for each learner: export.pkl, and cases.json with `cases: [{ input, probs }]` of
fastai's `predict` (`next_probs` for language models). Needs onnx, onnxruntime and fastai, which
prepares images; rows are prepared by the metadata of the file alone. Run `npm run build` first.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

VTS = Path(__file__).resolve().parents[3] / "dist/lib/cli/main.js"
TOLERANCE = 2e-4
# fastai computed it in float16, and the file computes in float32.
HALF = {"sentiment_fp16": 1e-3}


def export(file, folder, *more):
    command = ["node", str(VTS), "export", str(file), str(folder), "--to", "onnx", *more]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return folder / "model.onnx"


def opened(path):
    onnx.checker.check_model(str(path), full_check=True)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session, dict(session.get_modelmeta().custom_metadata_map)


def row_feeds(meta, item):
    """By the metadata alone: codes are places in the classes, 0 for what is missing or unknown."""
    prepared = json.loads(meta["preprocessing"])

    def code(column):
        value = item.get(column["name"])
        classes = column.get("classes")
        if classes is None:
            return int(value)
        for place, known in enumerate(classes):
            same_kind = isinstance(known, bool) == isinstance(value, bool)
            if place > 0 and known == value and same_kind:
                return place
        return 0

    feeds = {}
    if prepared["cat"]:
        feeds["cat"] = np.array([[code(column) for column in prepared["cat"]]], np.int64)
    if prepared.get("cont"):
        values = [item.get(name) for name in prepared["cont"]]
        feeds["cont"] = np.array([[math.nan if v is None else float(v) for v in values]], np.float64)
    return feeds


class Prepared:
    """Items of images and texts, as fastai's own transforms leave them."""

    def __init__(self, folder):
        import torch
        from fastai.learner import load_learner

        torch.set_num_threads(1)
        notebook = folder / "notebook.py"
        if notebook.exists():  # Its classes are those of __main__.
            exec(notebook.read_text(), sys.modules["__main__"].__dict__)
        self.folder = folder
        warnings.simplefilter("ignore")
        self.learner = load_learner(folder / "export.pkl", cpu=True)

    def loader(self, item):
        return self.learner.dls.test_dl([item], bs=1, num_workers=0)

    def path(self, item):
        if isinstance(item, str) and (self.folder / item).is_file():
            return self.folder / item
        if isinstance(item, list):
            return [self.path(each) for each in item]
        return item

    def image(self, case, dtype):
        loader = self.loader(self.path(case["input"]))
        loader.before_iter()  # Says to the transforms that they are not at training.
        batch = loader.do_batch([loader.do_item(0)])
        if dtype != "tensor(uint8)":
            for transform in loader.after_batch:
                if type(transform).__name__ == "Normalize":
                    break
                batch = transform(batch, split_idx=1)
        return {"image": np.array(batch[0])}

    def inputs(self, case, names):
        import pandas as pd

        item = self.path(case["input"])
        if isinstance(item, dict):
            if "image" in case:
                item = {**item, "file": str(self.folder / case["image"])}
            item = pd.Series(item)
        batch = self.loader(item).one_batch()
        parts = [part for each in batch for part in (each if isinstance(each, tuple) else [each])]
        return {name: np.array(part) for name, part in zip(names, parts)}


def prepare(meta, session, folder):
    """From a case to the feeds of the file."""
    kind = meta["kind"]
    names = [each.name for each in session.get_inputs()]
    types = {each.name: each.type for each in session.get_inputs()}
    if kind in ("tabular", "collab"):
        def rows(case):
            items = case["input"] if isinstance(case["input"], list) else [case["input"]]
            feeds = [row_feeds(meta, item) for item in items]
            return {name: np.concatenate([each[name] for each in feeds]) for name in feeds[0]}

        return rows
    if kind == "lm":
        state = next(each for each in session.get_inputs() if each.name == "state")
        zeros = np.zeros([1, 1, state.shape[2]], np.float32)
        return lambda case: {"ids": np.array([case["ids"]], np.int64), "state": zeros}
    if kind == "array":
        raise NotImplementedError("series are prepared by tsai")
    if kind == "text":
        places = {token: place for place, token in reversed(list(enumerate(json.loads(meta["vocab"]))))}
        prepared = None

        def texts(case):
            nonlocal prepared
            if "ids" in case:
                return {"ids": np.array([case["ids"]], np.int64)}
            if "tokens" in case:
                return {"ids": np.array([[places[each] for each in case["tokens"]]], np.int64)}
            prepared = prepared or Prepared(folder)
            return prepared.inputs(case, names)

        return texts
    prepared = Prepared(folder)
    if kind == "vision":
        return lambda case: prepared.image(case, types["image"])
    return lambda case: {
        name: value.astype(np.int64) if types[name] == "tensor(int64)" else value
        for name, value in prepared.inputs(case, names).items()
    }


def wanted(case):
    return np.array(case["next_probs"] if "next_probs" in case else case["probs"], np.float64)


def output(kind, made):
    first = made[0].astype(np.float64)
    if kind != "lm":
        return first
    powers = np.exp(first - first.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def together(feeds, meta):
    """All items as one batch, texts filled up on the right; None where they do not go together."""
    if meta["batched"] != "true":
        return None
    padding = json.loads(meta["preprocessing"]).get("padding")
    batch = {}
    for name in feeds[0]:
        rows = [each[name] for each in feeds]
        if padding and name == "ids":
            width = max(row.shape[1] for row in rows)
            rows = [
                np.pad(row, [(0, 0), (0, width - row.shape[1])], constant_values=padding["id"])
                for row in rows
            ]
        if len({row.shape for row in rows}) != 1:
            return None
        batch[name] = np.concatenate(rows)
    return batch


def compare(folder, out):
    cases = json.loads((folder / "cases.json").read_text())["cases"]
    more = ["--code", str(folder / "notebook.py")] if (folder / "notebook.py").exists() else []
    first = cases[0]["input"]
    if isinstance(first, dict) and "image" in cases[0]:
        item = {**first, "file": str(folder / cases[0]["image"])}
        more += ["--check", json.dumps(item)]
    session, meta = opened(export(folder / "export.pkl", out, *more))
    to_feeds = prepare(meta, session, folder)
    names = [each.name for each in session.get_outputs()]
    feeds, expected, alone = [], [], 0.0
    for case in cases:
        if case.get("probs", case.get("next_probs")) is None:
            continue
        given = to_feeds(case)
        made = output(meta["kind"], session.run(names, given))
        right = wanted(case)
        difference = np.abs(made.reshape(right.shape) - right).max() / max(1, np.abs(right).max())
        alone = max(alone, float(difference))
        feeds.append(given)
        expected.append(right)
    batch = together(feeds, meta)
    if batch is None or len({each.shape for each in expected}) != 1:
        return len(feeds), alone, None
    made = output(meta["kind"], session.run(names, batch))
    right = np.stack(expected)
    scale = max(1, np.abs(right).max())
    return len(feeds), alone, float(np.abs(made.reshape(right.shape) - right).max()) / scale


def modules():
    """Modules of torch alone, with inputs for each."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    floats = lambda *shape: torch.randn(*shape)
    ids = lambda *shape: torch.randint(0, 20, shape)
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    return {
        "mlp": (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), [floats(5, 4)]),
        "cnn": (
            nn.Sequential(
                nn.Conv2d(3, 8, 3, padding=1),
                nn.BatchNorm2d(8),
                nn.SiLU(),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(8, 2),
            ),
            [floats(4, 3, 20, 24)],
        ),
        "embedding": (nn.Sequential(nn.Embedding(20, 6), nn.Linear(6, 2)), [ids(3, 7)]),
        "lstm": (nn.LSTM(5, 6, 2, batch_first=True, bidirectional=True), [floats(3, 9, 5)]),
        "transformer": (nn.TransformerEncoder(layer, 2), [floats(3, 6, 16)]),
    }


def compare_modules():
    import torch

    failed = 0
    for name, (module, inputs) in modules().items():
        module.eval()
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            file = Path(folder) / f"{name}.pt"
            torch.save(module, file)
            session, _ = opened(export(file, Path(folder) / "exported"))
            names = [each.name for each in session.get_inputs()]
            made = session.run(None, {n: np.array(x) for n, x in zip(names, inputs)})
            answer = module(*inputs)
            right = answer if isinstance(answer, torch.Tensor) else answer[0]
            worst = float(np.abs(made[0] - right.numpy()).max())
        failed += worst > TOLERANCE
        mark = "" if worst <= TOLERANCE else "  DIFFERS"
        print(f"{'torch ' + name:20} {1:5} {'-':>9} {worst:9.1e}{mark}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("learners", type=Path)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    print(f"{'learner':20} {'cases':>5} {'alone':>9} {'batch':>9}")
    failed = 0 if arguments.names else compare_modules()
    for folder in sorted(arguments.learners.iterdir()):
        if not (folder / "export.pkl").exists() or not (folder / "cases.json").exists():
            continue
        if arguments.names and folder.name not in arguments.names:
            continue
        with tempfile.TemporaryDirectory() as out:
            try:
                count, alone, batch = compare(folder, Path(out) / "exported")
            except Exception as error:  # What was not compared is reported, and the next one goes on.
                failed += 1
                print(f"{folder.name:20} not compared: {type(error).__name__}: {str(error)[:300]}")
                continue
        worst = max(alone, batch or 0)
        most = HALF.get(folder.name, TOLERANCE)
        failed += worst > most
        shown = "-" if batch is None else f"{batch:.1e}"
        mark = "" if worst <= most else "  DIFFERS"
        print(f"{folder.name:20} {count:5} {alone:9.1e} {shown:>9}{mark}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
