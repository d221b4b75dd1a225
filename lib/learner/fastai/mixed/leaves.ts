import { Tensor } from 'onnxruntime-common';
import { PilImage } from '../code/pil/image-value.js';

/** An input between stages: pixels, or a tensor with its class in torch. */
export type Leaf =
  | { readonly kind: 'image'; readonly image: PilImage }
  | {
      readonly kind: 'tensor';
      readonly tensor: Tensor;
      readonly cls: string;
      /** False for plain numbers of an item, which have no element type. */
      readonly typed: boolean;
    };

/** A leaf, or a tuple of them. */
export type Tree = Leaf | readonly Tree[];

export const isBranch = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);

export function leavesOf(tree: Tree): Leaf[] {
  return isBranch(tree) ? tree.flatMap(leavesOf) : [tree];
}

/** The same tree with other leaves, which are made one after another. */
export async function mapLeaves(tree: Tree, change: (leaf: Leaf) => Promise<Leaf>): Promise<Tree> {
  if (!isBranch(tree)) return change(tree);
  const made: Tree[] = [];
  for (const one of tree) made.push(await mapLeaves(one, change));
  return made;
}

/** The same tree with the given leaves, in order. */
export function refill(tree: Tree, leaves: readonly Leaf[]): Tree {
  let next = 0;
  const fill = (one: Tree): Tree => (isBranch(one) ? one.map(fill) : leaves[next++]!);
  return fill(tree);
}
