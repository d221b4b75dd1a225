import { describe, expect, it } from 'vitest';
import type { ModelCard } from '../contract.js';
import type { Input } from '../inputs/input.js';
import { hashOf, linkedInput, readHash } from './link.js';

const card = (description: object): ModelCard =>
  ({ name: 'a=b #1', description, routes: { predict: 'predict' } }) as ModelCard;

const text = card({ kind: 'text', task: 'classify' });
const row = card({
  kind: 'tabular',
  task: 'classify',
  columns: {
    columns: [
      { name: 'age', kind: 'number', nullable: true, example: 1 },
      { name: '__proto__', kind: 'category', categories: ['a'], nullable: true, example: 'a' },
    ],
    targets: [],
  },
});

/** A link that somebody wrote by hand. */
function link(value: unknown): string {
  const encoded = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `#${encodeURIComponent('a=b #1')}=${encoded}`;
}

function readBack(model: ModelCard, hash: string | undefined): Input | undefined {
  const linked = readHash(hash ?? '');
  expect(linked?.model).toBe(model.name);
  return linkedInput(model, linked?.input);
}

describe('a link', () => {
  it.each<[string, ModelCard, Input]>([
    ['a text', text, { type: 'text', text: 'Grüße, 世界 🙂 <img src=x onerror=alert(1)>' }],
    [
      'a prompt',
      card({ kind: 'lm', task: 'generate' }),
      { type: 'prompt', text: 'a', nWords: 3, temperature: 1, minP: '0.1', seed: '4', stop: '.' },
    ],
    ['a row', row, { type: 'row', row: JSON.parse('{"age":null,"__proto__":"a"}') as never }],
  ])('holds %s', (_, model, input) => {
    expect(readBack(model, hashOf(model.name, input))).toEqual(input);
  });

  it('contains the URL of a picture, but no picture from the disk', () => {
    const vision = card({ kind: 'vision', task: 'classify' });
    const file = new File(['x'], 'x.png');
    const hash = hashOf(vision.name, { type: 'file', file, url: 'samples/x.png' });
    expect(readBack(vision, hash)).toEqual({ type: 'file', url: 'samples/x.png' });
    expect(hashOf(vision.name, { type: 'file', file })).toBeUndefined();
  });

  it('leaves long inputs out', () => {
    expect(hashOf('a', { type: 'text', text: 'x'.repeat(8000) })).toBeUndefined();
  });

  it('that somebody wrote by hand gives values of the form, or nothing', () => {
    expect(readBack(text, link({ type: 'text', text: 5, more: {} }))).toEqual({
      type: 'text',
      text: '',
    });
    expect(readBack(text, link({ type: 'file', url: 'x' }))).toBeUndefined();
    expect(readBack(text, link(null))).toBeUndefined();
    const given = readBack(row, link({ type: 'row', row: { age: {}, other: 1 } }));
    expect(given).toEqual({ type: 'row', row: JSON.parse('{"age":1,"__proto__":"a"}') as never });
  });

  it.each(['', '#', '#%', '#a=!', '#a=YWJj', `#${'a'.repeat(9000)}`])(
    'that is broken is ignored: %s',
    (hash) => {
      expect(readHash(hash)?.input).toBeUndefined();
    },
  );
});
