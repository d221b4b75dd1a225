import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** The caller, identified by the key of the request. */
export interface Client {
  readonly name: string;
  /** Whether one request may contain many texts. */
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

  /**
   * The client of a key. It compares the digests of all keys, so that the time does not reveal
   * anything about them.
   */
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
