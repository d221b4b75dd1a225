/** timm moved its layers from `timm.models.layers` to `timm.layers`. */
export function layerNames(module: string, ...classes: readonly string[]): string[] {
  return ['timm.layers', 'timm.models.layers'].flatMap((home) =>
    classes.map((name) => `${home}.${module}.${name}`),
  );
}
