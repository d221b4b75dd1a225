import { fn } from '../../../python/builtins/define.js';
import type { Context, Names } from '../../../python/context.js';
import { Builtin, ClassValue, ModuleValue, type Value } from '../../../python/values.js';
import { numpyNames } from '../../code/numpy/names.js';
import { transformNames } from '../../code/transforms/transform-classes.js';
import { chosen, floatOf, ofNumbers } from './column-methods.js';
import { cellOf, ColumnValue, isMissing } from './column-value.js';
import { RowsValue } from './rows-value.js';

const REAL: Readonly<Record<string, (x: number) => number>> = {
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  exp: Math.exp,
  expm1: Math.expm1,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  arcsinh: Math.asinh,
  cbrt: Math.cbrt,
  floor: Math.floor,
  ceil: Math.ceil,
  sign: Math.sign,
};

const SAME = new Map([
  ['abs', 'abs'],
  ['absolute', 'abs'],
  ['isnan', 'isna'],
  ['clip', 'clip'],
  ['round', 'round'],
]);

const COMPUTED: ReadonlySet<string> = new Set([...Object.keys(REAL), ...SAME.keys(), 'where']);

/** numpy's functions, also for columns. */
function ofColumns(name: string, plain: Value): Value {
  return new Builtin(`numpy.${name}`, (ctx, args, kwargs) => {
    const column = args.find((one): one is ColumnValue => one instanceof ColumnValue);
    if (!column) return ctx.call(plain, args, kwargs);
    ctx.budget.step(column.cells.length);
    ctx.budget.charge(column.cells.length);
    if (name === 'where') {
      const [condition = null, yes, no] = args;
      if (yes === undefined || no === undefined || kwargs.size > 0) {
        throw ctx.unsupported('np.where() of one column');
      }
      return chosen(ctx, column, condition, yes, no);
    }
    const method = SAME.get(name);
    if (method !== undefined) {
      if (column !== args[0]) throw ctx.unsupported(`np.${name}() by a column`);
      return ctx.call(ctx.getAttr(column, method), args.slice(1), kwargs);
    }
    if (args.length > 1 || kwargs.size > 0)
      throw ctx.unsupported(`np.${name}() with more arguments`);
    return ofNumbers(ctx, column, `np.${name}()`, REAL[name]!);
  });
}

const missing = (name: string, wanted: boolean): Builtin =>
  fn(name, 'obj', (ctx, given) => {
    const value = given.get('obj');
    if (value instanceof ColumnValue) {
      return ctx.call(ctx.getAttr(value, wanted ? 'isna' : 'notna'), []);
    }
    const cell = cellOf(value);
    if (cell !== undefined) return isMissing(cell) === wanted;
    const method = ctx.findAttr(value, wanted ? 'isna' : 'notna');
    if (method === undefined) throw ctx.unsupported(`pd.${name}() of this argument`);
    return ctx.call(method, []);
  });

function toNumeric(ctx: Context, value: Value, errors: Value): Value {
  if (!(value instanceof ColumnValue))
    throw ctx.unsupported('pd.to_numeric() of a value that is not a column');
  if (errors !== 'raise' && errors !== 'coerce')
    throw ctx.unsupported('pd.to_numeric() with these arguments');
  if (value.cells.every((cell) => typeof cell === 'boolean')) {
    throw ctx.unsupported('pd.to_numeric() of booleans');
  }
  const cells = value.cells.map((cell) => {
    // pandas does not parse digits with _ as a number.
    if (typeof cell === 'string' && cell.includes('_')) {
      throw ctx.unsupported('pd.to_numeric() of a text with "_"');
    }
    try {
      return floatOf(ctx, cell);
    } catch (error) {
      if (errors === 'coerce') return NaN;
      throw error;
    }
  });
  const texts = value.cells.some((cell) => typeof cell === 'string');
  const kept = value.type === 'given' || texts ? 'number' : value.type;
  return value.with(cells, kept);
}

const pandas = new Map<string, Value>([
  ['isna', missing('isna', true)],
  ['isnull', missing('isnull', true)],
  ['notna', missing('notna', false)],
  ['notnull', missing('notnull', false)],
  ['Series', ColumnValue.type],
  [
    'to_numeric',
    fn('to_numeric', 'arg, errors=', (ctx, given) =>
      toNumeric(ctx, given.get('arg'), given.raw('errors') ?? 'raise'),
    ),
  ],
]);

/** The names that procs of the notebook may use. */
export function tabularNames(): Names[] {
  const transforms = transformNames();
  const base = transforms.resolve('fasttransform.transform.InplaceTransform') as ClassValue;
  const values = new Map<string, Value>([
    [
      'fastai.tabular.core.TabularProc',
      new ClassValue('TabularProc', CORE + 'TabularProc', [base]),
    ],
    ...RowsValue.types.map((cls): [string, Value] => [cls.qualifiedName, cls]),
    ...[...pandas].map(([name, value]): [string, Value] => [`pandas.${name}`, value]),
    ['pandas.core.series.Series', ColumnValue.type],
    ['pandas', new ModuleValue('pandas')],
  ]);
  const computed = new Map<string, Value>();
  return [
    {
      resolve(name) {
        const short = name.startsWith('numpy.') ? name.slice(6) : '';
        if (!COMPUTED.has(short)) return values.get(name);
        const plain = numpyNames.resolve(name);
        if (plain === undefined) return undefined;
        let value = computed.get(short);
        if (value === undefined) computed.set(short, (value = ofColumns(short, plain)));
        return value;
      },
      isModule: (path) => path === 'pandas' || MODULES.has(path),
      star(module, name) {
        if (!module.startsWith('fastai.tabular')) return undefined;
        if (name === 'pd') return new ModuleValue('pandas');
        return values.get(CORE + name);
      },
    },
    transforms,
    numpyNames,
  ];
}

const CORE = 'fastai.tabular.core.';
const MODULES: ReadonlySet<string> = new Set([
  'fastai',
  'fastai.tabular',
  'fastai.tabular.all',
  'fastai.tabular.core',
]);
