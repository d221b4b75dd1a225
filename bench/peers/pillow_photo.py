"""A photograph by Pillow: decoded, cropped to the middle and resized. { photo, size, ms } gives median ms."""

import io
from pathlib import Path
from statistics import median
from time import perf_counter

from answer import answer_questions
from PIL import Image


def prepare(body, height, width):
    start = perf_counter()
    image = Image.open(io.BytesIO(body)).convert("RGB")
    decoded = perf_counter()
    scale = min(image.width / width, image.height / height)
    w, h = int(scale * width), int(scale * height)
    x, y = (image.width - w) // 2, (image.height - h) // 2
    image.resize((width, height), Image.BILINEAR, (x, y, x + w, y + h))
    return (decoded - start) * 1000, (perf_counter() - start) * 1000


def answer(question):
    body = Path(question["photo"]).read_bytes()
    start, times = perf_counter(), []
    while not times or (perf_counter() - start) * 1000 < question["ms"]:
        times.append(prepare(body, *question["size"]))
    decode, both = (median(each) for each in zip(*times))
    return {"decode": decode, "rest": both}


answer_questions(answer)
