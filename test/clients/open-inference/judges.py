"""Real clients against a running server: judges.py triton|kserve REST GRPC (both as host:port).

Each check prints a line, `ok NAME` or `FAILED NAME: why`. Needs tritonclient[all] and kserve.
"""

import asyncio
import sys
import traceback
from pathlib import Path

import numpy as np

WHO, REST, GRPC = sys.argv[1:4]
IMAGE = (Path(__file__).resolve().parents[2] / "fixtures/vision/images/rgb.png").read_bytes()
X = np.arange(8, dtype=np.float32).reshape(2, 4) / 8
failed = 0


def check(name, work):
    global failed
    try:
        result = work()
        if asyncio.iscoroutine(result):
            result = asyncio.run(result)
        print(f"ok {name}" + (f": {result}" if result is not None else ""), flush=True)
        return result
    except BaseException as error:
        failed += 1
        print(f"FAILED {name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
        if "-v" in sys.argv:
            traceback.print_exc()


def equal(left, right):
    if left.dtype == object or right.dtype == object:
        assert [str(x) for x in left.ravel()] == [str(x) for x in right.ravel()], (left, right)
    else:
        assert left.dtype == right.dtype and left.shape == right.shape, (left, right)
        assert left.tobytes() == right.tobytes(), (left, right)


def triton(module, name, client):
    def tensor(label, value, datatype, **how):
        made = module.InferInput(label, list(value.shape), datatype)
        made.set_data_from_numpy(value, **how)
        return made

    def simple(**how):
        a, b = np.arange(16, dtype=np.int32).reshape(1, 16), np.ones((1, 16), np.int32)
        inputs = [tensor("INPUT0", a, "INT32", **how), tensor("INPUT1", b, "INT32", **how)]
        outputs = [
            module.InferRequestedOutput(each, **({"binary_data": how["binary_data"]} if how else {}))
            for each in ("OUTPUT0", "OUTPUT1")
        ]
        result = client.infer("simple", inputs, outputs=outputs, request_id="17")
        equal(result.as_numpy("OUTPUT0"), a + b)
        equal(result.as_numpy("OUTPUT1"), a - b)

    def layer(**how):
        return client.infer("layer", [tensor("x", X, "FP32", **how)]).as_numpy("output")

    def text():
        value = np.array([b"a good plot", "a d\u00fcll cast".encode()], dtype=object)
        result = client.infer("text", [tensor("text", value, "BYTES")])
        assert result.as_numpy("probabilities").shape == (2, 2)
        assert result.as_numpy("decoded").shape[0] == 2
        return [each.decode() for each in result.as_numpy("decoded").ravel()]

    def image():
        value = np.array([IMAGE], dtype=object)
        result = client.infer("image", [tensor("image", value, "BYTES")])
        assert result.as_numpy("probabilities").shape == (1, 6)

    def rows():
        metadata = client.get_model_metadata("rows")
        metadata = metadata if isinstance(metadata, dict) else None
        inputs = metadata["inputs"] if metadata else [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape)}
            for each in client.get_model_metadata("rows").inputs
        ]
        types = {"FP64": np.float64, "FP32": np.float32, "INT64": np.int64, "INT32": np.int32, "BOOL": np.bool_}
        given = [
            tensor(
                each["name"],
                np.array([b"a", b"b"], dtype=object)
                if each["datatype"] == "BYTES"
                else np.ones([2], types[each["datatype"]]),
                each["datatype"],
            )
            for each in inputs
        ]
        assert client.infer("rows", given).as_numpy("probabilities").shape == (2, 3)

    def metadata():
        made = client.get_server_metadata()
        extensions = made["extensions"] if isinstance(made, dict) else made.extensions
        assert "binary_tensor_data" in list(extensions), extensions
        client.get_model_metadata("layer")
        client.get_model_config("layer")

    def health():
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("layer")
        assert not client.is_model_ready("nobody")

    def statistics():
        made = client.get_inference_statistics("layer")
        stats = made["model_stats"] if isinstance(made, dict) else made.model_stats
        assert len(stats) == 1

    def repository():
        made = client.get_model_repository_index()
        models = made if isinstance(made, list) else made.models
        names = [each["name"] if isinstance(each, dict) else each.name for each in models]
        assert {"layer", "simple", "text"} <= set(names), names

    def errors():
        for work in (
            lambda: client.infer("nobody", [tensor("x", X, "FP32")]),
            lambda: client.infer("layer", [tensor("y", X, "FP32")]),
            lambda: client.infer("layer", [tensor("x", X[:, :3], "FP32")]),
        ):
            try:
                work()
            except Exception as error:
                assert type(error).__name__ == "InferenceServerException", error
            else:
                raise AssertionError("it was not refused")

    check(f"tritonclient {name}: simple", simple)
    if name == "http":
        check("tritonclient http: simple as JSON", lambda: simple(binary_data=False))
        def both():
            equal(layer(binary_data=True), layer(binary_data=False))
        check("tritonclient http: binary and JSON are the same bits", both)
    for each in (text, image, rows, metadata, health, statistics, repository, errors):
        check(f"tritonclient {name}: {each.__name__}", each)
    return layer


def triton_judges():
    import tritonclient.grpc as triton_grpc
    import tritonclient.http as triton_http

    http = triton(triton_http, "http", triton_http.InferenceServerClient(REST))
    grpc = triton(triton_grpc, "grpc", triton_grpc.InferenceServerClient(GRPC))
    check("REST and gRPC are the same bits", lambda: equal(http(), grpc()))

    def stream():
        answers = []
        client = triton_grpc.InferenceServerClient(GRPC)
        client.start_stream(lambda result, error: answers.append(error or result))
        given = triton_grpc.InferInput("x", [2, 4], "FP32")
        given.set_data_from_numpy(X)
        for _ in range(3):
            client.async_stream_infer("layer", [given])
        client.stop_stream()
        assert len(answers) == 3, answers
        for each in answers:
            equal(each.as_numpy("output"), grpc())

    check("tritonclient grpc: stream", stream)


def kserve_judges():
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

    def request(raw):
        given = InferInput(name="x", shape=[2, 4], datatype="FP32")
        given.set_data_from_numpy(X, binary_data=raw)
        return InferRequest(model_name="layer", infer_inputs=[given], request_id="1")

    def result(response):
        made = response.outputs[0].as_numpy()
        assert made.shape == (2, 3), made
        return made

    async def rest(raw):
        client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=30))
        try:
            base = f"http://{REST}"
            return result(await client.infer(base, request(raw), model_name="layer"))
        finally:
            await client.close()

    async def rest_facts():
        client = InferenceRESTClient(RESTConfig(protocol="v2"))
        try:
            base = f"http://{REST}"
            assert await client.is_server_ready(base)
            assert await client.is_server_live(base)
            assert await client.is_model_ready(base, "layer")
        finally:
            await client.close()

    async def grpc():
        client = InferenceGRPCClient(GRPC)
        try:
            return result(await client.infer(request(True)))
        finally:
            await client.close()

    async def grpc_facts():
        client = InferenceGRPCClient(GRPC)
        try:
            assert await client.is_server_ready()
            assert await client.is_server_live()
            assert await client.is_model_ready("layer")
        finally:
            await client.close()

    async def same():
        a, b, c = await rest(False), await rest(True), await grpc()
        equal(a, b)
        equal(b, c)

    check("kserve InferenceRESTClient: infer as JSON, binary; InferenceGRPCClient: the same bits", same)
    check("kserve InferenceRESTClient: health", rest_facts)
    check("kserve InferenceGRPCClient: health", grpc_facts)


# Both register messages of the protocol: they cannot be in one process.
{"triton": triton_judges, "kserve": kserve_judges}[WHO]()
sys.exit(1 if failed else 0)
