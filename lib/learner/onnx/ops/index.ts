import { elementwiseOps } from './elementwise.js';
import { layerOps } from './layers.js';
import { indexingOps } from './indexing.js';
import { layoutOps } from './layout.js';
import { reduceOps } from './reduce.js';
import type { OpSchema } from './schema.js';
import { spatialOps } from './spatial.js';

/** The operators of the builder, by ONNX name. */
export const opSchemas: ReadonlyMap<string, OpSchema> = new Map(
  [elementwiseOps, layoutOps, indexingOps, reduceOps, layerOps, spatialOps].flatMap((family) =>
    Object.entries(family),
  ),
);
