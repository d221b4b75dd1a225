import { InvalidDescriptorError } from './errors.js';
import { shapeText } from './ndarray/nested.js';

/** Options common to arrays, series and frames. */
interface ArrayOptions {
  readonly dtype?: string | Readonly<Record<string, string>>;
  readonly shape?: readonly number[];
  readonly enforceDtype?: boolean;
  readonly enforceShape?: boolean;
}

/** Whether an option is wrong, the fact, and the remedy. */
export type OptionCheck = readonly [wrong: boolean, fact: string, remedy: string];

/** @throws InvalidDescriptorError for options that do not fit together. */
export function checkArrayOptions(
  descriptor: string,
  { dtype, shape, enforceDtype, enforceShape }: ArrayOptions,
  dtypes: readonly string[],
  dimensions = shape?.length,
  more: readonly OptionCheck[] = [],
): void {
  const types =
    typeof dtype === 'object' ? Object.values(dtype) : dtype === undefined ? [] : [dtype];
  const unknown = types.find((type) => !dtypes.includes(type));
  const isSize = (size: number): boolean => Number.isInteger(size) && size >= -1;
  const isShape = shape === undefined || (shape.length === dimensions && shape.every(isSize));
  const checks: OptionCheck[] = [
    ...more,
    [unknown !== undefined, `"${unknown}" is not a dtype`, `use one of ${dtypes.join(', ')}`],
    [
      !isShape,
      `${shapeText(shape ?? [])} is not a shape of ${dimensions} dimensions`,
      'use whole numbers, and -1 for any size',
    ],
    [!!enforceDtype && dtype === undefined, 'enforceDtype has no dtype to enforce', 'add dtype'],
    [!!enforceShape && shape === undefined, 'enforceShape has no shape to enforce', 'add shape'],
  ];
  for (const [wrong, fact, remedy] of checks) {
    if (wrong) throw new InvalidDescriptorError(descriptor, fact, remedy);
  }
}
