import type { Code } from '../../instructions.js';
import { Tuple } from '../../values.js';
import type {
  AugAssign,
  Expression,
  For,
  If,
  ImportFrom,
  Match,
  Statement,
  While,
} from '../syntax/ast.js';
import { PythonSyntaxError } from '../syntax/error.js';
import { Allowance, Label } from './assembler.js';
import { Exceptions } from './exceptions.js';
import { scopeOf, type Scope } from './scope.js';

/**
 * Code of statements of a file, as a function without parameters whose variables are the file's.
 *
 * @param last the expression that the function returns
 * @throws PythonSyntaxError
 */
export function compile(
  statements: readonly Statement[],
  fileName: string,
  last?: Expression,
): Code {
  const all: readonly Statement[] = last
    ? [...statements, { type: 'Expr', value: last, line: last.line, endLine: last.line }]
    : statements;
  const origin = { fileName, allowance: new Allowance() };
  return new Compiler(origin, scopeOf(all), '<module>', '<module>').file(statements, last);
}

/** Compiles statements; with its base classes it compiles one piece of code. */
class Compiler extends Exceptions {
  file(statements: readonly Statement[], last: Expression | undefined): Code {
    this.line = statements[0]?.line ?? last?.line ?? 1;
    const firstLine = this.line;
    this.statements(statements);
    if (last) this.expression(last);
    else this.constant(null);
    this.emit({ op: 'return_value' });
    return this.assemble(firstLine, {});
  }

  protected within(scope: Scope, name: string, qualname: string): Compiler {
    return new Compiler(this.origin, scope, name, qualname);
  }

  protected statements(statements: readonly Statement[]): void {
    for (const statement of statements) {
      this.line = statement.line;
      this.#statement(statement);
    }
  }

  #statement(node: Statement): void {
    switch (node.type) {
      case 'FunctionDef':
        return this.functionDef(node);
      case 'ClassDef':
        return this.classDef(node);
      case 'Expr':
        if (node.value.type === 'Constant') return;
        this.expression(node.value);
        return this.emit({ op: 'pop' });
      case 'Assign':
        this.expression(node.value);
        node.targets.forEach((target, index) => {
          if (index < node.targets.length - 1) this.emit({ op: 'copy', n: 1 });
          this.assign(target);
        });
        return;
      case 'AugAssign':
        return this.#augmented(node);
      case 'AnnAssign':
        if (node.value) {
          this.expression(node.value);
          this.assign(node.target);
        }
        if (this.scope.kind !== 'class' || !node.simple || node.target.type !== 'Name') return;
        this.emit({ op: 'setup_annotations' });
        this.constant(node.annotation.text);
        this.emit({ op: 'load_name', name: '__annotations__' });
        this.constant(node.target.id);
        return this.emit({ op: 'store_subscr' });
      case 'Delete':
        for (const target of node.targets) this.remove(target);
        return;
      case 'Return':
        return this.#return(node.value, node.line);
      case 'Break':
      case 'Continue':
        return this.#loopExit(node.type, node.line);
      case 'If':
        return this.#if(node);
      case 'While':
        return this.#while(node);
      case 'For':
        return this.#for(node);
      case 'Try':
        return this.try(node);
      case 'With':
        return this.with(node);
      case 'Match':
        return this.#match(node);
      case 'Raise':
        for (const part of [node.exception, node.cause]) if (part) this.expression(part);
        return this.emit({ op: 'raise', n: node.cause ? 2 : node.exception ? 1 : 0 });
      case 'Assert':
        return this.#assert(node.test, node.message);
      case 'Import':
        for (const { name, as } of node.names) {
          this.#importName(0, name, null);
          const [first, ...rest] = name.split('.');
          if (as !== undefined) for (const part of rest) this.#importedAs(part);
          this.store(as ?? first!);
        }
        return;
      case 'ImportFrom':
        return this.#importFrom(node);
      case 'TypeAlias':
        this.unsupported('type');
        return this.store(node.name);
      case 'Global':
      case 'Nonlocal':
      case 'Pass':
    }
  }
  #augmented({ target, op, value }: AugAssign): void {
    const operate = () => {
      this.expression(value);
      this.emit({ op: 'binary', operator: op, inPlace: true });
    };
    switch (target.type) {
      case 'Name':
        this.load(target.id);
        operate();
        return this.store(target.id);
      case 'Attribute':
        this.expression(target.value);
        this.emit({ op: 'copy', n: 1 });
        this.emit({ op: 'load_attr', name: target.name });
        operate();
        this.emit({ op: 'swap', n: 2 });
        return this.emit({ op: 'store_attr', name: target.name });
      case 'Subscript':
        this.expression(target.value);
        this.expression(target.slice);
        this.emit({ op: 'copy', n: 2 });
        this.emit({ op: 'copy', n: 2 });
        this.emit({ op: 'binary_subscr' });
        operate();
        // object, key, value -> value, object, key
        this.emit({ op: 'rotate', n: 3 });
        return this.emit({ op: 'store_subscr' });
      default:
    }
  }

  #return(value: Expression | undefined, line: number): void {
    if (this.scope.kind !== 'function')
      throw new PythonSyntaxError(line, "'return' outside function");
    // A value that is not a constant is on the stack while `finally` blocks run.
    const carried = value !== undefined && value.type !== 'Constant';
    if (carried) this.expression(value);
    this.leave(0, carried, () => {
      if (!carried) this.constant(value?.value ?? null);
      this.emit({ op: 'return_value' });
    });
  }

  #loopExit(type: 'Break' | 'Continue', line: number): void {
    const index = this.blocks.findLastIndex(({ kind }) => kind === 'for' || kind === 'while');
    const loop = this.blocks[index];
    if (loop?.kind !== 'for' && loop?.kind !== 'while') {
      throw new PythonSyntaxError(line, `'${type.toLowerCase()}' outside loop`);
    }
    const isBreak = type === 'Break';
    this.leave(isBreak ? index : index + 1, false, () =>
      this.jump({ op: 'jump' }, isBreak ? loop.end : loop.next),
    );
  }

  #if({ branches, orelse }: If): void {
    const end = new Label();
    for (const { test, body } of branches) {
      const next = new Label();
      this.line = test.line;
      this.jumpUnless(test, next);
      this.statements(body);
      this.jump({ op: 'jump' }, end);
      this.place(next);
    }
    this.statements(orelse);
    this.place(end);
  }

  #while({ test, body, orelse, line }: While): void {
    const next = new Label();
    const otherwise = new Label();
    const end = new Label();
    this.place(next);
    this.jumpUnless(test, otherwise);
    this.inBlock({ kind: 'while', next, end }, () => this.statements(body));
    this.line = line;
    this.jump({ op: 'jump' }, next);
    this.place(otherwise);
    this.statements(orelse);
    this.place(end);
  }

  #for({ target, iter, body, orelse, isAsync, line }: For): void {
    if (isAsync) return this.emit({ op: 'unsupported', name: 'async for' });
    const next = new Label();
    const otherwise = new Label();
    const end = new Label();
    this.expression(iter);
    this.emit({ op: 'get_iter' });
    this.place(next);
    this.jump({ op: 'for_iter' }, otherwise);
    this.inBlock({ kind: 'for', next, end }, () => {
      this.assign(target);
      this.statements(body);
    });
    this.line = line;
    this.jump({ op: 'jump' }, next);
    this.place(otherwise);
    this.statements(orelse);
    this.place(end);
  }

  #match({ subject, cases }: Match): void {
    const end = new Label();
    this.expression(subject);
    for (const { pattern, guard, body } of cases) {
      const next = new Label();
      // The subject stays on the stack until a case is chosen.
      this.emit({ op: 'copy', n: 1 });
      this.pattern(pattern, next);
      if (guard) this.jumpUnless(guard, next);
      this.emit({ op: 'pop' });
      this.statements(body);
      this.jump({ op: 'jump' }, end);
      this.place(next);
    }
    this.emit({ op: 'pop' });
    this.place(end);
  }

  #assert(test: Expression, message: Expression | undefined): void {
    const end = new Label();
    this.expression(test);
    this.jump({ op: 'pop_jump_if', when: 'true' }, end);
    this.emit({ op: 'load_builtin', name: 'AssertionError' });
    if (message) {
      this.expression(message);
      this.emit({ op: 'call', n: 1 });
    }
    this.emit({ op: 'raise', n: 1 });
    this.place(end);
  }

  #importName(level: number, name: string, names: readonly string[] | null): void {
    this.constant(BigInt(level));
    this.constant(names && new Tuple([...names]));
    this.emit({ op: 'import_name', name });
  }

  /** module -> its submodule */
  #importedAs(part: string): void {
    this.emit({ op: 'import_from', name: part });
    this.emit({ op: 'swap', n: 2 });
    this.emit({ op: 'pop' });
  }

  #importFrom({ level, module, names, line }: ImportFrom): void {
    if (!names) {
      if (this.scope.kind !== 'file') {
        throw new PythonSyntaxError(line, 'import * only allowed at module level');
      }
      this.#importName(level, module, ['*']);
      return this.emit({ op: 'import_star' });
    }
    this.#importName(
      level,
      module,
      names.map(({ name }) => name),
    );
    for (const { name, as } of names) {
      this.emit({ op: 'import_from', name });
      this.store(as ?? name);
    }
    this.emit({ op: 'pop' });
  }
}
