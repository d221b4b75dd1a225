"""An image classifier as an expert writes it: onnxruntime, Pillow, numpy. MODEL: what export-model.ts wrote."""

import io
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image


class PhotoModel:
    def __init__(self, folder=None):
        folder = Path(folder or os.environ["MODEL"])
        meta = json.loads((folder / "meta.json").read_text())
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(
            folder / meta["model"], options, providers=["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name
        self.size = meta["size"]
        self.mean = np.float32(meta["mean"]).reshape(3, 1, 1) * 255
        self.std = np.float32(meta["std"]).reshape(3, 1, 1) * 255

    def predict(self, image):
        height, width = self.size
        image = image.convert("RGB")
        scale = min(image.width / width, image.height / height)
        w, h = int(scale * width), int(scale * height)
        x, y = (image.width - w) // 2, (image.height - h) // 2
        image = image.resize((width, height), Image.BILINEAR, (x, y, x + w, y + h))
        pixels = (np.asarray(image).transpose(2, 0, 1) - self.mean) / self.std
        logits = self.session.run(None, {self.input: pixels[None].astype(np.float32)})[0][0]
        exponents = np.exp(logits - logits.max())
        return (exponents / exponents.sum()).tolist()

    def predict_bytes(self, body):
        return self.predict(Image.open(io.BytesIO(body)))
