import { learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import type { StoreOptions } from '../options.js';
import { print, type OutputFormat } from '../output/print.js';
import type { Screen } from '../output/screen.js';
import { withWait } from '../output/status.js';
import { padded, wrap } from '../output/text.js';
import type { Diagnosis } from '../doctor/diagnosis.js';
import { withSource } from '../source/with-source.js';

export async function doctor(
  target: string,
  options: StoreOptions & LearnerFlags & { output: OutputFormat },
): Promise<void> {
  await withSource(target, options, async ({ file, load }) => {
    const { diagnose } = await import('../doctor/diagnosis.js');
    const diagnosis = await withWait(`checking ${target}`, () =>
      diagnose(file, { ...load, ...learnerOptionsOf(options) }),
    );
    await print(diagnosis, options.output, (screen) => describe(diagnosis, target, screen));
    if (!diagnosis.servable) process.exitCode = 1;
  });
}

const PART_WIDTH = 'transforms'.length;
const WIDEST = 100;

function describe(
  { findings, passed, notes, servable }: Diagnosis,
  target: string,
  screen: Screen,
): string {
  const width = Math.min(WIDEST, screen.width - 1) - PART_WIDTH - 4;
  const line = (mark: string, part: string, text: string): string => {
    const lines = screen.isTerminal ? wrap(text, width) : [text];
    return `${mark} ${padded(part, PART_WIDTH)}  ${lines.join(`\n${' '.repeat(PART_WIDTH + 4)}`)}`;
  };
  const count = findings.length;
  const end = servable
    ? screen.look('good', `Nothing prevents serving it: vts serve ${target}`)
    : screen.look(
        'bad',
        `${count} ${count === 1 ? 'problem prevents' : 'problems prevent'} serving it.`,
      );
  return [
    ...(passed.length > 0 ? [`${screen.look('good', '✓')} ${passed.join(', ')}`] : []),
    ...findings.map(({ part, message }) => line(screen.look('bad', '✗'), part, message)),
    ...notes.map((note) => line(screen.look('careful', '!'), 'note', note)),
    '',
    end,
  ].join('\n');
}
