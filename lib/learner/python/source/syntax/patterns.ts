import type { Expression, Pattern } from './ast.js';
import type { ExpressionReader } from './expressions.js';
import { hasMark, named } from './reader.js';
import type { TreeNode } from './tree.js';

/** Makes patterns from the part after `case`. */
export class PatternReader {
  constructor(private readonly expressions: ExpressionReader) {}

  /** `a, *b` is a sequence without brackets. */
  list(nodes: readonly TreeNode[], hasComma: boolean, line: number): Pattern {
    const items = nodes.map((node) => this.#read(node));
    return hasComma || items[0]?.type === 'StarPattern' ? this.#sequence(items, line) : items[0]!;
  }

  #sequence(items: readonly Pattern[], line: number): Pattern {
    if (items.filter(({ type }) => type === 'StarPattern').length > 1) {
      this.expressions.reader.fail({ line }, 'multiple starred patterns in a sequence');
    }
    return { type: 'SequencePattern', items, line };
  }

  #read(node: TreeNode): Pattern {
    const { reader, read } = this.expressions;
    const { children, line, type } = node;
    switch (type) {
      case 'case_pattern':
        // A negative number and `_` have no node of their own.
        return children[0]!.type === '-' ? this.#negative(children) : this.#read(children[0]!);
      case '_':
        return { type: 'AsPattern', pattern: undefined, name: undefined, line };
      case 'identifier':
      case 'dotted_name':
        return this.#name(node);
      case 'none':
        return { type: 'SingletonPattern', value: null, line };
      case 'true':
      case 'false':
        return { type: 'SingletonPattern', value: type === 'true', line };
      case 'as_pattern': {
        const parts = named(node);
        const name = reader.identifier(parts[1]!);
        return { type: 'AsPattern', pattern: this.#read(parts[0]!), name, line };
      }
      case 'union_pattern':
        return { type: 'OrPattern', patterns: this.#alternatives(children), line };
      case 'list_pattern':
      case 'tuple_pattern': {
        const items = named(node).map((item) => this.#read(item));
        const single = type === 'tuple_pattern' && items.length === 1 && !hasMark(node, ',');
        return single && items[0]!.type !== 'StarPattern' ? items[0]! : this.#sequence(items, line);
      }
      case 'splat_pattern':
        return { type: 'StarPattern', name: this.#captured(children[1]!), line };
      case 'dict_pattern':
        return this.#mapping(node);
      case 'class_pattern':
        return this.#class(node);
      case 'complex_pattern': {
        const value = { type: 'Unsupported', name: 'a complex number', line } as const;
        return { type: 'ValuePattern', value, line };
      }
      default:
        return { type: 'ValuePattern', value: read(node), line };
    }
  }

  /** Alternatives between bars, where a sign comes before its number. */
  #alternatives(children: readonly TreeNode[]): Pattern[] {
    const patterns: Pattern[] = [];
    for (let at = 0; at < children.length; at++) {
      const { type } = children[at]!;
      if (type === '|') continue;
      if (type === '-') patterns.push(this.#negative([children[at]!, children[++at]!]));
      else patterns.push(this.#read(children[at]!));
    }
    return patterns;
  }

  #negative([sign, number]: readonly TreeNode[]): Pattern {
    const { line } = sign!;
    const operand = this.expressions.read(number!);
    return { type: 'ValuePattern', value: { type: 'UnaryOp', op: '-', operand, line }, line };
  }

  /** Undefined: `_`. */
  #captured(node: TreeNode): string | undefined {
    const name = this.expressions.reader.identifier(node);
    return name === '_' ? undefined : name;
  }

  /** A plain name is assigned; a dotted name is a value. */
  #name(node: TreeNode): Pattern {
    const { line } = node;
    if (node.text.includes('.')) return { type: 'ValuePattern', value: this.#dotted(node), line };
    return { type: 'AsPattern', pattern: undefined, name: this.#captured(node), line };
  }

  #dotted(node: TreeNode): Expression {
    const { reader } = this.expressions;
    const [head, ...others] = node.type === 'identifier' ? [node] : named(node);
    const { line } = head!;
    return others.reduce<Expression>(
      (value, one) => ({ type: 'Attribute', value, name: reader.identifier(one), line }),
      { type: 'Name', id: reader.identifier(head!), line },
    );
  }

  #mapping(node: TreeNode): Pattern {
    const { reader } = this.expressions;
    const keys: Expression[] = [];
    const patterns: Pattern[] = [];
    let rest: string | undefined;
    for (let at = 0; at < node.children.length; at++) {
      const child = node.children[at]!;
      if (child.type === 'splat_pattern') rest = reader.identifier(child.children[1]!);
      else if (child.field === 'key') {
        const negative = child.type === '-';
        const key = negative ? this.#negative([child, node.children[++at]!]) : this.#read(child);
        if (key.type === 'ValuePattern') keys.push(key.value);
        else if (key.type === 'SingletonPattern') {
          keys.push({ type: 'Constant', value: key.value, line: key.line });
        } else reader.fail(child, 'a mapping pattern needs constants as keys');
      } else if (child.field === 'value') patterns.push(this.#read(child));
    }
    return { type: 'MappingPattern', keys, patterns, rest, line: node.line };
  }

  #class(node: TreeNode): Pattern {
    const { reader } = this.expressions;
    const [name, ...items] = named(node);
    const patterns: Pattern[] = [];
    const keywords: { name: string; pattern: Pattern }[] = [];
    for (const item of items) {
      const [first] = item.children;
      // `y=str() as s` is a pattern with a name, and contains the keyword.
      const alias = first?.type === 'as_pattern' ? named(first)[1] : undefined;
      const inner = alias ? named(first!)[0]!.children[0] : first;
      if (inner?.type === 'keyword_pattern') {
        const [key, , ...value] = inner.children;
        const read = value[0]!.type === '-' ? this.#negative(value) : this.#read(value[0]!);
        const pattern: Pattern = alias
          ? { type: 'AsPattern', pattern: read, name: reader.identifier(alias), line: item.line }
          : read;
        keywords.push({ name: reader.identifier(key!), pattern });
      } else {
        if (keywords.length > 0) {
          reader.fail(item, 'positional patterns follow keyword patterns');
        }
        patterns.push(this.#read(item));
      }
    }
    const { line } = node;
    return { type: 'ClassPattern', class: this.#dotted(name!), patterns, keywords, line };
  }
}
