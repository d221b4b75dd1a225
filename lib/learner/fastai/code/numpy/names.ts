import type { Names } from '../../../python/context.js';
import { Builtin, ModuleValue, type Value } from '../../../python/values.js';
import { ArrayValue, callArrayFunction, DTypeValue } from './array-value.js';
import { DTYPES } from './dtypes.js';
import { numpyFunctions } from './functions.js';

const values = new Map<string, Value>([
  ['ndarray', ArrayValue.type],
  ['newaxis', null],
  ['pi', Math.PI],
  ['e', Math.E],
  ['inf', Infinity],
  ['nan', NaN],
  ['bool_', DTypeValue.of('bool')],
  ['double', DTypeValue.of('float64')],
  ['single', DTypeValue.of('float32')],
  ['ubyte', DTypeValue.of('uint8')],
  ['int_', DTypeValue.of('int64')],
  ['uint', DTypeValue.of('uint64')],
  ...DTYPES.map((name) => [name, DTypeValue.of(name)] as const),
]);
for (const [name, func] of numpyFunctions) {
  values.set(
    name,
    new Builtin(`numpy.${name}`, (ctx, args, kwargs) =>
      callArrayFunction(ctx, name, func, args, kwargs),
    ),
  );
}

/** numpy for arrays with known values: pixels of images, and arrays computed from them. */
export const numpyNames: Names = {
  resolve: (name) => {
    if (name === 'numpy') return new ModuleValue(name);
    return name.startsWith('numpy.') ? values.get(name.slice(6)) : undefined;
  },
  isModule: (path) => path === 'numpy',
};
