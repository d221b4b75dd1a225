import type { CodeSources } from '../../learner/python/code-source.js';
import {
  PyDict,
  PyGlobal,
  PyObject,
  PyPartial,
  PySet,
  type PyValue,
} from '../../learner/torch/python.js';
import { asItems, qualifiedNameOf } from '../../learner/torch/index.js';

/** A class or function with code in the file or in given source. */
export interface OwnCode {
  /** `__main__.Net`. */
  readonly name: string;
  readonly kind: 'class' | 'function';
  /** Where its code is: `the file`, `model.py`, `notebook.ipynb, cell 3`. */
  readonly from: string;
  readonly line: number;
  /** What the class defines. */
  readonly methods?: readonly string[];
  /** Its source, or its instructions for people, with line numbers. */
  readonly text: string;
}

/** How many records are read at most. A file has far fewer with code. */
const MOST_RECORDS = 2_000_000;
const MOST_DEFINITIONS = 500;

const MAKES_CLASS =
  /^cloudpickle\.cloudpickle(_fast)?\._(make_skeleton|rehydrate_skeleton)_(class|enum)$/;
const MAKES_FUNCTION =
  /^cloudpickle\.cloudpickle(_fast)?\._(make_function|fill_function|make_skel_func)$/;

/** The user's own definitions that a learner names. None of them is traced. */
export async function ownCodeOf(
  root: PyValue,
  globals: readonly PyGlobal[],
  code?: CodeSources,
): Promise<readonly OwnCode[]> {
  const records = definitionsIn(root);
  const found = records.length > 0 ? await byValue(records) : [];
  if (code === undefined) return found;
  const { SourceFiles } = await import('../../learner/python/source/index.js');
  const files = await SourceFiles.read(code);
  const named = globals.flatMap(({ module, name, qualifiedName }): OwnCode[] => {
    if (found.some((one) => one.name === qualifiedName)) return [];
    const source = files.sourceOf(module, name);
    if (!source) return [];
    const kind = /^\s*(?:@.*\n\s*)*class\b/.test(source.text) ? 'class' : 'function';
    return [
      {
        name: qualifiedName,
        kind,
        from: source.file,
        line: source.firstLine,
        text: numbered(source.text, source.firstLine),
      },
    ];
  });
  return [...found, ...named];
}

function numbered(text: string, first: number): string {
  const lines = text.split('\n');
  const width = String(first + lines.length).length;
  return lines.map((line, i) => `${String(first + i).padStart(width)}  ${line}`).join('\n');
}

/** Code of libraries, which cloudpickle sometimes writes by value. */
const LIBRARY =
  /^(torch|torchvision|timm|fastai|fastcore|fasttransform|plum|einops|numpy|pandas)\./;

/** Records of classes and functions that cloudpickle wrote, in the order of the file. */
function definitionsIn(root: PyValue): PyObject[] {
  const seen = new Set<object>();
  const found: PyObject[] = [];
  const queue: PyValue[] = [root];
  for (let at = 0; at < queue.length && at < MOST_RECORDS; at++) {
    const value = queue[at]!;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof PyObject) {
      const { cls } = value;
      const makes = cls instanceof PyGlobal ? cls.qualifiedName : '';
      const isCode = MAKES_CLASS.test(makes) || MAKES_FUNCTION.test(makes);
      if (isCode && !LIBRARY.test(qualifiedNameOf(value) ?? '')) found.push(value);
      queue.push(cls, value.kwargs, value.entries, value.state ?? null);
      for (const part of [value.args, value.items, value.attrs.values()]) queue.push(...part);
    } else if (value instanceof PyDict) {
      for (const [key, item] of value) queue.push(key, item);
    } else if (value instanceof PyPartial) queue.push(value.func, value.args, value.kwargs);
    else if (Array.isArray(value) || value instanceof PySet) queue.push(...(asItems(value) ?? []));
  }
  return found.slice(0, MOST_DEFINITIONS);
}

async function byValue(records: readonly PyObject[]): Promise<OwnCode[]> {
  const [{ Program }, { showCode }, { ClassValue, Func, MethodWrapper, PropertyValue }] =
    await Promise.all([
      import('../../learner/onnx/tracing/program.js'),
      import('../../learner/python/bytecode/index.js'),
      import('../../learner/python/values.js'),
    ]);
  const program = Program.of();
  const inClasses = new Set<unknown>();
  const functionOf = (value: unknown): InstanceType<typeof Func> | undefined => {
    if (value instanceof MethodWrapper) return functionOf(value.func);
    if (value instanceof PropertyValue) return functionOf(value.getter);
    return value instanceof Func ? value : undefined;
  };
  const read = records.flatMap((record) => {
    try {
      return [{ record, value: program.value(record) }];
    } catch {
      // Loading the learner reports code that cannot be read.
      return [];
    }
  });
  const methodsOf = (cls: InstanceType<typeof ClassValue>) =>
    [...cls.attrs].flatMap(([name, value]) => {
      const func = functionOf(value);
      return func ? [{ name, func }] : [];
    });
  for (const { value } of read) {
    if (value instanceof ClassValue) for (const { func } of methodsOf(value)) inClasses.add(func);
  }
  const shown = (func: InstanceType<typeof Func>): string => {
    try {
      return showCode(func.code);
    } catch (error) {
      return (error as Error).message;
    }
  };
  return read.flatMap(({ record, value }): OwnCode[] => {
    const name = qualifiedNameOf(record) ?? '<unnamed>';
    if (value instanceof ClassValue) {
      const methods = methodsOf(value);
      const lines = methods.map(({ func }) => func.code.firstLine).filter((line) => line > 0);
      return [
        {
          name,
          kind: 'class',
          from: 'the file',
          line: lines.length > 0 ? Math.min(...lines) : 0,
          methods: methods.map((method) => method.name),
          text: methods.map(({ func }) => shown(func)).join('\n\n'),
        },
      ];
    }
    if (!(value instanceof Func) || inClasses.has(value)) return [];
    const { firstLine } = value.code;
    return [{ name, kind: 'function', from: 'the file', line: firstLine, text: shown(value) }];
  });
}
