import { UnreadableCodeError } from '../../errors.js';
import type { Statement } from '../syntax/ast.js';
import { ItemList, unreadable, type Item, type Piece } from './items.js';
import { cellsOf, parseCell } from './notebook.js';

/** A Python file or a notebook, parsed on first use. */
export class SourceFile {
  readonly isNotebook: boolean;
  #items: readonly Item[] | undefined;
  /** Cells that are not Python: most are notes, and nothing in them is needed. */
  readonly #broken: { readonly text: string; readonly error: UnreadableCodeError }[] = [];

  constructor(
    /** The name as given. */
    readonly name: string,
    readonly text: string,
    /** Its path, whose end identifies its module. */
    readonly path: string = name,
  ) {
    this.isNotebook = name.endsWith('.ipynb');
  }

  /** `model` of `src/model.py`; `layers` of `layers/__init__.py`. */
  isModule(module: string): boolean {
    const path = `/${this.path.replaceAll('\\', '/')}`;
    const file = `/${module.replaceAll('.', '/')}`;
    return path.endsWith(`${file}.py`) || path.endsWith(`${file}/__init__.py`);
  }

  get isPackage(): boolean {
    return /(?:^|[\\/])__init__\.py$/.test(this.path);
  }

  /** Its top-level statements. @throws UnreadableCodeError */
  get items(): readonly Item[] {
    return (this.#items ??= this.#read());
  }

  #read(): readonly Item[] {
    const list = new ItemList();
    if (this.isNotebook) {
      cellsOf(this.text, this.name).forEach((cell, index) => {
        const piece = pieceOf(`${this.name}, cell ${index + 1}`, cell);
        try {
          list.add(parseCell(cell), piece);
        } catch (error) {
          const reason = unreadable(piece.fileName, error);
          if (!(reason instanceof UnreadableCodeError)) throw error;
          this.#broken.push({ text: cell, error: reason });
        }
      });
    } else {
      const piece = pieceOf(this.name, this.text);
      try {
        list.add(parseCell(this.text), piece);
      } catch (error) {
        throw unreadable(piece.fileName, error);
      }
    }
    return list.items;
  }

  /** Why a definition is missing: the cell that seems to have it is not Python. */
  brokenDefinition(name: string): UnreadableCodeError | undefined {
    const escaped = name.replace(/[^\w]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
    const definition = new RegExp(
      `^\\s*(?:(?:class|def)\\s+${escaped}(?!\\w)|${escaped}\\s*=|(?:from\\s.*)?import\\s.*(?<!\\w)${escaped}(?!\\w))`,
      'mu',
    );
    return this.#broken.find(({ text }) => definition.test(text))?.error;
  }

  /** The definition of a name, for people. */
  definition(qualname: string): { readonly item: Item; readonly statement: Statement } | undefined {
    const [first, ...rest] = qualname.split('.');
    const item = this.items.findLast(({ binds, augments }) => binds.has(first!) && !augments);
    let statement = item?.statement;
    for (const part of rest) {
      if (statement?.type !== 'ClassDef') return undefined;
      statement = statement.body.findLast(
        (one) => (one.type === 'ClassDef' || one.type === 'FunctionDef') && one.name === part,
      );
    }
    return item && statement && { item, statement };
  }
}

function pieceOf(fileName: string, text: string): Piece {
  return { fileName, lines: text.replace(/\r\n?/g, '\n').split('\n') };
}
