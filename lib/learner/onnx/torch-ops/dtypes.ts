import { HostObject } from '../../python/host.js';
import { Singleton, type Value } from '../../python/values.js';
import type { TorchDType } from './tensor-value.js';

const DTYPES: readonly TorchDType[] = [
  'float32',
  'float64',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
];

const ALIASES: Readonly<Record<string, string>> = {
  float: 'float32',
  double: 'float64',
  long: 'int64',
  int: 'int32',
  short: 'int16',
  half: 'float16',
};

const singletons = new Map(
  [...DTYPES, 'float16', 'bfloat16'].map((name) => [name, new Singleton(`torch.${name}`)]),
);

export const isTorchDtype = (name: string): name is TorchDType =>
  DTYPES.includes(name as TorchDType);

/** `torch.float32` as code sees it. */
export const dtypeValue = (dtype: TorchDType): Singleton => singletons.get(dtype)!;

/** `float32`, `long`, ... as an attribute of torch. */
export const dtypeNamed = (name: string): Singleton | undefined =>
  singletons.get(Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name);

/** The element type that a Python value names. Half precision is float32 here. */
export function dtypeOf(value: Value | undefined): TorchDType | undefined {
  if (!(value instanceof Singleton) || !value.name.startsWith('torch.')) return undefined;
  const name = value.name.slice('torch.'.length);
  if (name === 'float16' || name === 'bfloat16') return 'float32';
  return DTYPES.find((dtype) => dtype === name);
}

/** `torch.device`: everything runs on the CPU. */
export class DeviceValue extends HostObject {
  override readonly typeName = 'device';

  override getAttr(name: string): Value | undefined {
    if (name === 'type') return 'cpu';
    return name === 'index' ? null : undefined;
  }

  override compare(op: string, other: Value): Value | undefined {
    // fastai and users also compare devices with names; in torch they are never equal.
    if (op === '==') return other instanceof DeviceValue;
    return op === '!=' ? !(other instanceof DeviceValue) : undefined;
  }

  override str(): string {
    return 'cpu';
  }

  override repr(): string {
    return "device(type='cpu')";
  }
}

export const CPU = new DeviceValue();
