import { UnreadableCodeError } from '../../errors.js';
import type { Code } from '../../instructions.js';
import { compile } from '../compiler/compiler.js';
import { scopeOf } from '../compiler/scope.js';
import type { Expression, Import, ImportFrom, Statement, Try } from '../syntax/ast.js';
import { PythonSyntaxError } from '../syntax/error.js';
import { changesOf, patchedBy, type Changes, type Patch } from './bindings.js';

/** A unit of a file that is parsed as a whole: the file, or a cell of a notebook. */
export interface Piece {
  /** `model.py`, `notebook.ipynb, cell 3`. */
  readonly fileName: string;
  readonly lines: readonly string[];
}

/** The conditions under which a statement in a top-level `if` or `try` counts. */
export type Condition =
  | { readonly kind: 'test'; readonly code: Code; readonly index: number; readonly wanted: boolean }
  /** Whether all imports of a `try` are known. */
  | { readonly kind: 'imports'; readonly items: readonly Item[]; readonly wanted: boolean };

/** A statement at the top of a file, evaluated on its own when its definition is needed. */
export class Item {
  readonly #changes: Changes;
  readonly patch: Patch | undefined;
  /** The names that it assigns; unknown for a star import. */
  readonly binds: ReadonlySet<string>;
  #code: Code | undefined;

  constructor(
    readonly statement: Statement,
    readonly piece: Piece,
    /** Its position among the statements of the file. */
    readonly index: number,
    readonly conditions: readonly Condition[],
  ) {
    this.patch = patchedBy(statement);
    this.#changes = changesOf(statement);
    this.binds = this.patch ? new Set() : scopeOf([statement]).bound;
  }

  /** `from m import *`. */
  get star(): ImportFrom | undefined {
    const { statement } = this;
    return statement.type === 'ImportFrom' && !statement.names ? statement : undefined;
  }

  /** Whether it needs the previous value: `x += 1`. */
  get augments(): boolean {
    return this.statement.type === 'AugAssign';
  }

  /** Whether it changes the value in the variable. */
  changes(name: string, calls: boolean): boolean {
    return this.#changes.parts.has(name) || (calls && this.#changes.calls.has(name));
  }

  /** @throws UnreadableCodeError */
  get code(): Code {
    this.#code ??= readable(this.piece.fileName, () =>
      compile([this.patch?.definition ?? this.statement], this.piece.fileName),
    );
    return this.#code;
  }
}

/** @throws UnreadableCodeError, which says where the file is not Python */
export function readable<T>(fileName: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(fileName, error);
  }
}

/** Says what is wrong with a file; errors of other kinds are unchanged. */
export function unreadable(fileName: string, error: unknown): unknown {
  // The JavaScript stack is the last bound on nesting.
  const deep = error instanceof RangeError;
  if (!deep && !(error instanceof PythonSyntaxError)) return error;
  const { line, reason } = deep ? { line: 0, reason: 'it is nested too deeply' } : error;
  const where = line > 0 ? `${fileName}, line ${line}` : fileName;
  return new UnreadableCodeError(where, reason, 'Correct it, or omit it');
}

/** Visits the statements at the top of a file, including those in `if` and `try`. */
export class ItemList {
  readonly items: Item[] = [];

  add(statements: readonly Statement[], piece: Piece, conditions: readonly Condition[] = []): void {
    for (const statement of statements) {
      if (statement.type === 'If') this.#if(statement, piece, conditions);
      else if (statement.type === 'Try') this.#try(statement, piece, conditions);
      else {
        for (const one of single(statement)) {
          this.items.push(new Item(one, piece, this.items.length, conditions));
        }
      }
    }
  }

  #if(
    { branches, orelse }: Extract<Statement, { readonly type: 'If' }>,
    piece: Piece,
    conditions: readonly Condition[],
  ): void {
    let around = conditions;
    for (const { test, body } of branches) {
      const index = this.items.length;
      const forTypes = isTypeChecking(test);
      const value: Expression = forTypes
        ? { type: 'Constant', value: false, line: test.line }
        : test;
      const code = readable(piece.fileName, () => compile([], piece.fileName, value));
      const condition = { kind: 'test', code, index } as const;
      this.add(body, piece, [...around, { ...condition, wanted: true }]);
      around = [...around, { ...condition, wanted: false }];
    }
    this.add(orelse, piece, around);
  }

  #try({ body, handlers, orelse, final }: Try, piece: Piece, conditions: readonly Condition[]) {
    const start = this.items.length;
    this.add(body, piece, conditions);
    const imports = this.items
      .slice(start)
      .filter(({ statement: { type } }) => type === 'Import' || type === 'ImportFrom');
    const condition = { kind: 'imports', items: imports } as const;
    // Statements of the body also count if an import fails: how far the body ran is unknown.
    if (imports.length > 0) {
      for (const handler of handlers) {
        this.add(handler.body, piece, [...conditions, { ...condition, wanted: false }]);
      }
    }
    this.add(orelse, piece, [...conditions, { ...condition, wanted: true }]);
    this.add(final, piece, conditions);
  }
}

function isTypeChecking(test: Expression): boolean {
  return test.type === 'Name'
    ? test.id === 'TYPE_CHECKING'
    : test.type === 'Attribute' && test.name === 'TYPE_CHECKING';
}

/** Each name of an import is an item of its own: other names may come from unknown packages. */
function single(statement: Statement): readonly Statement[] {
  if (statement.type === 'Import') {
    return statement.names.map((name): Import => ({ ...statement, names: [name] }));
  }
  if (statement.type === 'ImportFrom' && statement.names) {
    return statement.names.map((name): ImportFrom => ({ ...statement, names: [name] }));
  }
  return [statement];
}
