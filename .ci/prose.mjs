/**
 * Reads the English of the documents and of the source, and lists what docs/STYLE.md forbids.
 *
 *     npm run prose                                   everything
 *     npm run prose lib/learner docs                  some folders
 *     npm run prose -- --only message,api lib/nest    kinds: document, message, title, api, comment
 *     npm run prose -- --comments lib/client          every rule in comments, too
 *     npm run prose -- --rule is-no --count           one rule, or its findings by folder
 */
import { parseArgs } from 'node:util';
import { lint } from './prose/lint.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: 'document,message,title,api,comment' },
    rule: { type: 'string', default: '' },
    comments: { type: 'boolean', default: false },
    count: { type: 'boolean', default: false },
  },
});

const findings = (await lint(positionals, values.only.split(','))).filter(({ message }) =>
  message.startsWith(values.rule),
);
if (values.count) {
  const counts = {};
  for (const { place, kind, message } of findings) {
    const rule = message.split(':')[0];
    const folder = place.split('/').slice(0, 2).join('/').replace(/:\d+$/, '');
    ((counts[rule] ??= {})[kind] ??= { all: 0 }).all++;
    counts[rule][kind][folder] = (counts[rule][kind][folder] ?? 0) + 1;
  }
  console.dir(counts, { depth: 4, breakLength: 140 });
} else {
  for (const { place, kind, message } of findings) console.log(`${place} (${kind}) ${message}`);
}
console.log(`${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
