import type { Lambda, Statement } from '../syntax/ast.js';

/**
 * The lambdas of a statement; without `inside`, only those outside functions. Nested lambdas are
 * part of the outer one.
 */
export function lambdasIn(statement: Statement, inside: boolean): readonly Lambda[] {
  const found: Lambda[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return;
    const { type } = node as { readonly type?: unknown };
    if (type === 'Lambda') found.push(node as Lambda);
    else if (type === 'Constant' || (type === 'FunctionDef' && !inside)) return;
    else for (const part of Object.values(node)) visit(part);
  };
  visit(statement);
  return found;
}
