import type { Command } from 'commander';
import type { ActivationName } from '../learner/fastai/contract.js';
import type { KeepableOptions } from '../serving/models/kept/keep-options.js';
import { CommandError } from './errors.js';
import { activations, collect } from './parsers.js';

/** The load options of a learner, from the options of a command. */
export interface LearnerFlags {
  readonly code?: readonly string[];
  readonly onnx?: string;
  readonly activation?: ActivationName | readonly ActivationName[];
  readonly trainingOnly?: readonly string[];
  readonly tokenizer?: string;
}

/** For commands that take a file. */
export function addLearnerOptions(command: Command): Command {
  return command
    .optionsGroup('Options for learners with their own code:')
    .option('--code <file>', 'a .py file, notebook or folder with its source; repeatable', collect)
    .option('--onnx <file>', "an ONNX file to run instead of the learner's model")
    .option(
      '--activation <names>',
      'activation of its custom loss: none, softmax or sigmoid; for several results, one each: none,softmax',
      activations,
    )
    .option('--training-only <class>', 'a transform to leave out; repeatable', collect)
    .option('--tokenizer <file>', 'the SentencePiece model that splits texts')
    .optionsGroup('Options:');
}

export function learnerOptionsOf(flags: LearnerFlags): KeepableOptions {
  const { code, onnx, activation, trainingOnly, tokenizer } = flags;
  return {
    ...(code !== undefined && { code }),
    ...(onnx !== undefined && { onnx }),
    ...(activation !== undefined && { activation }),
    ...(trainingOnly !== undefined && { trainingOnly }),
    ...(tokenizer !== undefined && { tokenizer }),
  };
}

/** The first of the options, as written on the command line; undefined if there is none. */
function firstLearnerFlag(flags: LearnerFlags): string | undefined {
  const names = {
    code: '--code',
    onnx: '--onnx',
    activation: '--activation',
    tokenizer: '--tokenizer',
  } as const;
  const found = Object.entries(names).find(([key]) => flags[key as keyof typeof names]);
  return found?.[1] ?? (flags.trainingOnly ? '--training-only' : undefined);
}

/**
 * Refuses options of files for a model that has been saved with its own.
 *
 * @param otherwise What to do with the file instead of the model: `serve the file`.
 * @throws CommandError
 */
export function refuseForStored(flags: LearnerFlags, target: string, otherwise: string): void {
  const flag = firstLearnerFlag(flags);
  if (flag === undefined) return;
  throw new CommandError(
    `${flag} works only with files, but ${target} is in the store with its own options`,
    `Import it again with ${flag}, or ${otherwise}`,
  );
}
