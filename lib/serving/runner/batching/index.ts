export type { BatchCodec } from './batch-codec.js';
export type { BatchStats } from './call-ledger.js';
export type { BatchFeeder, BatchTarget, StartedRun } from './batch-target.js';
export { batchedMethod, type BatchedMethod } from './batched-method.js';
export { listCodec } from './list-codec.js';
export { tensorCodec, type TensorCodecOptions } from './tensor-codec.js';
export { tensorsIn } from './tensor-item.js';
