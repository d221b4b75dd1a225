import type {
  GenerateRequest,
  GenerateResponse,
  ModelConfig,
  ModelStatistics,
  RepositoryModel,
} from '../../client/contract.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  ServerMetadata,
} from '../../client/protocol/messages.js';
import { packageVersion } from '../../learner/runtime/package-version.js';
import { servedRunner, versionsOf } from './catalog.js';
import type {
  InferenceService,
  ServedRepository,
  ServedRunner,
  ServedRunners,
} from './contract.js';
import { ModelNotReadyError, ModelNotServableError, RepositoryClosedError } from './errors.js';
import { modelConfig } from './model-config.js';
import { ServableModels } from './models/index.js';
import type { Generation } from './models/servable.js';
import { checkLimits, type OpenInferenceOptions } from './options.js';
import { Statistics, type ModelCounts } from './statistics.js';

/**
 * Triton's versions are numbers, and perf_analyzer stops at the statistics of a version that is
 * not. So the extension is announced only if versions are numbers, and statistics are returned
 * in any case.
 */
const STATISTICS = 'statistics';
const EXTENSIONS = [
  'binary_tensor_data',
  'generate',
  'model_configuration',
  'model_repository',
  'parameters',
  STATISTICS,
];

/** The protocol over the runners of an application. */
export class OpenInferenceService implements InferenceService {
  readonly #models: ServableModels;
  readonly #statistics = new Statistics();

  constructor(
    private readonly runners: ServedRunners,
    options: OpenInferenceOptions = {},
  ) {
    this.#models = new ServableModels(checkLimits(options));
  }

  serverMetadata(): ServerMetadata {
    const isNumbered = this.runners.list().every(({ version }) => /^\d{1,18}$/.test(version));
    const extensions = EXTENSIONS.filter((each) => isNumbered || each !== STATISTICS);
    return { name: 'nestjs-vts', version: packageVersion() ?? '', extensions };
  }

  serverReady(): boolean {
    return this.runners.list().every(({ runner }) => runner.ready);
  }

  models(): readonly string[] {
    return [...new Set(this.runners.list().map(({ name }) => name))];
  }

  modelReady(name: string, version: string): boolean {
    return this.#find(name, version).runner.ready;
  }

  modelMetadata(name: string, version: string): ModelMetadata {
    const model = this.#models.of(this.#find(name, version));
    const { platform, inputs, outputs, properties } = model;
    return {
      name,
      versions: versionsOf(this.runners, name),
      platform,
      inputs: inputs.map(({ name: input, datatype, shape, parameters }) => ({
        name: input,
        datatype,
        shape,
        ...(parameters && { parameters }),
      })),
      outputs,
      ...(properties && { properties }),
    };
  }

  modelConfig(name: string, version: string): ModelConfig {
    return modelConfig(name, this.#models.of(this.#find(name, version)));
  }

  statistics(name: string, version: string): readonly ModelStatistics[] {
    const all = name === '' ? this.runners.list() : [this.#find(name, version)];
    return all.map((served) => this.#countsOf(served).of(served.name, served.version));
  }

  async infer(request: InferRequest): Promise<InferResponse> {
    const served = this.#find(request.modelName, request.modelVersion);
    const counts = this.#countsOf(served);
    const begun = performance.now();
    try {
      const read = this.#models.of(this.#ready(served)).read(request);
      counts.add('compute_input', performance.now() - begun);
      const write = await read.run();
      const ran = performance.now();
      const outputs = write();
      const end = performance.now();
      counts.add('compute_output', end - ran);
      counts.add('success', end - begun);
      counts.rows += BigInt(read.rows);
      counts.lastInference = BigInt(Date.now());
      const { id, modelName } = request;
      return { modelName, modelVersion: served.version, ...(id !== undefined && { id }), outputs };
    } catch (error) {
      counts.add('fail', performance.now() - begun);
      throw error;
    }
  }

  async generate(request: GenerateRequest): Promise<GenerateResponse> {
    const { served, generation, counts } = this.#generation(request);
    const text = await counted(counts, () => generation.whole(request));
    return { ...answerTo(request, served), text };
  }

  generateStream(request: GenerateRequest): AsyncIterable<GenerateResponse> {
    const { served, generation, counts } = this.#generation(request);
    const pieces = generation.pieces(request);
    const answer = answerTo(request, served);
    return countedStream(counts, pieces, (text) => ({ ...answer, text }));
  }

  inferStream(request: InferRequest): AsyncIterable<InferResponse> | undefined {
    const served = this.#ready(this.#find(request.modelName, request.modelVersion));
    const values = this.#models.of(served).stream?.(request);
    if (values === undefined) return undefined;
    const answer = answerTo(request, served);
    return countedStream(this.#countsOf(served), values, (outputs) => ({ ...answer, outputs }));
  }

  async repositoryIndex(readyOnly: boolean): Promise<readonly RepositoryModel[]> {
    const { repository } = this.runners;
    if (repository !== undefined) {
      const all = await repository.index();
      return readyOnly ? all.filter(({ state }) => state === 'READY') : all;
    }
    return this.runners
      .list()
      .filter(({ runner }) => !readyOnly || runner.ready)
      .map(({ name, version, runner }) => ({
        name,
        version,
        state: runner.ready ? 'READY' : 'UNAVAILABLE',
        reason: runner.ready ? '' : 'its model is not loaded',
      }));
  }

  async repositoryLoad(name: string): Promise<void> {
    await this.#repository('load').load(name);
  }

  async repositoryUnload(name: string): Promise<void> {
    await this.#repository('unload').unload(name);
  }

  /** Stops collecting the statistics of runners. */
  close(): void {
    this.#statistics.close();
  }

  #find(name: string, version: string): ServedRunner {
    return servedRunner(this.runners, name, version);
  }

  #ready(served: ServedRunner): ServedRunner {
    if (served.runner.ready) return served;
    throw new ModelNotReadyError(served.name);
  }

  #countsOf({ runner }: ServedRunner): ModelCounts {
    return this.#statistics.of(runner.tag);
  }

  #generation({ modelName, modelVersion }: GenerateRequest): {
    served: ServedRunner;
    generation: Generation;
    counts: ModelCounts;
  } {
    const served = this.#ready(this.#find(modelName, modelVersion));
    const { generation } = this.#models.of(served);
    if (generation !== undefined) {
      return { served, generation, counts: this.#countsOf(served) };
    }
    throw new ModelNotServableError(
      modelName,
      'does not generate text',
      'call infer, or generate of a language model',
    );
  }

  #repository(action: 'load' | 'unload'): ServedRepository {
    const { repository } = this.runners;
    if (repository === undefined) throw new RepositoryClosedError(action);
    return repository;
  }
}

async function counted<T>(counts: ModelCounts, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    const result = await work();
    countOne(counts, begun);
    return result;
  } catch (error) {
    counts.add('fail', performance.now() - begun);
    throw error;
  }
}

async function* countedStream<Value, Answer>(
  counts: ModelCounts,
  values: AsyncIterable<Value>,
  answer: (value: Value) => Answer,
): AsyncGenerator<Answer, void, undefined> {
  const begun = performance.now();
  try {
    for await (const value of values) yield answer(value);
    countOne(counts, begun);
  } catch (error) {
    counts.add('fail', performance.now() - begun);
    throw error;
  }
}

function countOne(counts: ModelCounts, begun: number): void {
  counts.add('success', performance.now() - begun);
  counts.rows++;
  counts.lastInference = BigInt(Date.now());
}

function answerTo(
  { id, modelName }: Pick<InferRequest, 'id' | 'modelName'>,
  { version }: ServedRunner,
): Omit<GenerateResponse, 'text'> {
  return { modelName, modelVersion: version, ...(id !== undefined && { id }) };
}
