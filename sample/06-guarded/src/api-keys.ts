import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** Who calls, by the key that came with the request. */
export interface Client {
  readonly name: string;
  /** Whether many texts may come in one request. */
  readonly batch: boolean;
}

/** The keys of the environment: `API_KEYS=alice:first-secret,bob:second-secret:batch`. */
@Injectable()
export class ApiKeys {
  readonly #clients: readonly (readonly [digest: Buffer, Client])[];

  constructor() {
    const entries = (process.env['API_KEYS'] ?? '').split(',').filter((entry) => entry !== '');
    if (entries.length === 0) {
      throw new Error(
        'API_KEYS is not set; set it to name:key, or name:key:batch, with commas between.',
      );
    }
    this.#clients = entries.map((entry) => {
      const [name = '', key = '', ...rights] = entry.split(':');
      return [digestOf(key), { name, batch: rights.includes('batch') }] as const;
    });
  }

  /** The client of a key. Digests are compared, all of them: the time tells nothing of the keys. */
  find(key: string): Client | undefined {
    const digest = digestOf(key);
    let found: Client | undefined;
    for (const [known, client] of this.#clients) {
      if (timingSafeEqual(known, digest)) found = client;
    }
    return found;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
