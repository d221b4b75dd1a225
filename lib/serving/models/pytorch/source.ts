import { constants } from 'node:fs';
import { copyFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BaseLearner } from '../../../learner/fastai/base-learner.js';
import { isOnnx, openModuleFile } from '../../../learner/pytorch/index.js';
import { copyOnnx } from './onnx-files.js';
import { Module, moduleOrigin, writeModuleFile } from '../../../learner/torch/index.js';
import { NotSavableModuleError } from '../errors/save/index.js';
import { ONNX_FILE, PYTORCH } from '../signatures.js';

/** What a model is saved from. */
export interface PytorchSource {
  /** What is loaded to see that it can be. */
  readonly source: string | Uint8Array;
  readonly onnx: boolean;
  /** Writes the model's files. */
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
  return ofTorch(origin.source);
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
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    const what = found ? 'which is no file' : 'which does not exist';
    throw new NotSavableModuleError(`the path "${path}", ${what}`);
  }
  if (!isOnnx(path)) return ofTorch(path);
  return { source: path, onnx: true, writeTo: (folder) => copyOnnx(path, folder) };
}

function ofTorch(source: string | Uint8Array): PytorchSource {
  return {
    source,
    onnx: false,
    async writeTo(folder) {
      const file = join(folder, PYTORCH.file);
      const { path, torchFile } = openModuleFile(source);
      torchFile.close();
      // Where the model cannot be taken out of a learner's file, that file stands for it: it is
      // found inside.
      if (path.length > 0 && (await writeModuleFile({ source, path }, file))) return;
      if (typeof source === 'string') await copyFile(source, file, constants.COPYFILE_FICLONE);
      else await writeFile(file, source);
    },
  };
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object'
    ? `a ${value.constructor?.name ?? 'object'}`
    : `a ${typeof value}`;
}
