// Which part may import which: arrows point down only. The parts, from the top:
// lib/index.ts and lib/runnable.ts, cli, nest, serving, learner.

/** Neither `import type` nor an import of which the compiler leaves nothing. */
const atRunTime = { dependencyTypesNot: ['type-only', 'pre-compilation-only'] };

const packages = (...names) => `^(node_modules/)?(${names.join('|')})(/|$)`;

const below = (name, comment, from, to, severity = 'error') => ({
  name,
  comment,
  severity,
  from: typeof from === 'string' ? { path: from } : from,
  to: typeof to === 'string' ? { path: to } : to,
});

export default {
  forbidden: [
    below(
      'the index is for users',
      'lib/index.ts and lib/runnable.ts are above everything.',
      '^lib/[^/]+/',
      '^lib/(index|runnable)\\.ts$',
    ),
    below(
      'learner below serving',
      'The reader does not know the code that serves it.',
      '^lib/learner/',
      '^lib/(serving|nest|cli)/',
    ),
    below(
      'client above the errors alone',
      'nestjs-vts/client runs in browsers.',
      '^lib/client/',
      '^lib/(learner/(?!errors/)|(serving|nest|cli)/)',
    ),
    below(
      'learner below client',
      'A file is read without a server.',
      '^lib/learner/',
      '^lib/client/',
    ),
    below('serving below nest', 'Runners work without Nest.', '^lib/serving/', '^lib/(nest|cli)/'),
    below(
      'nest below cli',
      'The module works without the command line.',
      '^lib/nest/',
      '^lib/cli/',
    ),
    below(
      'no Nest outside of nest and cli',
      'nestjs-vts/learner and workers run where Nest is not installed.',
      { path: '^lib/(learner|serving)/' },
      { path: packages('@nestjs') },
    ),
    below(
      'no rxjs in learner',
      'It is not installed with nestjs-vts/learner.',
      { path: '^lib/learner/', pathNot: '^lib/learner/runtime/value-stream\\.ts$' },
      { path: packages('rxjs') },
    ),
    below(
      'no rxjs at run time in value-stream.ts',
      'It is not installed with nestjs-vts/learner; one file may name its types.',
      '^lib/learner/runtime/value-stream\\.ts$',
      { path: packages('rxjs'), ...atRunTime },
    ),

    below(
      'learner: errors and runtime at the very bottom',
      'Every part of the reader uses them.',
      '^lib/learner/(errors|runtime)/',
      '^lib/learner/(torch|python|onnx|pytorch|fastai)/',
    ),
    below(
      'learner: torch and python below onnx',
      'They read files and strings. They do not know graphs.',
      '^lib/learner/(torch|python)/',
      '^lib/learner/(onnx|pytorch|fastai)/',
    ),
    below(
      'learner: python below torch',
      'Strings and patterns do not know tensors.',
      { path: '^lib/learner/python/', pathNot: '^lib/learner/python/records/' },
      '^lib/learner/torch/',
    ),
    below(
      'learner: python/records reads inert records',
      'Of the file it knows what is plain data.',
      '^lib/learner/python/records/',
      { path: '^lib/learner/torch/', pathNot: '^lib/learner/torch/(python|float-lists)\\.ts$' },
    ),
    below(
      'learner: onnx below pytorch and fastai',
      'Graphs do not know the libraries that they are made from.',
      '^lib/learner/onnx/',
      '^lib/learner/(pytorch|fastai)/',
    ),
    below(
      'nest: io below http and decorators',
      'Descriptors are values; routes are made of them.',
      '^lib/nest/io/',
      '^lib/nest/(http|decorators)/',
    ),

    below(
      'no cycle at run time',
      'In a cycle, the module that is loaded first sees an incomplete other one.',
      {},
      { circular: true, viaOnly: atRunTime },
    ),
    below(
      'no cycle across folders',
      'Not through types either: neither folder can be read without the other.',
      { path: '^(.+)/[^/]+$' },
      { circular: true, via: { pathNot: '^$1/[^/]+$' } },
    ),
    below(
      'cycle of types within a folder',
      'For information.',
      { path: '^(.+)/[^/]+$' },
      { circular: true, viaOnly: { path: '^$1/[^/]+$' } },
      'info',
    ),
    below(
      'every import is found',
      'A path or a package that is not there.',
      {},
      {
        couldNotResolve: true,
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
