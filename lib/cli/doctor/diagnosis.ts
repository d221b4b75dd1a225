import { readTarget } from '../../learner/fastai/data/target.js';
import { NotALearnerError } from '../../learner/fastai/errors.js';
import { createInference } from '../../learner/fastai/kinds.js';
import { openLearnerFile, type LearnerFile } from '../../learner/fastai/learner-file.js';
import { refuseBoxes } from '../../learner/fastai/refuse-boxes.js';
import { openLoss } from '../../learner/fastai/losses/open-loss.js';
import { isOnnx, modelInputs, TorchModel } from '../../learner/pytorch/index.js';
import { Module, readTorchFile } from '../../learner/torch/index.js';
import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import { riskOf } from '../inspect/globals.js';
import { addLoweringError, checkModules } from './check-model.js';
import { checkTarget, checkTransforms, type Overrides } from './check-transforms.js';
import { Findings, type Finding, type Part } from './findings.js';
import { tryLearner } from './try-learner.js';

/** The problems of a file that prevent serving it. */
export interface Diagnosis {
  readonly file: string;
  /** The learner's kind, `module` for a model without a learner, undefined if unknown. */
  readonly kind?: string;
  readonly servable: boolean;
  readonly findings: readonly Finding[];
  /** Parts without a problem. */
  readonly passed: readonly Part[];
  /** Notes that do not prevent serving it. */
  readonly notes: readonly string[];
}

/**
 * Finds everything that prevents serving a file, not only the first problem. It runs none of the
 * file's code.
 */
export async function diagnose(file: string, load: KeepableOptions = {}): Promise<Diagnosis> {
  const findings = new Findings();
  if (isOnnx(file)) {
    await findings.attemptLater('model', () => modelInputs(file, undefined));
    return verdict(file, 'module', findings, [WITHOUT_LEARNER]);
  }
  let learner: LearnerFile;
  try {
    learner = openLearnerFile(file);
  } catch (error) {
    if (error instanceof NotALearnerError) return diagnoseOther(file, error, findings, load);
    findings.report('file', error);
    return verdict(file, undefined, findings, []);
  }
  try {
    findings.checked.add('file').add('learner');
    const overrides: Overrides = { ...load };
    await checkKind(learner, findings);
    await checkTransforms(learner, findings, overrides);
    if (learner.kind !== 'tabular' && learner.kind !== 'collab') checkTarget(learner, findings);
    const loss = await findings.attemptLater('loss', () => openLoss(learner, load));
    await loss?.release?.();
    if (!loss) overrides.activation = 'none';
    // An ONNX file replaces the model.
    const suspects =
      load.onnx === undefined ? await checkModules(learner.model, findings, load) : [];
    const notes = notesOf(learner);
    if (findings.all.every(({ part }) => part === 'loss' || part === 'tokenizer')) {
      await tryLearner(file, overrides, suspects, findings);
    } else if (findings.all.every(({ part }) => part !== 'model')) {
      notes.push(
        'The model was not tried because the learner cannot be loaded; check again once it can.',
      );
    }
    return verdict(file, learner.kind, findings, notes);
  } finally {
    learner.torchFile.close();
  }
}

const WITHOUT_LEARNER =
  'It is a model without a learner: it takes and returns tensors, and does not say what they mean.';

async function checkKind(learner: LearnerFile, findings: Findings): Promise<void> {
  if (learner.kind !== 'custom') {
    findings.checked.add('kind');
    return;
  }
  // Nothing can open a learner of this kind, and the error says so.
  await findings.attemptLater('kind', () => {
    refuseBoxes(learner);
    return createInference(learner, readTarget([]), {});
  });
}

/** A model without a learner, or no model at all. */
async function diagnoseOther(
  file: string,
  error: NotALearnerError,
  findings: Findings,
  { code }: KeepableOptions,
): Promise<Diagnosis> {
  const torchFile = readTorchFile(file);
  try {
    findings.checked.add('file');
    const model = findings.attempt('model', () => Module.from(torchFile.root));
    if (!model) {
      findings.report('learner', error);
      return verdict(file, undefined, findings, []);
    }
    const suspects = await checkModules(model, findings, { code });
    if (findings.none) {
      try {
        await (await TorchModel.load(file, code === undefined ? {} : { code })).release();
      } catch (problem) {
        addLoweringError(problem, suspects, findings);
      }
    }
    return verdict(file, 'module', findings, [WITHOUT_LEARNER]);
  } finally {
    torchFile.close();
  }
}

function notesOf({ torchFile }: LearnerFile): string[] {
  const harmful = torchFile.globals.filter((global) => riskOf(global) === 'dangerous');
  if (harmful.length === 0) return [];
  const names = harmful.slice(0, 5).map(({ qualifiedName }) => qualifiedName);
  return [
    `The pickle names ${names.join(', ')}, which can do harm when Python opens the file. Here, none of it is run.`,
  ];
}

function verdict(
  file: string,
  kind: string | undefined,
  { all, checked, none }: Findings,
  notes: readonly string[],
): Diagnosis {
  const failed = new Set(all.map(({ part }) => part));
  return {
    file,
    ...(kind === undefined ? {} : { kind }),
    servable: none,
    findings: all,
    passed: [...checked].filter((part) => !failed.has(part)),
    notes,
  };
}
