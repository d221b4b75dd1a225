import type {
  BatchingOptions,
  PaddingOptions,
  RunnerBatchingOptions,
} from '../runner-options-types.js';

const DEFAULT_BATCH_SIZE = 100;
const DEFAULT_LATENCY_MS = 60_000;
const LEAST_QUEUE_SIZE = 1000;
const QUEUED_BATCHES = 10;

const KNOWN = ['enabled', 'maxBatchSize', 'maxLatencyMs', 'maxQueueSize', 'padding'];
const KNOWN_PADDING = ['value', 'side', 'multipleOf', 'dim'];

/** How calls of one method share runs, with nothing left open. */
export interface ResolvedBatching {
  readonly enabled: boolean;
  readonly maxBatchSize: number;
  readonly maxLatencyMs: number;
  readonly maxQueueSize: number;
  readonly padding: Readonly<Required<PaddingOptions>> | undefined;
}

type Refuse = (fact: string, remedy: string) => never;

/**
 * Fills in what the batching options of a runner leave open; a method's own go before those for
 * all.
 */
export function resolveBatching(
  options: RunnerBatchingOptions = {},
  refuse: Refuse,
): (method: string) => ResolvedBatching {
  const { methods = {}, ...common } = options;
  check('batching', common, refuse);
  for (const [method, own] of Object.entries(methods)) {
    check(`batching.methods.${method}`, own, refuse);
  }
  return (method) =>
    fill({ ...common, ...(Object.hasOwn(methods, method) ? methods[method] : {}) });
}

function fill(options: BatchingOptions): ResolvedBatching {
  const { enabled = true, maxBatchSize = DEFAULT_BATCH_SIZE, padding } = options;
  return {
    enabled,
    maxBatchSize,
    maxLatencyMs: options.maxLatencyMs ?? DEFAULT_LATENCY_MS,
    maxQueueSize: options.maxQueueSize ?? Math.max(LEAST_QUEUE_SIZE, QUEUED_BATCHES * maxBatchSize),
    padding: padding && { dim: -1, side: 'right', multipleOf: 1, ...padding },
  };
}

function check(where: string, options: BatchingOptions, refuse: Refuse): void {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) refuse(`"${where}.${key}" is no option`, `use ${KNOWN.join(', ')}`);
  }
  const { enabled, maxLatencyMs, padding } = options;
  if (enabled !== undefined && typeof enabled !== 'boolean') {
    refuse(`${where}.enabled is ${String(enabled)}`, 'use true or false');
  }
  for (const key of ['maxBatchSize', 'maxQueueSize'] as const) {
    const value = options[key];
    if (value !== undefined && !isCount(value)) {
      refuse(`${where}.${key} is ${String(value)}`, 'use a whole number of 1 or more');
    }
  }
  if (maxLatencyMs !== undefined && !(Number.isFinite(maxLatencyMs) && maxLatencyMs > 0)) {
    refuse(`${where}.maxLatencyMs is ${String(maxLatencyMs)}`, 'use milliseconds above 0');
  }
  if (padding !== undefined) checkPadding(`${where}.padding`, padding, refuse);
}

function checkPadding(where: string, padding: PaddingOptions, refuse: Refuse): void {
  for (const key of Object.keys(padding)) {
    if (!KNOWN_PADDING.includes(key)) {
      refuse(`"${where}.${key}" is no option`, `use ${KNOWN_PADDING.join(', ')}`);
    }
  }
  const { value, side, multipleOf, dim } = padding;
  if (dim !== undefined && !Number.isInteger(dim)) {
    refuse(`${where}.dim is ${String(dim)}`, 'use the number of a dimension');
  }
  if (typeof value !== 'number') refuse(`${where}.value is ${String(value)}`, 'use a number');
  if (side !== undefined && side !== 'left' && side !== 'right') {
    refuse(`${where}.side is ${String(side)}`, "use 'left' or 'right'");
  }
  if (multipleOf !== undefined && !isCount(multipleOf)) {
    refuse(`${where}.multipleOf is ${String(multipleOf)}`, 'use a whole number of 1 or more');
  }
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}
