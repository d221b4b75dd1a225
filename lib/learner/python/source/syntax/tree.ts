import type { Parser, TreeCursor } from 'web-tree-sitter';
import { PythonSyntaxError } from './error.js';
import { grammarFile } from './grammar.js';

/** The most levels of nested nodes; the JavaScript stack can bear that. */
const MAX_DEPTH = 500;

/** A node of tree-sitter's tree, without comments. */
export interface TreeNode {
  readonly type: string;
  /** Its field in the parent, such as `left` or `body`; '' if it has none. */
  readonly field: string;
  /** False for punctuation and keywords. */
  readonly named: boolean;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly endLine: number;
  readonly children: readonly TreeNode[];
}

let loading: Promise<Parser> | undefined;
let loaded: Parser | undefined;

/** Loads the parser, once per thread. Parsing requires it. */
export async function loadParser(): Promise<void> {
  loading ??= (async () => {
    const { Language, Parser } = await import('web-tree-sitter');
    await Parser.init();
    const parser = new Parser();
    parser.setLanguage(await Language.load(grammarFile()));
    return parser;
  })();
  loaded = await loading;
}

/** @throws PythonSyntaxError */
export function treeOf(text: string): TreeNode {
  return parsed(text, (cursor) => {
    const builder = new Builder(text, cursor);
    try {
      return builder.build(0);
    } catch (error) {
      if (!(error instanceof PythonSyntaxError) || !text.includes('#')) throw error;
      // The grammar fails on comments at the margin of lines within brackets.
      const plain = withoutComments(text, cursor);
      if (plain === text) throw error;
      return parsed(plain, (again) => new Builder(plain, again).build(0));
    }
  });
}

function parsed<T>(text: string, read: (cursor: TreeCursor) => T): T {
  if (!loaded) throw new Error('The Python parser is not loaded.');
  const tree = loaded.parse(text);
  if (!tree) throw new PythonSyntaxError(1, 'it cannot be parsed');
  const cursor = tree.walk();
  try {
    return read(cursor);
  } finally {
    cursor.delete();
    tree.delete();
  }
}

/** Replaces comments with spaces, so that everything else keeps its position. */
function withoutComments(text: string, cursor: TreeCursor): string {
  const parts: string[] = [];
  let end = 0;
  while (cursor.gotoParent());
  for (let descends = true; ;) {
    if (descends && cursor.nodeType === 'comment') {
      const { startIndex, endIndex } = cursor;
      parts.push(text.slice(end, startIndex), ' '.repeat(endIndex - startIndex));
      end = endIndex;
    }
    if (descends && cursor.gotoFirstChild()) continue;
    descends = cursor.gotoNextSibling();
    if (!descends && !cursor.gotoParent()) return parts.join('') + text.slice(end);
  }
}

const EXTRAS: ReadonlySet<string> = new Set(['comment', 'line_continuation']);

class Builder {
  /** Where each line begins: cheaper than asking the parser. */
  readonly #starts = [0];

  constructor(
    private readonly text: string,
    private readonly cursor: TreeCursor,
  ) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      this.#starts.push(at + 1);
    }
  }

  #lineAt(position: number): number {
    let [low, high] = [0, this.#starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= position) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  build(depth: number): TreeNode {
    const { cursor } = this;
    const { nodeType: type, startIndex: from, endIndex: to } = cursor;
    const line = this.#lineAt(from);
    const node = {
      type,
      field: cursor.currentFieldName ?? '',
      named: cursor.nodeIsNamed,
      from,
      to,
    };
    if (depth > MAX_DEPTH) {
      throw new PythonSyntaxError(line, `nested more than ${MAX_DEPTH} levels deep`);
    }
    if (type === 'ERROR' || cursor.nodeIsMissing) {
      const near = this.text
        .slice(from, from + 40)
        .split('\n')[0]!
        .trim();
      throw new PythonSyntaxError(line, `invalid syntax${near === '' ? '' : ` at "${near}"`}`);
    }
    const children: TreeNode[] = [];
    if (cursor.gotoFirstChild()) {
      do {
        if (!EXTRAS.has(cursor.nodeType)) children.push(this.build(depth + 1));
      } while (cursor.gotoNextSibling());
      cursor.gotoParent();
    }
    // A block ends with its last statement, not with the comments after it.
    const endLine = children.at(-1)?.endLine ?? this.#lineAt(Math.max(from, to - 1));
    return { ...node, text: this.text.slice(from, to), line, endLine, children };
  }
}
