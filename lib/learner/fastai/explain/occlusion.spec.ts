import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExplainOptions, OcclusionExplanation } from '../explanation.js';
import { ExplainTargetError } from '../errors.js';
import { Learner } from '../learner.js';
import type { ShownText } from '../shown.js';

const fixtures = 'test/fixtures';
const tabular = (name: string): Uint8Array =>
  gunzipSync(readFileSync(`${fixtures}/tabular/${name}.pkl.gz`));

const explained = async (
  learner: Learner,
  item: unknown,
  options?: ExplainOptions,
): Promise<OcclusionExplanation> => (await learner.explain(item, options)) as OcclusionExplanation;

const probability = async (learner: Learner, item: unknown, target: number): Promise<number> =>
  Number((await learner.predict(item))[2].data[target]);

describe('The words of a text', () => {
  const text = 'I REALLY liked it!!!! The plot was awful.';
  let learner: Learner;
  beforeAll(async () => {
    learner = await Learner.load(`${fixtures}/learners/cloudpickled/export.pkl`);
  });
  afterAll(() => learner.release());

  it('have the weight that the prediction loses without them', async () => {
    const { method, target, parts, class: name } = await explained(learner, text);
    const [decoded] = await learner.predict(text);
    expect([method, name]).toEqual(['occlusion', decoded]);
    const { tokens } = (await learner.show(text)) as ShownText;
    const whole = await probability(learner, text, target);
    for (const { token, index, length, weight } of parts) {
      expect(token).toBe(tokens.slice(index, index + length).join(' '));
      const without = learner.tokenize(text).toSpliced(index, length);
      expect(weight).toBeCloseTo(whole - (await probability(learner, without, target)), 5);
    }
  });

  it('belong to their markers, and the beginning of the text does not count', async () => {
    const { parts } = await explained(learner, text);
    const { tokens } = (await learner.show(text)) as ShownText;
    expect(tokens.slice(0, 4)).toEqual(['xxbos', 'i', 'xxup', 'really']);
    expect(parts.slice(0, 2).map(({ index, length }) => [index, length])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    // Each token but the first belongs to one part.
    expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(tokens.length - 1);
    expect(parts.find(({ token }) => token?.startsWith('xxrep'))).toMatchObject({ length: 3 });
  });

  it('support one of two classes as much as they oppose the other', async () => {
    const byName = await explained(learner, text, { target: 'neg' });
    const byIndex = await explained(learner, text, { target: 0 });
    const other = await explained(learner, text, { target: 'pos' });
    expect(byIndex).toEqual(byName);
    expect([byName.class, byName.target, other.target]).toEqual(['neg', 0, 1]);
    byName.parts.forEach(({ weight }, i) => expect(weight).toBeCloseTo(-other.parts[i]!.weight, 5));
  });

  it('are grouped in a long text', async () => {
    const { parts } = await explained(learner, Array(1500).fill('good film').join(' '));
    // 65,536 tokens go through the model at most: 21 times 3001.
    expect(parts.length).toBe(21);
    expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(3000);
  });

  it('may be none', async () => {
    expect((await explained(learner, ['xxbos'])).parts).toEqual([]);
    // The model takes a token at least: one alone gives way to xxunk.
    const { target, parts } = await explained(learner, ['good']);
    const [whole, without] = await Promise.all(
      [['good'], ['xxunk']].map((tokens) => probability(learner, tokens, target)),
    );
    expect(parts).toHaveLength(1);
    expect(parts[0]!.weight).toBeCloseTo(whole! - without!, 6);
  });

  it.each(['other', -1, 2, 0.5, NaN])('refuses the class %s', async (target) => {
    const refused = learner.explain(text, { target });
    await expect(refused).rejects.toThrow(ExplainTargetError);
    await expect(refused).rejects.toThrow(/from 0 to 1.*"neg", "pos"/);
  });
});

describe('The columns of a row', () => {
  const { cases } = JSON.parse(readFileSync(`${fixtures}/tabular/typed.json`, 'utf8')) as {
    cases: { input: Record<string, unknown> }[];
  };
  const row = cases[0]!.input;
  let learner: Learner;
  beforeAll(async () => {
    learner = await Learner.load(tabular('typed'));
  });
  afterAll(() => learner.release());

  it('have the weight that the prediction loses when they are empty', async () => {
    const { class: name, target, parts } = await explained(learner, row);
    expect(name).toBe(learner.description.classes![target]);
    const columns = learner.schema.columns;
    const whole = await probability(learner, row, target);
    const compared = [];
    for (const { name: column, index, weight } of parts) {
      expect(columns[index]!.name).toBe(column);
      if (!columns[index]!.nullable) continue;
      const without = await probability(learner, { ...row, [column!]: null }, target);
      expect(weight).toBeCloseTo(whole - without, 5);
      compared.push(column);
    }
    expect(compared.length).toBeGreaterThan(3);
  });

  it('that must not be empty get the mean of the training data', async () => {
    const { target, parts } = await explained(learner, row);
    const never = learner.schema.columns.filter(({ nullable }) => !nullable);
    expect(never).not.toEqual([]);
    const whole = await probability(learner, row, target);
    for (const { name, example } of never) {
      const without = await probability(learner, { ...row, [name]: example }, target);
      const { weight } = parts.find((part) => part.name === name)!;
      // The schema's example is that mean, to six digits.
      expect(weight).toBeCloseTo(whole - without, 5);
    }
  });

  it('of a user and a film explain a number', async () => {
    const ratings = await Learner.load(tabular('collab_neural'));
    const { cases: pairs } = JSON.parse(
      readFileSync(`${fixtures}/tabular/collab_neural.json`, 'utf8'),
    ) as { cases: { input: Record<string, unknown> }[] };
    const { class: name, target, parts } = await explained(ratings, pairs[0]!.input);
    expect([name, target]).toEqual(['rating', 0]);
    expect(parts.map((part) => part.name)).toEqual(Object.keys(pairs[0]!.input).slice(0, 2));
    await ratings.release();
  });
});
