import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestsTo, type Bytes } from './guest/requests.js';
import { VARIANTS, type Host, type Variant } from './guest/variants.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { exchange } from './helpers/raw-http.js';

/** Built, as what it imports is what a user installs. */
const HOST = fileURLToPath(new URL('../dist/test/guest/host.js', import.meta.url));

type Hosts = Readonly<Record<string, Host>>;

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Hosts of all variants, with the module or without. */
async function start(guest: 'vts' | 'none'): Promise<Hosts> {
  const env = { ...process.env, GUEST: guest, HOME_OF_MODELS: MODELS_HOME };
  const child = spawn(process.execPath, [HOST], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line) as Hosts;
  }
  throw new Error(`The hosts (${guest}) did not start.`);
}

/** What comes back byte for byte, but for the time at which it was sent. */
async function answer({ port }: Host, bytes: Bytes): Promise<string> {
  const all = (await exchange(port, bytes)).toString('latin1');
  return all.replace(/^(date: ).*$/gim, '$1(now)');
}

let alone: Hosts;
let together: Hosts;
beforeAll(async () => {
  [alone, together] = await Promise.all([start('none'), start('vts')]);
});

describe.each(VARIANTS)('A host on $name', (variant: Variant) => {
  const hosts = (): [Host, Host] => [alone[variant.name] as Host, together[variant.name] as Host];

  it.each(requestsTo(variant))('answers %s as it does without the module', async (_name, bytes) => {
    const [without, withModule] = hosts();
    expect(await answer(withModule, bytes)).toBe(await answer(without, bytes));
  });

  it('keeps its server, its framework and its process as they are', () => {
    const [without, withModule] = hosts();
    expect(withModule.traces).toEqual(without.traces);
  });

  it('serves the endpoint of the module', async () => {
    const [, { port }] = hosts();
    const response = await fetch(`http://127.0.0.1:${port}${variant.prefix ?? ''}/score`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'I really liked that movie!',
    });
    expect([response.status, await response.json()]).toEqual([
      200,
      [expect.any(Number), expect.any(Number)],
    ]);
  });
});
