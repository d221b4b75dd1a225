import type { Expression, FunctionDef, Statement } from '../syntax/ast.js';

/** The variable at the beginning of `a.b[c].d`. */
function rootOf(node: Expression): string | undefined {
  let at = node;
  while (at.type === 'Attribute' || at.type === 'Subscript' || at.type === 'Call') {
    at = at.type === 'Call' ? at.func : at.value;
  }
  return at.type === 'Name' ? at.id : undefined;
}

/** How a statement changes the values of variables. */
export interface Changes {
  /** `a.x = ...`, `a[0] = ...`, `del a[0]`, patches of a class. */
  readonly parts: ReadonlySet<string>;
  /** `a.append(...)` as a statement. */
  readonly calls: ReadonlySet<string>;
}

/** What a statement at the top of a file changes; functions and classes in it are not searched. */
export function changesOf(statement: Statement): Changes {
  const parts = new Set<string>();
  const calls = new Set<string>();
  const target = (node: Expression): void => {
    if (node.type === 'Tuple' || node.type === 'List') node.items.forEach(target);
    else if (node.type === 'Starred') target(node.value);
    else if (node.type !== 'Name') {
      const root = rootOf(node);
      if (root !== undefined) parts.add(root);
    }
  };
  const visit = (node: Statement): void => {
    switch (node.type) {
      case 'FunctionDef':
        for (const name of patchedBy(node)?.classes ?? []) parts.add(name);
        break;
      case 'Assign':
      case 'Delete':
        node.targets.forEach(target);
        break;
      case 'AugAssign':
      case 'AnnAssign':
        target(node.target);
        break;
      case 'Expr': {
        const root = node.value.type === 'Call' && node.value.func.type === 'Attribute';
        const name = root ? rootOf(node.value) : undefined;
        if (name !== undefined) calls.add(name);
        break;
      }
      case 'For':
        target(node.target);
        [...node.body, ...node.orelse].forEach(visit);
        break;
      case 'While':
        [...node.body, ...node.orelse].forEach(visit);
        break;
      case 'If':
        [...node.branches.flatMap(({ body }) => body), ...node.orelse].forEach(visit);
        break;
      case 'With':
        node.body.forEach(visit);
        break;
      case 'Try':
        [...node.body, ...node.handlers.flatMap(({ body }) => body)].forEach(visit);
        [...node.orelse, ...node.final].forEach(visit);
        break;
      case 'Match':
        node.cases.flatMap(({ body }) => body).forEach(visit);
        break;
      default:
    }
  };
  visit(statement);
  return { parts, calls };
}

export interface Patch {
  readonly classes: readonly string[];
  readonly as: 'method' | 'property' | 'class method';
  /** The function without its patching decorators. */
  readonly definition: FunctionDef;
}

/** `@patch def f(self: Net)`, `@patch_to(Net)`: a function that becomes a method of classes. */
export function patchedBy(node: Statement): Patch | undefined {
  if (node.type !== 'FunctionDef') return undefined;
  const nameOf = (decorator: Expression): string => {
    const func = decorator.type === 'Call' ? decorator.func : decorator;
    return func.type === 'Name' ? func.id : func.type === 'Attribute' ? func.name : '';
  };
  const decorator = node.decorators.find((one) => /^patch(?:_to|_property)?$/.test(nameOf(one)));
  if (!decorator) return undefined;
  const how = nameOf(decorator);
  const given = decorator.type === 'Call' ? decorator : undefined;
  const annotation = node.params.positional[0]?.annotation?.expression;
  const of = how === 'patch_to' ? given?.args[0] : annotation;
  const classes = of ? classNames(of) : [];
  if (classes.length === 0) return undefined;
  const option = (name: string) => {
    const value = given?.keywords.find((keyword) => keyword.name === name)?.value;
    return value?.type === 'Constant' && value.value === true;
  };
  const as =
    how === 'patch_property' || option('as_prop')
      ? 'property'
      : option('cls_method')
        ? 'class method'
        : 'method';
  const decorators = node.decorators.filter((one) => one !== decorator);
  return { classes, as, definition: { ...node, decorators } };
}

/** `Net`, `(A, B)`, `A | B`, `Union[A, B]`, `'Net'`. */
function classNames(node: Expression): string[] {
  switch (node.type) {
    case 'Name':
      return [node.id];
    case 'Constant':
      return typeof node.value === 'string' && /^\w+$/.test(node.value) ? [node.value] : [];
    case 'Tuple':
    case 'List':
      return node.items.flatMap(classNames);
    case 'BinOp':
      return node.op === '|' ? [...classNames(node.left), ...classNames(node.right)] : [];
    case 'Subscript':
      return rootOf(node.value) === 'Union' ? classNames(node.slice) : [];
    default:
      return [];
  }
}
