import stringWidth from 'string-width';
import type { LearnerDescription } from '../../learner/fastai/contract.js';
import type { Colour } from '../../learner/fastai/vision/image/png-writer.js';
import { bars, gauge, percent } from '../output/bar.js';
import { drawPixels, glyph, type PixelMap } from '../output/blocks.js';
import { toJson } from '../output/print.js';
import type { Screen } from '../output/screen.js';
import { table } from '../output/table.js';
import { fit, indent, oneLine, padded, printable } from '../output/text.js';
import { classMapOf, colourOf, sharesOf } from './mask.js';
import { colourMapOf, pictureOf } from './picture.js';
import type { Scored } from '../../nest/served-model/scored.js';

const MOST_BARS = 5;
const MOST_LEGEND = 12;

/** A prediction as lines for a terminal, in a form for the learner's task. */
export function viewOf(
  scored: Scored,
  description: LearnerDescription | undefined,
  screen: Screen,
  isWritten = false,
): string {
  const { results } = scored;
  if (description?.results && results) {
    return description.results
      .map((result) => {
        const view = viewOf(
          results[result.name]!,
          { ...description, ...result, results: [] },
          screen,
        );
        return `${screen.look('quiet', oneLine(result.name))}\n${indent(view)}`;
      })
      .join('\n');
  }
  switch (description?.task) {
    case 'segment':
      return maskView(scored.prediction, description.classes ?? [], screen, isWritten);
    case 'image':
      return imageView(scored.prediction, screen, isWritten);
    case 'points':
      return pointsView(scored.prediction, screen);
    case 'regress':
      return numbersView(scored.prediction, description, screen);
    case 'classify':
    case 'multilabel':
      return classesView(scored, description, screen);
    default:
      return printable(textOf(scored.prediction));
  }
}

function classesView(
  { prediction, probabilities, classes = [] }: Scored,
  { threshold }: LearnerDescription,
  screen: Screen,
): string {
  const labels = (Array.isArray(prediction) ? prediction : [prediction]).map(String);
  const chosen = new Set(labels);
  const head = screen.look('strong', labels.map(oneLine).join(', ') || '(no label)');
  const values = Array.isArray(probabilities) ? (probabilities as unknown[]) : [];
  if (classes.length === 0 || values.length !== classes.length) {
    return [head, ...(probabilities === undefined ? [] : [toJson(probabilities, 0)])].join('\n');
  }
  const shares = classes
    .map((name, i) => ({ name, share: values[i] as number, chosen: chosen.has(name) }))
    .toSorted((a, b) => b.share - a.share);
  const shown = shares.slice(0, Math.max(MOST_BARS, labels.length));
  const rest = shares.length - shown.length;
  const notes = [
    ...(rest > 0 ? [`${rest} more: -o json has them all`] : []),
    ...(threshold === undefined ? [] : [`labels above ${percent(threshold)} are predicted`]),
  ];
  return [
    head,
    ...bars(shown, screen).map((line) => indent(line)),
    ...notes.map((note) => indent(screen.look('quiet', note))),
  ].join('\n');
}

function numbersView(
  prediction: unknown,
  { range, targets, columns }: LearnerDescription,
  screen: Screen,
): string {
  const values = Array.isArray(prediction) ? (prediction as unknown[]).flat(2) : [prediction];
  const known = targets ?? columns?.targets;
  const names = values.map((_, i) => known?.[i] ?? (values.length > 1 ? String(i) : ''));
  const width = Math.max(...names.map((name) => stringWidth(name)));
  return values
    .map((value, i) => {
      const name = width === 0 ? '' : `${padded(oneLine(names[i]!), width)}  `;
      const shown = screen.look('strong', numberText(value));
      const place = range && typeof value === 'number' && screen.width >= 60;
      return `${name}${shown}${place ? `  ${screen.look('quiet', gauge(value, range))}` : ''}`;
    })
    .join('\n');
}

function pointsView(prediction: unknown, screen: Screen): string {
  const points = prediction as readonly (readonly number[])[];
  const rows = points.map((point, i) => [String(i), ...point.map((value) => value.toFixed(2))]);
  return table(['Point', 'x', 'y'], rows, screen, [1, 2]);
}

function maskView(
  prediction: unknown,
  names: readonly string[],
  screen: Screen,
  isWritten: boolean,
): string {
  const map = classMapOf(prediction);
  const shares = sharesOf(map);
  const legend = shares.slice(0, MOST_LEGEND).map(({ index, share }) => {
    const mark = screen.hasColours ? screen.paint('██', colourOf(index)) : `${glyph(index)} `;
    const name = fit(oneLine(names[index] ?? `class ${index}`), 40);
    return { mark, name, share };
  });
  const width = Math.max(...legend.map(({ name }) => stringWidth(name)));
  const rest = shares.length - legend.length;
  return [
    ...drawPixels(map, colourOf, screen),
    ...legend.map(
      ({ mark, name, share }) => `${mark} ${padded(name, width)}  ${percent(share).padStart(9)}`,
    ),
    ...(rest > 0 ? [screen.look('quiet', `${rest} more classes`)] : []),
    screen.look('quiet', sizeNote(map, isWritten ? undefined : 'mask.png')),
  ].join('\n');
}

/** From dark to bright. */
const SHADES = ' .:-=+*#%@';

function imageView(prediction: unknown, screen: Screen, isWritten: boolean): string {
  const map = colourMapOf(pictureOf(prediction));
  const colour = (value: number): Colour => [value >> 16, (value >> 8) & 255, value & 255];
  const shade = (value: number): string => {
    const [red, green, blue] = colour(value);
    return SHADES[Math.floor(((red + green + blue) / 766) * SHADES.length)]!;
  };
  return [
    ...drawPixels(map, colour, screen, shade),
    screen.look('quiet', sizeNote(map, isWritten ? undefined : 'image.png')),
  ].join('\n');
}

/** @param file The name for a file that could hold the pixels; undefined if one does. */
function sizeNote({ width, height }: PixelMap, file: string | undefined): string {
  return `${width} x ${height} pixels${file === undefined ? '' : `; --out ${file} writes them`}`;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value, 0);
}

export function numberText(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(4) : String(value);
}
