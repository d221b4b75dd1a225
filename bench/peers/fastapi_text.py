"""fastai behind FastAPI, as the forum's recipes have it: POST /classify_text with a text. LEARNER: the export.pkl."""

import os
import warnings

import torch
from fastai.text.all import load_learner
from fastapi import FastAPI, Request

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
learner = load_learner(os.environ["LEARNER"])
learner.remove_cbs([each for each in learner.cbs if "Progress" in type(each).__name__])
app = FastAPI()


@app.post("/classify_text")
async def classify_text(request: Request):
    text = (await request.body()).decode()
    with torch.inference_mode(), learner.no_bar(), learner.no_logging():
        return learner.predict(text)[2].tolist()
