/**
 * The method of a worker that reads, predicts and writes a chunk. Messages between threads carry
 * only places and bytes.
 */
export const CHUNK_METHOD = 'batchChunk';

/** The method of a worker that predicts from columns. */
export const ROWS_METHOD = 'batchRows';
