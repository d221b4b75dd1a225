import type { TorchEnv } from '../../onnx/torch-ops/env.js';
import { Program } from '../../onnx/tracing/program.js';
import { readSources } from '../../onnx/tracing/read-sources.js';
import type { Names } from '../../python/context.js';
import { DispatchFunction } from '../../python/records/index.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Func,
  Instance,
  type Value,
} from '../../python/values.js';
import type { LearnerOptions } from '../contract.js';
import { fileArray } from './numpy/file-array.js';

/**
 * A program for code beside the model: losses and transforms.
 *
 * @param names Tables in addition to those of models; they may use the graph in progress.
 */
export async function ownProgram(
  { code }: LearnerOptions,
  names: (env: () => TorchEnv, program: () => Program) => readonly Names[],
): Promise<Program> {
  const sources = await readSources(code);
  const program: Program = Program.of({
    names: names(
      () => program.env,
      () => program,
    ),
    foreign: fileArray,
    ...(sources && { sources }),
  });
  return program;
}

/** Whether only the class name of an object is known. */
export function isNameAlone(value: Value): boolean {
  return value instanceof Instance && isOpaque(value.cls) && value.cls.attrs.size === 0;
}

/** Whether only the name of a class is known. */
export const isOpaque = (value: Value): boolean =>
  value instanceof ClassValue && value.native?.opaque === true;

/** Whether a value is a function, in any of its forms. */
export const isFunction = (value: Value): boolean =>
  value instanceof Func ||
  value instanceof BoundMethod ||
  value instanceof Builtin ||
  value instanceof DispatchFunction;
