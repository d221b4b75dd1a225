import { afterEach, describe, expect, it, vi } from 'vitest';
import { Screen } from './screen.js';

const stream = (facts: object): NodeJS.WriteStream => facts as NodeJS.WriteStream;
const terminal = stream({ isTTY: true, columns: 100, rows: 30 });
const pipe = stream({});

afterEach(() => vi.unstubAllEnvs());

function environment(given: Record<string, string>): void {
  for (const name of ['FORCE_COLOR', 'NO_COLOR', 'COLORTERM', 'CI', 'TMUX']) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('TERM', 'xterm');
  for (const [name, value] of Object.entries(given)) vi.stubEnv(name, value);
}

describe('Screen', () => {
  it('knows the size of a terminal; a pipe has lines of any length', () => {
    expect(Screen.of(terminal)).toMatchObject({ isTerminal: true, width: 100, height: 30 });
    expect(Screen.of(stream({ isTTY: true, columns: 0, rows: 0 }))).toMatchObject({
      width: 80,
      height: 24,
    });
    expect(Screen.of(pipe)).toMatchObject({ isTerminal: false, width: Infinity });
  });

  it.each<[name: string, env: Record<string, string>, on: NodeJS.WriteStream, depth: number]>([
    ['a terminal', {}, terminal, 4],
    ['a terminal of 256 colours', { TERM: 'xterm-256color' }, terminal, 8],
    ['a terminal of all colours', { COLORTERM: 'truecolor' }, terminal, 24],
    ['NO_COLOR', { NO_COLOR: '1', COLORTERM: 'truecolor' }, terminal, 1],
    ['a dumb terminal', { TERM: 'dumb' }, terminal, 1],
    ['a pipe', { COLORTERM: 'truecolor' }, pipe, 1],
    ['a pipe with FORCE_COLOR', { FORCE_COLOR: '3' }, pipe, 24],
    ['a terminal with FORCE_COLOR=0', { FORCE_COLOR: '0' }, terminal, 1],
  ])('has the colours of %s', (_name, env, on, depth) => {
    environment(env);
    const screen = Screen.of(on);
    expect(screen.depth).toBe(depth);
    expect(screen.look('good', 'x')).toBe(depth > 1 ? '\x1b[32mx\x1b[39m' : 'x');
  });

  it('paints with the colours that the terminal has', () => {
    const painted = (env: Record<string, string>): string => {
      environment(env);
      return Screen.of(terminal).paint('▀', [255, 0, 128], [0, 0, 0]);
    };
    expect(painted({ COLORTERM: 'truecolor' })).toBe('\x1b[38;2;255;0;128;48;2;0;0;0m▀\x1b[0m');
    expect(painted({ TERM: 'xterm-256color' })).toBe('\x1b[38;5;199;48;5;16m▀\x1b[0m');
    expect(painted({})).toBe('\x1b[35;40m▀\x1b[0m');
    expect(painted({ NO_COLOR: '' })).toBe('▀');
  });
});
