from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Echo(MLModel):
    """Twice the numbers, and texts in capitals."""

    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = []
        for each in payload.inputs:
            if each.datatype == "BYTES":
                texts = [text.upper() for text in StringCodec.decode_input(each)]
                outputs.append(StringCodec.encode_output("upper", texts))
            else:
                outputs.append(NumpyCodec.encode_output("double", NumpyCodec.decode_input(each) * 2))
        return InferenceResponse(model_name=self.name, outputs=outputs)
