import { openSync, closeSync, readSync } from 'node:fs';

/** Whether a file is an ONNX model, by its name or else by its first bytes. */
export function isOnnx(source: string | Uint8Array): boolean {
  if (typeof source === 'string' && /\.(onnx|pt|pth|pkl)$/i.test(source)) {
    return source.toLowerCase().endsWith('.onnx');
  }
  const head = typeof source === 'string' ? headOf(source) : source.subarray(0, 2);
  // Every ONNX writer puts field 1, ir_version, first; a pickle begins with 0x80, a zip with "PK".
  return head[0] === 0x08 && head[1] !== undefined && head[1] < 0x80;
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(2);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, 2, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // Opening the file next reports the error.
  }
  return head;
}
