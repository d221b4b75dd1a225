import { beforeAll, describe, expect, it } from 'vitest';
import type { Expression } from './ast.js';
import { loadParser, parse } from './parser.js';

/** With all brackets that the order of operators stands for. */
function brackets(node: Expression): string {
  switch (node.type) {
    case 'BinOp':
      return `(${brackets(node.left)}${node.op}${brackets(node.right)})`;
    case 'UnaryOp':
      return `(${node.op} ${brackets(node.operand)})`;
    case 'BoolOp':
      return `(${node.values.map(brackets).join(` ${node.op} `)})`;
    case 'Compare':
      return `(${brackets(node.left)}${node.rest.map(({ op, right }) => ` ${op} ${brackets(right)}`).join('')})`;
    case 'Name':
      return node.id;
    default:
      return node.type;
  }
}

const order = (text: string) => {
  const [statement] = parse(`${text}\n`);
  return statement?.type === 'Expr' ? brackets(statement.value) : undefined;
};

beforeAll(loadParser);

describe('the order of operators', () => {
  it.each([
    ['~a ^ b & c | d', '(((~ a)^(b&c))|d)'],
    ['a & b ^ c & d', '((a&b)^(c&d))'],
    ['a | b & c << d + e * f', '(a|(b&(c<<(d+(e*f)))))'],
    ['a - b - c', '((a-b)-c)'],
    ['a / b * c @ d', '(((a/b)*c)@d)'],
    ['a ** b ** c', '(a**(b**c))'],
    ['-a ** -b', '(- (a**(- b)))'],
    ['a * -b ** c', '(a*(- (b**c)))'],
    ['(a + b) * c', '((a+b)*c)'],
    ['a * (b - (c - d))', '(a*(b-(c-d)))'],
    ['not a or b and c', '((not a) or (b and c))'],
    ['not a == b', '(not (a == b))'],
    ['a < b + c is not d', '(a < (b+c) is not d)'],
  ])('%s', (text, wanted) => expect(order(text)).toBe(wanted));
});
