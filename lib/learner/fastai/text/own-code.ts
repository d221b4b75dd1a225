import type { Program } from '../../onnx/tracing/program.js';
import { asStr } from '../../python/builtins/unwrap.js';
import type { Context } from '../../python/context.js';
import { ClassValue, Instance, List, type Value } from '../../python/values.js';
import { PyObject, PyPartial, type PyValue } from '../../torch/index.js';
import { isFunction, isOpaque, ownProgram } from '../code/own-program.js';
import {
  isForTraining,
  throughTransform,
  transformNames,
} from '../code/transforms/transform-classes.js';
import type { LearnerOptions, TextRule, Tokenize } from '../contract.js';
import { readSpacyTokenizer } from './spacy/read-language.js';
import type { ProcessorNames } from './sentencepiece/processor-names.js';
import type { TextCode, TextStep } from './text-code.js';
import { SplitterNames } from './text-names.js';

/** The code of a file for its texts, traced again for each text. */
export async function openTextCode(
  options: LearnerOptions,
  processors?: ProcessorNames,
): Promise<TextCode> {
  const splitters = new SplitterNames();
  const tables = [splitters, ...(processors ? [processors] : []), transformNames()];
  const program = await ownProgram(options, () => tables);
  return new OwnTextCode(program, splitters, processors);
}

class OwnTextCode implements TextCode {
  constructor(
    private readonly program: Program,
    private readonly splitters: SplitterNames,
    private readonly processors: ProcessorNames | undefined,
  ) {}

  rule(record: PyValue): TextRule | undefined {
    const rule = this.#callable(record);
    if (rule === undefined) return undefined;
    return (text) =>
      this.#run((ctx) => textOf(ctx, ctx.call(rule, [text]), "a rule for the learner's texts"));
  }

  splitter(record: PyValue): Tokenize | undefined {
    this.#findTokenizers(record, NESTED);
    const splitter = this.#callable(record);
    if (splitter === undefined) return undefined;
    // fastai gives a tokenizer many texts at a time, but only one at prediction.
    return (text) =>
      this.#run((ctx) => {
        const first = ctx.iterate(ctx.call(splitter, [new List([text])])).next();
        return tokensOf(ctx, first.done === true ? null : first.value);
      });
  }

  step(record: PyValue): TextStep | undefined {
    const transform = this.#transform(record);
    if (transform === undefined) return undefined;
    const { evaluator } = this.program;
    if (isForTraining(evaluator, transform)) return (item) => item;
    return (item) =>
      this.#run((ctx) => {
        const given = typeof item === 'string' ? item : new List([...item]);
        const made = throughTransform(ctx, transform, given);
        return asStr(made) ?? tokensOf(ctx, made);
      });
  }

  /** Each call has a new budget, so that a text does not depend on the one before. */
  #run<T>(evaluate: (ctx: Context) => T): T {
    const { evaluator } = this.program;
    evaluator.renew();
    return evaluate(evaluator);
  }

  /** Functions, and objects with `__call__`. */
  #callable(record: PyValue): Value | undefined {
    if (record instanceof PyPartial && this.#callable(record.func) === undefined) return undefined;
    const value = this.program.value(record);
    return isCode(value) ? value : undefined;
  }

  #transform(record: PyValue): Value | undefined {
    const value = this.program.value(record);
    if (!(value instanceof Instance)) return isCode(value) ? value : undefined;
    if (value.cls.mro.some(isOpaque)) return undefined;
    // A plain Transform around a function with a known name but unknown code.
    const encodes = this.program.evaluator.findAttr(value, 'encodes');
    return encodes === undefined || encodes === null || isOpaque(encodes) ? undefined : value;
  }

  /** Tokenizers of spaCy and sentencepiece, which a user's class may be or contain. */
  #findTokenizers(record: PyValue, depth: number): void {
    if (!(record instanceof PyObject) || depth === 0) return;
    const value = this.program.value(record);
    if (value instanceof Instance && this.splitters.isSpacy(value.cls)) {
      const { tokenize } = readSpacyTokenizer(record);
      this.splitters.spacy.set(value, tokenize);
      return;
    }
    if (value instanceof Instance && this.processors?.adopt(record, value)) return;
    for (const attribute of record.attrs.values()) this.#findTokenizers(attribute, depth - 1);
  }
}

const NESTED = 3;

function isCode(value: Value): boolean {
  if (value instanceof ClassValue) return !value.mro.some(isOpaque);
  if (value instanceof Instance) {
    return !value.cls.mro.some(isOpaque) && value.cls.lookup('__call__') !== undefined;
  }
  return isFunction(value);
}

function textOf(ctx: Context, value: Value, what: string): string {
  const text = asStr(value);
  if (text !== undefined) return text;
  throw ctx.unsupported(`${what} returns a ${ctx.typeOf(value).name} instead of a text`);
}

function tokensOf(ctx: Context, value: Value): string[] {
  if (asStr(value) !== undefined || value === null) {
    throw ctx.unsupported(`a tokenizer that returns a ${ctx.typeOf(value).name} instead of tokens`);
  }
  return Array.from(ctx.iterate(value), (token) => textOf(ctx, token, 'a token'));
}
