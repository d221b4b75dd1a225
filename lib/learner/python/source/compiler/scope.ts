import type {
  ClassDef,
  Comprehension,
  Expression,
  FunctionDef,
  Lambda,
  Parameters,
  Pattern,
  Statement,
} from '../syntax/ast.js';
import { PythonSyntaxError } from '../syntax/error.js';

/** Nodes with a scope of their own. */
export type ScopeNode = FunctionDef | Lambda | ClassDef | Comprehension;
export type Place = 'local' | 'cell' | 'free' | 'global' | 'name';

/** The names of a file, a class body, a function or a comprehension; like CPython's symtable. */
export class Scope {
  readonly children = new Map<ScopeNode, Scope>();
  readonly params: string[] = [];
  /** Variables without a name in the file: the subjects of patterns. */
  readonly temporaries = new Map<Pattern, string>();
  isGenerator = false;
  readonly #bound = new Set<string>();
  readonly #used = new Set<string>();
  readonly #globals = new Set<string>();
  readonly #nonlocals = new Set<string>();
  readonly #cells = new Set<string>();
  readonly #free = new Set<string>();

  constructor(
    readonly kind: 'file' | 'class' | 'function' | 'comprehension',
    readonly parent: Scope | undefined,
  ) {}

  get isFunction(): boolean {
    return this.kind === 'function' || this.kind === 'comprehension';
  }

  bind(name: string): void {
    this.#bound.add(name);
  }

  param(name: string): void {
    this.params.push(name);
    this.#bound.add(name);
  }

  use(name: string): void {
    this.#used.add(name);
  }

  declare(kind: 'Global' | 'Nonlocal', name: string, line: number): void {
    if (this.params.includes(name)) {
      throw new PythonSyntaxError(line, `name '${name}' is parameter and ${kind.toLowerCase()}`);
    }
    if (kind === 'Nonlocal' && !this.parent) {
      throw new PythonSyntaxError(line, 'nonlocal declaration not allowed at module level');
    }
    (kind === 'Global' ? this.#globals : this.#nonlocals).add(name);
  }

  isGlobal(name: string): boolean {
    return this.#globals.has(name);
  }

  /** `:=` in a comprehension binds the name of the function around it. */
  bindAround(name: string, line: number): void {
    if (this.kind !== 'comprehension') return this.bind(name);
    const { parent } = this;
    if (parent!.kind === 'class') {
      throw new PythonSyntaxError(line, 'assignment expression within a comprehension of a class');
    }
    parent!.bindAround(name, line);
    if (parent!.kind === 'file' || parent!.isGlobal(name)) this.#globals.add(name);
    else this.#nonlocals.add(name);
  }

  /** Resolves each name, given the variables of the enclosing functions. */
  resolve(around: ReadonlySet<string>): void {
    const own = new Set<string>();
    if (this.isFunction) {
      for (const name of this.#bound) {
        if (!this.#globals.has(name) && !this.#nonlocals.has(name)) own.add(name);
      }
    }
    for (const name of this.#nonlocals) {
      if (!around.has(name)) throw new PythonSyntaxError(0, `no binding for nonlocal '${name}'`);
      this.#free.add(name);
    }
    for (const name of this.#used) {
      const visible = !this.#globals.has(name) && !this.#bound.has(name) && around.has(name);
      if (visible) this.#free.add(name);
    }
    const inner = new Set(around);
    if (this.isFunction) for (const name of this.#globals) inner.delete(name);
    for (const name of own) inner.add(name);
    if (this.kind === 'class') inner.add('__class__');
    for (const child of this.children.values()) {
      child.resolve(inner);
      for (const name of child.#free) {
        if (own.has(name) || (this.kind === 'class' && name === '__class__')) this.#cells.add(name);
        else this.#free.add(name);
      }
    }
  }

  /** The names that are assigned in it. */
  get bound(): ReadonlySet<string> {
    return this.#bound;
  }

  get cells(): readonly string[] {
    return [...this.#cells];
  }

  get free(): readonly string[] {
    return [...this.#free].sort();
  }

  placeOf(name: string): Place {
    if (this.#cells.has(name) && this.isFunction) return 'cell';
    if (this.kind === 'class' && this.#bound.has(name) && !this.#nonlocals.has(name)) {
      return this.#globals.has(name) ? 'global' : 'name';
    }
    if (this.#free.has(name) && !this.#globals.has(name)) return 'free';
    if (this.kind === 'class') return this.#globals.has(name) ? 'global' : 'name';
    return this.isFunction && this.#bound.has(name) && !this.#globals.has(name)
      ? 'local'
      : 'global';
  }

  /** Parameters, other locals, temporaries, cells and free variables. */
  get slotNames(): readonly string[] {
    const locals = this.isFunction
      ? [...this.#bound].filter((name) => this.placeOf(name) === 'local')
      : [];
    const cells = this.cells.filter((name) => !this.params.includes(name));
    const others = locals.filter((name) => !this.params.includes(name));
    return [...this.params, ...others, ...this.temporaries.values(), ...cells, ...this.free];
  }
}

/** The scope of statements of a file, or of an expression in it. */
export function scopeOf(statements: readonly Statement[]): Scope {
  const scope = new Scope('file', undefined);
  new ScopeBuilder(scope).statements(statements);
  scope.resolve(new Set());
  return scope;
}

class ScopeBuilder {
  constructor(private readonly scope: Scope) {}

  statements(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #child(node: ScopeNode, kind: Scope['kind']): ScopeBuilder {
    const child = new Scope(kind, this.scope);
    this.scope.children.set(node, child);
    return new ScopeBuilder(child);
  }

  #expressions(expressions: readonly (Expression | undefined)[]): void {
    for (const expression of expressions) if (expression) this.expression(expression);
  }

  #statement(node: Statement): void {
    const { scope } = this;
    switch (node.type) {
      case 'FunctionDef': {
        scope.bind(node.name);
        this.#expressions(node.decorators);
        const child = this.#function(node, node.params);
        child.statements(node.body);
        break;
      }
      case 'ClassDef': {
        scope.bind(node.name);
        this.#expressions([...node.decorators, ...node.bases]);
        this.#expressions(node.keywords.map(({ value }) => value));
        this.#child(node, 'class').statements(node.body);
        break;
      }
      case 'Return':
      case 'Expr':
        this.#expressions([node.value]);
        break;
      case 'Delete':
        for (const target of node.targets) this.#target(target);
        break;
      case 'Assign':
        this.expression(node.value);
        for (const target of node.targets) this.#target(target);
        break;
      case 'AugAssign':
        this.expression(node.value);
        this.expression(node.target);
        this.#target(node.target);
        break;
      case 'AnnAssign':
        this.#expressions([node.value]);
        if (node.value || node.simple) this.#target(node.target);
        break;
      case 'For':
        this.#target(node.target);
        this.expression(node.iter);
        this.statements([...node.body, ...node.orelse]);
        break;
      case 'While':
        this.expression(node.test);
        this.statements([...node.body, ...node.orelse]);
        break;
      case 'If':
        for (const { test, body } of node.branches) {
          this.expression(test);
          this.statements(body);
        }
        this.statements(node.orelse);
        break;
      case 'With':
        for (const { context, target } of node.items) {
          this.expression(context);
          if (target) this.#target(target);
        }
        this.statements(node.body);
        break;
      case 'Match':
        this.expression(node.subject);
        for (const { pattern, guard, body } of node.cases) {
          this.#pattern(pattern);
          this.#expressions([guard]);
          this.statements(body);
        }
        break;
      case 'Raise':
        this.#expressions([node.exception, node.cause]);
        break;
      case 'Try':
        this.statements(node.body);
        for (const { class: cls, name, body } of node.handlers) {
          this.#expressions([cls]);
          if (name !== undefined) scope.bind(name);
          this.statements(body);
        }
        this.statements([...node.orelse, ...node.final]);
        break;
      case 'Assert':
        this.#expressions([node.test, node.message]);
        break;
      case 'Import':
        for (const { name, as } of node.names) scope.bind(as ?? name.split('.')[0]!);
        break;
      case 'ImportFrom':
        for (const { name, as } of node.names ?? []) scope.bind(as ?? name);
        break;
      case 'Global':
      case 'Nonlocal':
        for (const name of node.names) scope.declare(node.type, name, node.line);
        break;
      case 'TypeAlias':
        scope.bind(node.name);
        break;
      case 'Pass':
      case 'Break':
      case 'Continue':
    }
  }

  #target(node: Expression): void {
    switch (node.type) {
      case 'Name':
        this.scope.bind(node.id);
        break;
      case 'Tuple':
      case 'List':
        for (const item of node.items) this.#target(item);
        break;
      case 'Starred':
        this.#target(node.value);
        break;
      default:
        this.expression(node);
    }
  }

  #function(node: FunctionDef | Lambda, params: Parameters): ScopeBuilder {
    const child = this.#child(node, 'function');
    const { positional, kwOnly, rest, keywords } = params;
    for (const { name, default: value } of [...positional, ...kwOnly]) {
      child.scope.param(name);
      this.#expressions([value]);
    }
    if (rest) child.scope.param(rest.name);
    if (keywords) child.scope.param(keywords.name);
    return child;
  }

  expression(node: Expression): void {
    const { scope } = this;
    switch (node.type) {
      case 'Name':
        scope.use(node.id);
        // `super()` without arguments takes the class from this cell.
        if (node.id === 'super' && scope.isFunction) scope.use('__class__');
        break;
      case 'Constant':
      case 'Unsupported':
        break;
      case 'JoinedStr':
      case 'BoolOp':
        this.#expressions(node.values);
        break;
      case 'FormattedValue':
        this.#expressions([node.value, node.spec]);
        break;
      case 'NamedExpr':
        this.expression(node.value);
        scope.bindAround(node.target.id, node.line);
        break;
      case 'BinOp':
        // A long chain nests to the left; a loop spares the JavaScript stack.
        for (let left: Expression = node; ; left = left.left) {
          if (left.type !== 'BinOp') {
            this.expression(left);
            break;
          }
          this.expression(left.right);
        }
        break;
      case 'UnaryOp':
        this.expression(node.operand);
        break;
      case 'Lambda':
        this.#function(node, node.params).expression(node.body);
        break;
      case 'IfExp':
        this.#expressions([node.test, node.body, node.orelse]);
        break;
      case 'Dict':
        for (const { key, value } of node.items) this.#expressions([key, value]);
        break;
      case 'Tuple':
      case 'List':
      case 'Set':
        this.#expressions(node.items);
        break;
      case 'Comprehension':
        this.#comprehension(node);
        break;
      case 'Await':
      case 'Starred':
      case 'Attribute':
        this.expression(node.value);
        break;
      case 'Yield':
      case 'YieldFrom':
        if (scope.kind !== 'function') {
          throw new PythonSyntaxError(node.line, "'yield' outside function");
        }
        scope.isGenerator = true;
        this.#expressions([node.value]);
        break;
      case 'Compare':
        this.#expressions([node.left, ...node.rest.map(({ right }) => right)]);
        break;
      case 'Call':
        this.#expressions([node.func, ...node.args, ...node.keywords.map(({ value }) => value)]);
        break;
      case 'Subscript':
        this.#expressions([node.value, node.slice]);
        break;
      case 'Slice':
        this.#expressions([node.start, node.stop, node.step]);
    }
  }

  /** Its first iterable belongs to the enclosing scope. */
  #comprehension(node: Comprehension): void {
    this.expression(node.generators[0]!.iter);
    const child = this.#child(node, 'comprehension');
    child.scope.param('.0');
    child.scope.isGenerator = node.kind === 'generator';
    node.generators.forEach(({ target, iter, ifs }, index) => {
      child.#target(target);
      if (index > 0) child.expression(iter);
      child.#expressions(ifs);
    });
    child.#expressions([node.key, node.item]);
  }

  #pattern(pattern: Pattern): void {
    const { scope } = this;
    scope.temporaries.set(pattern, `.${scope.temporaries.size}`);
    switch (pattern.type) {
      case 'ValuePattern':
        this.expression(pattern.value);
        break;
      case 'SequencePattern':
        pattern.items.forEach((one) => this.#pattern(one));
        break;
      case 'OrPattern':
        pattern.patterns.forEach((one) => this.#pattern(one));
        break;
      case 'MappingPattern':
        this.#expressions(pattern.keys);
        pattern.patterns.forEach((one) => this.#pattern(one));
        if (pattern.rest !== undefined) scope.bind(pattern.rest);
        break;
      case 'ClassPattern':
        this.expression(pattern.class);
        pattern.patterns.forEach((one) => this.#pattern(one));
        pattern.keywords.forEach((one) => this.#pattern(one.pattern));
        break;
      case 'AsPattern':
        if (pattern.pattern) this.#pattern(pattern.pattern);
        if (pattern.name !== undefined) scope.bind(pattern.name);
        break;
      case 'StarPattern':
        if (pattern.name !== undefined) scope.bind(pattern.name);
        break;
      case 'SingletonPattern':
    }
  }
}
