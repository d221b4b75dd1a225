import { PathValue } from '../../python/modules/paths.js';
import { asStr } from '../../python/builtins/unwrap.js';
import { Instance, List, type Value } from '../../python/values.js';
import type { Program } from '../../onnx/tracing/program.js';
import type { PyValue } from '../../torch/index.js';
import { holdTensors } from '../code/hold-tensors.js';
import { ImageFiles } from '../code/pil/image-files.js';
import { PilImage } from '../code/pil/image-value.js';
import { channelsOf } from '../code/pil/pixels.js';
import { throughTransform } from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';
import { UnsupportedLearnerError } from '../errors.js';
import { openLearnerFile } from '../learner-file.js';
import { isUnknown } from '../vision/code-pipeline.js';
import { ownImageProgram } from '../vision/own-image-program.js';
import { doesNothing, unknownTransform } from '../vision/transforms/neutral.js';
import { missingCell } from './missing-cell.js';
import { isStageOf, settled, stageOf, valueOf } from './given-item.js';

interface Reader {
  readonly record: PyValue;
  readonly transform: Value;
}

/**
 * Turns a row into the value before its text is split or its image opened: runs the getters of the
 * one input on the row, as fastai does.
 */
export class RowEntry {
  private constructor(
    private readonly program: Program,
    private readonly files: ImageFiles,
    private readonly types: PyValue | undefined,
    private readonly readers: readonly Reader[],
    /** Keeps tensors that the code uses readable. */
    readonly held: readonly Uint8Array[],
  ) {}

  /** Reads the file again: few learners receive rows, and others do not need this. */
  static async open(source: string | Uint8Array, options: LearnerOptions): Promise<RowEntry> {
    const file = openLearnerFile(source);
    try {
      const [{ transforms = [], types } = {}] = file.dls.inputs;
      const files = new ImageFiles();
      const { program } = await ownImageProgram(files, options, () => 'TensorImage');
      const readers = transforms.map((record) => ({ record, transform: program.value(record) }));
      return new RowEntry(program, files, types, readers, holdTensors(transforms));
    } finally {
      file.torchFile.close();
    }
  }

  /**
   * A text, a path, the bytes of a file, tokens or pixels: the value that enters the pipeline
   * instead of the row.
   *
   * @throws MissingColumnError, UnsupportedLearnerError
   */
  async enter(row: Record<string, unknown>): Promise<unknown> {
    const given = await settled(row);
    const stage = stageOf(this.types, given, { paths: false }) ?? 0;
    const { evaluator } = this.program;
    const isRow = isStageOf(this.types, stage, 'row');
    try {
      return await this.files.run(
        undefined,
        () => {
          evaluator.renew();
          const start = valueOf(evaluator, given, { paths: false, list: true, row: isRow });
          return this.#through(start, stage);
        },
        true,
      );
    } catch (error) {
      throw missingCell(error, row);
    }
  }

  #through(start: Value, from: number): unknown {
    const { evaluator } = this.program;
    let value = start;
    for (const [index, { record, transform }] of this.readers.entries()) {
      if (index < from || doesNothing(record)) continue;
      if (isUnknown(this.program, transform)) throw unknownTransform(record);
      value = throughTransform(evaluator, transform, value);
      const item = this.#itemOf(value, index === this.readers.length - 2);
      if (item !== undefined) return item;
    }
    throw new UnsupportedLearnerError(
      `The learner's getters turn a row into a ${evaluator.typeOf(value).name}, but the ` +
        'learner needs a text, a path or an image',
      'give the text, path or image itself',
    );
  }

  /** The value that continues as an item; undefined if the next reader takes it. */
  #itemOf(value: Value, isLast: boolean): unknown {
    const text = asStr(value);
    if (text !== undefined) return text;
    if (value instanceof PathValue) return value.path;
    if (value instanceof Uint8Array) return value;
    if (value instanceof PilImage && isLast) {
      const { mode, width, height, data } = value.pixels;
      if (mode !== 'L' && mode !== 'RGB') return undefined;
      return { width, height, channels: channelsOf(mode), data: data as Uint8Array };
    }
    const own = value instanceof Instance ? value.payload : value;
    if (!(own instanceof List)) return undefined;
    const tokens = own.items.map(asStr);
    return tokens.includes(undefined) ? undefined : tokens;
  }
}
