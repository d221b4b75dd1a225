// What Triton's client/src/grpc_generated/javascript/client.js does with the model `simple`: typed
// int_contents go out, raw_output_contents come back. triton-simple.mjs GRPC
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const proto = fileURLToPath(
  new URL('../../../lib/client/grpc/proto/open_inference.proto', import.meta.url),
);
const { inference } = grpc.loadPackageDefinition(
  loadSync(proto, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true }),
);
const client = new inference.GRPCInferenceService(
  process.argv[2],
  grpc.credentials.createInsecure(),
);
const call = (name, request) =>
  new Promise((resolve, reject) =>
    client[name](request, (error, response) => (error ? reject(error) : resolve(response))),
  );

const { live } = await call('ServerLive', {});
const { ready } = await call('ServerReady', {});
const { ready: modelReady } = await call('ModelReady', { name: 'simple', version: '' });
const metadata = await call('ModelMetadata', { name: 'simple', version: '' });
const numbers = Array.from({ length: 16 }, (_, i) => i);
const ones = numbers.map(() => 1);
const input = (name, data) => ({
  name,
  datatype: 'INT32',
  shape: [1, 16],
  contents: { int_contents: data },
});
const response = await call('ModelInfer', {
  model_name: 'simple',
  model_version: '',
  inputs: [input('INPUT0', numbers), input('INPUT1', ones)],
  outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT1' }],
});
const [sum, difference] = response.raw_output_contents.map((bytes) =>
  Array.from({ length: 16 }, (_, i) => bytes.readInt32LE(i * 4)),
);
const isRight = numbers.every((n, i) => sum[i] === n + 1 && difference[i] === n - 1);
client.close();
const isOk = live && ready && modelReady && metadata.inputs.length === 2 && isRight;
console.log(`${isOk ? 'ok' : 'FAILED'} Triton's JavaScript client: simple`);
process.exitCode = isOk ? 0 : 1;
