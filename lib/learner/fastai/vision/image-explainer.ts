import { Tensor } from 'onnxruntime-common';
import type { Dim } from '../../onnx/graph.js';
import { createSession } from '../../onnx/session/create-session.js';
import type { OnnxSession } from '../../onnx/session/onnx-session.js';
import { OnDemand } from '../../runtime/on-demand.js';
import { guarded } from '../../runtime/run-guard.js';
import type { Asked, LearnerOptions } from '../contract.js';
import { NotExplainableError } from '../errors.js';
import type { HeatMapExplanation } from '../explanation.js';
import { openLearnerFile } from '../learner-file.js';

/** Its graph holds the weights a second time, so it is released when idle. */
const IDLE_MS = 60_000;

/** Heat maps of an image classifier: a second graph of its model, opened on demand. */
export class ImageExplainer {
  readonly #session: OnDemand<OnnxSession>;
  readonly #threads: number;
  readonly #code: LearnerOptions['code'];
  /** Computed once, because it takes time to read and lower the model again. */
  #refusal: NotExplainableError | undefined;

  /**
   * @param source The learner's file.
   * @param dims The input of its model.
   */
  constructor(
    private readonly source: string | Uint8Array,
    private readonly dims: readonly Dim[],
    { onnx, code, intraOpNumThreads = 1 }: LearnerOptions,
  ) {
    this.#code = code;
    this.#threads = intraOpNumThreads;
    if (onnx !== undefined) {
      this.#refusal = new NotExplainableError(
        'The model comes from an ONNX file, which does not distinguish the layers of the learner',
        'load the learner\'s own model, without the option "onnx"',
      );
    }
    const open = (): Promise<OnnxSession> => guarded(() => this.#open());
    this.#session = new OnDemand(
      { open, release: (session) => guarded(() => session.release()) },
      IDLE_MS,
    );
  }

  /**
   * @param image The model's input: float32 [1, channels, height, width].
   * @param output The model's output, before the activation.
   * @throws NotExplainableError
   */
  async explain(image: Tensor, output: Tensor, question: Asked): Promise<HeatMapExplanation> {
    const explained = await question.choose(output);
    const seed = new Tensor('float32', new Float32Array(output.data.length), output.dims);
    (seed.data as Float32Array)[explained.target] = 1;
    const map = await this.#session.use(async (session) => {
      const outputs = await guarded(() => session.run({ image, seed }));
      return outputs['map'] as Tensor;
    });
    const [, height = 0, width = 0] = map.dims;
    const [, , imageHeight = 0, imageWidth = 0] = image.dims;
    return {
      method: 'grad-cam',
      ...explained,
      heatmap: { width, height, ...scaled(map.data as Float32Array) },
      image: { width: imageWidth, height: imageHeight },
    };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  async #open(): Promise<OnnxSession> {
    if (this.#refusal) throw this.#refusal;
    const file = openLearnerFile(this.source);
    try {
      const [
        { gradCamGraph },
        { NoGradientError },
        { loadLowerings },
        { SizeNeededError },
        { readSources },
      ] = await Promise.all([
        import('../../onnx/gradient/grad-cam.js'),
        import('../../onnx/gradient/derivation.js'),
        import('../../onnx/lowering/registry.js'),
        import('../../onnx/torch-ops/size-needed.js'),
        import('../../onnx/tracing/read-sources.js'),
      ]);
      const sources = await readSources(this.#code);
      await loadLowerings(file.model, sources !== undefined);
      try {
        const graph = gradCamGraph(file.model, this.dims, sources);
        return await createSession(graph, { intraOpNumThreads: this.#threads });
      } catch (error) {
        if (!(error instanceof NoGradientError || error instanceof SizeNeededError)) throw error;
        throw (this.#refusal = new NotExplainableError(
          `The model's answer cannot be traced back to its last features (${error.message})`,
          'explain a learner with a head of fastai, torchvision or timm',
        ));
      }
    } finally {
      file.torchFile.close();
    }
  }
}

/** From 0 to 1, without the parts that oppose the class. */
function scaled(map: Float32Array): { data: Float32Array; peak: number } {
  const peak = map.reduce((most, value) => Math.max(most, value), 0);
  return { data: map.map((value) => (value > 0 ? value / peak : 0)), peak };
}
