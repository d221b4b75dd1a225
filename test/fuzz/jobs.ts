import { setTimeout as delay } from 'node:timers/promises';
import { checkAnswer } from './answer.js';
import type { Endpoint } from './endpoints.js';
import type { Gun, Hit, Shot } from './http.js';

/** The state of a job and its outcome. */
export interface JobEnd {
  readonly job: {
    readonly state: string;
    readonly error: { readonly statusCode: number } | null;
  };
  readonly result: Hit;
}

const LONGEST_MS = 120_000;

const ask = (method: string, path: string, headers: Shot['headers']): Shot => ({
  method,
  path,
  headers,
});

/**
 * Follows a job until it has ended, and reads its result.
 *
 * @throws Error where it is lost, or an answer is not what every answer has to be.
 */
export async function endOf(
  gun: Gun,
  path: string,
  headers: Shot['headers'] = [],
): Promise<JobEnd> {
  const get = async (at: string): Promise<Hit> => {
    const hit = (await gun.fire(ask('GET', at, headers))) as Hit;
    checkAnswer(hit, undefined, 'GET');
    return hit;
  };
  for (const end = performance.now() + LONGEST_MS; ; await delay(20)) {
    const hit = await get(path);
    if (hit.status !== 200) throw new Error(`${path} is lost: ${hit.status}`);
    const job = JSON.parse(hit.body.toString()) as JobEnd['job'];
    const ended = job.state !== 'queued' && job.state !== 'running';
    if (ended) return { job, result: await get(`${path}/result`) };
    if (performance.now() > end) throw new Error(`${path} is ${job.state} after ${LONGEST_MS} ms.`);
  }
}

/** Jobs that services have taken. */
export class Jobs {
  readonly #taken: { readonly endpoint: Endpoint; readonly path: string }[] = [];

  taken(endpoint: Endpoint, hit: Hit | undefined): void {
    const path = hit?.status === 202 ? hit.headers.location : undefined;
    if (path !== undefined) this.#taken.push({ endpoint, path });
  }

  /** Cancels those that have not ended. @throws Error where one is lost, or failed by the service. */
  async end(guns: ReadonlyMap<number, Gun>): Promise<void> {
    for (const { endpoint, path } of this.#taken.splice(0)) {
      const gun = guns.get(endpoint.port) as Gun;
      await gun.fire(ask('DELETE', path, endpoint.headers));
      const { job, result } = await endOf(gun, path, endpoint.headers);
      const status =
        { succeeded: 200, cancelled: 410 }[job.state as 'succeeded'] ?? job.error?.statusCode;
      if (result.status !== status || status >= 500) {
        throw new Error(`${path} is ${job.state}, and its result ${result.status}`);
      }
    }
  }
}
