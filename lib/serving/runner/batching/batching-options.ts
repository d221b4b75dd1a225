import {
  byName,
  count,
  flag,
  group,
  required,
  valueThat,
  type OptionTable,
} from '../../options.js';
import type {
  BatchingOptions,
  PaddingOptions,
  RunnerBatchingOptions,
} from '../runner-options-types.js';

const DEFAULT_BATCH_SIZE = 100;
const DEFAULT_LATENCY_MS = 60_000;
const LEAST_QUEUE_SIZE = 1000;
const QUEUED_BATCHES = 10;

const PADDING_OPTIONS: OptionTable<PaddingOptions> = {
  value: required((value) => typeof value === 'number', 'use a number'),
  side: valueThat((value) => value === 'left' || value === 'right', "use 'left' or 'right'"),
  multipleOf: count,
  dim: valueThat(Number.isInteger, 'use the number of a dimension'),
};

const METHOD_OPTIONS: OptionTable<BatchingOptions> = {
  enabled: flag,
  maxBatchSize: count,
  maxLatencyMs: valueThat(
    (value) => Number.isFinite(value) && (value as number) > 0,
    'use milliseconds above 0',
  ),
  maxQueueSize: count,
  padding: group(PADDING_OPTIONS),
};

export const BATCHING_OPTIONS: OptionTable<RunnerBatchingOptions> = {
  ...METHOD_OPTIONS,
  methods: byName(group(METHOD_OPTIONS)),
};

/** How the calls of one method share runs, with all defaults filled in. */
export interface ResolvedBatching extends Readonly<Required<Omit<BatchingOptions, 'padding'>>> {
  readonly padding: Readonly<Required<PaddingOptions>> | undefined;
}

/**
 * Fills in the defaults of batching options. A method's own options take precedence over those for
 * all methods.
 */
export function resolveBatching({ methods = {}, ...common }: RunnerBatchingOptions = {}): (
  method: string,
) => ResolvedBatching {
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
