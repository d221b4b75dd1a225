// What the published package weighs, as a table of Markdown: npm run size, after a build.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

const cwd = resolve(import.meta.dirname, '..');
const options = { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], options),
);

const parts = new Map();
for (const { path, size } of packed.files) {
  const [, part = 'package'] =
    /^dist\/lib\/((?:vendor|nest\/playground)\/[^/]+|[^/]+)\//.exec(path) ?? [];
  const { bytes, files } = parts.get(part) ?? { bytes: 0, files: 0 };
  parts.set(part, { bytes: bytes + size, files: files + 1 });
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
const rows = [...parts]
  .sort(([, a], [, b]) => b.bytes - a.bytes)
  .map(([part, { bytes, files }]) => `| ${part} | ${megabytes(bytes)} | ${files} |`);
console.log(`${packed.name} ${packed.version}: ${megabytes(packed.size)} to download, \
${megabytes(packed.unpackedSize)} on disk, ${packed.entryCount} files.

| part | on disk | files |
| --- | ---: | ---: |
${rows.join('\n')}`);
