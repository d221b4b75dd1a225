import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor as OrtTensor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import { List, Tuple, type Value } from '../../python/values.js';
import { Module, readTorchFile } from '../../torch/index.js';
import { GraphBuilder } from '../graph-builder.js';
import { LoweringContext } from '../lowering/context.js';
import { allLowerings } from '../lowering/registry.js';
import { createSession } from '../session/create-session.js';
import { graphDType } from '../torch-ops/promotion.js';
import { tensorsIn } from '../torch-ops/tables.js';
import type { TensorValue, TorchDType } from '../torch-ops/tensor-value.js';
import { Program } from './program.js';

// See test/fixtures/make/torch_layers.py and torch_case.py for what these are.
type Elements = readonly [TorchDType, number[], number[]];
type Encoded =
  | null
  | boolean
  | number
  | string
  | { readonly x?: Elements; readonly t?: Encoded[]; readonly l?: Encoded[]; readonly f?: number }
  | { readonly pack: readonly [Encoded, Encoded, boolean] };
type Case = readonly [string, Encoded[], Record<string, Encoded>, Encoded];

const fixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../../../../test/fixtures/code/${name}.gz`, import.meta.url)));
const cases = JSON.parse(fixture('layers.json').toString()) as Case[];
const root = Module.from(readTorchFile(fixture('layers.pkl')).root)!;
const names = [...new Set(cases.map(([name]) => name))];

/** All tensors of an encoded value, in order. */
function elementsOf(value: Encoded): Elements[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('pack' in value) return value.pack.slice(0, 2).flatMap((one) => elementsOf(one as Encoded));
  return value.x ? [value.x] : (value.t ?? value.l ?? []).flatMap(elementsOf);
}

const ortTensor = ([dtype, shape, data]: Elements): OrtTensor =>
  dtype === 'int64'
    ? new OrtTensor('int64', BigInt64Array.from(data, BigInt), shape)
    : dtype === 'bool'
      ? new OrtTensor('bool', Uint8Array.from(data), shape)
      : new OrtTensor('float32', Float32Array.from(data), shape);

const PACKING = 'torch.nn.utils.rnn';

async function call([name, args, kwargs]: Case, free: boolean): Promise<OrtTensor[]> {
  const graph = new GraphBuilder();
  const lowerings = await allLowerings();
  const program = Program.of({ model: root, lowerings });
  const lowering = new LoweringContext(graph, lowerings);
  // Plain ones with padding are refused: the batch decides what torch computes.
  lowering.plainTensors = false;
  program.modules.on(lowering);
  const { env, evaluator } = program;
  const inputs = [...args, ...Object.values(kwargs)].flatMap(elementsOf);
  const tensors = inputs.map(([dtype, shape], i) => {
    // Widths are known to every layer; batches and lengths need not be.
    const dims = shape.map((size, axis) =>
      free && axis < shape.length - 1 ? `in${i}_${axis}` : size,
    );
    return env.tensor(graph.input(`in${i}`, graphDType(dtype), dims), dtype);
  });
  const decode = (value: Encoded): Value => {
    if (typeof value === 'number') return BigInt(value);
    if (typeof value !== 'object' || value === null) return value;
    if ('pack' in value) {
      const [x, lengths, batchFirst] = value.pack;
      const packed = [decode(x), decode(lengths), batchFirst, false] as const;
      return evaluator.call(evaluator.resolve(`${PACKING}.pack_padded_sequence`)!, packed);
    }
    if (value.x) return tensors.shift()!;
    if (value.f !== undefined) return Number(value.f);
    return value.t ? new Tuple(value.t.map(decode)) : new List(value.l!.map(decode));
  };
  const module = root.child(name.slice('layer.'.length))!;
  const positional = args.map(decode);
  const named = new Map(Object.entries(kwargs).map(([key, value]) => [key, decode(value)]));
  let result = evaluator.call(program.instanceOf(module), positional, named);
  if (args.some((arg) => typeof arg === 'object' && arg !== null && 'pack' in arg)) {
    const [packed, states] = (result as Tuple).items as [Value, Value];
    const unpack = evaluator.resolve(`${PACKING}.pad_packed_sequence`)!;
    result = new Tuple([evaluator.call(unpack, [packed, true]), states]);
  }
  const outputs: TensorValue[] = tensorsIn(result);
  outputs.forEach(({ value }, i) => graph.output(`out${i}`, value));
  const session = await createSession(graph.finish(), { intraOpNumThreads: 1 });
  try {
    const feeds = inputs.flatMap((input, i) =>
      session.inputNames.includes(`in${i}`) ? [[`in${i}`, ortTensor(input)] as const] : [],
    );
    const results = await session.run(Object.fromEntries(feeds));
    return outputs.map((_, i) => results[`out${i}`] as OrtTensor);
  } finally {
    await session.release();
  }
}

it.each(names.flatMap((name) => [true, false].map((free) => [name, free] as const)))(
  "%s gives torch's result (sizes open: %s)",
  async (name, free) => {
    for (const one of cases.filter(([other]) => other === name)) {
      // Attention's second result is None where no weights are asked for.
      const wanted = elementsOf(one[3]);
      const label = `${JSON.stringify(one[1]).slice(0, 80)} ${JSON.stringify(one[2]).slice(0, 200)}`;
      const got = await call(one, free).catch((error: unknown) => {
        if (free && (error as Error).constructor.name === 'SizeNeededError') return undefined;
        throw new Error(label, { cause: error });
      });
      if (!got) continue;
      expect(
        got.map(({ dims }) => dims),
        label,
      ).toEqual(wanted.map(([, shape]) => shape));
      got.forEach(({ data }, i) => {
        const target = wanted[i]![2];
        (data as Float32Array).forEach((value, at) => {
          expect(Math.abs(Number(value) - target[at]!), `${label} at ${at}`).toBeLessThanOrEqual(
            1e-5 * Math.max(1, Math.abs(target[at]!)),
          );
        });
      });
    }
  },
);
