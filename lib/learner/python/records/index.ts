export { DispatchFunction } from './dispatch.js';
export { RecordReader } from './record-reader.js';
export { opaqueClass } from './opaque.js';
