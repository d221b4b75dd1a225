import { Tensor } from 'onnxruntime-common';
import { loadLowerings } from '../onnx/lowering/registry.js';
import {
  isOnnx,
  openModuleFile,
  TorchModel,
  type InputPlan,
  type TorchModelOptions,
} from '../pytorch/index.js';
import { ELEMENT_TYPES, type Elements } from '../pytorch/element-types.js';
import { planModule } from '../pytorch/input-plan.js';
import { UnexportableModelError } from './errors.js';
import type { OpenSubject, Subject } from './subject.js';
import { wrapTensors } from './tensors.js';

/** Sizes of an example tensor, if the model leaves them open. */
const OPEN_SIZE = 8;

/** @throws UnexportableModelError for an ONNX file, and for int8. */
export async function torchSubject(
  source: string | Uint8Array,
  options: TorchModelOptions,
): Promise<Subject> {
  if (isOnnx(source)) {
    throw new UnexportableModelError(
      'The model already is an ONNX file',
      'Give that file to the other server',
    );
  }
  if (options.precision === 'int8') {
    throw new UnexportableModelError(
      "The model was loaded with precision: 'int8': its graph has operators that only " +
        'onnxruntime implements (com.microsoft.DynamicQuantizeMatMul)',
      'Load it without precision',
    );
  }
  const { cacheFolder: _, ...own } = options;
  const plan = await planOf(source, own);
  return {
    async open(): Promise<OpenSubject> {
      const model = await TorchModel.load(source, own);
      return {
        facts: { kind: 'module', module: model.className },
        sampleItem: () => sampleTensors(model.plan),
        ask: async (item) => {
          await model.run(item as Tensor[]);
          return undefined;
        },
        release: () => model.release(),
      };
    },
    wrap: ({ graph }) => wrapTensors(graph, plan),
    activation: () => Promise.resolve({ after: undefined, name: 'none' }),
    rowsFirst: false,
    outputName: () => undefined,
    release: () => Promise.resolve(),
  };
}

async function planOf(
  source: string | Uint8Array,
  { inputs, code }: TorchModelOptions,
): Promise<InputPlan> {
  const { module, torchFile } = openModuleFile(source);
  try {
    await loadLowerings(module, code !== undefined);
    return planModule(module, inputs, code !== undefined);
  } finally {
    torchFile.close();
  }
}

/** Ids are small; numbers vary in size. */
function sampleTensors({ inputs }: InputPlan): Tensor[] {
  return inputs.map(({ dtype, shape, rowSize, limits }) => {
    const dims = shape.map((size, axis) => size ?? (axis === 0 ? 1 : OPEN_SIZE));
    if (rowSize !== undefined) dims.splice(1, dims.length - 1, rowSize);
    const length = dims.reduce((product, size) => product * size, 1);
    const elements = ELEMENT_TYPES[dtype].allocate(length) as Elements;
    const limit = Math.min(4, ...(limits ?? []).map((each) => each ?? 4));
    for (let i = 0; i < length; i++) {
      const whole = (i % Math.max(1, limit - 1)) + Math.min(1, limit - 1);
      (elements as unknown[])[i] = dtype.endsWith('int64')
        ? BigInt(whole)
        : dtype.startsWith('float')
          ? ((i * 37) % 101) / 101
          : whole;
    }
    return new Tensor(dtype as 'float32', elements as Float32Array, dims);
  });
}
