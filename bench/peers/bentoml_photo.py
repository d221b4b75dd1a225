"""BentoML's service as its documentation has it, with onnxruntime: POST /predict with an image as body."""

import bentoml
from photo_model import PhotoModel
from PIL.Image import Image


@bentoml.service
class Photo:
    def __init__(self):
        self.model = PhotoModel()

    @bentoml.api
    def predict(self, image: Image, /) -> list[float]:
        return self.model.predict(image)
