/** The names in order. A repeated name gets a number: `iris`, `iris-2`. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let distinct = name;
    for (let count = 2; taken.has(distinct); count++) distinct = `${name}-${count}`;
    taken.add(distinct);
    return distinct;
  });
}
