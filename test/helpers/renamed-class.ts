import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import yazl from 'yazl';

const open = promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer as never);

/** A learner's file in which one text of the pickle, such as the name of a class, is another. */
export async function renamed(file: Buffer, from: string, to: string): Promise<Buffer> {
  const given = await open(file, { lazyEntries: false, autoClose: false });
  const made = new yazl.ZipFile();
  const entries: yauzl.Entry[] = [];
  given.on('entry', (entry: yauzl.Entry) => entries.push(entry));
  await once(given, 'end');
  const read = promisify(given.openReadStream.bind(given) as never) as (
    entry: yauzl.Entry,
  ) => Promise<NodeJS.ReadableStream>;
  let count = 0;
  for (const entry of entries) {
    let bytes: Buffer = await buffer(await read(entry));
    if (entry.fileName.endsWith('/data.pkl')) {
      const parts = split(bytes, pickled(from));
      count += parts.length - 1;
      bytes = join(parts, pickled(to));
    }
    made.addBuffer(bytes, entry.fileName, { compress: false });
  }
  if (count === 0) throw new Error(`The file has no text "${from}"`);
  made.end();
  return buffer(made.outputStream);
}

/** A text as protocol 2 writes it (BINUNICODE). */
function pickled(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.write('X', 'latin1');
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function split(bytes: Buffer, by: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(by); at >= 0; at = bytes.indexOf(by, from)) {
    parts.push(bytes.subarray(from, at));
    from = at + by.length;
  }
  return [...parts, bytes.subarray(from)];
}

function join(parts: readonly Buffer[], by: Buffer): Buffer {
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [by, part])));
}
