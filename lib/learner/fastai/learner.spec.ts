import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../errors/index.js';
import { UnsupportedModuleError } from '../onnx/index.js';
import { Learner } from './learner.js';
import {
  FastaiVersionError,
  LearnerReleasedError,
  NotALearnerError,
  UnexpectedItemError,
} from './errors.js';

interface Case {
  input: string;
  ids: number[];
  /** The first of them, where the text is long. */
  tokens: string[];
  decoded: unknown;
  pred: number | boolean[] | number[];
  probs: number[];
}

interface Cases {
  kind: string;
  cases: Case[];
}

const fixtures = 'test/fixtures/learners';
const shared = '../shared/learners';

function textLearners(folder: string): [name: string, folder: string][] {
  if (!existsSync(folder)) return [];
  return (
    readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'cases.json')))
      // They hold what is not read yet: code of a notebook (c_), and what users reported (p_).
      .filter((name) => !/^[cp]_/.test(name))
      .filter((name) => readCases(join(folder, name)).kind === 'text')
      .map((name) => [name, join(folder, name)])
  );
}

function readCases(folder: string): Cases {
  return JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Cases;
}

/** Half-precision weights compute in half precision in fastai, and in single precision here. */
const tolerance = (name: string) => (name.includes('fp16') ? 2e-3 : 1e-4);

function flat(data: ArrayLike<number | bigint>): number[] {
  return Array.from(data, Number);
}

function expectClose(actual: number[], expected: number[], limit: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    // A regression may go beyond 1, where the difference counts in proportion.
    const scale = Math.max(1, Math.abs(expected[i]!));
    expect(Math.abs(value - expected[i]!) / scale).toBeLessThanOrEqual(limit);
  });
}

describe.each([...textLearners(fixtures), ...textLearners(shared)])('%s', (name, folder) => {
  const { cases } = readCases(folder);
  let learner: Learner<string>;
  beforeAll(async () => {
    learner = await Learner.load(join(folder, 'export.pkl'));
  });
  afterAll(() => learner.release());

  it('is a text learner', () => {
    expect(learner.kind).toBe('text');
    expect(learner.className).toBe('fastai.text.learner.TextLearner');
  });

  it('has the tokens and ids of fastai', () => {
    const vocab = learner.vocab;
    const tokens = (typeof vocab[0] === 'string' ? vocab : vocab[0]) as readonly string[];
    for (const { input, ids, tokens: expected } of cases) {
      const actual = learner.tokenize(input);
      expect(actual).toHaveLength(ids.length);
      // fastai's record shows the vocabulary's word, which is xxunk for tokens that it does not
      // have.
      const known = actual.map((token) => (tokens.includes(token) ? token : 'xxunk'));
      expect(known.slice(0, expected.length)).toEqual(expected);
      expect(known).toEqual(ids.map((id) => tokens[id]));
    }
  });

  it('predicts what fastai predicts', async () => {
    for (const { input, decoded, pred, probs } of cases) {
      const [ownDecoded, ownTarget, ownProbs] = await learner.predict(input);
      expectClose(flat(ownProbs.data as Float32Array), probs, tolerance(name));
      if (typeof decoded === 'string' || typeof (decoded as unknown[])[0] === 'string') {
        expect(ownDecoded).toEqual(decoded);
      } else {
        expectClose(ownDecoded as number[], decoded as number[], tolerance(name));
      }
      const targets = Array.isArray(pred) ? pred.map(Number) : [pred];
      expectClose(flat(ownTarget.data as Float32Array), targets, tolerance(name));
      expect(ownTarget.dims).toEqual(Array.isArray(pred) ? [pred.length] : []);
    }
  });

  it('gives each row of a batch the same numbers as alone', async () => {
    const [predictions, targets] = await learner.getPreds(cases.map(({ input }) => input));
    const width = cases[0]!.probs.length;
    expect(targets).toBeNull();
    expect(predictions.dims).toEqual([cases.length, width]);
    const data = flat(predictions.data as Float32Array);
    cases.forEach(({ probs }, row) => {
      expectClose(data.slice(row * width, (row + 1) * width), probs, tolerance(name));
    });
  });
});

it.skipIf(existsSync(shared))('skips the large learners, which are missing here', () => {
  expect(existsSync(shared)).toBe(false);
});

describe('Learner', () => {
  const small = join(fixtures, 'base_tokenizer', 'export.pkl');

  it('reads the bytes of a file like its path', async () => {
    const learner = await Learner.load<string>(readFileSync(small));
    const [expected] = readCases(join(fixtures, 'base_tokenizer')).cases;
    const [, , probs] = await learner.predict(expected!.input);
    expectClose(flat(probs.data as Float32Array), expected!.probs, 1e-4);
    await learner.release();
  });

  it('takes tokens instead of a text', async () => {
    const learner = await Learner.load<string | string[]>(small);
    const text = 'I really liked that movie!';
    const [, , ofTokens] = await learner.predict(learner.tokenize(text));
    const [, , ofText] = await learner.predict(text);
    expect(ofTokens.data).toEqual(ofText.data);
    await learner.release();
  });

  it('refuses items of another type, and an empty list', async () => {
    const learner = await Learner.load(small);
    await expect(learner.predict(7)).rejects.toThrow(UnexpectedItemError);
    await expect(learner.predict(null)).rejects.toThrow(InputError);
    await expect(learner.getPreds([])).rejects.toThrow(InputError);
    await learner.release();
  });

  it('can be released twice, and then says so', async () => {
    const learner = await Learner.load<string>(small);
    await learner.release();
    await learner.release();
    await expect(learner.predict('a')).rejects.toThrow(LearnerReleasedError);
    expect(() => learner.model).toThrow(LearnerReleasedError);
  });

  it('has the module tree of its model', async () => {
    const learner = await Learner.load(small);
    expect(learner.model.className).toBe('fastai.text.models.core.SequentialRNN');
    const encoder = learner.model.child('0')?.child('module')?.child('encoder');
    expect(encoder?.tensor('weight')?.shape[1]).toBe(10);
    await learner.release();
  });
});

describe('refused files', () => {
  const refused = 'test/fixtures/refused';

  it.each([
    ['version_one.pkl', FastaiVersionError, /fastai 2 or later.*custom runner/],
    ['bare_model.pkl', NotALearnerError, /a bare model of class "torch.nn.modules.linear.Linear"/],
    ['weights.pkl', NotALearnerError, /a dictionary/],
    ['custom_layer.pkl', UnsupportedModuleError, /1\.layers\.shout.*my_layers\.Shout.*onnx/s],
  ] as const)('%s', async (file, type, message) => {
    const loading = Learner.load(join(refused, file));
    await expect(loading).rejects.toThrow(type);
    await expect(loading).rejects.toThrow(message);
  });

  it('runs an ONNX file instead of a model without a lowering', async () => {
    const { input, decoded, pred, probs } = JSON.parse(
      readFileSync(join(refused, 'custom_layer.json'), 'utf8'),
    ) as Case;
    const learner = await Learner.load<string>(join(refused, 'custom_layer.pkl'), {
      onnx: join(refused, 'custom_layer.onnx'),
    });
    const [ownDecoded, ownTarget, ownProbs] = await learner.predict(input);
    expect(ownDecoded).toBe(decoded);
    expect(flat(ownTarget.data as BigInt64Array)).toEqual([pred]);
    expectClose(flat(ownProbs.data as Float32Array), probs, 1e-4);
    await learner.release();
  });
});
