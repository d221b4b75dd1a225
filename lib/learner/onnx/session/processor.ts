import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

let known: string | undefined | null = null;

/**
 * The facts that decide how onnxruntime lays out weights: the instructions that the processor and
 * the hypervisor offer. Undefined if the system does not report them.
 */
export function processor(): string | undefined {
  if (known === null) known = read();
  return known;
}

function read(): string | undefined {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    const instructions = /^(?:flags|Features)\s*:.*$/m.exec(text)?.[0];
    if (instructions === undefined) return undefined;
    const parts = text.match(/^(?:vendor_id|cpu family|model|CPU implementer|CPU part)\s*:.*$/gm);
    const key = JSON.stringify([process.platform, process.arch, instructions, parts?.slice(0, 3)]);
    return createHash('sha256').update(key).digest('hex');
  } catch {
    return undefined;
  }
}
