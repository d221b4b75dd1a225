import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseLearner } from '../../../learner/fastai/base-learner.js';
import { isOnnx, openModuleFile } from '../../../learner/pytorch/index.js';
import type { CodeSources } from '../../../learner/python/code-source.js';
import { Module, moduleOrigin, writeModuleFile } from '../../../learner/torch/index.js';
import { NotSavableModuleError } from '../errors.js';
import { nameOf } from '../../runtime/name-of.js';
import { pathFault, writeSource } from '../saved-models.js';
import { copyOnnx } from '../kept/onnx-files.js';
import { ONNX_FILE, PYTORCH } from './rules.js';

export interface PytorchSource {
  /** The path or the bytes that are loaded as a check. */
  readonly source: string | Uint8Array;
  readonly onnx: boolean;
  /** The source that the model's learner was loaded with. */
  readonly code?: CodeSources | undefined;
  writeTo(folder: string): Promise<void>;
}

/** @throws NotSavableModuleError */
export async function pytorchSource(given: unknown): Promise<PytorchSource> {
  if (given instanceof BaseLearner) {
    throw new NotSavableModuleError(
      'a learner',
      'Give its model, learner.model; or save the learner with fastai.saveModel().',
    );
  }
  if (given instanceof Module) return ofModule(given);
  if (given instanceof Uint8Array) return ofBytes(given);
  if (typeof given === 'string') return ofPath(given);
  throw new NotSavableModuleError(nameOf(given));
}

function ofModule(module: Module): PytorchSource {
  const origin = moduleOrigin(module);
  if (!origin) {
    throw new NotSavableModuleError(
      `a part of a model ("${module.path}", a ${module.className})`,
      'Give learner.model itself, or save that part with torch.save().',
    );
  }
  return { ...ofTorch(origin.source), code: origin.code };
}

function ofBytes(source: Uint8Array): PytorchSource {
  if (!isOnnx(source)) return ofTorch(source);
  return {
    source,
    onnx: true,
    writeTo: (folder) => writeFile(join(folder, ONNX_FILE), source),
  };
}

async function ofPath(path: string): Promise<PytorchSource> {
  const fault = await pathFault(path);
  if (fault !== undefined) throw new NotSavableModuleError(fault);
  if (!isOnnx(path)) return ofTorch(path);
  return {
    source: path,
    onnx: true,
    writeTo: (folder) => copyOnnx(path, folder, ONNX_FILE, refused),
  };
}

const refused = (fact: string, remedy: string): NotSavableModuleError =>
  new NotSavableModuleError(fact, remedy);

function ofTorch(source: string | Uint8Array): PytorchSource {
  return {
    source,
    onnx: false,
    async writeTo(folder) {
      const file = join(folder, PYTORCH.file);
      const { path, torchFile } = openModuleFile(source);
      torchFile.close();
      // If the model cannot be extracted from a learner's file, the whole file is saved: the model
      // is found inside.
      if (path.length > 0 && (await writeModuleFile({ source, path }, file))) return;
      await writeSource(source, file);
    },
  };
}
