// Puts onnxruntime's binding for Node into dist/lib/vendor, as it is in its package but for what
// nobody needs who computes on the CPU: its install script, the second copy of macOS's library, and
// DirectX for Windows, whose licence is not ours to pass on. See docs/decisions/0017-onnxruntime-is-in-the-package.md.
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'node_modules/onnxruntime-node');
const target = join(root, 'dist/lib/vendor/onnxruntime-node');
const SKIPPED = /^(?:DirectML|dxcompiler|dxil)\.dll$|^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;

const MIT = `MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

Notices of what it contains:
https://github.com/microsoft/onnxruntime/blob/v1.30.0/ThirdPartyNotices.txt
`;

/** Hundreds of megabytes: linked where the file system can. */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

rmSync(target, { recursive: true, force: true });
const binaries = readdirSync(join(source, 'bin'), { recursive: true, withFileTypes: true });
for (const entry of binaries) {
  if (!entry.isFile() || SKIPPED.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  place(path, join(target, path.slice(source.length)));
}
cpSync(join(source, 'dist'), join(target, 'dist'), {
  recursive: true,
  filter: (path) => !/\.(?:d\.ts|map)$/.test(path),
});
const { name, version, license, author, repository, main, os } = JSON.parse(
  readFileSync(join(source, 'package.json'), 'utf8'),
);
if (license !== 'MIT' || !MIT.includes(`/v${version}/`)) {
  throw new Error(`onnxruntime-node is ${version} under ${license}: check .ci/vendor.mjs.`);
}
const facts = { name, version, private: true, license, author, repository, main, os };
writeFileSync(join(target, 'package.json'), `${JSON.stringify(facts, null, 2)}\n`);
writeFileSync(join(target, 'LICENSE'), MIT);

// The grammar of Python for tree-sitter, without its native code and the script that compiles it.
const grammar = join(root, 'node_modules/tree-sitter-python');
const grammarTarget = join(root, 'dist/lib/vendor/tree-sitter-python');
mkdirSync(grammarTarget, { recursive: true });
for (const file of ['tree-sitter-python.wasm', 'LICENSE']) {
  copyFileSync(join(grammar, file), join(grammarTarget, file));
}
