import { Logger } from '@nestjs/common';
import { shortened } from '../../learner/errors/index.js';
import { VTS_LOG_CONTEXT } from '../vts.constants.js';
import { InvalidJobRecordError, JobNotFoundError, JobsUnavailableError } from './errors.js';
import { FIELDS, JOB_SCRIPTS } from './job-scripts.js';
import { isId, readRecord, type JobRecord, type JobState } from './job-record.js';
import type { JobsRedis } from './redis.js';

type Script = keyof typeof JOB_SCRIPTS;
type Argument = string | number | Uint8Array;

/** The data of a submission. */
export interface Submission {
  readonly id: string;
  readonly name: string;
  readonly input: Uint8Array;
  /** From the request's headers, unchanged. */
  readonly type: string | undefined;
  readonly accept: string | undefined;
  readonly caller: string | undefined;
  /** A digest of the idempotency key, with route and caller. */
  readonly key: string | undefined;
  /** A digest of the body. */
  readonly digest: string;
  readonly traceparent: string | undefined;
  readonly requestId: string | undefined;
  /** The receiver of its webhook; see `JobRecord`. */
  readonly webhook: string | undefined;
}

export interface Submitted {
  readonly id: string;
  /** The time of creation; undefined if the record already existed. */
  readonly created: number | undefined;
  /** Whether the body equals the first one with this idempotency key. */
  readonly same: boolean;
}

/** What a worker runs. */
export interface Begun {
  readonly name: string;
  readonly type: string | undefined;
  readonly accept: string | undefined;
  readonly traceparent: string | undefined;
  readonly requestId: string | undefined;
  readonly input: Uint8Array;
  /** The number of this run. */
  readonly attempts: number;
  /** Since the submission. */
  readonly waitedMs: number;
}

/** A result in the form in which it is sent. */
export interface StoredResult {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

export type Beginning =
  | { readonly kind: 'run'; readonly job: Begun }
  /** Nothing to do: the record is gone, or the job has ended. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'lost'; readonly attempts: number }
  | { readonly kind: 'invalid'; readonly error: Error };

/**
 * The records of jobs in Redis; BullMQ only moves their ids. A record is a hash that expires by
 * itself, with input and result as raw bytes.
 */
export class JobStore {
  /** The channel for changes, as `<id> <state>`. */
  readonly channel: string;
  readonly #base: string;
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  #told: string | undefined;

  constructor(
    private readonly redis: JobsRedis,
    prefix: string,
    queue: string,
  ) {
    this.#base = `${prefix}:${queue}-records:`;
    this.channel = `${this.#base}changes`;
    for (const [name, script] of Object.entries(JOB_SCRIPTS)) {
      redis.client.defineCommand(name, script);
    }
  }

  /** Creates a record, or returns the id of the one with the same idempotency key. */
  async submit(job: Submission, keepMs: number): Promise<Submitted> {
    const { id, key } = job;
    const optional = {
      type: job.type,
      accept: job.accept,
      caller: job.caller,
      key,
      traceparent: job.traceparent,
      request: job.requestId,
      webhook: job.webhook,
    };
    const fields = Object.entries(optional).flatMap(([name, value]) =>
      value === undefined ? [] : [name, value],
    );
    const answer = await this.#run(
      'vtsJobSubmit',
      id,
      [this.#keyed(key), `${this.#base}job:`],
      [
        keepMs,
        key === undefined ? '' : job.digest,
        'name',
        job.name,
        'input',
        job.input,
        ...fields,
      ],
    );
    const [how, found, digest] = texts(answer);
    if (how === 'made') return { id, created: Number(digest), same: true };
    if (!isId(found)) throw new InvalidJobRecordError('its idempotency key has no id');
    return { id: found, created: undefined, same: digest === job.digest };
  }

  /** Removes a record whose job could not be put into the queue. */
  async forget(id: string): Promise<void> {
    await this.#run('vtsJobForget', id, [], []);
  }

  /** Undefined if none exists. */
  async read(id: string): Promise<JobRecord | undefined> {
    const values = texts(await this.#run('vtsJobRead', id, [], FIELDS));
    return values[1] === undefined && values[0] === undefined ? undefined : readRecord(id, values);
  }

  /** @throws InvalidJobRecordError */
  async result(id: string, maxBytes: number): Promise<StoredResult> {
    const [how, type, text, bytes] = (await this.#run(
      'vtsJobResult',
      id,
      [],
      [maxBytes],
    )) as Buffer[];
    if (String(how) !== 'result') throw new InvalidJobRecordError('its result is too large');
    // It has expired since the last check.
    if (!type && !bytes) throw new JobNotFoundError();
    const contentType = String(type ?? '');
    if (!/^[\x20-\x7e]{3,200}$/.test(contentType) || !bytes) {
      throw new InvalidJobRecordError('its result has no type');
    }
    return { contentType, body: String(text) === '1' ? bytes.toString('utf8') : bytes };
  }

  async begin(
    id: string,
    keepMs: number,
    maxInputBytes: number,
    attempts: number,
  ): Promise<Beginning> {
    const [how, ...found] = (await this.#run(
      'vtsJobBegin',
      id,
      [],
      [keepMs, maxInputBytes, attempts],
    )) as Buffer[];
    switch (String(how)) {
      case 'run': {
        const [name, type, accept, traceparent, requestId] = texts(found);
        const input = found[5];
        const runs = { attempts: Number(found[6]), waitedMs: Number(found[7]) };
        if (name === undefined || !input) {
          return { kind: 'invalid', error: new InvalidJobRecordError('it has no input') };
        }
        return {
          kind: 'run',
          job: { name, type, accept, traceparent, requestId, input, ...runs },
        };
      }
      case 'lost':
        return { kind: 'lost', attempts: Number(found[0]) };
      case 'large':
        return { kind: 'invalid', error: new InvalidJobRecordError('its input is too large') };
      default:
        return { kind: 'nothing' };
    }
  }

  /** False if another run was first, or if the job was cancelled. */
  async succeed(id: string, keepMs: number, result: StoredResult): Promise<boolean> {
    const { contentType, body } = result;
    const text = typeof body === 'string' ? '1' : '0';
    const fields = ['resultType', contentType, 'resultText', text, 'result', bytesOf(body)];
    return Boolean(await this.#end('vtsJobFinish', id, [keepMs, 'succeeded', ...fields]));
  }

  async fail(id: string, keepMs: number, failure: string): Promise<boolean> {
    return Boolean(await this.#end('vtsJobFinish', id, [keepMs, 'failed', 'error', failure]));
  }

  /** The previous state; undefined if the job does not exist. */
  async cancel(id: string, keepMs: number): Promise<JobState | undefined> {
    return stateOf(await this.#end('vtsJobCancel', id, [keepMs]));
  }

  /** @param free Whether the run does not count. */
  async requeue(id: string, free: boolean): Promise<boolean> {
    return Boolean(await this.#run('vtsJobRequeue', id, [], [free ? '1' : '0']));
  }

  /**
   * Stores the progress of a run and returns the state. Any state except `running` ends the run.
   */
  async progress(
    id: string,
    fields: Readonly<Record<string, number>> = {},
  ): Promise<JobState | undefined> {
    const given = Object.entries(fields).flat();
    return stateOf(await this.#run('vtsJobProgress', id, [], given));
  }

  #end(script: Script, id: string, given: readonly Argument[]): Promise<unknown> {
    return this.#run(script, id, [`${this.#base}key:`, this.#untold], given);
  }

  /** Some ids of finished jobs whose message was not sent yet. */
  async untold(): Promise<string[]> {
    const found = texts(await this.#runOn('vtsJobUntold', [this.#untold], []));
    return found.filter((id) => isId(id));
  }

  async told(id: string): Promise<void> {
    await this.#runOn('vtsJobTold', [this.#untold], [id]);
  }

  get #untold(): string {
    return `${this.#base}untold`;
  }

  #keyed(key: string | undefined): string {
    return `${this.#base}key:${key ?? ''}`;
  }

  #run(
    script: Script,
    id: string,
    keys: readonly string[],
    given: readonly Argument[],
  ): Promise<unknown> {
    return this.#runOn(script, [`${this.#base}job:${id}`, ...keys], [id, this.channel, ...given]);
  }

  /** @throws JobsUnavailableError while Redis is down. */
  async #runOn(
    script: Script,
    keys: readonly string[],
    given: readonly Argument[],
  ): Promise<unknown> {
    const { client } = this.redis;
    if (!this.redis.ready) throw new JobsUnavailableError();
    const run = (client as unknown as Record<string, (...given: Argument[]) => Promise<unknown>>)[
      `${script}Buffer`
    ] as (...given: Argument[]) => Promise<unknown>;
    try {
      return await run.call(client, ...keys, ...given);
    } catch (error) {
      // A key of a different type.
      if (/WRONGTYPE/.test((error as Error).message)) {
        throw new InvalidJobRecordError('it is not a job record');
      }
      const { message } = error as Error;
      if (message !== this.#told) this.#logger.warn(`Job queue: ${shortened(message, 300)}`);
      this.#told = message;
      throw new JobsUnavailableError({ cause: error });
    }
  }
}

function texts(answer: unknown): (string | undefined)[] {
  return (answer as (Buffer | null)[]).map((each) => (each === null ? undefined : String(each)));
}

function stateOf(answer: unknown): JobState | undefined {
  return answer === null ? undefined : (String(answer) as JobState);
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
