import type { TorchEnv } from '../../onnx/torch-ops/env.js';
import { Program } from '../../onnx/tracing/program.js';
import { readSources } from '../../onnx/tracing/read-sources.js';
import type { Names } from '../../python/context.js';
import { Instance, type ClassValue, type Value } from '../../python/values.js';
import type { LearnerOptions } from '../contract.js';

/**
 * A program for code beside the model: losses and transforms.
 *
 * @param names Tables beyond those of models, which may use the graph that is being made.
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
    ...(sources && { sources }),
  });
  return program;
}

/** Whether a value is an object of a class of which only the name is known. */
export function isNameAlone(value: Value): boolean {
  return value instanceof Instance && isOpaque(value.cls);
}

function isOpaque(cls: ClassValue): boolean {
  return cls.native?.opaque === true && cls.attrs.size === 0;
}
