import type { BinaryOp, UnaryOp } from '../../host.js';
import { ELLIPSIS } from '../../values.js';
import type { Comparison, Comprehension, Expression, Generator, Keyword } from './ast.js';
import { numberOf } from './literals.js';
import { parametersOf } from './parameters.js';
import { all, hasMark, named, ofType, optional, type Reader } from './reader.js';
import { literal, stringsOf } from './strings.js';
import type { TreeNode } from './tree.js';

/** From lowest to highest precedence. */
const PRECEDENCE: readonly (readonly BinaryOp[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%', '@'],
  ['**'],
];

/** Makes expressions from the nodes of a tree. */
export class ExpressionReader {
  constructor(readonly reader: Reader) {}

  readonly read = (node: TreeNode): Expression => regrouped(node, this.#read(node));

  readonly #read = (node: TreeNode): Expression => {
    const { reader, read } = this;
    const { line, type } = node;
    switch (type) {
      case 'identifier':
      case 'keyword_identifier':
        return { type: 'Name', id: reader.identifier(node), line };
      case 'integer':
      case 'float':
        return literal(numberOf(node.text, line), line);
      case 'none':
        return { type: 'Constant', value: null, line };
      case 'true':
      case 'false':
        return { type: 'Constant', value: type === 'true', line };
      case 'ellipsis':
        return { type: 'Constant', value: ELLIPSIS, line };
      case 'string':
        return stringsOf(reader, [node], read);
      case 'concatenated_string':
        return stringsOf(reader, named(node), read);
      case 'parenthesized_expression':
        return read(named(node)[0] ?? reader.fail(node, 'an expression is missing'));
      case 'tuple_pattern':
        // `(a) = b` as well.
        if (!hasMark(node, ',') && named(node).length === 1) return read(named(node)[0]!);
        return { type: 'Tuple', items: named(node).map(read), line };
      case 'tuple':
      case 'expression_list':
      case 'pattern_list':
        return { type: 'Tuple', items: named(node).map(read), line };
      case 'list':
      case 'list_pattern':
        return { type: 'List', items: named(node).map(read), line };
      case 'set':
        return { type: 'Set', items: named(node).map(read), line };
      case 'dictionary':
        return { type: 'Dict', items: named(node).map((item) => this.#entry(item)), line };
      case 'list_splat':
      case 'list_splat_pattern':
        return { type: 'Starred', value: read(named(node)[0]!), line };
      case 'list_comprehension':
        return this.#comprehension('list', node);
      case 'set_comprehension':
        return this.#comprehension('set', node);
      case 'dictionary_comprehension':
        return this.#comprehension('dict', node);
      case 'generator_expression':
        return this.#comprehension('generator', node);
      case 'not_operator':
        return { type: 'UnaryOp', op: 'not', operand: read(reader.one(node, 'argument')), line };
      case 'unary_operator': {
        const op = reader.one(node, 'operator').text as UnaryOp;
        return { type: 'UnaryOp', op, operand: read(reader.one(node, 'argument')), line };
      }
      case 'binary_operator':
        return this.#binary(node);
      case 'boolean_operator':
        return this.#boolean(node);
      case 'comparison_operator':
        return this.#comparison(node);
      case 'conditional_expression': {
        const [body, test, orelse] = named(node).map(read);
        return { type: 'IfExp', test: test!, body: body!, orelse: orelse!, line };
      }
      case 'lambda': {
        const params = parametersOf(reader, optional(node, 'parameters'), read);
        return { type: 'Lambda', params, body: read(reader.one(node, 'body')), line };
      }
      case 'named_expression': {
        const name = reader.one(node, 'name');
        const target = { type: 'Name', id: reader.identifier(name), line: name.line } as const;
        return { type: 'NamedExpr', target, value: read(reader.one(node, 'value')), line };
      }
      case 'yield': {
        const [value] = named(node);
        if (hasMark(node, 'from')) return { type: 'YieldFrom', value: read(value!), line };
        return { type: 'Yield', value: value && read(value), line };
      }
      case 'await':
        return { type: 'Await', value: read(named(node)[0]!), line };
      case 'call':
        return {
          type: 'Call',
          func: read(reader.one(node, 'function')),
          ...this.arguments(reader.one(node, 'arguments')),
          line,
        };
      case 'attribute':
        return {
          type: 'Attribute',
          value: read(reader.one(node, 'object')),
          name: reader.identifier(reader.one(node, 'attribute')),
          line,
        };
      case 'subscript':
        return this.#subscript(node);
      case 'slice':
        return this.#slice(node);
      default:
        return reader.fail(node, `"${node.text.slice(0, 20)}" is not an expression here`);
    }
  };

  #entry(item: TreeNode): { key: Expression | undefined; value: Expression } {
    if (item.type === 'dictionary_splat') {
      return { key: undefined, value: this.read(named(item)[0]!) };
    }
    const [key, value] = [this.reader.one(item, 'key'), this.reader.one(item, 'value')];
    return { key: this.read(key), value: this.read(value) };
  }

  /** `a and b and c` is one node. */
  /** In the grammar `^` binds tighter than `&`, so chains are rebuilt. */
  #binary(node: TreeNode): Expression {
    const operands: Expression[] = [];
    const operators: BinaryOp[] = [];
    const flatten = (part: TreeNode): void => {
      const op = part.type === 'binary_operator' ? this.reader.one(part, 'operator').text : '**';
      if (part !== node && op === '**') return void operands.push(this.read(part));
      const [left, right] = [this.reader.one(part, 'left'), this.reader.one(part, 'right')];
      if (op === '**') {
        operands.push(this.read(left), this.read(right));
        return void operators.push('**');
      }
      flatten(left);
      operators.push(op as BinaryOp);
      flatten(right);
    };
    flatten(node);
    const { line } = node;
    const join = (least: number): Expression => {
      let left = operands.shift()!;
      for (;;) {
        const precedence = PRECEDENCE.indexOf(
          PRECEDENCE.find((ops) => ops.includes(operators[0]!))!,
        );
        if (operators.length === 0 || precedence < least) return left;
        const op = operators.shift()!;
        left = { type: 'BinOp', op, left, right: join(precedence + 1), line };
      }
    };
    return join(0);
  }

  #boolean(node: TreeNode): Expression {
    const { reader, read } = this;
    const op = reader.one(node, 'operator').text as 'and' | 'or';
    const left = reader.one(node, 'left');
    const before = read(left);
    const joins = left.type === node.type && before.type === 'BoolOp' && before.op === op;
    const values = joins ? before.values : [before];
    return {
      type: 'BoolOp',
      op,
      values: [...values, read(reader.one(node, 'right'))],
      line: node.line,
    };
  }

  #comparison(node: TreeNode): Expression {
    const { reader } = this;
    const operands = node.children.filter(({ field }) => field !== 'operators');
    const [left, ...others] = operands.map(this.read);
    const operators = all(node, 'operators');
    const rest = others.map((right, i) => {
      const op = operators[i]!.text.replaceAll(/\s+/g, ' ');
      return { op: op as Comparison, right };
    });
    if (rest.some(({ op }) => (op as string) === '<>')) reader.fail(node, 'use !=');
    return { type: 'Compare', left: left!, rest, line: node.line };
  }

  #subscript(node: TreeNode): Expression {
    const { line } = node;
    const value = this.read(this.reader.one(node, 'value'));
    const items = all(node, 'subscript').map(this.read);
    const isTuple = items.length !== 1 || hasMark(node, ',') || items[0]!.type === 'Starred';
    const slice: Expression = isTuple ? { type: 'Tuple', items, line } : items[0]!;
    return { type: 'Subscript', value, slice, line };
  }

  #slice(node: TreeNode): Expression {
    const bounds: (Expression | undefined)[] = [undefined, undefined, undefined];
    let place = 0;
    for (const child of node.children) {
      if (child.type === ':') place++;
      else bounds[place] = this.read(child);
    }
    const [start, stop, step] = bounds;
    return { type: 'Slice', start, stop, step, line: node.line };
  }

  /** The arguments in the brackets of a call or a class statement. */
  arguments(list: TreeNode): { args: readonly Expression[]; keywords: readonly Keyword[] } {
    if (list.type === 'generator_expression') return { args: [this.read(list)], keywords: [] };
    const args: Expression[] = [];
    const keywords: Keyword[] = [];
    for (const item of named(list)) {
      if (item.type === 'dictionary_splat') {
        keywords.push({ name: undefined, value: this.read(named(item)[0]!) });
      } else if (item.type === 'keyword_argument') {
        const name = this.reader.identifier(this.reader.one(item, 'name'));
        keywords.push({ name, value: this.read(this.reader.one(item, 'value')) });
      } else {
        const splat = item.type === 'list_splat';
        if (keywords.some(({ name }) => !splat || name === undefined)) {
          this.reader.fail(item, 'positional argument follows keyword argument');
        }
        args.push(this.read(item));
      }
    }
    return { args, keywords };
  }

  #comprehension(kind: Comprehension['kind'], node: TreeNode): Comprehension {
    const body = this.reader.one(node, 'body');
    const { key, value } =
      kind === 'dict' ? this.#entry(body) : { key: undefined, value: this.read(body) };
    const generators: { -readonly [K in keyof Generator]: Generator[K] }[] = [];
    for (const clause of ofType(node, 'for_in_clause', 'if_clause')) {
      if (clause.type === 'if_clause') {
        const last = generators.at(-1)!;
        last.ifs = [...last.ifs, this.read(named(clause)[0]!)];
      } else generators.push(this.#generator(clause));
    }
    return { type: 'Comprehension', kind, key, item: value, generators, line: node.line };
  }

  #generator(clause: TreeNode): Generator {
    // Before Python 3.9 several items may follow `in`.
    const iter = all(clause, 'right')
      .filter((node) => node.named)
      .map(this.read);
    const { line } = clause;
    return {
      target: this.reader.assignable(this.read(this.reader.one(clause, 'left'))),
      iter: iter.length === 1 ? iter[0]! : { type: 'Tuple', items: iter, line },
      ifs: [],
      isAsync: hasMark(clause, 'async'),
    };
  }
}

/**
 * The grammar binds `:=` and a star tighter than what follows: `(x := a) if b else c` and
 * `(*f)(x)`, where Python means `x := (a if b else c)` and `*(f(x))`. Without brackets, neither can
 * occur there.
 */
function regrouped(node: TreeNode, read: Expression): Expression {
  const first = node.children[0]?.type;
  const { line } = read;
  if (read.type === 'Call' && read.func.type === 'Starred') {
    return { type: 'Starred', value: { ...read, func: read.func.value }, line };
  }
  if (read.type === 'Attribute' && read.value.type === 'Starred') {
    return { type: 'Starred', value: { ...read, value: read.value.value }, line };
  }
  if (read.type === 'Subscript' && read.value.type === 'Starred') {
    return { type: 'Starred', value: { ...read, value: read.value.value }, line };
  }
  const binds = (value: Expression, rest: (inner: Expression) => Expression): Expression =>
    value.type === 'NamedExpr' ? { ...value, value: rest(value.value) } : read;
  if (first !== 'named_expression' && !isRegrouped(node)) return read;
  switch (read.type) {
    case 'IfExp':
      return binds(read.body, (body) => ({ ...read, body }));
    case 'BinOp':
      return binds(read.left, (left) => ({ ...read, left }));
    case 'Compare':
      return binds(read.left, (left) => ({ ...read, left }));
    case 'BoolOp': {
      const [head, ...others] = read.values;
      return binds(head!, (value) => ({ ...read, values: [value, ...others] }));
    }
    default:
      return read;
  }
}

/** Whether its first operand ends in a `:=` without brackets, perhaps some operators down. */
function isRegrouped({ children }: TreeNode): boolean {
  let at = children[0];
  while (at && /_operator$|^conditional_expression$/.test(at.type)) {
    at = at.children[0];
    if (at?.type === 'named_expression') return true;
  }
  return false;
}
