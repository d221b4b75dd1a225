"""FastAPI + onnxruntime + Pillow: POST /predict with an image as body."""

from fastapi import FastAPI, Request
from photo_model import PhotoModel
from starlette.concurrency import run_in_threadpool

model = PhotoModel()
app = FastAPI()


@app.post("/predict")
async def predict(request: Request):
    return await run_in_threadpool(model.predict_bytes, await request.body())
