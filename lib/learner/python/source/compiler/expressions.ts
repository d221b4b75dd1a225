import { Tuple } from '../../values.js';
import type {
  BoolOp,
  Call,
  Collection,
  Compare,
  Comparison,
  Comprehension,
  DictExpr,
  Expression,
  FormattedValue,
  IfExp,
  JoinedStr,
  Keyword,
  Lambda,
} from '../syntax/ast.js';
import { PythonSyntaxError } from '../syntax/error.js';
import { Label } from './assembler.js';
import { Variables } from './variables.js';

const SEQUENCES = { Tuple: 'build_tuple', List: 'build_list', Set: 'build_set' } as const;

/** Each expression leaves one value on the stack. */
export abstract class Expressions extends Variables {
  protected abstract lambda(node: Lambda): void;
  protected abstract comprehension(node: Comprehension): void;

  expression(node: Expression): void {
    const before = this.line;
    this.line = node.line;
    this.#expression(node);
    this.line = before;
  }

  #expression(node: Expression): void {
    switch (node.type) {
      case 'Name':
        return node.id === '__debug__' ? this.constant(true) : this.load(node.id);
      case 'Constant':
        return this.constant(node.value);
      case 'Unsupported':
        return this.unsupported(node.name);
      case 'JoinedStr':
        return this.#joined(node);
      case 'FormattedValue':
        return this.#formatted(node);
      case 'BoolOp':
        return this.#bool(node);
      case 'NamedExpr':
        this.expression(node.value);
        this.emit({ op: 'copy', n: 1 });
        return this.store(node.target.id);
      case 'BinOp':
        return this.#binary(node);
      case 'UnaryOp':
        this.expression(node.operand);
        if (node.op === 'not') return this.emit({ op: 'not' });
        return this.emit({ op: 'unary', operator: node.op });
      case 'Lambda':
        return this.lambda(node);
      case 'IfExp':
        return this.#conditional(node);
      case 'Dict':
        return this.#dict(node);
      case 'Tuple':
      case 'List':
      case 'Set':
        return this.#collection(node);
      case 'Comprehension':
        return this.comprehension(node);
      case 'Await':
        return this.unsupported('await');
      case 'Yield':
        if (node.value) this.expression(node.value);
        else this.constant(null);
        return this.emit({ op: 'yield_value' });
      case 'YieldFrom':
        this.expression(node.value);
        this.emit({ op: 'get_yield_from_iter' });
        this.constant(null);
        return this.emit({ op: 'yield_from' });
      case 'Compare':
        return this.#compare(node);
      case 'Call':
        return this.#call(node);
      case 'Attribute':
        this.expression(node.value);
        return this.emit({ op: 'load_attr', name: node.name });
      case 'Subscript':
        this.expression(node.value);
        this.expression(node.slice);
        return this.emit({ op: 'binary_subscr' });
      case 'Slice':
        for (const part of [node.start, node.stop]) this.#optional(part);
        if (node.step) this.expression(node.step);
        return this.emit({ op: 'build_slice', n: node.step ? 3 : 2 });
      case 'Starred':
        throw new PythonSyntaxError(node.line, "can't use starred expression here");
    }
  }

  #optional(node: Expression | undefined): void {
    if (node) this.expression(node);
    else this.constant(null);
  }

  /** The code that follows is never reached, but the stack is tracked as if it were. */
  protected unsupported(name: string): void {
    this.emit({ op: 'unsupported', name });
    this.constant(null);
  }

  #joined({ values }: JoinedStr): void {
    for (const value of values) this.expression(value);
    if (values.length === 1 && values[0]!.type === 'FormattedValue') return;
    this.emit({ op: 'build_string', n: values.length });
  }

  #formatted({ value, conversion, spec }: FormattedValue): void {
    this.expression(value);
    if (spec) this.expression(spec);
    this.emit({ op: 'format_value', conversion, spec: spec !== undefined });
  }

  #bool({ op, values }: BoolOp): void {
    const end = new Label();
    values.forEach((value, index) => {
      this.expression(value);
      if (index < values.length - 1) this.jump({ op: 'jump_if_or_pop', when: op === 'or' }, end);
    });
    this.place(end);
  }

  /** A long chain nests to the left; a loop spares the JavaScript stack. */
  #binary(node: Expression): void {
    const chain: Extract<Expression, { readonly type: 'BinOp' }>[] = [];
    let left = node;
    for (; left.type === 'BinOp'; left = left.left) chain.push(left);
    this.expression(left);
    for (const { op, right, line } of chain.reverse()) {
      this.expression(right);
      this.line = line;
      this.emit({ op: 'binary', operator: op, inPlace: false });
    }
  }

  #conditional({ test, body, orelse }: IfExp): void {
    const otherwise = new Label();
    const end = new Label();
    this.jumpUnless(test, otherwise);
    this.expression(body);
    this.jump({ op: 'jump' }, end);
    this.place(otherwise);
    this.expression(orelse);
    this.place(end);
  }

  protected jumpUnless(test: Expression, label: Label): void {
    this.expression(test);
    this.jump({ op: 'pop_jump_if', when: 'false' }, label);
  }

  #compare({ left, rest }: Compare): void {
    this.expression(left);
    const stop = new Label();
    const end = new Label();
    rest.forEach(({ op, right }, index) => {
      this.expression(right);
      if (index === rest.length - 1) return this.comparison(op);
      // The right side is also the left side of the next comparison.
      this.emit({ op: 'swap', n: 2 });
      this.emit({ op: 'copy', n: 2 });
      this.comparison(op);
      this.jump({ op: 'jump_if_or_pop', when: false }, stop);
    });
    if (rest.length === 1) return;
    this.jump({ op: 'jump' }, end);
    this.place(stop);
    this.emit({ op: 'swap', n: 2 });
    this.emit({ op: 'pop' });
    this.place(end);
  }

  protected comparison(op: Comparison): void {
    switch (op) {
      case 'is':
      case 'is not':
        return this.emit({ op: 'is', invert: op === 'is not' });
      case 'in':
      case 'not in':
        return this.emit({ op: 'contains', invert: op === 'not in' });
      default:
        return this.emit({ op: 'compare', operator: op });
    }
  }

  #collection({ type, items }: Collection): void {
    if (items.every((item) => item.type !== 'Starred')) {
      for (const item of items) this.expression(item);
      return this.emit({ op: SEQUENCES[type], n: items.length });
    }
    this.#unpacked(items, type === 'Set');
    if (type === 'Tuple') this.emit({ op: 'list_to_tuple' });
  }

  #unpacked(items: readonly Expression[], set: boolean): void {
    this.emit({ op: set ? 'build_set' : 'build_list', n: 0 });
    for (const item of items) {
      const starred = item.type === 'Starred';
      this.expression(starred ? item.value : item);
      if (starred) this.emit({ op: set ? 'set_update' : 'list_extend', n: 1 });
      else this.emit({ op: set ? 'set_add' : 'list_append', n: 1 });
    }
  }

  #dict({ items }: DictExpr): void {
    if (items.every(({ key }) => key)) {
      for (const { key, value } of items) {
        this.expression(key!);
        this.expression(value);
      }
      return this.emit({ op: 'build_map', n: items.length });
    }
    this.emit({ op: 'build_map', n: 0 });
    for (const { key, value } of items) {
      if (key) this.expression(key);
      this.expression(value);
      this.emit(key ? { op: 'map_add', n: 1 } : { op: 'dict_update', n: 1 });
    }
  }

  #call({ func, args, keywords, line }: Call): void {
    this.expression(func);
    this.line = line;
    this.call(args, keywords);
  }

  /** Calls the value on the stack; `given` arguments may be above it. */
  protected call(args: readonly Expression[], keywords: readonly Keyword[], given = 0): void {
    const spread =
      args.some(({ type }) => type === 'Starred') ||
      keywords.some(({ name }) => name === undefined);
    if (spread) return this.#spread(args, keywords, given);
    for (const arg of args) this.expression(arg);
    for (const { value } of keywords) this.expression(value);
    const n = given + args.length + keywords.length;
    if (keywords.length === 0) return this.emit({ op: 'call', n });
    this.constant(new Tuple(keywords.map(({ name }) => name!)));
    this.emit({ op: 'call_kw', n });
  }

  #spread(args: readonly Expression[], keywords: readonly Keyword[], given: number): void {
    this.emit({ op: 'build_list', n: given });
    for (const arg of args) {
      const starred = arg.type === 'Starred';
      this.expression(starred ? arg.value : arg);
      this.emit({ op: starred ? 'list_extend' : 'list_append', n: 1 });
    }
    this.emit({ op: 'list_to_tuple' });
    if (keywords.length > 0) {
      this.emit({ op: 'build_map', n: 0 });
      for (const { name, value } of keywords) {
        if (name !== undefined) {
          this.constant(name);
          this.expression(value);
          this.emit({ op: 'build_map', n: 1 });
        } else this.expression(value);
        this.emit({ op: 'dict_merge', n: 1 });
      }
    }
    this.emit({ op: 'call_ex', kwargs: keywords.length > 0 });
  }
}
