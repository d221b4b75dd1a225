import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferRequest } from '../../../client/protocol/messages.js';
import type { LimitedScope } from './limited-scope.js';

/** The request parameter for the time limit: microseconds, as in Triton. 0 means no limit. */
const TIMEOUT = 'timeout';

/** @throws InferenceMessageError */
export function limitByParameter(scope: LimitedScope, { parameters }: InferRequest): void {
  const given = parameters?.[TIMEOUT];
  if (given === undefined) return;
  const us = Number(given);
  if (typeof given === 'boolean' || given === '' || !(us >= 0)) {
    throw new InferenceMessageError(
      `The parameter "${TIMEOUT}" is not a duration`,
      'send a whole number of microseconds',
    );
  }
  if (us > 0) scope.limitOfClient(us / 1000);
}
