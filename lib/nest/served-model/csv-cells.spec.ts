import { describe, expect, it } from 'vitest';
import type { TabularColumn } from '../../learner/fastai/contract.js';
import { cellReader, shortestFloat32 } from './csv-cells.js';

const column = (categories?: TabularColumn['categories']): TabularColumn => ({
  name: 'c',
  kind: categories ? 'category' : 'number',
  nullable: true,
  example: null,
  ...(categories ? { categories } : {}),
});

describe('cells of a CSV file', () => {
  it("are numbers if the learner's column has numbers", () => {
    const read = cellReader(column());
    expect(['1', ' -2.5 ', '1e3', '+4', 'True', 'false'].map(read)).toEqual([
      1,
      -2.5,
      1000,
      4,
      true,
      false,
    ]);
    expect(['', 'NA', 'nan', 'None', 'null'].map(read)).toEqual([null, null, null, null, null]);
    expect(['inf', '-Infinity'].map(read)).toEqual([Infinity, -Infinity]);
    // The learner refuses these, with the column's name.
    expect(['abc', '0x10', '1,5'].map(read)).toEqual(['abc', '0x10', '1,5']);
  });

  it("are the learner's categories, in their types", () => {
    expect(['a', 'NA', 'b', ''].map(cellReader(column(['a', 'NA'])))).toEqual([
      'a',
      'NA',
      'b',
      null,
    ]);
    expect(['3', '3.0', '4', 'x'].map(cellReader(column([3, 10])))).toEqual([3, 3, '4', 'x']);
    expect(['True', 'true', 'False', '0'].map(cellReader(column([true, false])))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    // A category that looks like a number is a text all the same.
    expect(['01', '1'].map(cellReader(column(['01'])))).toEqual(['01', '1']);
  });
});

describe('shortestFloat32', () => {
  it.each([
    [0.1, '0.1'],
    [0.12159000337123871, '0.12159'],
    [1 / 3, '0.33333334'],
    [2, '2'],
    [1e-20, '1e-20'],
    [NaN, 'NaN'],
  ])('writes %d as %s', (value, text) => {
    expect(shortestFloat32(Math.fround(value))).toBe(text);
  });
});
