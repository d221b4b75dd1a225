import { asItems, PyGlobal, PyObject, qualifiedNameOf, type PyValue } from '../../torch/index.js';

/** The transforms of a `Pipeline` record: fastai sorts them by `order` when it builds one. */
export function readTransforms(pipeline: PyValue | undefined): PyValue[] {
  if (!(pipeline instanceof PyObject)) return asItems(pipeline) ?? [];
  return asItems(pipeline.attr('fs')) ?? [];
}

/** A transform's class without its module, which moved between versions; '' for other values. */
export function transformName(transform: PyValue): string {
  if (transform instanceof PyObject && transform.cls instanceof PyGlobal) return transform.cls.name;
  return transform instanceof PyGlobal ? transform.name : '';
}

/** `module.name` for messages; a function by value has its own name. */
export function qualifiedName(transform: PyValue): string {
  if (transform instanceof PyObject) return qualifiedNameOf(transform) ?? transform.className;
  return transform instanceof PyGlobal ? transform.qualifiedName : String(transform);
}

export function isOfFastai(transform: PyValue): boolean {
  return /^(fastai|fastcore|fasttransform)\./.test(qualifiedName(transform));
}

/**
 * fastai's `TfmdLists.infer_idx`: an item skips the stages (`get_x` readers, mostly) before the
 * first one that received the item's type in training. Undefined if no stage takes it.
 */
export function entryStage(
  types: PyValue | undefined,
  matches: (typeName: string, type: PyValue) => boolean,
): number | undefined {
  const stages = asItems(types) ?? [];
  const index = stages.findIndex((stage) =>
    (Array.isArray(stage) ? stage : [stage]).some((type) => matches(typeName(type), type)),
  );
  return index === -1 ? undefined : index;
}

/** `str`, `pathlib.Path`, `pandas.Series`: builtins have no module. */
function typeName(type: PyValue): string {
  // cloudpickle writes builtin types as calls: _builtin_type('str').
  if (type instanceof PyObject && typeof type.args[0] === 'string') return type.args[0];
  if (!(type instanceof PyGlobal)) return '';
  const name = type.qualifiedName.replace(/^(builtins|__builtin__)\./, '');
  return name === 'unicode' ? 'str' : name;
}
