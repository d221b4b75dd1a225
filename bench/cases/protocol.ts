import { InferenceClient } from 'nestjs-vts/client';
import type { Case, Contestant } from '../case.js';
import { freePort } from '../load/free-port.js';
import { THIS } from '../package.js';
import { Server } from '../server.js';

const MIB = 4;
const VARIANT = `${MIB} MiB of FP32`;
const JSON_NAME = 'REST, JSON';

/** A large tensor to a server and back, by each transport of the protocol. */
export const protocol: Case = {
  name: 'protocol',
  title: `Open Inference Protocol, ${VARIANT} there and back, one client`,
  variantsAre: 'tensor',
  variants: [VARIANT],
  metrics: { whole: { label: 'a call', unit: 'ms' } },
  targets: [{ metric: 'whole', against: JSON_NAME, atMost: 0.2 }],
  rounds: 3,
  seconds: 2,
  async start() {
    const grpcPort = await freePort();
    const warm = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] };
    const server = await Server.start(
      (port) =>
        THIS.launch('servers/protocol.js', [], { PORT: String(port), GRPC_PORT: String(grpcPort) }),
      { path: '/v2/models/echo/infer', type: 'application/json', body: JSON.stringify(warm) },
    );
    const rest = `http://127.0.0.1:${server.port}`;
    const ways: readonly (readonly [string, InferenceClient])[] = [
      ['REST, binary', new InferenceClient(rest, { binary: true })],
      [JSON_NAME, new InferenceClient(rest, { binary: false })],
      ['gRPC', new InferenceClient(`grpc://127.0.0.1:${grpcPort}`)],
    ];
    return ways.map(([name, client], i) => contestant(name, client, i === 0 ? server : undefined));
  },
};

function contestant(name: string, client: InferenceClient, server: Server | undefined): Contestant {
  // Numbers with all their digits, like outputs of models.
  const data = Float32Array.from({ length: (MIB * 2 ** 20) / 4 }, (_, i) => Math.sin(i));
  return {
    name,
    async measure(_variant, ms) {
      const start = performance.now();
      let calls = 0;
      for (; calls === 0 || performance.now() - start < ms; calls++) {
        await client.infer('echo', [{ name: 'x', datatype: 'FP32', shape: [data.length], data }]);
      }
      return { whole: (performance.now() - start) / calls };
    },
    async stop() {
      await client.close();
      await server?.stop();
    },
  };
}
