import { describe, expect, it } from 'vitest';
import { childEnv, childExecArgv } from './child-options.js';

describe('childExecArgv', () => {
  it('keeps options for loading and running code', () => {
    const kept = [
      '--import',
      'tsx',
      '--max-old-space-size=512',
      '-r',
      './hook.cjs',
      '--conditions=dev',
      '--enable-source-maps',
      '--preserve-symlinks',
    ];
    expect(childExecArgv(kept)).toEqual(kept);
  });

  it('drops inspectors, profilers, and options that run another program', () => {
    const dropped = [
      ['--inspect'],
      ['--inspect-brk=127.0.0.1:9229'],
      ['--inspect-port', '0'],
      ['--inspect-publish-uid=http'],
      ['--eval', 'main()'],
      ['-e', 'main()'],
      ['-p', 'main()'],
      ['--input-type=module'],
      ['--watch'],
      ['--watch-path', './src'],
      ['--test'],
      ['--cpu-prof'],
      ['--cpu-prof-dir=/p'],
      ['--heap-prof'],
      ['--prof'],
      ['-c'],
      ['-i'],
    ];
    for (const options of dropped) {
      expect(childExecArgv(['--no-warnings', ...options, '--expose-gc'])).toEqual([
        '--no-warnings',
        '--expose-gc',
      ]);
    }
  });
});

describe('childEnv', () => {
  it('does the same to NODE_OPTIONS, and leaves the rest', () => {
    const env = { A: '1', NODE_OPTIONS: '--inspect=0 --require "./my hook.cjs" --expose-gc' };
    expect(childEnv(env)).toEqual({
      A: '1',
      NODE_OPTIONS: '--require "./my hook.cjs" --expose-gc',
    });
    expect(childEnv({ A: '1' })).toEqual({ A: '1' });
  });
});
