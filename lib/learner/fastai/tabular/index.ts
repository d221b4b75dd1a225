export { CellError, MissingColumnError } from './errors.js';
export type { DecodedRow, ShownRow } from './row-decoder.js';
export { isFrame, packFrame, type FrameLike, type PackedFrame } from './table.js';
export { TabularInference } from './tabular-inference.js';
export type { TabularColumn, TabularSchema } from './tabular-schema.js';
