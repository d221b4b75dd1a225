"""BentoML's own fastai runner: POST /classify_text with a text."""

import bentoml
import numpy as np
from bentoml.io import NumpyNdarray, Text

runner = bentoml.fastai.get("fastai_sentiment:latest").to_runner()
service = bentoml.legacy.Service("sentiment", runners=[runner])


@service.api(input=Text(), output=NumpyNdarray())
async def classify_text(text: str) -> np.ndarray:
    return np.asarray((await runner.predict.async_run(text))[2])
