import { isMap, isPair, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from 'yaml';

/** Reads a node as some type. Undefined if it is absent or wrong; it reports a wrong node. */
export type Shape<T> = (
  node: Node | null | undefined,
  path: string,
  report: Report,
) => T | undefined;

export type Read<S> = S extends Shape<infer T> ? T : never;

/** Collects the errors of a file, with their positions. */
export class Report {
  readonly problems: { readonly line: number; readonly message: string }[] = [];

  constructor(private readonly lines: LineCounter) {}

  add(node: Node | null | undefined, message: string): undefined {
    const offset = node?.range?.[0] ?? 0;
    this.problems.push({ line: this.lines.linePos(offset).line, message });
  }
}

/** A text. Numbers and booleans stay as written, as in `version: 1.10`. */
export const text: Shape<string> = (node, path, report) => {
  if (isAbsent(node)) return undefined;
  if (isScalar(node) && ['string', 'number', 'boolean', 'bigint'].includes(typeof node.value)) {
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }
  return report.add(node, `${path} must be a string, not ${describe(node)}`);
};

export const flag: Shape<boolean> = (node, path, report) => {
  if (isAbsent(node)) return undefined;
  if (isScalar(node) && typeof node.value === 'boolean') return node.value;
  return report.add(node, `${path} must be true or false, not ${describe(node)}`);
};

export function list<T>(item: Shape<T>): Shape<T[]> {
  return (node, path, report) => {
    if (isAbsent(node)) return undefined;
    if (!isSeq(node)) return report.add(node, `${path} must be a list, not ${describe(node)}`);
    return node.items.flatMap((each, index) => {
      const value = item(each as Node, `${path}[${index}]`, report);
      if (value === undefined && isAbsent(each as Node)) {
        report.add(node, `${path}[${index}] is empty`);
      }
      return value === undefined ? [] : [value];
    });
  };
}

/** A map of texts to texts, as entries. */
export const texts: Shape<[string, string][]> = (node, path, report) => {
  if (isAbsent(node)) return undefined;
  if (!isMap(node)) {
    return report.add(node, `${path} must be a map of strings, not ${describe(node)}`);
  }
  return entriesOf(node).flatMap(([key, value]) => {
    const read = text(value, `${path}.${key}`, report);
    return read === undefined ? [] : [[key, read] as [string, string]];
  });
};

/** A map with only the given keys. */
export function object<Shapes extends Record<string, Shape<unknown>>>(
  shapes: Shapes,
): Shape<{ readonly [Key in keyof Shapes]?: Read<Shapes[Key]> }> {
  const known = new Map(Object.entries(shapes));
  return (node, path, report) => {
    if (isAbsent(node)) return undefined;
    if (!isMap(node)) {
      return report.add(node, `${path || 'the file'} must be a map, not ${describe(node)}`);
    }
    const found = new Map<string, unknown>();
    for (const [key, value, keyNode] of entriesOf(node)) {
      const shape = known.get(key);
      const full = path === '' ? key : `${path}.${key}`;
      if (!shape)
        report.add(
          keyNode,
          `"${full}" is not a known key (known: ${[...known.keys()].join(', ')})`,
        );
      const read = shape?.(value, full, report);
      if (read !== undefined) found.set(key, read);
    }
    return Object.fromEntries(found) as { [Key in keyof Shapes]?: Read<Shapes[Key]> };
  };
}

/** Reads with the first reader if the node is of its kind, otherwise with the second. */
export function either<A, B>(
  isFirst: (node: Node) => boolean,
  first: Shape<A>,
  second: Shape<B>,
): Shape<A | B> {
  return (node, path, report) =>
    node && isFirst(node) ? first(node, path, report) : second(node, path, report);
}

export function where<T>(shape: Shape<T>, problem: (value: T) => string | undefined): Shape<T> {
  return (node, path, report) => {
    const value = shape(node, path, report);
    const wrong = value === undefined ? undefined : problem(value);
    if (wrong !== undefined) report.add(node, `${path} ${wrong}`);
    return value;
  };
}

function entriesOf(map: YAMLMap): [key: string, value: Node | null, keyNode: Node | null][] {
  return map.items.flatMap((pair) => {
    if (!isPair(pair)) return [];
    const key = pair.key as Node | null;
    const name = isScalar(key) ? String(key.value) : String(key);
    return [[name, pair.value as Node | null, key]];
  });
}

function isAbsent(node: Node | null | undefined): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function describe(node: Node | null | undefined): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isScalar(node)) return JSON.stringify(node.value);
  return 'an alias';
}
