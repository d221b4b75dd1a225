"""LitServe as its documentation has it, with onnxruntime and Pillow: POST /predict with a form."""

import os

import litserve as ls
from fastapi import Request
from photo_model import PhotoModel


class PhotoAPI(ls.LitAPI):
    def setup(self, device):
        self.model = PhotoModel()

    def decode_request(self, request: Request):
        return request["image"].file.read()

    def predict(self, body):
        return self.model.predict_bytes(body)

    def encode_response(self, output):
        return {"probabilities": output}


if __name__ == "__main__":
    server = ls.LitServer(PhotoAPI(), accelerator="cpu")
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", generate_client_file=False)
