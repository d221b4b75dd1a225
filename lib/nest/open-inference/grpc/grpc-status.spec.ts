import { HttpException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import {
  ModelNotReadyError,
  ModelNotServedError,
  RepositoryClosedError,
} from '../../../serving/open-inference/errors.js';
import { RemoteUnavailableError } from '../../../serving/remote/errors.js';
import {
  RunAbortedError,
  RunnerUnavailableError,
  RunTimeoutError,
  TooManyCallsError,
  WorkerDiedError,
} from '../../../serving/runner/errors.js';
import { ShuttingDownError } from '../../http/errors.js';
import { detailsOf, failureOf, httpStatusOf, nameOfCode } from './grpc-status.js';

describe('The status of a failure', () => {
  it.each([
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [408, 'DEADLINE_EXCEEDED'],
    [413, 'RESOURCE_EXHAUSTED'],
    [418, 'INVALID_ARGUMENT'],
    [429, 'RESOURCE_EXHAUSTED'],
    [499, 'CANCELLED'],
    [500, 'INTERNAL'],
    [501, 'UNIMPLEMENTED'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
  ])('of HTTP %i is %s', (status, name) => {
    const { code, details } = failureOf(new HttpException('Why.', status), false);
    expect([nameOfCode(code), details]).toEqual([name, 'Why.']);
  });

  it.each([
    [new InferenceMessageError('It is wrong', 'mend it'), 'INVALID_ARGUMENT', undefined],
    [new ModelNotServedError('a', '', []), 'NOT_FOUND', undefined],
    [new ModelNotReadyError('a'), 'UNAVAILABLE', 1000],
    [new RepositoryClosedError('load'), 'UNIMPLEMENTED', undefined],
    [new RunAbortedError('a', 'predict'), 'CANCELLED', undefined],
    [new RunTimeoutError('a', 'predict', 5), 'DEADLINE_EXCEEDED', undefined],
    [new TooManyCallsError('a', 'predict', 1), 'RESOURCE_EXHAUSTED', 1000],
    [new RunnerUnavailableError('a', 'none'), 'UNAVAILABLE', 1000],
    [new WorkerDiedError('a', 'predict', 'why'), 'UNAVAILABLE', undefined],
    [new RemoteUnavailableError('a', 'predict', 'lost', true), 'UNAVAILABLE', undefined],
    [new RemoteUnavailableError('a', 'predict', 'gone', false), 'UNAVAILABLE', 1000],
    [new ShuttingDownError(), 'UNAVAILABLE', 1000],
    [new Error('/secret'), 'INTERNAL', undefined],
  ])('of %o is %s, with a retry after %s ms', (error, name, retryAfterMs) => {
    const failure = failureOf(error, false);
    expect([nameOfCode(failure.code), failure.retryAfterMs]).toEqual([name, retryAfterMs]);
    expect(failure.hidden).toBe(name === 'INTERNAL');
    expect(failure.details).not.toContain('secret');
  });

  it('does not say when to retry if something may have run', () => {
    expect(failureOf(new ShuttingDownError(), true).retryAfterMs).toBeUndefined();
  });
});

describe('Details of a status', () => {
  it.each([
    'plain',
    'ünïcode',
    'a\uD800b',
    '\uDC00',
    '\n\r\0%',
    '漢'.repeat(5000),
    'a'.repeat(9999),
  ])('can be sent: %j', (text) => {
    const details = detailsOf(text);
    expect(encodeURI(details).length).toBeLessThan(4100);
    expect(details.isWellFormed()).toBe(true);
  });

  it('keep as much as possible', () => {
    expect(detailsOf('It is 漢.')).toBe('It is 漢.');
  });
});

it('has an equivalent HTTP status', () => {
  expect([0, 3, 5, 14, 13, 2].map(httpStatusOf)).toEqual([200, 400, 404, 503, 500, 500]);
});
