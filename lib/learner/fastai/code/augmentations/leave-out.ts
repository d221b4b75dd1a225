import type { LearnerOptions } from '../../contract.js';
import type { LearnerFile } from '../../learner-file.js';
import { namesAlone } from '../../vision/own-code.js';
import { leaveOut } from '../../vision/transforms/neutral.js';
import { decide } from './decide.js';

/** Leaves out transforms by name if their contents show that inference does not need them. */
export function leaveOutTraining(file: LearnerFile, { trainingOnly }: LearnerOptions): void {
  for (const record of namesAlone(file.dls, trainingOnly)) {
    if (decide(record, file).kind === 'nothing') leaveOut(record);
  }
}
