import type { LearnerDescription } from '../../learner/fastai/contract.js';
import type { LearnerFlags } from '../learner-options.js';
import { whatItIs } from '../describe.js';
import { isAugmentable } from '../../nest/served-model/augmented.js';
import { CommandError } from '../errors.js';
import type { OutputFormat } from '../output/print.js';

/** How a language model continues a text; options that were not given are undefined. */
export interface GenerateSettings {
  readonly words?: number;
  readonly temperature?: number;
  readonly minP?: number;
  readonly seed?: number;
  readonly stop?: string;
}

/** How an image learner averages over augmented copies. */
export interface TtaSettings {
  /** Passes with the transforms of training. */
  readonly tta?: number;
}

export interface PredictOptions extends GenerateSettings, TtaSettings {
  readonly output?: OutputFormat;
  readonly csv?: string;
  readonly out?: string;
  readonly column?: string;
  readonly force?: boolean;
}

/** Refuses conflicting options, before anything is opened. @throws CommandError */
export function checkTogether(inputs: readonly string[], options: PredictOptions): void {
  const { csv, out, column, force, output } = options;
  if ((csv === undefined) === (inputs.length === 0)) {
    throw new CommandError(
      inputs.length === 0 ? 'No input to predict from' : 'Inputs and --csv cannot be combined',
      'Give inputs (- reads stdin), or --csv with a file',
    );
  }
  if (column !== undefined && csv === undefined) throw without('--column', '--csv');
  if (force && out === undefined) throw without('--force', '--out');
  if (output !== undefined && csv !== undefined) {
    throw new CommandError(
      '--output does not apply to --csv, whose result is CSV',
      'Omit --output',
    );
  }
}

function without(option: string, needed: string): CommandError {
  return new CommandError(`${option} does nothing without ${needed}`, `Add ${needed}, or omit it`);
}

const OF_LANGUAGE_MODELS = ['words', 'temperature', 'minP', 'seed', 'stop'] as const;

/** Refuses options that do not apply to the model. @throws CommandError */
export function checkApplicable(
  description: LearnerDescription | undefined,
  options: PredictOptions & LearnerFlags,
): void {
  const kind = description?.kind;
  const refuse = (option: string, fact: string): never => {
    throw new CommandError(
      `${option} ${fact}, but this is ${whatItIs(description)}`,
      `Omit ${option}`,
    );
  };
  const foreign = OF_LANGUAGE_MODELS.find((name) => options[name] !== undefined);
  if (foreign && kind !== 'lm') {
    refuse(foreign === 'minP' ? '--min-p' : `--${foreign}`, 'is for language models');
  }
  if (options.csv !== undefined && kind === undefined) refuse('--csv', 'is for learners');
  if (options.csv !== undefined && kind === 'array') {
    refuse('--csv', 'is for rows, texts and images: give the file of an array as an input');
  }
  if (options.onnx !== undefined && kind === undefined) refuse('--onnx', 'is for learners');
  if (options.activation !== undefined && kind === undefined) {
    refuse('--activation', 'is for learners');
  }
  if (options.csv !== undefined && kind === 'mixed')
    refuse('--csv', 'is for learners of one input');
  if (options.trainingOnly !== undefined && !['vision', 'array', 'mixed'].includes(kind ?? '')) {
    refuse('--training-only', 'is for learners of images and arrays');
  }
  if (options.tokenizer !== undefined && kind !== 'text' && kind !== 'lm') {
    refuse('--tokenizer', 'is for learners of texts');
  }
  if (options.column !== undefined && (kind === 'tabular' || kind === 'collab')) {
    refuse('--column', 'is for texts and images: rows have the columns of the learner');
  }
  if (options.tta !== undefined && !(description && isAugmentable(description))) {
    refuse('--tta', 'is for classes, labels and numbers of images');
  }
  const isDrawn = description?.task === 'segment' || description?.task === 'image';
  if (options.out !== undefined && options.csv === undefined && !isDrawn) {
    refuse('--out', 'is for --csv, for the masks of a segmentation and for predicted images');
  }
}
