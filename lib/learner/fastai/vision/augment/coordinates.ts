import {
  asItems,
  asNumber,
  PyGlobal,
  PyObject,
  PyPartial,
  type PyValue,
} from '../../../torch/index.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { NotAugmentableError } from '../../errors.js';
import { between, drawOf, wholeBetween, type Attributes, type Random } from './random.js';

/** The upper rows of an affine matrix. */
export type Affine = readonly [
  xx: number,
  xy: number,
  x: number,
  yx: number,
  yy: number,
  y: number,
];

export const IDENTITY: Affine = [1, 0, 0, 0, 1, 0];

export function multiplied(a: Affine, b: Affine): Affine {
  const row = (at: 0 | 3): [number, number, number] => [
    a[at] * b[0] + a[at + 1]! * b[3],
    a[at] * b[1] + a[at + 1]! * b[4],
    a[at] * b[2] + a[at + 1]! * b[5] + a[at + 2]!,
  ];
  return [...row(0), ...row(3)];
}

/** The source of a position of the result, in -1..1 on each axis. */
export type Warp = (x: number, y: number) => readonly [x: number, y: number];

/** Draws one value for each image of a batch. */
export type DrawnFor<T> = (images: number, random: Random) => readonly T[];

type MatrixOf = (attributes: Attributes, owner: string) => DrawnFor<Affine>;

const flip: MatrixOf = (attributes, owner) => {
  const draw = drawOf(attributes, owner, 'draw', () => 1);
  return (images, random) => draw(images, random).map((value) => [1 - 2 * value, 0, 0, 0, 1, 0]);
};

/** The eight symmetries of a square: signs of x and y, and whether the axes swap. */
const DIHEDRAL = [
  [1, 1, 1],
  [-1, 1, 1],
  [1, -1, 1],
  [-1, 1, 0],
  [-1, -1, 1],
  [1, -1, 0],
  [1, 1, 0],
  [-1, -1, 0],
] as const;

const dihedral: MatrixOf = (attributes, owner) => {
  const draw = drawOf(attributes, owner, 'draw', (random) => wholeBetween(random, 0, 7));
  return (images, random) =>
    draw(images, random).map((value): Affine => {
      const way = DIHEDRAL[Math.trunc(value)];
      if (!way)
        throw new NotAugmentableError(
          `The learner's transform "${owner}" draws ${value}, which is not one of the 8 ` +
            'symmetries of a square',
          'use getPreds()',
        );
      const [x, y, stays] = way;
      return stays ? [x, 0, 0, 0, y, 0] : [0, x, 0, y, 0, 0];
    });
};

const rotate: MatrixOf = (attributes, owner) => {
  const most = asNumber(attributes('max_deg')) ?? 10;
  const draw = drawOf(attributes, owner, 'draw', (random) => between(random, -most, most));
  return (images, random) =>
    draw(images, random).map((degrees) => {
      const angle = (degrees * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return [cos, sin, 0, -sin, cos, 0];
    });
};

const zoom: MatrixOf = (attributes, owner) => {
  const low = asNumber(attributes('min_zoom')) ?? 1;
  const high = asNumber(attributes('max_zoom')) ?? 1.1;
  const draw = drawOf(attributes, owner, 'draw', (random) => between(random, low, high), {
    neutral: 1,
  });
  const [columns, rows] = ['draw_x', 'draw_y'].map((name) =>
    drawOf(attributes, owner, name, (random) => random.next(), { p: 1 }),
  );
  return (images, random) => {
    const scales = draw(images, random);
    const [x, y] = [columns!(images, random), rows!(images, random)];
    return scales.map((scale, image): Affine => {
      const s = 1 / scale;
      return [s, 0, (1 - s) * (2 * x[image]! - 1), 0, s, (1 - s) * (2 * y[image]! - 1)];
    });
  };
};

const MATRICES: ReadonlyMap<string, MatrixOf> = new Map([
  ['flip_mat', flip],
  ['dihedral_mat', dihedral],
  ['rotate_mat', rotate],
  ['zoom_mat', zoom],
]);

/** `aff_fs` of an affine transform. @throws NotAugmentableError for the user's own functions */
export function readMatrices(record: PyObject): DrawnFor<Affine>[] {
  const owner = record.className;
  return (asItems(record.attr('aff_fs')) ?? []).map((made) => {
    const { func, attributes } = called(made);
    const matrix =
      func instanceof PyGlobal && isOfFastai(func) ? MATRICES.get(func.name) : undefined;
    if (!matrix) throw ownCode(owner);
    return matrix(attributes, owner);
  });
}

function called(value: PyValue): { func: PyValue; attributes: Attributes } {
  if (!(value instanceof PyPartial)) return { func: value, attributes: () => undefined };
  return { func: value.func, attributes: (name) => value.kwargs.get(name) };
}

function ownCode(owner: string): NotAugmentableError {
  return new NotAugmentableError(
    `The learner's transform "${owner}" moves pixels with its own function, which is not ` +
      'supported',
    'use getPreds()',
  );
}

/** `coord_fs` of an affine transform: fastai's perspective warps. @throws NotAugmentableError */
export function readWarps(record: PyObject): DrawnFor<Warp>[] {
  const owner = record.className;
  return (asItems(record.attr('coord_fs')) ?? []).map((warp) => {
    if (!(warp instanceof PyObject) || !isOfFastai(warp) || transformName(warp) !== '_WarpCoord') {
      throw ownCode(owner);
    }
    const attributes: Attributes = (name) => warp.attr(name);
    const most = asNumber(attributes('magnitude')) ?? 0.2;
    const [byX, byY] = ['draw_x', 'draw_y'].map((name) =>
      drawOf(attributes, owner, name, (random) => between(random, -most, most)),
    );
    return (images, random) => {
      const [x, y] = [byX!(images, random), byY!(images, random)];
      return x.map((value, image) => perspective(value, y[image]!));
    };
  });
}

/** The projection that moves the corners of the image to the drawn positions of a warp. */
function perspective(byX: number, byY: number): Warp {
  const from = [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ] as const;
  const to = [
    [-1 - byY, -1 - byX],
    [-1 + byY, 1 + byX],
    [1 + byY, -1 + byX],
    [1 - byY, 1 - byX],
  ] as const;
  const rows: number[][] = [];
  for (const [i, [px, py]] of from.entries()) {
    const [qx, qy] = to[i]!;
    rows.push([qx, qy, 1, 0, 0, 0, -px * qx, -px * qy, px]);
    rows.push([0, 0, 0, qx, qy, 1, -py * qx, -py * qy, py]);
  }
  const [a, b, c, d, e, f, g, h] = solved(rows) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return (x, y) => {
    const z = g * x + h * y + 1;
    return z === 0 ? [x, y] : [(a * x + b * y + c) / z, (d * x + e * y + f) / z];
  };
}

/** Gaussian elimination, of rows that end in the right-hand side. */
function solved(rows: number[][]): number[] {
  const size = rows.length;
  for (let at = 0; at < size; at++) {
    let best = at;
    for (let row = at; row < size; row++) {
      if (Math.abs(rows[row]![at]!) > Math.abs(rows[best]![at]!)) best = row;
    }
    [rows[at], rows[best]] = [rows[best]!, rows[at]!];
    const pivot = rows[at]!;
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = row[at]! / pivot[at]!;
      for (let k = at; k <= size; k++) row[k] = row[k]! - factor * pivot[k]!;
    }
  }
  return rows.map((row, at) => row[size]! / row[at]!);
}
