import type { LearnerDescription, LearnerInput } from '../../learner/fastai/contract.js';
import { nameOf } from '../describe.js';
import type { Screen } from '../output/screen.js';
import { formatBytes, formatCount, listing, table, type Cell } from '../output/table.js';
import { fit, indent, oneLine } from '../output/text.js';
import { MARKS } from './marks.js';
import type { Inspection } from './inspection.js';
import { nextCommands } from './next-command.js';

export interface Shown {
  readonly target: string;
  readonly globals: boolean;
  readonly modules: boolean;
  readonly code: boolean;
}

/** A tree of more lines shows its upper levels only. */
const MOST_MODULES = 20;
const MOST_CLASSES = 20;

/** The most important facts first, then the structure of the file. */
export function viewOf(it: Inspection & { tag?: string }, shown: Shown, screen: Screen): string {
  const title = (text: string): string => screen.look('strong', text);
  const parts = [listing(factsOf(it), screen)];
  // Not wrapped, so that people can copy them.
  const commands = nextCommands(it, shown.target).map((command) => screen.look('accent', command));
  if (commands.length > 0) parts.push(`${title('Next')}\n${indent(commands.join('\n'))}`);
  const pipelines = Object.entries(it.transforms ?? {});
  if (pipelines.length > 0) {
    const rows = pipelines.map(([name, all]) => [name, all.map(oneLine).join('\n')] as const);
    parts.push(`${title('Transforms')}\n${indent(listing(rows, screen))}`);
  }
  if (it.description?.columns) {
    parts.push(`${title('Columns')}\n${indent(columnsOf(it.description, screen))}`);
  }
  if (it.architecture.length > 0) {
    parts.push(`${title('Architecture')}\n${indent(treeOf(it, shown.modules, screen))}`);
  }
  if (it.withoutLowering.length > 0) {
    const rows = it.withoutLowering.map(
      ({ path, class: name }) => [path || '(the model)', name] as const,
    );
    parts.push(`${title('Without lowering')}\n${indent(listing(rows, screen))}`);
  }
  if (it.code.length > 0) parts.push(codeOf(it, shown.code, screen));
  parts.push(globalsOf(it, shown.globals, screen));
  return parts.join('\n\n');
}

function factsOf(it: Inspection & { tag?: string }): [string, Cell][] {
  const versions = Object.entries(it.versions).map(([name, version]) => `${name} ${version}`);
  const count = it.architecture.length;
  const root = shortName(it.architecture[0]?.class ?? it.class);
  return [
    ...(it.tag === undefined ? [] : [['Tag', it.tag] as [string, Cell]]),
    ['File', `${it.file} (${formatBytes(it.bytes)}, ${it.format} format)`],
    ['Kind', [it.description ? nameOf(it.description) : kindOf(it.kind), 'strong']],
    ...takes(it),
    ...predicts(it),
    [
      'Model',
      count === 0
        ? '-'
        : `${root}, ${formatCount(count)} module${count === 1 ? '' : 's'}, ${formatCount(it.parameters)} parameters`,
    ],
    ['Class', it.class],
    ...(it.loss === undefined ? [] : [['Loss', it.loss] as [string, Cell]]),
    ['Versions', versions.join(', ') || 'unknown'],
    ['Servable', it.servable ? ['yes', 'good'] : [`no: ${it.reason}`, 'bad']],
  ];
}

const KINDS: Readonly<Record<string, string>> = {
  module: 'model without a learner',
  weights: 'weights without a model',
  other: 'neither learner nor model',
};

function kindOf(kind: string): string {
  return KINDS[kind] ?? `${kind} learner`;
}

function takes({ description, inputs, vocabulary }: Inspection): [string, Cell][] {
  if (inputs) {
    const all = inputs.map(
      ({ name, dtype, shape }) => `${name}: ${dtype} [${shape.map((n) => n ?? '?').join(', ')}]`,
    );
    return [['Takes', all.join('\n')]];
  }
  if (!description) return [];
  const { kind, columns, size, inputs: parts } = description;
  if (parts) {
    const all = parts.map((part) => `${oneLine(part.name)}: ${nounOf(part)}`);
    return [['Takes', all.join('\n')]];
  }
  if (columns) {
    const names = columns.columns.map(({ name }) => oneLine(name));
    return [['Takes', `a row of ${names.length}: ${names.join(', ')}`]];
  }
  if (kind === 'vision') {
    const seen = size ? `, seen as ${size[1]} x ${size[0]} pixels` : ', seen in its own size';
    return [['Takes', `an image${seen}`]];
  }
  if (kind === 'array') {
    const sizes = description.shape?.map((n) => n ?? '?').join(', ');
    return [['Takes', `an array${sizes === undefined ? '' : ` [${sizes}]`}`]];
  }
  const tokens = vocabulary?.sizes[0];
  return [['Takes', `a text${tokens ? `, of ${formatCount(tokens)} known tokens` : ''}`]];
}

function nounOf({ kind, size, shape, columns }: LearnerInput): string {
  if (kind === 'vision')
    return size ? `an image, seen as ${size[1]} x ${size[0]} pixels` : 'an image';
  if (kind === 'text') return 'a text';
  if (columns)
    return `one of ${formatCount(columns.columns[0]?.categories?.length ?? 0)} categories`;
  const [length] = shape ?? [];
  return typeof length === 'number' ? `${length} numbers` : 'numbers';
}

function predicts({ description }: Inspection): [string, Cell][] {
  if (!description) return [];
  if (description.results) {
    const all = description.results.map(
      (result) => `${oneLine(result.name)}: ${predicted({ ...description, ...result })}`,
    );
    return [['Predicts', all.join('\n')]];
  }
  return [['Predicts', predicted(description)]];
}

function predicted(description: LearnerDescription): string {
  const { classes = [], threshold, range, targets, columns } = description;
  const names = classes.slice(0, MOST_CLASSES).map(oneLine).join(', ');
  const more = classes.length > MOST_CLASSES ? `, and ${classes.length - MOST_CLASSES} more` : '';
  const list = classes.length === 0 ? '' : `: ${names}${more}`;
  const numbers = targets ?? columns?.targets ?? [];
  const texts: Record<LearnerDescription['task'], string> = {
    classify: `one of ${formatCount(classes.length)} classes${list}`,
    multilabel: `any of ${formatCount(classes.length)} labels${
      threshold === undefined ? '' : `, above ${threshold}`
    }${list}`,
    segment: `one of ${formatCount(classes.length)} classes for each pixel${list}`,
    regress: `${numbers.length > 1 ? `${numbers.length} numbers` : 'a number'}${
      numbers.length > 0 ? `: ${numbers.map(oneLine).join(', ')}` : ''
    }${range ? `, from ${range[0]} to ${range[1]}` : ''}`,
    points: 'points in the image, in pixels',
    image: 'an image',
    generate: 'the words that follow',
    several: 'several results',
  };
  return texts[description.task];
}

function columnsOf({ columns }: LearnerDescription, screen: Screen): string {
  const rows = (columns?.columns ?? []).map(({ name, kind, categories, nullable, example }) => [
    name,
    categories === undefined ? kind : `${kind} (${formatCount(categories.length)})`,
    nullable ? 'may be empty' : '',
    example === null ? '' : String(example),
  ]);
  return table(['Name', 'Kind', '', 'Example'], rows, screen);
}

function treeOf({ architecture }: Inspection, whole: boolean, screen: Screen): string {
  const depth = whole ? Infinity : depthOf(architecture);
  const shown = architecture.filter((module) => module.depth <= depth);
  const counts = shown.map(({ parameters }) => formatCount(parameters));
  const width = Math.max(...counts.map(({ length }) => length));
  const lines = shown.map(({ path, class: name, depth: level, lowering }, i) => {
    const own = path.slice(path.lastIndexOf('.') + 1);
    const label = own === '' ? shortName(name) : `${own}: ${shortName(name)}`;
    const text = oneLine(`${counts[i]!.padStart(width)}  ${'  '.repeat(level)}${label}`);
    return lowering
      ? fit(text, screen.width - 3)
      : `${text}  ${screen.look('bad', '(no lowering)')}`;
  });
  const hidden = architecture.length - shown.length;
  if (hidden > 0) lines.push(screen.look('quiet', `${hidden} more in them: --modules lists all`));
  return lines.join('\n');
}

/** The deepest level that fits. */
function depthOf(architecture: Inspection['architecture']): number {
  let depth = 1;
  const count = (most: number): number => architecture.filter((it) => it.depth <= most).length;
  while (count(depth + 1) > count(depth) && count(depth + 1) <= MOST_MODULES) depth++;
  return depth;
}

/** The user's own code: its location, and on request its text. */
function codeOf({ code }: Inspection, all: boolean, screen: Screen): string {
  const title = screen.look('strong', 'Own code');
  if (all) {
    const texts = code.map(({ name, from, text }) => {
      return `${screen.look('accent', oneLine(name))} (${from})\n${indent(text)}`;
    });
    return `${title}\n${indent(texts.join('\n\n'))}`;
  }
  const rows = code.map(({ name, kind, from, line, methods }) => [
    oneLine(name),
    methods ? methods.map(oneLine).join(', ') : kind,
    line > 0 ? `${from}, line ${line}` : from,
  ]);
  const hint = screen.look('quiet', '--show-code prints it');
  return `${title}  ${hint}\n${indent(table(['Name', 'What', 'Where'], rows, screen))}`;
}

/** Dangerous names are always listed; the others only on request. */
function globalsOf({ globals }: Inspection, all: boolean, screen: Screen): string {
  const marked = globals.filter(({ risk }) => risk !== undefined);
  const counts = `${globals.length}, ${marked.length} marked`;
  const shown = all
    ? globals
    : marked.filter(({ risk }) => risk === 'dangerous' || risk === 'code');
  const lines = shown.map(({ name, risk }) => {
    if (risk === undefined) return `  ${oneLine(name)}`;
    return `${screen.look(LOOKS[risk], `! ${oneLine(name)}`)}  ${risk}`;
  });
  const risks = new Set(shown.flatMap(({ risk }) => risk ?? []));
  const meanings = [...risks].map((risk) => [risk, MARKS[risk]] as const);
  const hint = all ? '' : `  ${screen.look('quiet', '--globals lists all')}`;
  const title = `${screen.look('strong', 'Globals')} (${counts})${hint}`;
  return [
    title,
    ...lines.map((line) => indent(line)),
    ...(meanings.length > 0 ? [indent(listing(meanings, screen))] : []),
  ].join('\n');
}

const LOOKS = { dangerous: 'bad', code: 'bad', indirect: 'careful', unknown: 'careful' } as const;

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
