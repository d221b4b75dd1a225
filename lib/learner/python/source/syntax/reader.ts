import type { Expression } from './ast.js';
import { PythonSyntaxError } from './error.js';
import type { TreeNode } from './tree.js';

/** State that all readers of a tree share: the text, and the enclosing class. */
export class Reader {
  /** The name of the enclosing class, which prefixes private names (`__x`). */
  className: string | undefined;

  /** @param typeName The stand-in for the name `type` in this text. */
  constructor(
    readonly text: string,
    private readonly typeName?: string,
  ) {}

  fail(node: Pick<TreeNode, 'line'>, reason: string): never {
    throw new PythonSyntaxError(node.line, `invalid syntax (${reason})`);
  }

  inClass<T>(name: string, read: () => T): T {
    const before = this.className;
    this.className = name.replace(/^_+/, '');
    try {
      return read();
    } finally {
      this.className = before;
    }
  }

  /** Names are compared in normal form KC; `__x` in a class is `_Class__x`. */
  identifier({ text }: TreeNode): string {
    const name = text === this.typeName ? 'type' : text.normalize('NFKC');
    return this.className && name.startsWith('__') && !name.endsWith('__')
      ? `_${this.className}${name}`
      : name;
  }

  /** A target at the left of `=`. @throws PythonSyntaxError */
  assignable(target: Expression, within = false): Expression {
    switch (target.type) {
      case 'Name':
      case 'Attribute':
      case 'Subscript':
        return target;
      case 'Starred':
        if (!within) break;
        this.assignable(target.value);
        return target;
      case 'Tuple':
      case 'List':
        if (target.items.filter(({ type }) => type === 'Starred').length > 1) {
          this.fail(target, 'multiple starred expressions in assignment');
        }
        for (const item of target.items) this.assignable(item, true);
        return target;
      default:
    }
    return this.fail(target, 'cannot assign to this expression');
  }

  /** The child of that field. */
  one(node: TreeNode, field: string): TreeNode {
    return optional(node, field) ?? this.fail(node, `its ${field} is missing`);
  }
}

export const optional = (node: TreeNode, field: string): TreeNode | undefined =>
  node.children.find((child) => child.field === field);

export const all = (node: TreeNode, field: string): TreeNode[] =>
  node.children.filter((child) => child.field === field);

/** The children without punctuation and keywords. */
export const named = (node: TreeNode): TreeNode[] => node.children.filter((child) => child.named);

export const ofType = (node: TreeNode, ...types: readonly string[]): TreeNode[] =>
  node.children.filter(({ type }) => types.includes(type));

export const hasMark = (node: TreeNode, mark: string): boolean =>
  node.children.some(({ type }) => type === mark);
