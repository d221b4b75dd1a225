import { Tensor } from 'onnxruntime-node';
import { TorchModel } from 'nestjs-vts/learner';
import { inTurns, type Pair } from '../statistics.js';
import { answerQuestions } from './answer.js';

// A network from its code and the same network from its layers, in turns. Arguments: the file of
// each, and the shape of their input.
const [code, layers, shape] = process.argv.slice(2);
const dims = shape!.split('x').map(Number);
const size = dims.reduce((product, each) => product * each, 1);
const input = new Tensor(
  'float32',
  Float32Array.from({ length: size }, (_, at) => Math.sin(at)),
  dims,
);
const inputs = [{ name: 'x', dtype: 'float32' as const, shape: dims }];
const traced = await TorchModel.load(code!, { inputs });
const lowered = await TorchModel.load(layers!, { inputs });

await answerQuestions(({ ms }: { readonly ms: number }): Promise<Pair> =>
  inTurns(
    () => lowered.run(input),
    () => traced.run(input),
    ms,
  ),
);
