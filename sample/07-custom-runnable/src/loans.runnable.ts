import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Runnable,
  RunnableMethod,
  type OnRunnableDestroy,
  type OnRunnableInit,
} from 'nestjs-vts/runnable';
import { InferenceSession } from 'onnxruntime-node';
import { Preprocessing, type PreprocessingFacts, type Row } from './preprocessing.js';

/** The model's assessment of an applicant. */
export interface Assessment {
  readonly outcome: string;
  /** Probabilities by class. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** How many rows one run of {@link Loans.assessEach} has. */
const PART = 16;

/** A tabular model of fastai 1, which fastai 2 cannot open, over its ONNX file. */
@Runnable({ module: import.meta.url, workers: 1 })
export class Loans implements OnRunnableInit, OnRunnableDestroy {
  #session!: InferenceSession;
  #preprocessing!: Preprocessing;
  #classes!: readonly string[];

  constructor(private readonly folder = 'sample/07-custom-runnable/model') {}

  async onRunnableInit(): Promise<void> {
    const text = await readFile(join(this.folder, 'preprocessing.json'), 'utf8');
    const facts = JSON.parse(text) as PreprocessingFacts;
    this.#classes = facts.classes;
    this.#preprocessing = new Preprocessing(facts);
    this.#session = await InferenceSession.create(join(this.folder, 'loans.onnx'), {
      intraOpNumThreads: 1,
    });
  }

  async onRunnableDestroy(): Promise<void> {
    await this.#session.release();
  }

  /** Requests that arrive during a run share the next run. */
  @RunnableMethod({ batchable: true })
  async assess(rows: readonly Row[]): Promise<Assessment[]> {
    const { logits } = await this.#session.run(this.#preprocessing.tensors(rows));
    const values = logits?.data as Float32Array;
    const width = this.#classes.length;
    return rows.map((_, row) => this.#assessment(values.subarray(row * width, (row + 1) * width)));
  }

  /** A long list, in parts. The reader may stop at any time. */
  @RunnableMethod()
  async *assessEach(rows: readonly Row[]): AsyncGenerator<Assessment> {
    for (let start = 0; start < rows.length; start += PART) {
      yield* await this.assess(rows.slice(start, start + PART));
    }
  }

  #assessment(logits: Float32Array): Assessment {
    const largest = Math.max(...logits);
    const weights = Array.from(logits, (logit) => Math.exp(logit - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const probabilities = this.#classes.map((name, i) => [name, (weights[i] as number) / sum]);
    return {
      outcome: this.#classes[logits.indexOf(largest)] as string,
      probabilities: Object.fromEntries(probabilities) as Record<string, number>,
    };
  }
}
