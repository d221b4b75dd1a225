import { ClassValue, Instance } from '../values.js';

/** A class or function known only by name: using it throws. */
export function opaqueClass(qualifiedName: string): ClassValue {
  const name = qualifiedName.slice(qualifiedName.lastIndexOf('.') + 1);
  return new ClassValue(name, qualifiedName, [], [], {
    opaque: true,
    construct: (ctx) => {
      throw ctx.unknown(qualifiedName);
    },
  });
}

/** An object known only by its class. */
export function opaqueInstance(className: string): Instance {
  return new Instance(opaqueClass(className));
}
