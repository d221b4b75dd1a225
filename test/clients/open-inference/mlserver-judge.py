"""MLServer's own client code against a running server: mlserver-judge.py REST GRPC."""

import sys
import urllib.error
import urllib.request

import grpc
import numpy as np
from mlserver.codecs import NumpyCodec, NumpyRequestCodec, StringCodec
from mlserver.grpc.converters import ModelInferRequestConverter, ModelInferResponseConverter
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse

REST, GRPC = sys.argv[1:3]
X = np.arange(8, dtype=np.float32).reshape(2, 4) / 8
failed = 0


def check(name, work):
    global failed
    try:
        print(f"ok {name}" + (f": {found}" if (found := work()) is not None else ""), flush=True)
    except BaseException as error:
        failed += 1
        print(f"FAILED {name}: {type(error).__name__}: {str(error)[:300]}", flush=True)


def post(model, request):
    body = request.model_dump_json(exclude_none=True).encode()
    made = urllib.request.Request(
        f"http://{REST}/v2/models/{model}/infer", body, {"Content-Type": "application/json"}
    )
    try:
        return InferenceResponse.model_validate_json(urllib.request.urlopen(made).read())
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from error


def layer_request():
    return InferenceRequest(inputs=[NumpyCodec.encode_input("x", X)])


def text_request():
    return InferenceRequest(inputs=[StringCodec.encode_input("text", ["a good plot", "dull"])])


def rest_numbers():
    return NumpyRequestCodec.decode_response(post("layer", layer_request()))


def over_grpc(model, request):
    with grpc.insecure_channel(GRPC) as channel:
        stub = GRPCInferenceServiceStub(channel)
        message = ModelInferRequestConverter.from_types(request, model_name=model, model_version="")
        return ModelInferResponseConverter.to_types(stub.ModelInfer(message))


def rest():
    assert rest_numbers().shape == (2, 3)


def grpc_same():
    made = NumpyRequestCodec.decode_response(over_grpc("layer", layer_request()))
    assert made.tobytes() == rest_numbers().tobytes()


def texts():
    for made in (post("text", text_request()), over_grpc("text", text_request())):
        outputs = {each.name: each for each in made.outputs}
        decoded = StringCodec.decode_output(outputs["decoded"])
        assert len(decoded) == 2, decoded


def metadata():
    body = urllib.request.urlopen(f"http://{REST}/v2/models/layer").read()
    MetadataModelResponse.model_validate_json(body)


check("mlserver 1.7: REST types and NumpyRequestCodec", rest)
check("mlserver 1.7: gRPC stub and converters, the same bits", grpc_same)
check("mlserver 1.7: StringCodec both ways", texts)
check("mlserver 1.7: metadata", metadata)
sys.exit(1 if failed else 0)
