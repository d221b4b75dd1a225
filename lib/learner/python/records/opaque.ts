import { ClassValue, Instance } from '../values.js';

/** A class or function of which only the name is known: what is asked of it is an error. */
export function opaqueClass(qualifiedName: string): ClassValue {
  const name = qualifiedName.slice(qualifiedName.lastIndexOf('.') + 1);
  return new ClassValue(name, qualifiedName, [], [], {
    opaque: true,
    construct: (ctx) => {
      throw ctx.unknown(qualifiedName);
    },
  });
}

/** An object of which only its class is known. */
export function opaqueInstance(className: string): Instance {
  return new Instance(opaqueClass(className));
}
