import type { Code } from '../../instructions.js';
import type {
  Annotation,
  ClassDef,
  Comprehension,
  Expression,
  FunctionDef,
  Generator,
  Lambda,
  Parameters,
  Statement,
} from '../syntax/ast.js';
import { PythonSyntaxError } from '../syntax/error.js';
import { Label } from './assembler.js';
import type { Scope } from './scope.js';
import { Targets } from './targets.js';

const NAMES = {
  list: '<listcomp>',
  set: '<setcomp>',
  dict: '<dictcomp>',
  generator: '<genexpr>',
} as const;

/** Pieces of code within others: functions, lambdas, comprehensions, classes. */
export abstract class Functions extends Targets {
  protected abstract statements(statements: readonly Statement[]): void;
  /** A compiler of the same kind for nested code. */
  protected abstract within(scope: Scope, name: string, qualname: string): Functions;

  #qualname(name: string): string {
    const { scope } = this;
    if (scope.kind === 'file' || scope.isGlobal(name)) return name;
    return scope.kind === 'class'
      ? `${this.qualname}.${name}`
      : `${this.qualname}.<locals>.${name}`;
  }

  #inner(node: FunctionDef | Lambda | ClassDef | Comprehension, name: string): Functions {
    return this.within(this.scope.children.get(node)!, name, this.#qualname(name));
  }

  protected lambda(node: Lambda): void {
    const inner = this.#inner(node, '<lambda>');
    this.#make(
      inner.#function(node.line, node.params, () => inner.#lambdaBody(node.body)),
      node.params,
      undefined,
    );
  }

  #lambdaBody(body: Expression): void {
    this.expression(body);
    if (this.scope.isGenerator) {
      this.emit({ op: 'pop' });
      this.constant(null);
    }
    this.emit({ op: 'return_value' });
  }

  protected functionDef(node: FunctionDef): void {
    for (const decorator of node.decorators) this.expression(decorator);
    const inner = this.#inner(node, node.name);
    const code = inner.#function(
      node.line,
      node.params,
      () => {
        inner.statements(node.body);
        inner.constant(null);
        inner.emit({ op: 'return_value' });
      },
      node.isAsync,
      docstringOf(node.body),
    );
    this.#make(code, node.params, node.returns);
    for (let n = 0; n < node.decorators.length; n++) this.emit({ op: 'call', n: 1 });
    this.store(node.name);
  }

  #function(
    line: number,
    params: Parameters,
    body: () => void,
    isAsync = false,
    doc?: string,
  ): Code {
    this.line = line;
    this.makeCells();
    body();
    return this.assemble(line, {
      argCount: params.positional.length,
      posOnlyCount: params.posOnly,
      kwOnlyCount: params.kwOnly.length,
      hasVarArgs: params.rest !== undefined,
      hasVarKwargs: params.keywords !== undefined,
      isAsync,
      doc,
    });
  }

  /** Makes a function from code; its defaults are evaluated here. */
  #make(code: Code, params: Parameters | undefined, returns: Annotation | undefined): void {
    const defaults = params?.positional.flatMap((one) => one.default ?? []) ?? [];
    if (defaults.length > 0) {
      for (const value of defaults) this.expression(value);
      this.emit({ op: 'build_tuple', n: defaults.length });
    }
    const kwDefaults = params?.kwOnly.filter((one) => one.default) ?? [];
    if (kwDefaults.length > 0) {
      for (const { name, default: value } of kwDefaults) {
        this.constant(name);
        this.expression(value!);
      }
      this.emit({ op: 'build_map', n: kwDefaults.length });
    }
    const annotations = annotationsOf(params, returns);
    for (const [name, text] of annotations) {
      this.constant(name);
      this.constant(text);
    }
    if (annotations.length > 0) this.emit({ op: 'build_map', n: annotations.length });
    const free = code.slotNames.slice(code.slotNames.length - code.freeCount);
    for (const name of free) this.emit({ op: 'load_closure', slot: this.slot(name) });
    if (free.length > 0) this.emit({ op: 'build_tuple', n: free.length });
    this.emit({ op: 'code', code });
    this.emit({
      op: 'make_function',
      defaults: defaults.length > 0,
      kwDefaults: kwDefaults.length > 0,
      annotations: annotations.length > 0,
      closure: free.length > 0,
      qualname: false,
    });
  }

  protected comprehension(node: Comprehension): void {
    if (node.item.type === 'Starred' || node.key?.type === 'Starred') {
      throw new PythonSyntaxError(node.line, 'iterable unpacking cannot be used in comprehension');
    }
    const inner = this.#inner(node, NAMES[node.kind]);
    this.#make(inner.#comprehensionCode(node), undefined, undefined);
    this.expression(node.generators[0]!.iter);
    this.emit({ op: 'get_iter' });
    this.emit({ op: 'call', n: 1 });
  }

  #comprehensionCode(node: Comprehension): Code {
    this.line = node.line;
    this.makeCells();
    if (node.generators.some(({ isAsync }) => isAsync)) {
      this.emit({ op: 'unsupported', name: 'async for' });
    }
    if (node.kind === 'dict') this.emit({ op: 'build_map', n: 0 });
    else if (node.kind !== 'generator') {
      this.emit({ op: node.kind === 'set' ? 'build_set' : 'build_list', n: 0 });
    }
    this.#loops(node, node.generators, 0);
    if (node.kind === 'generator') this.constant(null);
    this.emit({ op: 'return_value' });
    return this.assemble(node.line, { argCount: 1 });
  }

  #loops(node: Comprehension, generators: readonly Generator[], index: number): void {
    const { target, iter, ifs } = generators[index]!;
    const next = new Label();
    const end = new Label();
    if (index === 0) this.load('.0');
    else {
      this.expression(iter);
      this.emit({ op: 'get_iter' });
    }
    this.place(next);
    this.jump({ op: 'for_iter' }, end);
    this.assign(target);
    for (const test of ifs) this.jumpUnless(test, next);
    if (index + 1 < generators.length) this.#loops(node, generators, index + 1);
    else this.#item(node, generators.length + 1);
    this.jump({ op: 'jump' }, next);
    this.place(end);
  }

  #item({ kind, key, item }: Comprehension, n: number): void {
    if (key) this.expression(key);
    this.expression(item);
    switch (kind) {
      case 'generator':
        this.emit({ op: 'yield_value' });
        return this.emit({ op: 'pop' });
      case 'list':
        return this.emit({ op: 'list_append', n });
      case 'set':
        return this.emit({ op: 'set_add', n });
      case 'dict':
        return this.emit({ op: 'map_add', n });
    }
  }

  protected classDef(node: ClassDef): void {
    for (const decorator of node.decorators) this.expression(decorator);
    this.emit({ op: 'load_build_class' });
    const inner = this.#inner(node, node.name);
    this.#make(inner.#classBody(node), undefined, undefined);
    this.constant(node.name);
    this.call(node.bases, node.keywords, 2);
    for (let n = 0; n < node.decorators.length; n++) this.emit({ op: 'call', n: 1 });
    this.store(node.name);
  }

  #classBody({ body, line }: ClassDef): Code {
    this.line = line;
    this.makeCells();
    this.emit({ op: 'load_name', name: '__name__' });
    this.emit({ op: 'store_name', name: '__module__' });
    this.constant(this.qualname);
    this.emit({ op: 'store_name', name: '__qualname__' });
    const doc = docstringOf(body);
    if (doc !== undefined) {
      this.constant(doc);
      this.emit({ op: 'store_name', name: '__doc__' });
    }
    this.statements(body);
    if (this.scope.cells.includes('__class__')) {
      this.emit({ op: 'load_closure', slot: this.slot('__class__') });
      this.emit({ op: 'copy', n: 1 });
      this.emit({ op: 'store_name', name: '__classcell__' });
    } else this.constant(null);
    this.emit({ op: 'return_value' });
    return this.assemble(line, {});
  }
}

/** As written: the names in annotations may be unknown here. */
function annotationsOf(
  params: Parameters | undefined,
  returns: Annotation | undefined,
): (readonly [string, string])[] {
  if (!params) return [];
  const { positional, rest, kwOnly, keywords } = params;
  const annotations = [...positional, rest, ...kwOnly, keywords].flatMap((one) =>
    one?.annotation ? [[one.name, one.annotation.text] as const] : [],
  );
  return returns ? [...annotations, ['return', returns.text]] : annotations;
}

function docstringOf([first]: readonly Statement[]): string | undefined {
  const value = first?.type === 'Expr' && first.value.type === 'Constant' && first.value.value;
  return typeof value === 'string' ? value : undefined;
}
