"""Makes model/: a tabular model as fastai 1 builds it, its ONNX file, and what its preprocessing needs.

With a learner of your own, load it in an environment with fastai 1 and begin at `export`; the names in
`preprocessing` say where fastai 1 keeps each of them. Needs torch and onnx.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

CLASSES = ["paid back", "defaulted"]
PURPOSES = ["car", "education", "house", "renovation", "wedding"]
HOUSING = ["mortgage", "own", "rent"]


class TabularModel(nn.Module):
    """fastai 1's layers, by its names: embeddings with dropout, a batch norm of the numbers, and linear blocks."""

    def __init__(self, emb_szs, n_cont, out_sz, layers):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(rows, width) for rows, width in emb_szs])
        self.emb_drop = nn.Dropout(0.04)
        self.bn_cont = nn.BatchNorm1d(n_cont)
        sizes = [sum(width for _, width in emb_szs) + n_cont, *layers, out_sz]
        modules = []
        for i, (before, after) in enumerate(zip(sizes[:-1], sizes[1:])):
            if i > 0:
                modules += [nn.BatchNorm1d(before), nn.Dropout(0.01)]
            modules.append(nn.Linear(before, after))
            if i < len(sizes) - 2:
                modules.append(nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*modules)

    def forward(self, x_cat, x_cont):
        x = torch.cat([embed(x_cat[:, i]) for i, embed in enumerate(self.embeds)], 1)
        x = torch.cat([self.emb_drop(x), self.bn_cont(x_cont)], 1)
        return self.layers(x)


def people(rows, rng):
    """Applicants that do not exist, and what became of their loans."""
    frame = {
        "purpose": rng.integers(0, len(PURPOSES), rows),
        "housing": rng.integers(0, len(HOUSING), rows),
        "income": rng.lognormal(10.4, 0.5, rows),
        "amount": rng.lognormal(9.2, 0.7, rows),
        "age": rng.uniform(19, 75, rows),
    }
    burden = np.log(frame["amount"] / frame["income"]) + 0.5 * (frame["housing"] == 2)
    odds = 1.4 * burden + 0.6 * (frame["purpose"] == 4) - 0.02 * (frame["age"] - 45) + 0.5
    frame["defaulted"] = (rng.uniform(size=rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return frame


def train(seed=7):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    frame = people(6000, rng)
    # One income in ten is not known: FillMissing takes the median and adds the column income_na.
    missing = rng.uniform(size=6000) < 0.1
    medians = {"income": float(np.median(frame["income"][~missing]))}
    income = np.where(missing, medians["income"], frame["income"])
    numbers = np.stack([income, frame["amount"], frame["age"]], 1)
    means, stds = numbers.mean(0), numbers.std(0)
    # Category 0 is #na# in fastai, what was not seen in training.
    x_cat = np.stack([frame["purpose"] + 1, frame["housing"] + 1, missing + 1], 1)
    x_cont = ((numbers - means) / (1e-7 + stds)).astype(np.float32)
    cats, conts = torch.tensor(x_cat), torch.tensor(x_cont)
    target = torch.tensor(frame["defaulted"])
    model = TabularModel([(6, 4), (4, 3), (3, 3)], 3, 2, [50, 25])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(6):
        for batch in torch.randperm(len(target)).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(cats[batch], conts[batch]), target[batch]).backward()
            optimizer.step()
    preprocessing = {
        "classes": CLASSES,  # data.classes
        "categories": {  # Categorify: learner.data.x.classes, without #na#
            "purpose": PURPOSES,
            "housing": HOUSING,
            "income_na": [False, True],
        },
        "numbers": ["income", "amount", "age"],  # learner.data.cont_names
        "medians": medians,  # FillMissing: na_dict
        "means": dict(zip(["income", "amount", "age"], means.tolist())),  # Normalize: means
        "stds": dict(zip(["income", "amount", "age"], stds.tolist())),  # Normalize: stds
    }
    return model.eval(), preprocessing


def export(model, preprocessing, folder):
    folder.mkdir(parents=True, exist_ok=True)
    example = (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3))
    torch.onnx.export(
        model,
        example,
        str(folder / "loans.onnx"),
        input_names=["x_cat", "x_cont"],
        output_names=["logits"],
        dynamic_axes={"x_cat": {0: "rows"}, "x_cont": {0: "rows"}, "logits": {0: "rows"}},
        opset_version=17,
        dynamo=False,
    )
    (folder / "preprocessing.json").write_text(json.dumps(preprocessing, indent=2) + "\n")


def cases(model, preprocessing):
    """What torch answers for some applicants."""
    applicants = [
        {"purpose": "car", "housing": "own", "income": 52000, "amount": 9000, "age": 44},
        {"purpose": "wedding", "housing": "rent", "income": 18000, "amount": 30000, "age": 23},
        {"purpose": "house", "housing": "mortgage", "income": None, "amount": 12500.5, "age": 61},
        {"purpose": "boat", "housing": "rent", "income": 33000, "amount": 8000, "age": 35},
    ]
    answers = []
    for row in applicants:
        known = {**row, "income_na": row["income"] is None}
        code = lambda name: (
            1 + preprocessing["categories"][name].index(known[name])
            if known[name] in preprocessing["categories"][name]
            else 0
        )
        x_cat = torch.tensor([[code(name) for name in preprocessing["categories"]]])
        filled = [preprocessing["medians"].get(n) if row[n] is None else row[n] for n in preprocessing["numbers"]]
        scaled = [
            (value - preprocessing["means"][name]) / (1e-7 + preprocessing["stds"][name])
            for name, value in zip(preprocessing["numbers"], filled)
        ]
        with torch.no_grad():
            probs = torch.softmax(model(x_cat, torch.tensor([scaled])), 1)[0]
        answers.append({"row": row, "probs": probs.tolist()})
    return answers


if __name__ == "__main__":
    model, preprocessing = train()
    export(model, preprocessing, Path("model"))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(cases(model, preprocessing), indent=2) + "\n")
