export type Row = Record<string, string | number | boolean | null>;

/** Rows for the sample's learner, with all its categories and some unknown ones. */
export function rowsOf(count: number): Row[] {
  const pick = <T>(values: readonly T[], at: number): T => values[at % values.length]!;
  return Array.from({ length: count }, (_, i) => ({
    age: i % 11 === 0 ? null : 17 + (i % 60),
    hours: 20 + (i % 400) / 10,
    gain: i % 13 === 0 ? null : (i * 37) % 9000,
    years: i % 20,
    workclass: pick(['Private', 'State-gov', 'Self-emp', 'Federal', '?', 'unknown', null], i),
    education: pick(['HS-grad', 'Bachelors', 'Masters', 'Doctorate', 'Some-college'], i >> 1),
    sex: pick(['M', 'F'], i >> 2),
    is_married: i % 3 === 0,
  }));
}
