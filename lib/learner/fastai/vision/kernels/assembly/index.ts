// All kernels are in one module, so they share the same memory.
export { jpegColours, jpegGrey } from './jpeg-colour';
export { jpegPosition, jpegProgressiveScan, jpegSamples } from './jpeg-progressive';
export { jpegBlock, jpegDecodeRow, jpegEnd, jpegScan } from './jpeg-scan';
export { jpegDivisors, jpegHuffmanTable } from './jpeg-tables';
export { heapBase, reserve } from './memory';
export { splitColours, toFloats } from './pixels';
export { alongColumns, alongRows } from './resample';
