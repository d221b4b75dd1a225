import { createHash } from 'node:crypto';
import { basename, dirname, isAbsolute } from 'node:path';
import type { CodeSources } from '../../code-source.js';
import type { Context } from '../../context.js';
import { CodeNotFoundError, UnsupportedCodeError } from '../../errors.js';
import { ClassValue, Func, type Value } from '../../values.js';
import { compile } from '../compiler/compiler.js';
import type { Lambda } from '../syntax/ast.js';
import { loadParser } from '../syntax/parser.js';
import { readable } from './items.js';
import { lambdasIn } from './lambdas.js';
import { FileModule, Namespace, type Surroundings } from './namespace.js';
import { FileGatherer } from './read-files.js';
import type { SourceFile } from './source-file.js';

/** Files as stored with a model: names and contents. */
export type KeptFiles = readonly { readonly name: string; readonly text: string }[];

/** A definition, for people. */
export interface DefinitionSource {
  /** `model.py`; `notebook.ipynb, cell 3`. */
  readonly file: string;
  readonly firstLine: number;
  readonly text: string;
}

/** The user's own Python files and notebooks; only needed definitions are read. */
export class SourceFiles {
  readonly #universes = new WeakMap<Context, Universe>();

  private constructor(private readonly files: readonly SourceFile[]) {}

  /** @throws CodeFileError */
  static async read(sources: CodeSources): Promise<SourceFiles> {
    await loadParser();
    const gatherer = new FileGatherer();
    const list = Array.isArray(sources) ? (sources as readonly CodeSources[]) : [sources];
    for (const source of list)
      await gatherer.read(source as Exclude<CodeSources, readonly unknown[]>);
    return new SourceFiles(gatherer.files);
  }

  /** All files under names without this machine's folders; the names still identify modules. */
  kept(): KeptFiles {
    const absolute = this.files.filter(({ path }) => isAbsolute(path));
    const parts = absolute.map(({ path }) => path.split(/[\\/]/));
    const least = Math.min(...parts.map(({ length }) => length - 1));
    let common = 0;
    // Without a file from a folder, the paths have nothing in common.
    const first = parts[0] ?? [];
    while (
      common < least &&
      common < first.length &&
      parts.every((all) => all[common] === first[common])
    )
      common++;
    // A package's folder is part of its modules' names.
    while (common > 0 && parts.some((all) => all[common] === '__init__.py')) common--;
    return this.files.map((file) => {
      const folders = parts[absolute.indexOf(file)];
      return { name: folders?.slice(common).join('/') ?? file.path, text: file.text };
    });
  }

  /** Equal for equal files. */
  get fingerprint(): string {
    const hash = createHash('sha256');
    for (const { name, text } of this.files) hash.update(JSON.stringify([name, text]));
    return hash.digest('hex');
  }

  /** Names of the files, for messages. */
  get names(): readonly string[] {
    return this.files.map(({ name }) => name);
  }

  /**
   * A definition that a learner names: `Net` of `__main__`, `blocks.Net` of `models`. Undefined if
   * no file has it.
   *
   * @throws VtsError if its definition cannot be read or evaluated
   */
  lookup(ctx: Context, module: string, qualname: string): Value | undefined {
    return this.#universe(ctx).lookup(module, qualname);
  }

  /** A file as a module, for imports. @throws CodeNotFoundError */
  module(ctx: Context, path: string): Value | undefined {
    return this.#universe(ctx).module(path, true);
  }

  /** Why {@link lookup} found nothing. */
  notFound(module: string, qualname: string): CodeNotFoundError {
    const main = module === '__main__';
    const file = main ? 'notebook.ipynb' : `${module.replaceAll('.', '/')}.py`;
    return new CodeNotFoundError(main ? qualname : `${module}.${qualname}`, file, this.names);
  }

  sourceOf(module: string, qualname: string): DefinitionSource | undefined {
    for (const file of candidates(this.files, module)) {
      const found = file.definition(qualname);
      if (!found) continue;
      const { line, endLine } = found.statement;
      const { fileName, lines } = found.item.piece;
      return { file: fileName, firstLine: line, text: lines.slice(line - 1, endLine).join('\n') };
    }
    return undefined;
  }

  #universe(ctx: Context): Universe {
    let universe = this.#universes.get(ctx);
    if (!universe) {
      universe = new Universe(ctx, this.files, this.names);
      this.#universes.set(ctx, universe);
    }
    return universe;
  }
}

/** Files that may define names of the module, likeliest first. */
function candidates(files: readonly SourceFile[], module: string): readonly SourceFile[] {
  if (module !== '__main__') {
    // `app.model` may have been given as `model.py`, without its folder.
    for (let name = module; ; name = name.slice(name.indexOf('.') + 1)) {
      const named = files.filter((file) => file.isModule(name));
      const shortest = Math.min(...named.map(({ path }) => path.length));
      if (named.length > 0 || !name.includes('.')) {
        return named.filter(({ path }) => path.length === shortest);
      }
    }
  }
  const last = [...files].reverse();
  return [...last.filter((file) => file.isNotebook), ...last.filter((file) => !file.isNotebook)];
}

/** The values of the files for one evaluator. */
class Universe implements Surroundings {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #madeIn = new Map<ClassValue, { readonly from: Namespace; readonly name: string }>();
  readonly #complete = new Set<ClassValue>();
  /** The name being looked up, for errors. */
  #looking = 'code';

  constructor(
    private readonly ctx: Context,
    private readonly files: readonly SourceFile[],
    private readonly names: readonly string[],
  ) {}

  lookup(module: string, qualname: string): Value | undefined {
    const before = this.#looking;
    this.#looking = `${module}.${qualname}`;
    try {
      for (const file of candidates(this.files, module)) {
        const value = this.#member(this.#namespace(file, module), qualname);
        if (value === undefined) continue;
        return value;
      }
      return undefined;
    } finally {
      this.#looking = before;
    }
  }

  #member(namespace: Namespace, qualname: string): Value | undefined {
    if (qualname.endsWith('<lambda>')) return this.#lambda(namespace, qualname);
    if (qualname.includes('<locals>')) return undefined;
    const [first, ...rest] = qualname.split('.');
    let value = namespace.get(first!);
    for (const name of rest)
      value = value === undefined ? undefined : this.ctx.findAttr(value, name);
    return value;
  }

  /** A lambda has no name for a lookup: it is used if only one matches. */
  #lambda(namespace: Namespace, qualname: string): Value | undefined {
    const { file } = namespace;
    const around = qualname.split('.')[0]!;
    const inside = around !== '<lambda>';
    const items = inside ? file.items.filter(({ binds }) => binds.has(around)) : file.items;
    const found = items.flatMap(({ statement, piece }) =>
      lambdasIn(statement, inside).map((lambda) => ({ lambda, piece })),
    );
    const { lambda, piece } = found[0] ?? {};
    if (!lambda || !piece) return undefined;
    const place = inside ? around : file.name;
    if (found.length > 1) {
      throw new UnsupportedCodeError(
        this.#looking,
        `a lambda has no name for a lookup, and ${place} has ${found.length} of them`,
      );
    }
    const code = readable(piece.fileName, () =>
      compile([], piece.fileName, lambda satisfies Lambda),
    );
    return this.ctx.call(new Func(code, namespace), []);
  }

  #namespace(file: SourceFile, module: string): Namespace {
    const key = `${this.files.indexOf(file)} ${module}`;
    let namespace = this.#namespaces.get(key);
    if (!namespace) {
      namespace = new Namespace(this.ctx, file, module, this);
      this.#namespaces.set(key, namespace);
    }
    return namespace;
  }

  module(path: string, required: boolean): Value | undefined {
    const [file] = candidates(this.files, path);
    if (file) {
      return new FileModule(path, this.#namespace(file, path), (name) => this.module(name, false));
    }
    const folder = `/${path.replaceAll('.', '/')}/`;
    if (this.files.some((one) => `/${dirname(one.path)}/`.replaceAll('\\', '/').includes(folder))) {
      return new FileModule(path, undefined, (name) => this.module(name, false));
    }
    if (!required) return undefined;
    throw new CodeNotFoundError(
      `${path} for ${this.#looking}`,
      `${path.replaceAll('.', '/')}.py`,
      this.names,
    );
  }

  star(module: string, name: string): Value | undefined {
    const known = this.ctx.star(module, name);
    if (known !== undefined) return known;
    const [file] = candidates(this.files, module);
    const value = file && this.#namespace(file, module).get(name);
    return value;
  }

  made(cls: ClassValue, from: Namespace, name: string): void {
    this.#madeIn.set(cls, { from, name });
  }

  complete(cls: ClassValue): void {
    if (this.#complete.has(cls)) return;
    this.#complete.add(cls);
    for (const base of cls.mro) {
      const made = this.#madeIn.get(base);
      if (!made) continue;
      if (base !== cls) made.from.get(made.name);
      this.#patches(base.name, made.from);
    }
  }

  /** Other files that patch a class have imported it: looking it up there applies their patches. */
  #patches(name: string, from: Namespace): void {
    for (const file of this.files) {
      if (file === from.file) continue;
      let patched: boolean;
      try {
        patched = file.items.some(({ patch }) => patch?.classes.includes(name));
      } catch {
        // A file that is not Python, and that is not needed.
        continue;
      }
      if (patched) {
        const module = file.isNotebook ? '__main__' : basename(file.name, '.py');
        this.#namespace(file, module).get(name);
      }
    }
  }
}
