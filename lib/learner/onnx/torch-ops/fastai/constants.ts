import { List, Tuple, type Value } from '../../../python/values.js';

/** fastai's constants: marks in texts, and the statistics of image sets. */
export function constants(): [name: string, value: Value][] {
  const stats = (...rows: number[][]): Value => new Tuple(rows.map((row) => new List(row)));
  const marks = 'BOS EOS FLD PAD UNK TK_MAJ TK_UP TK_REP TK_WREP'.split(' ');
  return [
    ...marks.map((name): [string, Value] => [name, `xx${name.replace('TK_', '').toLowerCase()}`]),
    ['imagenet_stats', stats([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])],
    ['cifar_stats', stats([0.491, 0.482, 0.447], [0.247, 0.243, 0.261])],
    ['mnist_stats', stats([0.131], [0.308])],
  ];
}
