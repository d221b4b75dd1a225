import type { Value } from '../../values.js';
import type { Constant, Expression, FormattedValue, JoinedStr, Unsupported } from './ast.js';
import { NoValue, stringOf, unescape } from './literals.js';
import { hasMark, ofType, optional, type Reader } from './reader.js';
import type { TreeNode } from './tree.js';

type Part = JoinedStr['values'][number];
type ReadExpression = (node: TreeNode) => Expression;

export function literal(value: Value | NoValue, line: number): Constant | Unsupported {
  return value instanceof NoValue
    ? { type: 'Unsupported', name: value.name, line }
    : { type: 'Constant', value, line };
}

const isFormatted = ({ children }: TreeNode): boolean => /f/i.test(children[0]!.text);

/** Adjacent string literals, which form one string. */
export function stringsOf(
  reader: Reader,
  nodes: readonly TreeNode[],
  read: ReadExpression,
): Expression {
  const { line } = nodes[0]!;
  const parts = nodes.flatMap((node): Part[] =>
    isFormatted(node)
      ? formatted(reader, node, read)
      : [literal(stringOf(node.text, node.line), node.line)],
  );
  const isBytes = (part: Part): part is Constant =>
    part.type === 'Constant' && part.value instanceof Uint8Array;
  if (parts.some(isBytes)) {
    if (!parts.every(isBytes)) reader.fail(nodes[0]!, 'cannot mix bytes and nonbytes literals');
    const bytes = Buffer.concat(parts.map(({ value }) => value as Uint8Array));
    return { type: 'Constant', value: new Uint8Array(bytes), line };
  }
  const values = join(parts);
  if (nodes.some(isFormatted)) return { type: 'JoinedStr', values, line };
  return (
    values.find(({ type }) => type === 'Unsupported') ??
    values[0] ?? { type: 'Constant', value: '', line }
  );
}

interface How {
  readonly raw: boolean;
  /** A format specification does not double its braces. */
  readonly inSpec: boolean;
  readonly read: ReadExpression;
}

function formatted(reader: Reader, node: TreeNode, read: ReadExpression): Part[] {
  const start = node.children[0]!;
  const quotes = /['"]+$/.exec(start.text)![0].length;
  const how = { raw: /r/i.test(start.text), inSpec: false, read };
  return textAndReplacements(reader, node, start.to, node.to - quotes, how);
}

function textAndReplacements(
  reader: Reader,
  node: TreeNode,
  start: number,
  end: number,
  how: How,
): Part[] {
  const parts: Part[] = [];
  let { line } = node;
  const text = (from: number, to: number): void => {
    const written = reader.text.slice(from, to);
    const single = how.inSpec ? written : written.replaceAll('{{', '{').replaceAll('}}', '}');
    parts.push(literal(how.raw ? single : unescape(single, line), line));
  };
  let at = start;
  for (const child of ofType(node, 'interpolation', 'format_expression')) {
    text(at, child.from);
    parts.push(...replacement(reader, child, how));
    at = child.to;
    line = child.endLine;
  }
  text(at, end);
  return join(parts);
}

function replacement(reader: Reader, node: TreeNode, how: How): (Constant | FormattedValue)[] {
  const { line } = node;
  const expression = reader.one(node, 'expression');
  // `{x:=10}` is not an assignment: it has the format specification `=10`.
  if (expression.type === 'named_expression') {
    const name = reader.one(expression, 'name');
    const text = reader.text.slice(reader.text.indexOf(':', name.to) + 1, node.to - 1);
    const spec: JoinedStr = { type: 'JoinedStr', values: [literal(text, line)], line };
    const value = how.read(name);
    return [{ type: 'FormattedValue', value, conversion: '', spec, line }];
  }
  const selfDoc = hasMark(node, '=');
  const specNode = optional(node, 'format_specifier') ?? ofType(node, 'format_specifier')[0];
  const spec: JoinedStr | undefined = specNode && {
    type: 'JoinedStr',
    values: textAndReplacements(reader, specNode, specNode.from + 1, specNode.to, {
      ...how,
      inSpec: true,
    }),
    line: specNode.line,
  };
  let conversion = (ofType(node, 'type_conversion')[0]?.text.slice(1) ??
    '') as FormattedValue['conversion'];
  if (!['', 's', 'r', 'a'].includes(conversion)) {
    return reader.fail(node, 'f-string: invalid conversion');
  }
  if (selfDoc && conversion === '' && !spec) conversion = 'r';
  const value = how.read(expression);
  const result: FormattedValue = { type: 'FormattedValue', value, conversion, spec, line };
  if (!selfDoc) return [result];
  // As written, with the spaces around the sign.
  const sign = node.children.find(({ type }) => type === '=')!;
  const [spaces] = /^\s*/.exec(reader.text.slice(sign.to, node.to))!;
  const written = reader.text.slice(node.from + 1, sign.to + spaces.length);
  return [{ type: 'Constant', value: written, line }, result];
}

function join(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    if (part.type === 'Constant' && part.value === '') continue;
    const last = joined.at(-1);
    const both = last?.type === 'Constant' && part.type === 'Constant';
    if (both && typeof last.value === 'string' && typeof part.value === 'string') {
      joined[joined.length - 1] = { ...last, value: last.value + part.value };
    } else joined.push(part);
  }
  return joined;
}
