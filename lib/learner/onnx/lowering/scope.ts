import type { Module } from '../../torch/module.js';
import { PyObject, type PyValue } from '../../torch/python.js';
import type { Tensor } from '../../torch/tensor.js';
import type { UnsupportedModuleError } from '../errors.js';
import { Value } from '../graph.js';
import {
  boolAttr,
  intAttr,
  malformed,
  numberAttr,
  optionalNumberAttr,
  stringAttr,
} from './attributes.js';
import { flatten, type Flow, type LoweringContext } from './context.js';
import { Expression } from './expression.js';
import { linear } from './linear.js';
import { interpolate, scaled } from './resizing.js';
import { padImage, sizesAttr } from './spatial.js';

const padModes = new Map<string, 'constant' | 'reflect' | 'edge'>([
  ['constant', 'constant'],
  ['reflect', 'reflect'],
  ['replicate', 'edge'],
]);

const LIST = /^torch\.nn\.modules\.container\.ModuleList$/;

/**
 * A module as its own forward sees it: children to call, weights and attributes to compute with.
 */
export class Scope {
  constructor(
    readonly module: Module,
    readonly ctx: LoweringContext,
  ) {}

  /**
   * Calls children one after the other. A child whose name ends in '?' may be absent or None. For a
   * list, which older versions had instead of a Sequential, it calls the modules in it.
   */
  run(x: Expression, names: string): Expression {
    return names.split(' ').reduce((value, wanted) => {
      const name = wanted.replace(/\?$/, '');
      const child = name === wanted ? this.ctx.child(this.module, name) : this.module.child(name);
      if (!child) return value;
      return LIST.test(child.className) ? this.each(value, name) : this.call(child, value);
    }, x);
  }

  /** Undefined inputs are left out. */
  call(module: Module, ...inputs: readonly (Expression | undefined)[]): Expression {
    const given = inputs.flatMap((input) => (input ? [input.value] : []));
    return this.expression(this.ctx.lowerValue(module, given));
  }

  /** A child that returns a tuple, of which the first element is used. */
  runFirst(x: Expression, name: string): Expression {
    const [first] = flatten(this.ctx.lower(this.ctx.child(this.module, name), [x.value]));
    if (!first) throw this.refusal(`its ${name} returns nothing`);
    return this.expression(first);
  }

  /** A module between lists of tensors. */
  callList(module: Module, inputs: readonly Expression[]): Expression[] {
    const output = this.ctx.lower(module, [inputs.map(({ value }) => value)]);
    return this.expressions(output, 'one of its modules gives lists of lists');
  }

  expressions(flow: Flow, refusal: string): Expression[] {
    return (flow instanceof Value ? [flow] : flow).map((value) => {
      if (!(value instanceof Value)) throw this.refusal(refusal);
      return this.expression(value);
    });
  }

  /** A child that takes more than one tensor. */
  callChild(name: string, ...inputs: readonly (Expression | undefined)[]): Expression {
    return this.call(this.ctx.child(this.module, name), ...inputs);
  }

  has(name: string): boolean {
    return (this.module.child(name) ?? null) !== null;
  }

  /** A child that its owner computes itself; refused unless it has this class. */
  inner(name: string, className?: string): this {
    return this.enter(this.ctx.child(this.module, name), className);
  }

  /** The same for a module of a list. */
  enter(module: Module, className = module.className): this {
    this.ctx.enter(module);
    const scope = this.of(module);
    // timm's layers were once in the modules of its models.
    const now = module.className.replace(/^timm\.models\.layers\./, 'timm.layers.');
    scope.require(
      module.className === className || now === className,
      `its owner knows only ${className}`,
    );
    return scope;
  }

  /** Calls the modules of a list one after the other, each with the shared arguments. */
  each(x: Expression, name: string, shared?: Expression): Expression {
    return this.list(name).reduce((y, child) => this.call(child, y, shared), x);
  }

  /** The modules of a list, by its name; an absent or empty list has none. */
  list(name: string): Module[] {
    const list = this.module.child(name);
    return list ? new Scope(list, this.ctx).children() : [];
  }

  /** All children, in the order of the file. */
  children(): Module[] {
    return [...this.module.children].map(([name, child]) => {
      if (!child) throw malformed(this.module, `its child ${name} is not a module`);
      return child;
    });
  }

  /** A child's weight, applied as a linear layer or by hand; undefined if it is None. */
  weight(name: string): Expression | undefined {
    const value = this.ctx.weight(this.module, name);
    return value && this.expression(value);
  }

  requiredWeight(name: string): Expression {
    return this.expression(this.ctx.requiredWeight(this.module, name));
  }

  tensor(name: string): Tensor {
    return this.ctx.requiredTensor(this.module, name);
  }

  constant(
    data: readonly number[] | Float32Array,
    dims: readonly number[] = [data.length],
  ): Expression {
    return this.expression(this.ctx.graph.constant(data, 'float32', dims));
  }

  indices(data: readonly number[], dims: readonly number[] = [data.length]): Expression {
    return this.expression(this.ctx.graph.constant(data, 'int64', dims));
  }

  attr(name: string): PyValue | undefined {
    return this.module.attr(name);
  }

  int(name: string, absent?: number): number {
    return intAttr(this.module, name, absent);
  }

  number(name: string, absent?: number): number {
    return numberAttr(this.module, name, absent);
  }

  optionalNumber(name: string): number | null {
    return optionalNumberAttr(this.module, name);
  }

  bool(name: string, absent?: boolean): boolean {
    return boolAttr(this.module, name, absent);
  }

  string(name: string, absent?: string): string {
    return stringAttr(this.module, name, absent);
  }

  /** A string that may be a member of an enumeration of strings. */
  enumeration(name: string, absent: string): string {
    const value = this.module.attr(name);
    const member = value instanceof PyObject ? value.args[0] : value;
    if (member === undefined || member === null) return absent;
    if (typeof member !== 'string') throw malformed(this.module, `its ${name} is not a string`);
    return member;
  }

  /** Height and width; one number stands for both. */
  pair(name: string, absent?: number): [number, number] {
    return sizesAttr(this.module, name, 2, absent) as [number, number];
  }

  /** A border around an image, by torch's names. */
  padImage(
    x: Expression,
    begins: readonly number[],
    ends: readonly number[],
    mode = 'constant',
  ): Expression {
    const known = padModes.get(mode);
    if (!known) throw this.refusal(`it pads by "${mode}"`);
    return this.expression(padImage(this.ctx, x.value, begins, ends, known));
  }

  /** A linear layer whose weights are not in one module. */
  linear(x: Expression, weight: Expression, bias?: Expression): Expression {
    return this.expression(linear(this.ctx, x.value, weight.value, bias?.value));
  }

  /** F.interpolate to a size. */
  resize(x: Expression, sizes: readonly number[], mode: string, alignCorners = false): Expression {
    return this.expression(interpolate(this.ctx, this.module, x.value, sizes, mode, alignCorners));
  }

  /** F.interpolate by a factor. */
  scale(x: Expression, factor: number, mode: string): Expression {
    return this.expression(scaled(this.ctx, this.module, x.value, [factor, factor], mode));
  }

  /** One dimension or several. */
  axes(name: string): number[] {
    return typeof this.attr(name) === 'number' ? [this.int(name)] : this.ints(name);
  }

  ints(name: string): number[] {
    const value = this.module.attr(name);
    if (!Array.isArray(value) || !value.every((item) => Number.isSafeInteger(Number(item)))) {
      throw malformed(this.module, `its ${name} is not a list of integers`);
    }
    return value.map(Number);
  }

  expression(value: Value): Expression {
    return new Expression(this.ctx, value, () => this.unknownSize(value));
  }

  /** The scope of another module. */
  protected of(module: Module): this {
    return new (this.constructor as new (module: Module, ctx: LoweringContext) => this)(
      module,
      this.ctx,
    );
  }

  /** Explains that a size of a value is not known. */
  protected unknownSize(_value: Value): Error {
    return this.refusal('it needs images of one size', true);
  }

  refusal(reason: string, needsSize = false): UnsupportedModuleError {
    return this.ctx.unsupported(this.module, reason, needsSize);
  }

  /** Refuses features that may be computed differently, and names them. */
  require(condition: boolean, reason: string): void {
    if (!condition) throw this.refusal(reason);
  }

  /** The same for images of sizes that the module does not take. */
  requireSize(condition: boolean, reason: string): void {
    if (!condition) throw this.refusal(reason, true);
  }

  /**
   * Attributes that change the computation of the class, and that are only known with these values.
   */
  expectAttrs(values: Readonly<Record<string, PyValue | undefined>>): void {
    for (const [name, expected] of Object.entries(values)) {
      const value = this.module.attr(name);
      if (value !== undefined && value !== expected) {
        throw this.refusal(`its ${name} is ${String(value)}, not ${String(expected)}`);
      }
    }
  }
}
