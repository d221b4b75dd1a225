import { Tensor } from 'onnxruntime-common';
import type { InputSpec } from '../../onnx/lowering/lowering.js';
import type { OnnxSession } from '../../onnx/session/onnx-session.js';
import { guarded } from '../../runtime/run-guard.js';
import type { LearnerOptions } from '../contract.js';
import { joinRows } from '../data/rows.js';
import type { LearnerFile } from '../learner-file.js';
import { openModel } from '../open-model.js';
import type { ModelInput } from './transforms/pipeline.js';
import type { Planes } from './transforms/planes.js';

/** Pixels that go through the model at once: a batch of large images is run in parts. */
const MOST_PIXELS = 16 * 224 * 224;

/** The network of an image learner. */
export class ImageModel {
  private constructor(
    private readonly session: OnnxSession,
    private readonly inputName: string,
    private readonly outputName: string,
  ) {}

  /** @throws UnsupportedModuleError for a layer that has no lowering. */
  static async open(
    file: LearnerFile,
    input: ModelInput,
    options: LearnerOptions,
  ): Promise<ImageModel> {
    const spec: InputSpec = {
      name: 'image',
      dtype: 'float32',
      dims: ['batch', input.channels, input.height ?? 'height', input.width ?? 'width'],
    };
    const { session } = await openModel(file, options, async (model) => {
      const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
      const { graph } = lowerModel(model, { inputs: [spec], outputs: ['output'] });
      return { graph, facts: null };
    });
    return new ImageModel(session, session.inputNames[0]!, session.outputNames[0]!);
  }

  /** One row an image; images of one size go together. */
  async forward(images: readonly Planes[]): Promise<Tensor> {
    const parts: Tensor[] = [];
    const order: number[] = [];
    for (const group of bySize(images)) {
      parts.push(await this.#run(group.map((index) => images[index]!)));
      order.push(...group);
    }
    return parts.length === 1 ? parts[0]! : joinRows(parts, order);
  }

  async #run(images: readonly Planes[]): Promise<Tensor> {
    const [{ channels, height, width }] = images as [Planes];
    const size = channels * height * width;
    const data = images.length === 1 ? images[0]!.data : new Float32Array(images.length * size);
    if (images.length > 1) images.forEach((image, i) => data.set(image.data, i * size));
    const feed = new Tensor('float32', data, [images.length, channels, height, width]);
    const outputs = await guarded(() => this.session.run({ [this.inputName]: feed }));
    return outputs[this.outputName] as Tensor;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Indices of images that have the same size, at most so many that a run stays small. */
function bySize(images: readonly Planes[]): number[][] {
  const groups = new Map<string, number[][]>();
  for (const [index, { width, height }] of images.entries()) {
    const most = Math.max(1, Math.floor(MOST_PIXELS / (width * height)));
    const key = `${width}x${height}`;
    const parts = groups.get(key) ?? [];
    groups.set(key, parts);
    const open = parts.at(-1);
    if (open && open.length < most) open.push(index);
    else parts.push([index]);
  }
  return [...groups.values()].flat();
}
