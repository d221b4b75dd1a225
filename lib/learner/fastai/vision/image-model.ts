import { Tensor } from 'onnxruntime-common';
import type { Dim } from '../../onnx/graph.js';
import type { InputSpec } from '../../onnx/lowering/lowering.js';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { phase } from '../../runtime/phases.js';
import { guarded } from '../../runtime/run-guard.js';
import type { Answers, LearnerOptions, Results } from '../contract.js';
import { outputOfClasses } from '../foreign/expected-model.js';
import type { LearnerFile } from '../learner-file.js';
import { openModel } from '../open-model.js';
import { joinResults, reordered, resultsOf } from '../results/results.js';
import { DecodeThread } from './decode-thread.js';
import type { RenderJob } from './image/render-job.js';
import type { ModelInput } from './transforms/pipeline.js';
import { rowsDone } from '../../runtime/rows-done.js';

/** The model receives at most this many pixels at once. A batch of large images runs in parts. */
const MOST_PIXELS = 16 * 224 * 224;
/** Buffers kept for the next call: fresh memory takes longer than writing to it. */
const MOST_SPARE = 3 * MOST_PIXELS;

/** How many images are opened while one is written, if a thread shares the work. */
const AHEAD = 4;

/** An image of known size. */
export interface ImageToCome {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Writes float32 planes: `channels * height * width` values. */
  write(out: Float32Array): Promise<void>;
  /** The same for another thread. */
  readonly job: RenderJob | undefined;
}

/** The input sizes of an image model. */
export function dimsOf({ channels, height, width }: ModelInput): Dim[] {
  return ['batch', channels, height ?? 'height', width ?? 'width'];
}

/** Images of one size that go through the model together. */
interface Batch {
  readonly dims: readonly number[];
  /** The number of values of an image. */
  readonly size: number;
  readonly data: Float32Array;
  readonly indices: number[];
}

/** The network of an image learner. */
export class ImageModel {
  /** The memory of a batch, when it is not in use. */
  #spare: Float32Array | undefined;
  #thread: DecodeThread | undefined;

  private constructor(
    private readonly session: ModelSession,
    private readonly inputName: string,
    /** How it returns its results. */
    readonly form: ResultForm,
  ) {}

  /** @throws UnsupportedModuleError for an unsupported layer. */
  static async open(
    file: LearnerFile,
    input: ModelInput,
    options: LearnerOptions,
    { task, classes }: Answers,
  ): Promise<ImageModel> {
    const spec: InputSpec = {
      name: 'image',
      dtype: 'float32',
      dims: dimsOf(input),
    };
    const { session, form } = await openModel(
      file,
      options,
      async (model, how) => {
        const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
        const lowered = lowerModel(model, {
          ...how,
          inputs: [spec],
          outputs: ['output'],
          plainTensors: false,
        });
        return { ...lowered, facts: null };
      },
      {
        inputs: [
          {
            dtypes: ['float32'],
            sizes: [input.channels, input.height ?? null, input.width ?? null],
          },
        ],
        ...outputOfClasses(classes, task === 'segment' ? [null, null] : []),
      },
    );
    return new ImageModel(session, session.inputNames[0]!, form);
  }

  /**
   * Returns one row per image; images of one size run together. Each is written to the model's
   * memory, and a full group runs before the next image is written, so a long list uses no more
   * memory than a short one. The next images open meanwhile: libvips decodes on its threads, and a
   * separate thread decodes every second JPEG of a long list.
   */
  async forward(count: number, open: (index: number) => Promise<ImageToCome>): Promise<Results> {
    const parts: Results[] = [];
    const order: number[] = [];
    const batches = new Map<string, Batch>();
    const run = async (batch: Batch): Promise<void> => {
      parts.push(await this.#run(batch));
      order.push(...batch.indices);
      rowsDone(order.length, count);
    };
    const shares = count >= DecodeThread.WORTHWHILE && DecodeThread.isPossible;
    const thread = shares ? (this.#thread ??= new DecodeThread()) : undefined;
    const coming: Promise<ImageToCome>[] = [];
    for (let index = 0, opened = 0; index < count; index++) {
      for (; opened < Math.min(count, index + 1 + (thread ? AHEAD : 1)); opened++) {
        coming.push(opening(open, opened, opened % 2 === 1 ? thread : undefined));
      }
      const image = await phase('decode', () => coming.shift()!);
      const key = `${image.width}x${image.height}`;
      const batch = batches.get(key) ?? this.#batch(image, count - index);
      const { size } = batch;
      const start = batch.indices.length * size;
      await phase('decode', () => image.write(batch.data.subarray(start, start + size)));
      batch.indices.push(index);
      batches.set(key, batch);
      if (batch.indices.length * size < batch.data.length) continue;
      batches.delete(key);
      await run(batch);
    }
    for (const batch of batches.values()) await run(batch);
    if (parts.length === 1) return parts[0]!;
    return joinResults(parts, (tensors) => reordered(tensors, order));
  }

  /** One image, with the model's input for it. */
  async forwardOne(image: ImageToCome): Promise<{ input: Tensor; output: Tensor }> {
    const { channels, height, width } = image;
    const data = new Float32Array(channels * height * width);
    await phase('decode', () => image.write(data));
    const input = new Tensor('float32', data, [1, channels, height, width]);
    const outputs = await guarded(() => this.session.run({ [this.inputName]: input }));
    return { input, output: outputs[this.session.outputNames[0]!] as Tensor };
  }

  #batch({ channels, height, width }: ImageToCome, images: number): Batch {
    const most = Math.max(1, Math.floor(MOST_PIXELS / (width * height)));
    const size = channels * height * width;
    const length = Math.min(images, most) * size;
    const data = this.#spare?.length === length ? this.#spare : new Float32Array(length);
    this.#spare = undefined;
    return { dims: [channels, height, width], size, data, indices: [] };
  }

  async #run({ dims, size, data, indices }: Batch): Promise<Results> {
    const images = indices.length;
    const feed = new Tensor('float32', data.subarray(0, images * size), [images, ...dims]);
    const outputs = await guarded(() => this.session.run({ [this.inputName]: feed }));
    if (data.length <= MOST_SPARE) this.#spare = data;
    return resultsOf(outputs, this.session.outputNames, this.form, images);
  }

  release(): Promise<void> {
    this.#spare = undefined;
    this.#thread?.close();
    return this.session.release();
  }
}

/** Opens an image; the other thread starts on it at once. */
function opening(
  open: (index: number) => Promise<ImageToCome>,
  index: number,
  thread: DecodeThread | undefined,
): Promise<ImageToCome> {
  const opened = open(index).then((image): ImageToCome => {
    if (!thread || !image.job) return image;
    const made = thread.render(image.job);
    const write = async (out: Float32Array): Promise<void> => {
      const planes = await made;
      if (planes) out.set(planes);
      else await image.write(out);
    };
    return { ...image, write };
  });
  // A failure must show in the image's own turn, not in an earlier one.
  opened.catch(() => {});
  return opened;
}
