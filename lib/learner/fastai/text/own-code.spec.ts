import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Learner } from '../learner.js';

interface Case {
  readonly input: string;
  readonly tokens: readonly string[];
  readonly probs: readonly number[];
  readonly decoded: string;
}

const folder = new URL('../../../../test/fixtures/code/own_text/', import.meta.url);

describe('text rules of the notebook', () => {
  it('give fastai its tokens and predictions', async () => {
    const { cases } = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8')) as {
      cases: readonly Case[];
    };
    const learner = await Learner.load(fileURLToPath(new URL('export.pkl', folder)));
    expect(cases.length).toBeGreaterThan(5);
    for (const { input, tokens, probs, decoded } of cases) {
      expect(learner.tokenize(input)).toEqual(tokens);
      const [shown, , found] = await learner.predict(input);
      expect(shown).toBe(decoded);
      probs.forEach((wanted, at) => expect(Number(found.data[at])).toBeCloseTo(wanted, 4));
    }
  });
});
